"""Paired tests are sacreBLEU's; groups are WMT's clusters."""

from collections.abc import Sequence
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rated_outputs import REFERENCES, shortened, wmt23
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.significance import PairedTest
from scipy import stats

from evals.corpus_metrics import CorpusMetric
from evals.paired import compare, p_value, rank, significance_groups
from evals.statistics import Table, table

NAN = float("nan")


def names(number: int) -> list[str]:
    return [f"item {n}" for n in range(number)]


def of_bleu_and_chrf(references: Sequence[str], outputs: dict[str, list[str]]) -> dict[str, Table]:
    made = {"BLEU": BLEU(), "chrF2": CHRF()}
    told = {}
    for name, theirs in made.items():
        metric = CorpusMetric(theirs, [[text] for text in references])
        statistics = {system: metric.statistics(texts) for system, texts in outputs.items()}
        told[name] = table(names(len(references)), statistics, score=metric.score)
    return told


def sacrebleus(references: Sequence[str], outputs: dict[str, list[str]], test: str) -> dict[str, list[float]]:
    """P-values of each metric; of the systems after the first against it."""
    paired = PairedTest(
        list(outputs.items()), {"BLEU": BLEU(), "chrF2": CHRF()}, [list(references)], test_type=test, n_samples=3000
    )
    _, scores = paired()
    return {name: [result.p_value for result in scores[name][1:]] for name in ("BLEU", "chrF2")}


@pytest.mark.parametrize(("test", "ours"), [("bs", "p_bootstrap"), ("ar", "p_permutation")])
def test_p_values_are_sacrebleus_on_a_small_set(test: str, ours: str) -> None:
    outputs = {"base": shortened(1, 20), "near": shortened(3, 16), "far": shortened(4, 6)}
    references = list(REFERENCES.values())
    theirs = sacrebleus(references, outputs, test)
    for metric, of in of_bleu_and_chrf(references, outputs).items():
        for system, expected in zip(("near", "far"), theirs[metric], strict=True):
            found = getattr(compare(of, "base", system, times=3000), ours)
            assert found == pytest.approx(expected, abs=0.04), (metric, system)


@pytest.mark.slow
@pytest.mark.parametrize(("test", "ours"), [("bs", "p_bootstrap"), ("ar", "p_permutation")])
def test_p_values_are_sacrebleus_on_real_outputs(shared_data: Path, test: str, ours: str) -> None:
    references, every = wmt23(shared_data, "de-en")
    outputs = {system: every[system] for system in ("ONLINE-A", "ONLINE-Y", "Lan-BridgeMT")}
    theirs = sacrebleus(references, outputs, test)
    for metric, of in of_bleu_and_chrf(references, outputs).items():
        found = [getattr(compare(of, "ONLINE-A", system, times=3000), ours) for system in list(outputs)[1:]]
        assert found == pytest.approx(theirs[metric], abs=0.03), metric


def test_the_permutation_test_of_means_is_scipys() -> None:
    draw = np.random.default_rng(8)
    left = draw.normal(size=60)
    right = left + draw.normal(0.3, 1.0, size=60)
    found = compare(table(names(60), {"a": left, "b": right}), "a", "b")
    theirs = stats.permutation_test(
        (left, right), lambda a, b: np.mean(a) - np.mean(b), permutation_type="samples", n_resamples=9999, rng=draw
    )
    assert found.p_permutation == pytest.approx(theirs.pvalue, abs=0.02)
    assert found.value == pytest.approx(left.mean() - right.mean())
    assert found.low < found.value < found.high


@pytest.mark.parametrize(
    ("left", "right"),
    [([1.0, 0.0, 1.0, 1.0], [1.0, 0.0, 1.0, 1.0]), ([0.1, 0.2, 0.7], [0.7, 0.1, 0.2]), ([1.0, 0.0], [0.0, 1.0])],
)
def test_no_difference_is_no_finding(left: list[float], right: list[float]) -> None:
    found = compare(table(names(len(left)), {"a": left, "b": right}), "a", "b", times=200, permutations=200)
    assert found.value == pytest.approx(0)
    assert found.p_permutation == 1.0
    assert found.p_bootstrap == 1.0 if left == right else found.p_bootstrap > 0.4


def test_few_items_cannot_prove_much() -> None:
    """Of 2^5 ways to swap five items, the two that swap none or all are as extreme as what was found."""
    found = compare(table(names(5), {"a": [1.0] * 5, "b": [0.0] * 5}), "a", "b")
    assert found.p_permutation == pytest.approx(2 / 32, abs=0.01)
    one = compare(table(names(9), {"a": [1.0] * 9, "b": [0.0] * 9}, clusters=["d"] * 9), "a", "b")
    assert one.p_permutation == 1.0
    assert np.isnan([one.low, one.high, one.p_bootstrap]).all()


def test_documents_are_swapped_whole() -> None:
    draw = np.random.default_rng(9)
    documents = [f"d{n // 20}" for n in range(200)]
    gap = np.repeat(draw.normal(0.3, 0.6, size=10), 20)
    both = {"a": gap, "b": np.zeros(200)}
    assert compare(table(names(200), both), "a", "b").p_permutation < 0.001
    assert compare(table(names(200), both, clusters=documents), "a", "b").p_permutation > 0.03


def test_items_judged_for_both_alone_count() -> None:
    left, right = [1.0, 2.0, NAN, 4.0, NAN], [0.0, 1.0, 5.0, NAN, NAN]
    found = compare(table(names(5), {"a": left, "b": right, "c": [NAN] * 5}), "a", "b")
    assert (found.value, found.n, found.unjudged) == (1.0, 2, 3)
    nothing = compare(table(names(5), {"a": left, "c": [NAN] * 5}), "a", "c")
    assert (nothing.n, nothing.unjudged) == (0, 5)
    assert np.isnan([nothing.value, nothing.low, nothing.p_permutation, nothing.p_bootstrap]).all()


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=30), st.integers(0, 5))
def test_who_stands_left_changes_the_sign_alone(rows: list[tuple[float, float]], seed: int) -> None:
    left, right = np.array(rows).T
    of = table(names(len(rows)), {"a": left, "b": right})
    one, other = (compare(of, *pair, times=100, permutations=100, seed=seed) for pair in (("a", "b"), ("b", "a")))
    assert one.value == pytest.approx(-other.value)
    assert one.p_permutation == pytest.approx(other.p_permutation)
    assert one.p_bootstrap == pytest.approx(other.p_bootstrap)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))


@pytest.mark.parametrize(
    ("draws", "found", "expected"),
    [([1.0, 2.0, 3.0], 2.5, 2 / 4), ([1.0, 2.0, 3.0], 3.0, 2 / 4), ([1.0, NAN, 2.0], 9.0, 1 / 3), ([], 1.0, 1.0)],
)
def test_p_values(draws: list[float], found: float, expected: float) -> None:
    assert p_value(np.array(draws), found) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("beaten", "groups"),
    [
        # All told apart, none told apart.
        ({"ab", "ac", "ad", "bc", "bd", "cd"}, [("a",), ("b",), ("c",), ("d",)]),
        (set(), [("a", "b", "c", "d")]),
        # a beats c, but b is told apart from neither: no line may be drawn.
        ({"ac", "ad", "bd", "cd"}, [("a", "b", "c"), ("d",)]),
        ({"ac", "ad", "bc", "bd"}, [("a", "b"), ("c", "d")]),
        # Beating the last alone.
        ({"ad", "bd", "cd"}, [("a", "b", "c"), ("d",)]),
    ],
)
def test_groups(beaten: set[str], groups: list[tuple[str, ...]]) -> None:
    assert list(significance_groups("abcd", lambda left, right: left + right in beaten)) == groups


@given(st.sets(st.sampled_from([(a, b) for a, b in product(range(6), repeat=2) if a < b])))
def test_groups_part_the_ranking(beaten: set[tuple[int, int]]) -> None:
    order = [str(n) for n in range(6)]
    groups = significance_groups(order, lambda left, right: (int(left), int(right)) in beaten)
    assert [name for group in groups for name in group] == order
    for above, below in pairwise(groups):
        assert {(int(a), int(b)) for a in above for b in below} <= beaten


@pytest.mark.parametrize(("higher", "order"), [(True, ["best", "twin", "worst"]), (False, ["worst", "best", "twin"])])
def test_ranks_go_by_what_is_better(higher: bool, order: list[str]) -> None:
    draw = np.random.default_rng(10)
    best = draw.normal(5, 1, 80)
    values = {"worst": best - 2, "none": np.full(80, NAN), "twin": best + draw.normal(-0.01, 0.3, 80), "best": best}
    found = rank(table(names(80), values, higher_is_better=higher), times=200, permutations=500)
    judged = [name for name in found.scores if name != "none"]
    assert list(found.scores)[-1] == "none"
    assert found.scores["none"].unjudged == 80
    assert sorted(judged) == sorted(order)
    assert sorted(map(sorted, found.groups)) == [["best", "twin"], ["worst"]]
    assert (found.groups[0] == ("worst",)) == (not higher)
    assert set(found.differences) == {(a, b) for n, a in enumerate(judged) for b in judged[n + 1 :]}
