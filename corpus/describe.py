"""Describe a dataset's rows: the tables of a manifest that are counted from the shards themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypedDict

import numpy as np
import polars as pl
from numpy.typing import NDArray

from corpus.manifest import Histogram, Score

BINS = 40


class Tables(TypedDict):
    """The counted parts of a manifest."""

    languages: dict[str, int]
    origins: dict[str, int]
    licenses: dict[str, int]
    models: dict[str, int]
    scores: dict[str, Score]


LANGUAGES = (
    pl.when(pl.col("src_lang").is_null())
    .then(pl.col("tgt_lang").fill_null("und"))
    .otherwise(pl.col("src_lang") + ">" + pl.col("tgt_lang").fill_null("und"))
)
"""A row's languages as reports name them: `de>en`, `de` for monolingual rows, `und` where unknown."""


def describe(shards: Sequence[Path], scores: Mapping[str, Score]) -> Tables:
    """Count rows by language, origin, licence and model, and spread the score columns over histograms.

    `scores` names the score columns with direction and signature; counts and histograms are filled in.
    """
    if not shards:
        empty: dict[str, int] = {}
        return Tables(languages=empty, origins={}, licenses={}, models={}, scores=dict(scores))
    frame = pl.scan_parquet(list(shards))
    names = frame.collect_schema().names()
    columns = [name for name in ("src_lang", "tgt_lang", "origin", "license", "engine") if name in names]
    judged = [name for name in scores if name in names]
    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        spreads = pool.map(lambda name: _spread(shards, name, scores[name]), judged)
        counts = frame.group_by(columns).len("rows").collect(engine="streaming")
        return Tables(
            languages=_tally(counts, LANGUAGES),
            origins=_tally(counts, pl.col("origin").fill_null("unknown")),
            licenses=_tally(counts, pl.col("license").fill_null("unknown")),
            models=_tally(counts, pl.col("engine")) if "engine" in names else {},
            scores=dict(zip(judged, spreads, strict=True)),
        )


def _tally(counts: pl.DataFrame, key: pl.Expr) -> dict[str, int]:
    return dict(counts.group_by(key.alias("key")).agg(pl.col("rows").sum()).sort("key").iter_rows())


def _spread(shards: Sequence[Path], name: str, score: Score) -> Score:
    """Two passes in shard order over one column: extent and mean, then the bins. Threads change no digit of it."""
    scored = unjudged = finite = 0
    total, low, high = 0.0, float("inf"), float("-inf")
    numeric = name.startswith(("score_", "flag_"))
    for shard in shards:
        column = pl.read_parquet(shard, columns=[name])[name]
        scored += column.count()
        unjudged += column.null_count()
        numbers = _finite(column) if numeric else np.empty(0)
        if len(numbers):
            finite += len(numbers)
            total += float(numbers.sum())
            low, high = min(low, float(numbers.min())), max(high, float(numbers.max()))
    told = score.model_copy(update={"scored": scored, "unjudged": unjudged})
    if not finite:
        return told
    if low + (high - low) / BINS <= low:  # all alike, to the digits that a float has
        high = low + max(1.0, abs(low))
    counts = np.zeros(BINS, dtype=np.int64)
    for shard in shards:
        numbers = _finite(pl.read_parquet(shard, columns=[name])[name])
        counts += np.histogram(numbers, bins=BINS, range=(low, high))[0]
    # Twelve digits: the same rows cut into other shards add up in another order.
    mean = float(f"{total / finite:.12g}")
    return told.model_copy(update={"mean": mean, "histogram": Histogram(low=low, high=high, counts=counts.tolist())})


def _finite(column: pl.Series) -> NDArray[np.float64]:
    """The numbers of a column; a score may be infinite, and then has no place in a mean or a histogram."""
    numbers = column.drop_nulls().cast(pl.Float64)
    return numbers.filter(numbers.is_finite()).to_numpy()
