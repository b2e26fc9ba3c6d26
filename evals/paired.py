"""Which of two systems is better on the same items, and which groups of systems cannot be told apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from evals.statistics import Cells, Scored, Table, intervals
from filters.statistics import CONFIDENCE, RESAMPLES, Estimate, Floats, Ints, bootstrap

PERMUTATIONS = 10_000
LEVEL = 0.05
"""A difference is held for real below this p-value."""
_CELLS = 400_000
"""Swaps in memory at once."""


@dataclass(frozen=True)
class Difference:
    """Two systems on the items that are judged for both."""

    left: str
    right: str
    value: float
    """The left score less the right one."""
    low: float
    high: float
    """The percentile interval of the paired bootstrap; NaN where the items lie in one cluster."""
    p_permutation: float
    """Of the paired permutation test, two-sided: how often a difference as large comes about where, in each cluster,
    chance says which output is whose. Findings rest on this one."""
    p_bootstrap: float
    """Of the paired bootstrap as sacreBLEU defines it. Where the difference is large against its spread, this is the
    tail on one side alone, and about half of what a two-sided test gives."""
    n: int
    """Items judged for both."""
    unjudged: int
    """Items that are left out, since they are not judged for one of the two or for both."""


def compare(
    of: Table,
    left: str,
    right: str,
    *,
    times: int = RESAMPLES,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
    confidence: float = CONFIDENCE,
) -> Difference:
    """Two systems of a table: their difference, its interval and p-values; clusters are drawn and swapped whole.

    The tests are those of sacreBLEU: paired bootstrap (Koehn 2004, W04-3250) and paired approximate randomization
    (Riezler and Maxwell 2005, W05-0908). A draw as large as what was found counts towards p (Phipson and Smyth 2010),
    so a system is never better than its own copy; sacreBLEU counts larger ones alone.

    Raises:
        KeyError: a system that is not in the table.
    """
    both = of.of(left, right)
    cells = both.cells()
    n = len(both.judged)

    def scores(weights: Ints) -> dict[str, Floats]:
        return dict(zip(("left", "right"), cells.scores(weights), strict=True))

    drawn = bootstrap(scores, cells.clusters, times=times, seed=seed)
    value = drawn["left"].value - drawn["right"].value
    told = Difference(left, right, value, np.nan, np.nan, np.nan, np.nan, n, len(of.judged) - n)
    if not np.isfinite(value):
        return told
    p_permutation = p_value(np.abs(_swapped(cells, permutations, seed)), abs(value), _rounding(drawn))
    if cells.clusters.max() == 0:
        return Difference(left, right, value, np.nan, np.nan, p_permutation, np.nan, n, told.unjudged)
    draws = Estimate(value, drawn["left"].draws - drawn["right"].draws)
    sizes = np.abs(draws.draws[np.isfinite(draws.draws)])
    p_bootstrap = p_value(sizes - sizes.mean(), abs(value), _rounding(drawn))
    return Difference(left, right, value, *draws.interval(confidence), p_permutation, p_bootstrap, n, told.unjudged)


def p_value(draws: Floats, found: float, rounding: float = 0.0) -> float:
    """How often chance gives as much as was found; the finding itself is one of the draws."""
    draws = draws[np.isfinite(draws)]
    return float((np.sum(draws >= found - rounding) + 1) / (draws.size + 1))


def _rounding(drawn: dict[str, Estimate]) -> float:
    """By how much equal differences of these scores may differ."""
    return 1e-11 * max(abs(estimate.value) for estimate in drawn.values())


def _swapped(cells: Cells, times: int, seed: int) -> Floats:
    """The difference of the two systems in the cells where each cluster's outputs are swapped by chance.

    What one system gains by a swap the other loses, so the sums of both follow from how much has moved.
    """
    draw, number = np.random.default_rng(seed), int(cells.clusters.max()) + 1
    at_once = max(1, _CELLS // max(1, cells.clusters.size))
    strata = [np.flatnonzero(cells.strata == stratum) for stratum in range(cells.strata_number)]
    sums = cells.sums.reshape(*cells.sums.shape[:2], -1)
    surplus = sums[:, 0] - sums[:, 1]
    found = []
    for start in range(0, times, at_once):
        stays = draw.integers(0, 2, (number, min(times, start + at_once) - start), dtype=np.int8)[cells.clusters]
        difference = np.zeros(stays.shape[1])
        for rows in strata:
            moved = stays[rows].T.astype(np.float64) @ surplus[rows]
            left, right = sums[rows, 1].sum(axis=0) + moved, sums[rows, 0].sum(axis=0) - moved
            scores = cells.score(np.stack([left, right], axis=1).reshape(-1, *cells.sums.shape[1:]))
            difference += scores[:, 0] - scores[:, 1]
        found.append(difference / cells.strata_number)
    return np.concatenate(found)


@dataclass(frozen=True)
class Ranking:
    """Systems of a table from the best to the worst."""

    scores: dict[str, Scored]
    """Best first; systems of which nothing is judged last."""
    differences: dict[tuple[str, str], Difference]
    """Of every two systems with a score, the one that ranks higher first."""
    groups: tuple[tuple[str, ...], ...]
    """Systems with a score, by `significance_groups`."""


def rank(
    of: Table,
    *,
    times: int = RESAMPLES,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
    level: float = LEVEL,
) -> Ranking:
    """All systems of a table, each compared with each. P-values are not corrected for how many comparisons there are.

    Args:
        of: the table.
        times: resamples for intervals.
        permutations: of each paired test.
        seed: of all draws.
        level: the p-value of the permutation test below which a difference is held for real.
    """
    found = intervals(of, times=times, seed=seed)
    sign = -1 if of.higher_is_better else 1
    ranked = sorted(found, key=lambda name: (np.isnan(found[name].value), sign * found[name].value, name))
    judged = [name for name in ranked if not np.isnan(found[name].value)]
    differences = {
        (left, right): compare(of, left, right, times=times, permutations=permutations, seed=seed)
        for left, right in combinations(judged, 2)
    }

    def better(left: str, right: str) -> bool:
        told = differences[left, right]
        return told.value * -sign > 0 and told.p_permutation < level

    return Ranking({name: found[name] for name in ranked}, differences, significance_groups(judged, better))


def significance_groups(ranked: Sequence[str], better: Callable[[str, str], bool]) -> tuple[tuple[str, ...], ...]:
    """Systems in groups, as the clusters of WMT's rankings (Kocmi et al. 2023, 2023.wmt-1.1): best group first.

    A line is drawn below a system where every system above the line is significantly better than every system below
    it. So two systems of one group need not be alike: the first may beat the last, as long as one between them is told
    apart from neither.

    Args:
        ranked: names, the best first.
        better: whether the first of two, which ranks higher, is significantly better than the second.
    """
    groups: list[tuple[str, ...]] = []
    start = 0
    for end in range(1, len(ranked) + 1):
        if all(better(above, below) for above in ranked[:end] for below in ranked[end:]):
            groups.append(tuple(ranked[start:end]))
            start = end
    return tuple(groups)
