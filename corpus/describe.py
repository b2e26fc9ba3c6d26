"""Describe a dataset's rows: the tables of a manifest that are counted from the shards themselves."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, TypedDict

import numpy as np
import polars as pl
from numpy.typing import NDArray

from corpus.manifest import Histogram, Score, Spread, Tally

BINS = 40
LABELS = 50
"""Most labels of a column that a manifest counts. A column that has more in one shard has more in all."""

_COUNTED = ("src_lang", "tgt_lang", "origin", "license", "engine")


class Tables(TypedDict):
    """The counted parts of a manifest."""

    languages: dict[str, int]
    origins: dict[str, int]
    licenses: dict[str, int]
    models: dict[str, int]
    scores: dict[str, Score]


class Extent(NamedTuple):
    """Between what the values of a score column lie."""

    low: float
    high: float


LANGUAGES = (
    pl.when(pl.col("src_lang").is_null())
    .then(pl.col("tgt_lang").fill_null("und"))
    .otherwise(pl.col("src_lang") + ">" + pl.col("tgt_lang").fill_null("und"))
)
"""A row's languages as reports name them: `de>en`, `de` for monolingual rows, `und` where unknown."""


def tally(frame: pl.DataFrame, scores: Iterable[str]) -> Tally:
    """Count a shard's rows by language, origin, licence and model, and take the extent of each score column."""
    columns = [name for name in _COUNTED if name in frame.columns]
    groups = frame.lazy().group_by(columns).len("rows").collect(engine="in-memory")
    named = groups.select(
        LANGUAGES.alias("languages"),
        pl.col("origin", "license").fill_null("unknown"),
        pl.col("engine") if "engine" in columns else pl.lit(None).alias("engine"),
    )
    rows = groups["rows"].to_list()
    return Tally(
        languages=_sums(named["languages"], rows),
        origins=_sums(named["origin"], rows),
        licenses=_sums(named["license"], rows),
        models=_sums(named["engine"], rows) if "engine" in columns else {},
        scores={name: _spread(name, frame[name]) for name in scores if name in frame.columns},
    )


def describe(shards: Sequence[Path], scores: Mapping[str, Score]) -> Tables:
    """The tables of shards of which nothing was counted yet; see `tables`."""
    names = pl.read_parquet_schema(shards[0]) if shards else {}
    columns = [name for name in names if name in _COUNTED or name in scores]
    return tables([tally(pl.read_parquet(shard, columns=columns), scores) for shard in shards], shards, scores)


def tables(tallies: Sequence[Tally], shards: Sequence[Path], scores: Mapping[str, Score]) -> Tables:
    """Add up what `tally` counted of each shard, and spread the score columns over histograms.

    Args:
        tallies: in the shards' order.
        shards: the files; score columns are read from them once more, since bins depend on the extent of all.
        scores: the score columns with direction and signature; counts and histograms are filled in.
    """
    judged = [name for name in scores if not tallies or name in tallies[0].scores]
    summed = {name: _summed(scores[name], [one.scores[name] for one in tallies]) for name in judged}
    extents = {name: extent for name, (_, extent) in summed.items() if extent}
    histograms = _histograms(shards, extents)
    return Tables(
        languages=_added(one.languages for one in tallies),
        origins=_added(one.origins for one in tallies),
        licenses=_added(one.licenses for one in tallies),
        models=_added(one.models for one in tallies),
        scores={n: score.model_copy(update={"histogram": histograms.get(n)}) for n, (score, _) in summed.items()},
    )


def _sums(names: pl.Series, rows: Sequence[int]) -> dict[str, int]:
    """Rows by name, of groups of rows: in Python, where a query of polars would take longer than its few groups."""
    total: Counter[str] = Counter()
    for name, number in zip(names.to_list(), rows, strict=True):
        total[name] += number
    return dict(sorted(total.items()))


def _added(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return dict(sorted(total.items()))


def _spread(name: str, column: pl.Series) -> Spread:
    """Counts and extent of a score column's part in a shard."""
    numbers = _finite(column) if name.startswith(("score_", "flag_")) else np.empty(0)
    told = Spread(
        scored=column.count(), unjudged=column.null_count(), finite=len(numbers), labels=_labels(name, column)
    )
    if not told.finite:
        return told
    extent = {"total": float(numbers.sum()), "low": float(numbers.min()), "high": float(numbers.max())}
    return told.model_copy(update=extent)


def _labels(name: str, column: pl.Series) -> dict[str, int] | None:
    if not name.startswith("label_"):
        return None
    counts = column.drop_nulls().value_counts()
    return dict(counts.iter_rows()) if counts.height <= LABELS else None


def _all_labels(parts: Sequence[Spread]) -> dict[str, int]:
    """Labels of all shards, in order; none where they are too many."""
    known = [part.labels for part in parts if part.labels is not None]
    added = _added(known)
    return added if len(known) == len(parts) and len(added) <= LABELS else {}


def _summed(score: Score, parts: Sequence[Spread]) -> tuple[Score, Extent | None]:
    """A score with counts and mean, and between what its histogram lies. Added up in shard order."""
    counted = {"scored": sum(part.scored for part in parts), "unjudged": sum(part.unjudged for part in parts)}
    told = score.model_copy(update={**counted, "labels": _all_labels(parts)})
    finite = sum(part.finite for part in parts)
    if not finite:
        return told, None
    low = min(part.low for part in parts if part.low is not None)
    high = max(part.high for part in parts if part.high is not None)
    # Twelve digits: the same rows cut into other shards add up in another order.
    mean = float(f"{sum(part.total for part in parts) / finite:.12g}")
    return told.model_copy(update={"mean": mean}), _extent(low, high)


def _extent(low: float, high: float) -> Extent | None:
    """Between what a histogram of these values lies; None where no float is as far from another."""
    if math.isfinite(high - low) and not (np.diff(np.linspace(low, high, BINS + 1)) > 0).all():
        high = low + max(1.0, abs(low))  # all alike, to the digits that a float has
    return Extent(low, high) if math.isfinite(high - low) else None


def _histograms(shards: Sequence[Path], extents: Mapping[str, Extent]) -> dict[str, Histogram]:
    """How the values of score columns are spread over equal bins, by the rows of all shards."""
    if not extents:
        return {}

    def counted(shard: Path) -> NDArray[np.int64]:
        columns = pl.read_parquet(shard, columns=list(extents))
        # The last bin holds its upper edge too.
        return np.stack([np.histogram(_finite(columns[name]), BINS, extents[name])[0] for name in extents])

    # Threads: polars reads without Python's lock.
    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        spread = sum(pool.map(counted, shards), np.zeros((len(extents), BINS), dtype=np.int64))
    return {
        name: Histogram(low=extent.low, high=extent.high, counts=counts)
        for (name, extent), counts in zip(extents.items(), spread.tolist(), strict=True)
    }


def _finite(column: pl.Series) -> NDArray[np.float64]:
    """The numbers of a column; a score may be infinite, and then has no place in a mean or a histogram."""
    numbers = column.drop_nulls().cast(pl.Float64)
    return numbers.filter(numbers.is_finite()).to_numpy()
