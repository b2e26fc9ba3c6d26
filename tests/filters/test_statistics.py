"""Agreement and its intervals: equal to scipy's and to plain loops over pairs."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from filters.statistics import Estimate, bootstrap, mean, over_all, resamples, wilson, within

# Few different values, so that ties are many; and any values at all.
VALUES = st.one_of(st.integers(-3, 3).map(float), st.floats(-1e6, 1e6, allow_subnormal=False))
ROWS = st.lists(st.tuples(VALUES, VALUES), min_size=2, max_size=60)
ITEMS = st.lists(st.tuples(st.integers(0, 6), VALUES, VALUES), min_size=1, max_size=60)


def ones(rows: int) -> np.ndarray:
    return np.ones((rows, 1), np.int64)


def measured(left: np.ndarray, right: np.ndarray) -> dict[str, float]:
    return {name: float(value[0]) for name, value in over_all(left, right)(ones(left.size)).items()}


def accuracy(left: np.ndarray, right: np.ndarray, tie: float = 0.0) -> float:
    """Share of pairs ordered alike, by looking at each."""
    alike = [
        (0 if abs(left[i] - left[j]) <= tie else np.sign(left[i] - left[j])) == np.sign(right[i] - right[j])
        for i, j in combinations(range(left.size), 2)
    ]
    return float(np.mean(alike)) if alike else float("nan")


@given(ROWS)
def test_correlations_are_scipys(rows: list[tuple[float, float]]) -> None:
    left, right = np.array(rows, dtype=float).T
    found = measured(left, right)
    assert found["accuracy"] == pytest.approx(accuracy(left, right))
    assert found["kendall"] == pytest.approx(stats.kendalltau(left, right).statistic, abs=1e-9, nan_ok=True)
    if np.unique(left).size < 2 or np.unique(right).size < 2:
        assert np.isnan([found["pearson"], found["spearman"]]).all()
        return
    assert found["spearman"] == pytest.approx(stats.spearmanr(left, right).statistic, abs=1e-9)
    # Values that differ by no more than rounding are constant to us.
    if min(np.ptp(left) / max(1, np.abs(left).max()), np.ptp(right) / max(1, np.abs(right).max())) > 1e-4:
        assert found["pearson"] == pytest.approx(stats.pearsonr(left, right).statistic, abs=1e-6)


@given(ROWS, st.integers(0, 100))
def test_a_weight_is_a_repeated_row(rows: list[tuple[float, float]], seed: int) -> None:
    """Pairs of a row with its own copy are no pairs, which only accuracy can tell."""
    left, right = np.array(rows, dtype=float).T
    weights = next(resamples(np.arange(left.size), 3, seed))
    found = over_all(left, right)(weights)
    for column in range(3):
        again = np.repeat(np.arange(left.size), weights[:, column])
        plain = measured(left[again], right[again])
        for name in ("spearman", "kendall"):
            assert found[name][column] == pytest.approx(plain[name], abs=1e-9, nan_ok=True)
        pairs = [(i, j) for i, j in combinations(again, 2) if i != j]
        alike = [np.sign(left[i] - left[j]) == np.sign(right[i] - right[j]) for i, j in pairs]
        assert found["accuracy"][column] == pytest.approx(float(np.mean(alike)) if alike else np.nan, nan_ok=True)


@given(ITEMS)
def test_within_items_by_looking_at_each(rows: list[tuple[int, float, float]]) -> None:
    columns = np.array(rows, dtype=float).T
    items, left, right = columns[0].astype(np.int64), columns[1], columns[2]
    found = within(left, right, items)
    values = {name: float(value[0]) for name, value in found.measure(ones(items.size)).items()}
    several = [items == item for item in np.unique(items) if (items == item).sum() > 1]
    assert found.items == len(several)
    if not several:
        assert np.isnan(list(values.values())).all()
        return
    assert values["accuracy"] == pytest.approx(np.mean([accuracy(left[of], right[of]) for of in several]))
    taus = [stats.kendalltau(left[of], right[of]).statistic for of in several]
    taus = [tau for tau in taus if np.isfinite(tau)]
    assert values["kendall"] == pytest.approx(np.mean(taus) if taus else np.nan, abs=1e-9, nan_ok=True)
    gaps = {0.0} | {abs(left[of][i] - left[of][j]) for of in several for i, j in combinations(range(of.sum()), 2)}
    swept = {gap: np.mean([accuracy(left[of], right[of], gap) for of in several]) for gap in gaps}
    assert values["accuracy*"] == pytest.approx(max(swept.values()))
    assert swept[found.tie] == pytest.approx(max(swept.values()))


def test_within_items_against_scipy() -> None:
    draw = np.random.default_rng(3)
    items = np.repeat(np.arange(40), 7)
    right = draw.integers(0, 4, items.size).astype(float)
    left = right + draw.normal(size=items.size)
    shuffled = draw.permutation(items.size)
    found = within(left[shuffled], right[shuffled], items[shuffled]).measure(ones(items.size))
    for name, of in (("pearson", stats.pearsonr), ("spearman", stats.spearmanr), ("kendall", stats.kendalltau)):
        plain = [of(left[items == item], right[items == item]).statistic for item in range(40)]
        assert found[name][0] == pytest.approx(np.nanmean(plain))
    assert found["accuracy*"][0] > found["accuracy"][0]


def test_intervals_are_those_of_a_plain_bootstrap() -> None:
    draw = np.random.default_rng(1)
    right = draw.normal(size=300)
    left = right + draw.normal(size=300)
    found = bootstrap(over_all(left, right), np.arange(300), times=2000)
    for name, of in (("pearson", stats.pearsonr), ("spearman", stats.spearmanr), ("kendall", stats.kendalltau)):
        theirs = stats.bootstrap(
            (left, right), lambda a, b, of=of: of(a, b).statistic, paired=True, vectorized=False, n_resamples=2000,
            method="percentile", rng=draw,
        ).confidence_interval  # fmt: skip
        assert found[name].interval() == pytest.approx((theirs.low, theirs.high), abs=0.015)


def test_rows_of_a_group_stay_together() -> None:
    groups = np.array([0, 0, 1, 2, 2, 2])
    for weights in resamples(groups, 50, seed=5):
        assert (weights[0] == weights[1]).all()
        assert (weights[3] == weights[5]).all()
        assert (weights[[0, 2, 3]].sum(axis=0) == 3).all()
    again = [next(resamples(groups, 50, seed)) for seed in (5, 5, 6)]
    assert (again[0] == again[1]).all()
    assert (again[0] != again[2]).any()


def test_ratings_of_few_segments_are_less_sure_than_of_many() -> None:
    draw = np.random.default_rng(2)
    right = np.repeat(draw.normal(size=20), 15)
    left = np.repeat(draw.normal(size=20), 15) + right
    apart, together = (
        bootstrap(over_all(left, right), groups, times=300)["pearson"].interval()
        for groups in (np.arange(300), np.repeat(np.arange(20), 15))
    )
    assert together[1] - together[0] > 2 * (apart[1] - apart[0])


@pytest.mark.parametrize(
    ("left", "right", "defined"),
    [
        ([], [], set()),
        ([1.0], [2.0], set()),
        ([1.0] * 9, [1.0, 2.0, 3.0] * 3, {"accuracy"}),
        ([1.0] * 9, [2.0] * 9, {"accuracy"}),
    ],
)
def test_what_is_not_defined_is_nan(left: list[float], right: list[float], defined: set[str]) -> None:
    found = bootstrap(over_all(np.array(left), np.array(right)), np.arange(len(left)), times=10) if left else {}
    assert {name for name, estimate in found.items() if np.isfinite(estimate.value)} == defined
    assert {name for name, estimate in found.items() if np.isfinite(estimate.interval()).all()} == defined


def test_the_mean_over_languages() -> None:
    told = mean([Estimate(0.2, np.array([0.1, 0.3])), Estimate(0.6, np.array([0.5, 0.7]))])
    assert told.value == pytest.approx(0.4)
    assert told.draws == pytest.approx([0.3, 0.5])


@given(st.integers(0, 50), st.integers(0, 50))
def test_wilson_is_scipys(hits: int, misses: int) -> None:
    if not hits + misses:
        assert np.isnan(wilson(0, 0)).all()
        return
    theirs = stats.binomtest(hits, hits + misses).proportion_ci(method="wilson")
    assert wilson(hits, hits + misses) == pytest.approx((theirs.low, theirs.high))
    assert [bound in (0.0, 1.0) for bound in wilson(hits, hits + misses)] == [hits == 0, misses == 0]
