"""Scores of systems on the same items, with intervals: means, and corpus scores that are no means of items.

An item enters by statistics that are summed: a mean's are the value and 1, BLEU's the matches and lengths of a segment
(`evals.corpus_metrics`). A resample is then a sum with other weights, and all resamples of all systems are worked out
at once. What is drawn is a whole cluster, such as a document: its items are not independent of each other.

An item that a system failed at, or that could not be judged, is NaN. It counts for nothing and is told as `unjudged`;
it is never 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from filters.statistics import CONFIDENCE, RESAMPLES, Floats, Ints, bootstrap, wilson

Score: TypeAlias = Callable[[Floats], Floats]
"""From sums of statistics (in the last axis) the score; NaN where nothing was summed."""


def mean(sums: Floats) -> Floats:
    """The mean, of sums of values and of items."""
    above, items = sums[..., 0], sums[..., 1]
    return np.where(items > 0, above / np.where(items > 0, items, 1.0), np.nan)


def share(sums: Floats) -> Floats:
    """The mean of values from 0 to 1, such as right or wrong; its interval is Wilson's where all are 0 or all are 1."""
    return mean(sums)


@dataclass(frozen=True)
class Table:
    """What each system got on each item; rows are in the order of the items' names, so that no order given matters."""

    systems: tuple[str, ...]
    statistics: Floats
    """Items × systems × statistics; 0 where not judged."""
    judged: NDArray[np.bool_]
    """Items × systems."""
    clusters: Ints
    """Number of each item's cluster."""
    strata: Ints
    """Number of each item's stratum."""
    strata_number: int
    score: Score
    higher_is_better: bool

    def of(self, *systems: str) -> Table:
        """Some of the systems, on the items that are judged for all of them.

        Raises:
            KeyError: a system that is not in the table.
        """
        places = []
        for system in systems:
            if system not in self.systems:
                raise KeyError(f"no system {system!r} in the table; it has {', '.join(self.systems)}")
            places.append(self.systems.index(system))
        rows = self.judged[:, places].all(axis=1)
        return Table(
            systems,
            self.statistics[rows][:, places],
            self.judged[rows][:, places],
            self.clusters[rows],
            self.strata[rows],
            self.strata_number,
            self.score,
            self.higher_is_better,
        )

    def cells(self) -> Cells:
        """The sums over what is drawn together and scored together."""
        keys, cell = np.unique(np.stack([self.clusters, self.strata]), axis=1, return_inverse=True)
        sums = np.zeros((keys.shape[1], *self.statistics.shape[1:]))
        np.add.at(sums, cell.reshape(-1), self.statistics)
        # Numbered anew: clusters of items that are not judged for all systems are gone.
        clusters = np.unique(keys[0], return_inverse=True)[1].reshape(-1)
        return Cells(sums, clusters, keys[1], self.strata_number, self.score)


@dataclass(frozen=True)
class Cells:
    """Sums of statistics over the items of one cluster in one stratum."""

    sums: Floats
    """Cells × systems × statistics."""
    clusters: Ints
    """Of each cell, numbered from 0 without gaps."""
    strata: Ints
    strata_number: int
    score: Score

    def scores(self, weights: NDArray[np.integer[Any]]) -> Floats:
        """The systems' scores (systems × draws) where cells count so many times (cells × draws).

        NaN where nothing of a stratum is there: a mean over fewer language pairs would be another number.
        """
        counts = weights.astype(np.float64)
        total = np.zeros((self.sums.shape[1], counts.shape[1]))
        for stratum in range(self.strata_number):
            rows = np.flatnonzero(self.strata == stratum)
            flat = self.sums[rows].reshape(rows.size, np.prod(self.sums.shape[1:], dtype=int))
            drawn = (counts[rows].T @ flat).reshape(-1, *self.sums.shape[1:])
            total += self.score(drawn).T
        return total / self.strata_number


def table(
    items: Sequence[str],
    values: Mapping[str, ArrayLike],
    *,
    clusters: Sequence[str] | None = None,
    strata: Sequence[str] | None = None,
    score: Score = mean,
    higher_is_better: bool = True,
) -> Table:
    """A table of what systems got.

    Args:
        items: the name of each item, each once.
        values: by system, a number for each item, or for corpus scores its statistics (items × statistics); NaN where
            an item is not judged, in all statistics or in any.
        clusters: what each item is drawn with, such as its document; else each item is drawn alone.
        strata: what each item is scored with, such as its language pair: the score is the mean of the strata's scores.
        score: from sums of statistics to the score.
        higher_is_better: whether more is better.

    Raises:
        ValueError: names of items that are not unique, or numbers of rows that differ.
    """
    if len(set(items)) != len(items):
        twice = next(item for place, item in enumerate(items) if item in items[:place])
        raise ValueError(f"item {twice!r} stands in the table twice; every item needs a name of its own")
    order = np.argsort(np.array(items, dtype=object), kind="stable") if items else np.empty(0, np.int64)
    columns = []
    for system, given in values.items():
        column = np.asarray(given, np.float64)
        if column.shape[0] != len(items):
            raise ValueError(f"{system!r} has {column.shape[0]} values for {len(items)} items; unjudged items are NaN")
        if column.ndim == 1:
            column = np.stack([column, np.ones(len(items))], axis=1)
        columns.append(column[order])
    stacked = np.stack(columns, axis=1) if columns else np.empty((len(items), 0, 2))
    judged = np.asarray(np.isfinite(stacked).all(axis=2))
    numbers = _numbered(strata if strata is not None else [""] * len(items), order)
    return Table(
        tuple(values),
        np.where(judged[:, :, None], stacked, 0.0),
        judged,
        _numbered(clusters if clusters is not None else items, order),
        numbers,
        int(numbers.max(initial=0)) + 1,
        score,
        higher_is_better,
    )


def _numbered(names: Sequence[str], order: Ints) -> Ints:
    """The number of each name among all, in the order of the rows."""
    if len(names) != order.size:
        raise ValueError(f"{len(names)} names of clusters or strata for {order.size} items; give one for each item")
    numbers = {name: number for number, name in enumerate(sorted(set(names)))}
    return np.array([numbers[names[row]] for row in order], np.int64)


@dataclass(frozen=True)
class Scored:
    """A system's score, how sure it is, and what stands behind it."""

    value: float
    """NaN where no item is judged."""
    low: float
    high: float
    """Ends of the interval; NaN where all judged items lie in one cluster."""
    n: int
    """Items judged."""
    unjudged: int
    """Items that failed or could not be judged."""


def intervals(of: Table, *, times: int = RESAMPLES, seed: int = 0, confidence: float = CONFIDENCE) -> dict[str, Scored]:
    """Each system's score on its judged items, with the percentile interval of a bootstrap over clusters.

    Args:
        of: the table.
        times: how many resamples.
        seed: of the drawing; all systems see the same draws.
        confidence: the share of resamples within the interval.
    """
    found = {}
    for place, system in enumerate(of.systems):
        cells = of.of(system).cells()
        n = int(of.judged[:, place].sum())
        found[system] = Scored(*_interval(cells, times, seed, confidence), n, len(of.judged) - n)
    return found


def _interval(cells: Cells, times: int, seed: int, confidence: float) -> tuple[float, float, float]:
    """Score, low and high of the one system in the cells."""
    estimate = bootstrap(lambda weights: {"": cells.scores(weights)[0]}, cells.clusters, times=times, seed=seed)[""]
    number = int(cells.clusters.max(initial=-1)) + 1
    if number < 2:
        return estimate.value, float("nan"), float("nan")
    low, high = estimate.interval(confidence)
    if cells.score is share and low == high and estimate.value in (0.0, 1.0):
        # Every resample of ten right answers is ten right answers, which is no proof that there is no wrong one.
        low, high = wilson(estimate.value * number, number, confidence)
    return estimate.value, low, high
