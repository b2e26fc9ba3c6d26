"""Scores with intervals: equal to plain loops and scipy's bootstrap, and the same in whatever order items come."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from evals.statistics import Scored, intervals, mean, share, table

NAN = float("nan")
VALUES = st.lists(st.one_of(st.just(NAN), st.floats(-1e3, 1e3, allow_subnormal=False)), min_size=1, max_size=40)


def names(number: int) -> list[str]:
    return [f"item {n}" for n in range(number)]


@pytest.mark.parametrize(
    ("values", "value", "n", "unjudged"),
    [
        ([1.0, 2.0, 3.0], 2.0, 3, 0),
        ([1.0, NAN, 3.0], 2.0, 2, 1),
        ([NAN, 0.0, 0.0], 0.0, 2, 1),
        ([NAN, NAN], NAN, 0, 2),
        ([], NAN, 0, 0),
        ([7.0], 7.0, 1, 0),
    ],
)
def test_what_is_not_judged_is_counted_and_never_zero(values: list[float], value: float, n: int, unjudged: int) -> None:
    found = intervals(table(names(len(values)), {"a": values}))["a"]
    assert found.value == pytest.approx(value, nan_ok=True)
    assert (found.n, found.unjudged) == (n, unjudged)
    # One item tells nothing of how much items differ.
    assert np.isnan([found.low, found.high]).all() == (n < 2)


@given(VALUES, st.randoms(use_true_random=False))
def test_no_order_of_items_or_systems_changes_a_number(values: list[float], draw: object) -> None:
    items, clusters = names(len(values)), [f"document {n % 4}" for n in range(len(values))]
    other = [-value for value in values]
    told = intervals(table(items, {"a": values, "b": other}, clusters=clusters), times=50)
    order = list(range(len(values)))
    draw.shuffle(order)  # type: ignore[attr-defined]
    again = intervals(
        table(
            [items[n] for n in order],
            {"b": [other[n] for n in order], "a": [values[n] for n in order]},
            clusters=[clusters[n] for n in order],
        ),
        times=50,
    )
    assert repr(told["a"]) == repr(again["a"])
    assert repr(told["b"]) == repr(again["b"])


def test_intervals_are_those_of_scipys_bootstrap() -> None:
    draw = np.random.default_rng(4)
    values = draw.gamma(2.0, size=200)
    found = intervals(table(names(200), {"a": values}), times=4000)["a"]
    theirs = stats.bootstrap((values,), np.mean, n_resamples=4000, method="percentile", rng=draw).confidence_interval
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.02)
    assert found.value == pytest.approx(values.mean())


def test_documents_are_drawn_whole() -> None:
    draw = np.random.default_rng(5)
    levels = np.repeat(draw.normal(size=20), 15)
    documents = [f"document {n // 15}" for n in range(300)]
    alone = intervals(table(names(300), {"a": levels}))["a"]
    whole = intervals(table(names(300), {"a": levels}, clusters=documents))["a"]
    assert alone.value == pytest.approx(whole.value)
    # As sure as 20 items are.
    assert whole.high - whole.low > 3 * (alone.high - alone.low)
    one = intervals(table(names(300), {"a": levels}, clusters=["the only one"] * 300))["a"]
    assert np.isnan([one.low, one.high]).all()
    assert one.n == 300


def test_strata_weigh_alike_however_many_items_they_have() -> None:
    values, pairs = [1.0] * 90 + [0.0] * 10, ["de-en"] * 90 + ["en-zh"] * 10
    assert intervals(table(names(100), {"a": values}))["a"].value == pytest.approx(0.9)
    assert intervals(table(names(100), {"a": values}, strata=pairs))["a"].value == pytest.approx(0.5)
    # A system that failed at a whole language pair has no mean over both.
    failed = intervals(table(names(100), {"a": values[:90] + [NAN] * 10}, strata=pairs))["a"]
    assert np.isnan([failed.value, failed.low, failed.high]).all()
    assert (failed.n, failed.unjudged) == (90, 10)


def test_clusters_may_lie_across_strata() -> None:
    """The same documents in several language pairs, as in WMT24++: drawn together, scored apart."""
    draw = np.random.default_rng(6)
    level = draw.normal(size=30)
    values = np.concatenate([level, level + 1, level - 1])
    documents, pairs = [f"d{n}" for n in range(30)] * 3, ["en-ar"] * 30 + ["en-hi"] * 30 + ["en-ja"] * 30
    found = intervals(table(names(90), {"a": values}, clusters=documents, strata=pairs))["a"]
    one = intervals(table(names(30), {"a": level}))["a"]
    assert found.value == pytest.approx(one.value)
    assert found.high - found.low == pytest.approx(one.high - one.low, rel=0.1)


@pytest.mark.parametrize(
    ("score", "values", "low", "high"),
    [
        # Wilson's interval of ten of ten, and of none of ten.
        (share, [1.0] * 10, 0.7225, 1.0),
        (share, [0.0] * 10, 0.0, 0.2775),
        (mean, [1.0] * 10, 1.0, 1.0),
    ],
)
def test_shares_of_all_and_none_are_not_certain(score: object, values: list[float], low: float, high: float) -> None:
    found = intervals(table(names(10), {"a": values}, score=score))["a"]  # type: ignore[arg-type]
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)


def test_the_same_seed_gives_the_same_interval() -> None:
    of = table(names(50), {"a": np.random.default_rng(0).normal(size=50)})
    told: list[Scored] = [intervals(of, seed=seed)["a"] for seed in (1, 1, 2)]
    assert told[0] == told[1]
    assert told[0] != told[2]


@pytest.mark.parametrize(
    ("items", "values", "clusters", "told"),
    [
        (["x", "x"], [1.0, 2.0], None, "'x' stands in the table twice"),
        (["x", "y"], [1.0], None, "1 values for 2 items"),
        (["x", "y"], [1.0, 2.0], ["d"], "1 names of clusters or strata for 2 items"),
    ],
)
def test_tables_that_do_not_fit(items: list[str], values: list[float], clusters: list[str] | None, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        table(items, {"a": values}, clusters=clusters)


def test_a_system_that_is_not_there() -> None:
    with pytest.raises(KeyError, match="no system 'b' in the table; it has a"):
        table(["x"], {"a": [1.0]}).of("b")
