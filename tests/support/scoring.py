"""Running a learned scorer over rows as the stage `score` does, without a recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from corpus.schema import schema
from datagen.engines.rewards import rate
from datagen.scores.fill import scored
from datagen.scores.store import ScoreStore
from datagen.scores.watch import ScoreWatch
from filters.base import with_roles
from filters.learned import Judge, LearnedScorer, Services


def score(
    scorer: LearnedScorer, kind: str, rows: Sequence[Mapping[str, Any]], told: list[Mapping[str, Any]] | None = None
) -> pl.DataFrame:
    """The scorer's columns for rows of a kind, of which only the columns of interest need be given.

    Facts that the scorer tells are appended to `told`.
    """
    names = {name for row in rows for name in row}
    frame = pl.DataFrame(rows, schema={name: dtype for name, dtype in schema(kind).items() if name in names})
    every = frame.with_columns(
        pl.lit(None, dtype).alias(name) for name, dtype in schema(kind).items() if name not in names
    )
    with TemporaryDirectory() as folder, ExitStack() as stack:
        services = Services(folder=Path(folder), rate=rate, tell=(told if told is not None else []).append)
        store = stack.enter_context(ScoreStore(Path(folder), scorer))
        judge: Judge = stack.enter_context(scorer.open(services))
        watch = ScoreWatch(scorer.stem, frame.height, lambda _: None)
        return scored(scorer, with_roles(every.lazy(), kind).collect(), store, judge, watch)
