"""Rows of the training data that stand in an evaluation: whoever trains on them measures memory.

Compared are whole questions (the last user turn, or the text), after NFKC, case folding and folding of white space.
Shared passages within longer texts are what `datagen`'s filter `contamination` finds.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

import corpus
from corpus.current import newest
from corpus.errors import UserError
from corpus.manifest import FILE
from corpus.mixing import hash64
from train.sources import Opened

_EXAMPLES = 5


def refuse_overlap(sources: Sequence[Opened], validation: Sequence[Opened], evaluations: Sequence[str]) -> None:
    """Refuse training data that shares questions with what measures it.

    Args:
        sources: the training data.
        validation: datasets whose loss is measured.
        evaluations: dataset folders, or folders that hold some at any depth.

    Raises:
        UserError: rows are shared, or a folder holds no dataset.
    """
    held: list[tuple[corpus.Dataset, str | None]] = [(each.dataset, each.split) for each in validation]
    held += [(dataset, None) for place in evaluations for dataset in _datasets(newest(Path(place)))]
    if not held:
        return
    asked = np.unique(np.concatenate([keys for each in held for _, keys in _keys(*each)] or [np.empty(0, np.uint64)]))
    for source in sources:
        shared = [
            row_id
            for ids, keys in _keys(source.dataset, source.split)
            for row_id in ids.filter(pl.Series(np.isin(keys, asked)))
        ]
        if shared:
            raise UserError(
                f"data: {source.name}: {len(shared):,} rows ask what an evaluation asks (such as "
                f"{', '.join(shared[:_EXAMPLES])}). Drop them with `datagen` (scorer and filter `contamination`, "
                f"against {', '.join(str(each.path) for each, _ in held[:3])}), or leave the evaluation out of "
                "`evaluation:` and `validation:`"
            )


def _datasets(place: Path) -> list[corpus.Dataset]:
    if (place / FILE).is_file():
        return [corpus.open(place)]
    found = [corpus.open(file.parent) for file in sorted(place.rglob(FILE))]
    if not found:
        raise UserError(f"evaluation: {place} is no dataset and holds none")
    return found


def _keys(dataset: corpus.Dataset, split: str | None = None) -> Iterator[tuple[pl.Series, np.ndarray]]:
    """Ids of rows and hashes of what they ask, shard by shard."""
    question = _question(dataset.manifest.kind)
    for file in dataset.files(split):
        frame = pl.read_parquet(file).select("id", question.fill_null("").alias("asked"))
        yield frame["id"], hash64([_folded(text) for text in frame["asked"]], "overlap")


def _question(kind: str) -> pl.Expr:
    if kind == "text":
        return pl.col("text")
    if kind == "pair":
        return pl.col("source")
    turns = pl.col("messages" if kind == "sft" else "prompt")
    return turns.list.filter(pl.element().struct.field("role") == "user").list.last().struct.field("content")


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
