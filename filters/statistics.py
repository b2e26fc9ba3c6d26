"""How far a score agrees with people, and how sure that is: correlations, pairwise accuracy, bootstrap intervals.

Every measure takes weights, a number of times that each row counts, one column for each resample; so a bootstrap is the
measure itself with other weights, and all resamples are worked out at once. Resampling draws groups of rows (all
ratings of a source segment), since ratings of one segment are not independent of each other.

Arrays have a row for each rated output; `weights` are rows × resamples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Measure: TypeAlias = Callable[[Ints], dict[str, Floats]]
"""From weights, the value of each measure by name, one for each resample; NaN where it is not defined."""

RESAMPLES = 1000
CONFIDENCE = 0.95
MOST_PAIRS = 500_000
"""Pairs of outputs within items that are compared; of more items, as many as give so many, those of the lowest numbers:
whoever numbers items by a hash draws them by chance."""
_CELLS = 400_000
"""Weights in memory at once."""
_FLAT = 1e-12
"""A variance that is less than this share of the square sum it is the rest of, is rounding."""


@dataclass(frozen=True)
class Estimate:
    """A measure, and what it was in each resample."""

    value: float
    """NaN where the measure is not defined, as a correlation with a constant."""
    draws: Floats

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """The percentile interval; NaN where the measure is defined in fewer than half of the resamples."""
        defined = self.draws[np.isfinite(self.draws)]
        if not np.isfinite(self.value) or 2 * defined.size < max(1, self.draws.size):
            return float("nan"), float("nan")
        low, high = np.quantile(defined, [(1 - confidence) / 2, (1 + confidence) / 2])
        return float(low), float(high)


def mean(estimates: Sequence[Estimate]) -> Estimate:
    """The mean of independent estimates, such as those of several language pairs; undefined where one of them is."""
    return Estimate(
        float(np.mean([estimate.value for estimate in estimates])),
        np.mean([estimate.draws for estimate in estimates], axis=0),
    )


def bootstrap(measure: Measure, groups: Ints, *, times: int = RESAMPLES, seed: int = 0) -> dict[str, Estimate]:
    """A measure of all rows, and of `times` resamples in which groups are drawn with replacement.

    Args:
        measure: what is measured.
        groups: the group of each row, numbered from 0.
        times: how many resamples.
        seed: of the drawing; the same seed gives the same intervals.
    """
    values = measure(np.ones((groups.size, 1), np.int64))
    draws: dict[str, list[Floats]] = {name: [np.empty(0)] for name in values}
    for weights in resamples(groups, times, seed):
        for name, drawn in measure(weights).items():
            draws[name].append(drawn)
    return {name: Estimate(float(value[0]), np.concatenate(draws[name])) for name, value in values.items()}


def resamples(groups: Ints, times: int, seed: int) -> Iterator[Ints]:
    """How often each row stands in each resample (rows × resamples), some resamples at a time."""
    draw, number = np.random.default_rng(seed), int(groups.max(initial=-1)) + 1
    at_once = max(1, _CELLS // max(1, groups.size))
    for start in range(0, times if number else 0, at_once):
        some = min(times, start + at_once) - start
        drawn = draw.integers(0, number, (some, number)) + number * np.arange(some)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=some * number).reshape(some, number)
        yield np.ascontiguousarray(counts.T[groups])


def wilson(successes: float, trials: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Wilson's score interval of a share (Wilson 1927); it stays sensible for shares near 0 and 1, and small counts."""
    from statistics import NormalDist

    if not trials:
        return float("nan"), float("nan")
    z, share = NormalDist().inv_cdf((1 + confidence) / 2), successes / trials
    middle = share + z * z / (2 * trials)
    half = z * np.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    # Where none or all are successes the bound is 0 or 1, which rounding would miss by a hair.
    low = float((middle - half) / scale) if successes > 0 else 0.0
    high = float((middle + half) / scale) if successes < trials else 1.0
    return max(0.0, low), min(1.0, high)


def over_all(left: Floats, right: Floats) -> Measure:
    """Agreement over all rows: `pearson`, `spearman`, `kendall` (tau-b) and `accuracy`.

    Accuracy is the share of pairs of rows that both order alike, where a pair that both hold equal is one that they
    order alike, and a pair that only one holds equal is not (Deutsch, Foster and Freitag 2023, 2305.14324: acc_eq).
    """
    count = _pairs(left, right)

    def measure(weights: Ints) -> dict[str, Floats]:
        pairs = count(weights)
        return {
            "pearson": _pearson(left[:, None] - left.mean(), right[:, None] - right.mean(), weights),
            "spearman": _pearson(_ranks(left, weights), _ranks(right, weights), weights),
            "kendall": _ratio(
                pairs.concordant - pairs.discordant,
                np.sqrt((pairs.every - pairs.tied_left) * (pairs.every - pairs.tied_right)),
            ),
            "accuracy": _ratio(pairs.concordant + pairs.tied_both, pairs.every),
        }

    return measure


class Within(NamedTuple):
    """Agreement within items: what is needed to measure it."""

    measure: Measure
    items: int
    """Items of two or more rows that are compared."""
    tie: float
    """Difference of the left scores up to which they are held equal in `accuracy*`."""
    tied: float
    """Share of pairs that the right scores hold equal: the `accuracy*` of a left score that holds all equal."""
    pairs: int
    """Pairs that are compared, `MOST_PAIRS` at most unless one item has more."""
    every: int
    """Pairs that there are."""


def within(left: Floats, right: Floats, items: Ints) -> Within:
    """Agreement among the outputs of one item (the answers to one source), as the mean over items.

    The measures are those of `over_all`, correlations over the items in which they are defined, and `accuracy*`: the
    accuracy where differences of the left score up to a threshold count as ties too, with the threshold that makes it
    greatest over all items (Deutsch, Foster and Freitag 2023: acc*_eq, group-by-item). It is chosen anew in each
    resample, so that the interval knows of the choice.
    """
    order = np.argsort(items, kind="stable")
    left, right, items = left[order], right[order], items[order]
    first, second, item = _pairs_of_items(items)
    compared = np.unique(item)
    pairs = np.bincount(item, minlength=int(items.max(initial=-1)) + 1)
    rows = np.zeros(pairs.size, np.int64)
    rows[items] = order  # a row of each item, whose weight is the item's
    gap, wanted = left[first] - left[second], np.sign(right[first] - right[second])
    alike = np.sign(gap) == wanted
    per_item = {
        "pearson": _correlations(left, right, items, pairs.size),
        "spearman": _correlations(_item_ranks(left, items), _item_ranks(right, items), items, pairs.size),
        "kendall": _item_kendall(gap, wanted, item, pairs.size),
        "accuracy": _ratio(np.bincount(item, alike, minlength=pairs.size), pairs),
    }
    by_gap = np.argsort(np.abs(gap), kind="stable")
    gaps, item_by_gap = np.abs(gap)[by_gap], item[by_gap]
    # What calling a pair a tie wins or loses; pairs of one gap become ties together.
    gains = ((wanted == 0).astype(np.float64) - alike)[by_gap] / pairs[item_by_gap]
    ends = np.flatnonzero(np.diff(gaps, append=np.inf))
    ties = np.concatenate([[0.0], gaps[ends]])

    def best(weights: Ints) -> tuple[Floats, Ints]:
        """The most that ties win, and with which of `ties`."""
        won, where = np.zeros(weights.shape[1]), np.zeros(weights.shape[1], np.int64)
        for column in range(weights.shape[1]):
            sums = np.concatenate([[0.0], np.cumsum(gains * weights[item_by_gap, column])[ends]])
            where[column] = np.argmax(sums)
            won[column] = sums[where[column]]
        return won, where

    def measure(weights: Ints) -> dict[str, Floats]:
        counts = weights[rows] * (pairs > 0)[:, None]
        found = {name: _item_mean(values, counts) for name, values in per_item.items()}
        won, _ = best(counts)
        return {**found, "accuracy*": found["accuracy"] + _ratio(won, counts.sum(axis=0))}

    tie = float(ties[best(np.ones((pairs.size, 1), np.int64))[1][0]])
    tied = _ratio(np.bincount(item, wanted == 0, minlength=pairs.size), pairs)
    share = float(np.mean(tied[compared])) if compared.size else float("nan")
    sizes = np.bincount(items)
    return Within(measure, compared.size, tie, share, item.size, int((sizes * (sizes - 1) // 2).sum()))


class _Pairs(NamedTuple):
    """Pairs of different rows, by how two scores order them."""

    every: Floats
    concordant: Floats
    discordant: Floats
    tied_left: Floats
    tied_right: Floats
    tied_both: Floats


def _pairs(left: Floats, right: Floats) -> Callable[[Ints], _Pairs]:
    """Counts pairs; a row that stands in a resample twice makes no pair with itself."""
    both = np.unique(np.stack([left, right], axis=1), axis=0, return_inverse=True)[1].reshape(-1)
    tied_left, tied_right, tied_both = _ties(left), _ties(right), _ties(both)
    discordant = _discordant(left, right)

    def count(weights: Ints) -> _Pairs:
        squares = (weights * weights).sum(axis=0)
        every = (weights.sum(axis=0) ** 2 - squares) / 2
        ties = [(tied(weights) - squares) / 2 for tied in (tied_left, tied_right, tied_both)]
        against = discordant(weights).astype(np.float64)
        return _Pairs(every, every - ties[0] - ties[1] + ties[2] - against, against, *ties)

    return count


def _ties(values: NDArray[np.generic]) -> Callable[[Ints], Ints]:
    """Sums, over the values that there are, the square of how many rows have the value."""
    order = np.argsort(values, kind="stable")
    starts = _starts(values[order])

    def squares(weights: Ints) -> Ints:
        sums = np.add.reduceat(weights[order], starts, axis=0) if starts.size else weights
        return np.asarray((sums * sums).sum(axis=0), np.int64)

    return squares


def _discordant(left: Floats, right: Floats) -> Callable[[Ints], Ints]:
    """Counts pairs that two scores order the other way round, by merging sorted blocks (Knight 1966).

    Which rows meet in which merge depends on the scores alone, so it is worked out once for all resamples.
    """
    order = np.lexsort((right, left))
    ranks, place = np.unique(right[order], return_inverse=True)[1].reshape(-1), np.arange(order.size)
    merges: list[tuple[Ints, NDArray[np.bool_], Ints, Ints, Ints]] = []
    size = 1
    while size < order.size:
        block = place // (2 * size)
        merged = np.lexsort((place, ranks, block))
        is_left = (merged // size) % 2 == 0
        last = np.searchsorted(block, block[merged], side="right") - 1
        rights = np.flatnonzero(~is_left)
        merges.append((order[merged], is_left, rights, order[merged[rights]], last[rights]))
        size *= 2

    def counted(weights: Ints) -> int:
        total = 0
        for rows, is_left, rights, right_rows, last in merges:
            lefts = np.cumsum(weights[rows] * is_left)
            total += int(np.dot(weights[right_rows], lefts[last] - lefts[rights]))
        return total

    def count(weights: Ints) -> Ints:
        # One resample after another: what is at work stays in the processor's cache.
        return np.array([counted(of) for of in np.ascontiguousarray(weights.T)], np.int64)

    return count


def _ranks(values: Floats, weights: Ints) -> Floats:
    """Mean ranks in each resample, counted from its middle."""
    order = np.argsort(values, kind="stable")
    starts = _starts(values[order])
    sums = np.add.reduceat(weights[order], starts, axis=0)
    middles = np.cumsum(sums, axis=0) - sums / 2 - weights.sum(axis=0) / 2
    ranks = np.empty(weights.shape)
    ranks[order] = np.repeat(middles, np.diff(starts, append=values.size), axis=0)
    return ranks


def _pearson(left: Floats, right: Floats, weights: Ints) -> Floats:
    """Pearson's correlation in each resample, of values that lie around 0."""
    total = weights.sum(axis=0)
    sums = [(weights * values).sum(axis=0) for values in (left, right, left * left, right * right, left * right)]
    spreads = []
    for plain, square in ((sums[0], sums[2]), (sums[1], sums[3])):
        spread = square - plain * plain / np.maximum(total, 1)
        spreads.append(np.where(spread > _FLAT * square, spread, 0.0))
    return np.clip(_ratio(sums[4] - sums[0] * sums[1] / np.maximum(total, 1), np.sqrt(spreads[0] * spreads[1])), -1, 1)


def _ratio(above: Floats | Ints, below: Floats | Ints) -> Floats:
    """Above by below, NaN where below is 0."""
    defined = below > 0
    return np.where(defined, above / np.where(defined, below, 1.0), np.nan)


def _starts(ordered: NDArray[np.generic]) -> Ints:
    """Where a new value begins in sorted values."""
    if not ordered.size:
        return np.empty(0, np.int64)
    return np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))


def _pairs_of_items(items: Ints) -> tuple[Ints, Ints, Ints]:
    """Every two rows of one item (rows sorted by item): the places of both, and the item."""
    starts = _starts(items)
    sizes = np.diff(starts, append=items.size)
    made = np.cumsum(sizes * (sizes - 1) // 2)
    keep = max(1, int(np.searchsorted(made, MOST_PAIRS, side="right"))) if made.size else 0
    end = int(starts[keep]) if keep < starts.size else items.size
    place = np.arange(end)
    # Each row meets those after it in its item.
    after = (np.repeat(starts + sizes, sizes)[:end] - place - 1).astype(np.int64)
    first = np.repeat(place, after)
    second = first + 1 + np.arange(first.size) - np.repeat(np.cumsum(after) - after, after)
    return first, second, items[first]


def _item_ranks(values: Floats, items: Ints) -> Floats:
    """Mean ranks within each item (rows sorted by item)."""
    order = np.lexsort((values, items))
    ordered = np.stack([items[order].astype(np.float64), values[order]], axis=1)
    new = np.concatenate([[True], (ordered[1:] != ordered[:-1]).any(axis=1)]) if items.size else np.empty(0, bool)
    starts = np.flatnonzero(new)
    sizes = np.diff(starts, append=items.size)
    ranks = np.empty(values.size)
    ranks[order] = np.repeat(starts + (sizes - 1) / 2, sizes)
    return ranks


def _correlations(left: Floats, right: Floats, items: Ints, number: int) -> Floats:
    """Pearson's correlation within each item."""
    rows = np.maximum(np.bincount(items, minlength=number), 1)

    def centered(values: Floats) -> Floats:
        return values - (np.bincount(items, values, minlength=number) / rows)[items]

    left, right = centered(left), centered(right)
    sums = [np.bincount(items, product, minlength=number) for product in (left * left, right * right, left * right)]
    least = [_FLAT * np.bincount(items, np.abs(values), minlength=number) for values in (left, right)]
    spreads = [np.where(spread > low, spread, 0.0) for spread, low in zip(sums[:2], least, strict=True)]
    return _ratio(sums[2], np.sqrt(spreads[0] * spreads[1]))


def _item_kendall(gap: Floats, wanted: Floats, item: Ints, number: int) -> Floats:
    """Kendall's tau-b within each item, of its pairs."""

    def total(values: NDArray[np.generic]) -> Floats:
        return np.asarray(np.bincount(item, values.astype(np.float64), minlength=number), np.float64)

    return _ratio(total(np.sign(gap) * wanted), np.sqrt(total(gap != 0) * total(wanted != 0)))


def _item_mean(values: Floats, counts: Ints) -> Floats:
    """Mean over items in which a measure is defined, in each resample."""
    defined = np.isfinite(values)
    weights = counts * defined[:, None]
    return _ratio((weights * np.where(defined, values, 0.0)[:, None]).sum(axis=0), weights.sum(axis=0))
