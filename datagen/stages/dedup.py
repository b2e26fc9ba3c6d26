"""`dedup`: of rows that say the same, keep one; the others are set aside with the id of the one that stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import polars as pl
from pydantic import Field

from corpus.errors import UserError, nearest
from corpus.schema import KINDS, ROLES, schema
from datagen.stages.base import Context, Header, Piece, Result, ShardStage, by_reason, only, set_aside
from datagen.stages.select import selection
from filters.base import with_roles
from filters.dedup.normalization import Normalization, normalized

_WHOLE: dict[str, tuple[str, ...]] = {
    "text": ("text",),
    "pair": ("source", "target"),
    "prompt": ("prompt",),
    "response": ("prompt", "response"),
    "sft": ("messages",),
    "preference": ("prompt", "chosen", "rejected"),
    "verifiable": ("prompt", "verifiers"),
}
"""Columns that make a row's key by default."""


class Dedup(ShardStage):
    """Drop exact duplicates across the whole dataset."""

    version: ClassVar[int] = 2
    native: ClassVar[bool] = True

    on: tuple[str, ...] | None = Field(default=None, min_length=1)
    """Columns whose values together make a row's key; `source` and `output` also name the roles of the row's kind.
    Default: all that a model would learn from, such as source and target, prompt and response, or all of a chat."""
    normalize: tuple[Normalization, ...] = ("nfc", "spaces", "trim")
    """What does not count as a difference: `lower` case, runs of white `spaces`, `trim` (ends), `nfc` (composition)."""
    keep: str = "first"
    """`first` in input order, or a score column: the row with the best score, in the score's own direction. Rows that
    could not be judged count as the worst."""

    def header(self, inputs: Sequence[Header], name: str) -> Header:
        """The same rows, fewer."""
        header = only(inputs, "dedup", list(KINDS))
        for column in self.on or ():
            if column not in header.columns and column not in ROLES[header.kind]:
                known = [*ROLES[header.kind], *header.columns]
                raise UserError(f"on: no column {column!r}.{nearest(column, known)} Columns here: {', '.join(known)}")
        if self.keep == "first":
            return header
        told = header.scores.get(self.keep)
        if told is None or told.higher_is_better is None:
            ranking = [column.name for column in header.scores.values() if column.higher_is_better is not None]
            raise UserError(
                f"keep: {self.keep!r} is neither `first` nor a score that ranks.{nearest(self.keep, ranking)} "
                f"Scores here: {', '.join(ranking) or 'none'}"
            )
        chosen = selection(self.keep, header, name)
        return replace(header, selected_by=tuple(dict.fromkeys((*header.selected_by, chosen))))

    def prepare(self, pieces: Sequence[Piece], context: Context) -> None:
        """Find the row that stands for each, over all shards; leave the verdicts shard by shard."""
        done = context.scratch / "verdicts"
        if done.is_file():
            return
        from datagen.duplicates import leave_verdicts

        header = context.header
        leave_verdicts(pieces, header, lambda rows: self._key_frame(rows, header), context.scratch)
        done.touch()

    def _key_frame(self, rows: pl.LazyFrame, header: Header) -> pl.DataFrame:
        """Columns `@key` (all key columns as one text) and, where the best is kept, `@priority` (higher is better)."""
        texts = [
            normalized(_text(name, header), self.normalize).fill_null("\x00") for name in self.on or _WHOLE[header.kind]
        ]
        if len(texts) > 1:
            # Lengths first, so that no text can run into the next one, whatever it holds.
            lengths = [text.str.len_bytes().cast(pl.String) for text in texts[:-1]]
            texts = [pl.concat_str([*lengths, *texts], separator="\x1f")]
        select = [texts[0].alias("@key")]
        if self.keep != "first":
            sign = 1.0 if header.scores[self.keep].higher_is_better else -1.0
            select.append((pl.col(self.keep) * sign).fill_null(float("nan")).alias("@priority"))
        return with_roles(rows, header.kind).select(select).collect()

    def run(self, frame: pl.DataFrame, piece: str, context: Context) -> Result:
        """Rows that stand for themselves stay."""
        verdicts = pl.read_parquet(context.scratch / piece)
        dropped = pl.repeat(value=False, n=frame.height, dtype=pl.Boolean, eager=True).scatter(verdicts["@row"], True)
        gone = frame.filter(dropped).with_columns(verdicts["@kept_id"])
        aside = set_aside(gone, pl.lit("duplicate"), pl.col("@kept_id"))
        kept = frame.filter(~dropped)
        return Result(kept, aside, {"in": frame.height, "rows": kept.height, "dropped": by_reason(aside)})


def _text(name: str, header: Header) -> pl.Expr:
    """A key column as text; lists of objects (chats, verifiers) as the objects' fields, one object after another."""
    if name in ROLES[header.kind]:
        return pl.col(f"@{name}")
    dtype = schema(header.kind, header.scores)[name]
    if not isinstance(dtype, pl.List):
        return pl.col(name).cast(pl.String)
    if isinstance(dtype.inner, pl.Struct):
        fields = [pl.element().struct.field(field.name) for field in dtype.inner.fields]
        return pl.col(name).list.eval(pl.concat_str(fields, separator="\x1e")).list.join("\x1d")
    return pl.col(name).list.join("\x1d")
