"""`join`: pairs of one document become one pair, so that documents are translated whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import polars as pl

from corpus.hashing import row_ids
from corpus.manifest import Counts
from corpus.schema import schema
from corpus.shards import shard_name
from datagen.groups import FIELD, group_keys
from datagen.stages.base import (
    Context,
    DatasetStage,
    Header,
    Output,
    Piece,
    Result,
    by_reason,
    only,
    set_aside,
    unsplit,
)

_DOCUMENT = ("origin", "doc_id", "src_lang", "tgt_lang")
_DOCUMENTS_PER_SHARD = 10_000


class Join(DatasetStage):
    """Join the pairs of each document (`doc_id` of one origin), in the order in which they came, line by line.

    A pair that names no document is set aside. All rows are in memory at once.
    """

    version: ClassVar[int] = 2

    def header(self, inputs: Sequence[Header], name: str) -> Header:
        """Pairs; scores of segments are no scores of documents."""
        del name
        unsplit(inputs, "join")
        return Header("pair", {}, None, only(inputs, "join", ["pair"]).selected_by)

    def run_all(self, inputs: Sequence[Sequence[Piece]], headers: Sequence[Header], out: Output, ctx: Context) -> None:
        """Documents stand where their first pair stood."""
        del ctx
        pieces = [(piece, header) for of, header in zip(inputs, headers, strict=True) for piece in of]
        rows = pl.concat([piece.load(header).select(*schema("pair")) for piece, header in pieces])
        told = pl.col("doc_id").is_not_null()
        lone = set_aside(rows.filter(~told), pl.lit("no_document"))
        documents = _documents(rows.filter(told))
        for number, start in enumerate(range(0, max(1, documents.height), _DOCUMENTS_PER_SHARD)):
            made, aside = documents.slice(start, _DOCUMENTS_PER_SHARD), lone if number == 0 else lone.clear()
            united = int(made["@pairs"].sum())
            counts: Counts = {
                "in": united + aside.height,
                "rows": made.height,
                "united": united,
                "dropped": by_reason(aside),
            }
            if not out.done(shard_name(number)):
                out.write(shard_name(number), Result(made.drop("@pairs"), aside, counts))


def _documents(rows: pl.DataFrame) -> pl.DataFrame:
    """One row for each document, with the number of its pairs in `@pairs`."""
    keyed = rows.with_columns(group_keys(rows, "pair"))
    lines = [pl.col(name).str.join("\n") for name in ("source", "target")]
    first = [pl.col(name).first() for name in ("license", "task", FIELD)]
    found = keyed.group_by(_DOCUMENT, maintain_order=True).agg(*lines, *first, pl.len().alias("@pairs"))
    found = found.with_columns(
        meta=pl.struct(FIELD).struct.json_encode(),
        **{name: pl.lit(None, pl.String) for name in ("segment", "context")},
    )
    found = found.with_columns(row_ids("pair", found))
    return found.select(*schema("pair"), "@pairs")
