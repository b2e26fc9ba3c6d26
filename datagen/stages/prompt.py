"""`prompt`: rows become prompts by a task. Prompts are unique; repeats are collapsed and counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import polars as pl

from corpus.errors import UserError
from corpus.hashing import canonical_json, row_id
from corpus.manifest import Counts
from corpus.schema import KINDS, schema
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
from datagen.tasks.base import open_task


class Prompt(DatasetStage):
    """Word prompts."""

    version: ClassVar[int] = 2
    task: str = "translate"
    """Task by name; `datagen list` shows them."""

    def header(self, inputs: Sequence[Header], name: str) -> Header:
        """Prompts."""
        del name
        header = only(inputs, "prompt", list(KINDS))
        unsplit(inputs, "prompt")
        task = open_task(self.task)
        if header.kind not in task.kinds:
            kinds = " or ".join(task.kinds)
            raise UserError(f"task {task.name!r} makes prompts of {kinds} rows; the stage before gives {header.kind!r}")
        return Header("prompt", {}, None, header.selected_by)

    def identity(self) -> object:
        """The task's version and wordings."""
        return open_task(self.task).identity()

    def run_all(self, inputs: Sequence[Sequence[Piece]], headers: Sequence[Header], out: Output, ctx: Context) -> None:
        """Word all prompts shard by shard, find repeats over all of them, and write the first of each."""
        import numpy as np

        from filters.dedup.exact import id_keys, representatives

        del headers
        task = open_task(self.task)
        pieces = [piece for source in inputs for piece in source]
        made = [self._word(piece, ctx, number) for number, piece in enumerate(pieces)]
        keys = np.concatenate([id_keys(ids) for ids in made])
        first = representatives(keys) == np.arange(len(keys))
        start = 0
        for number, (piece, ids) in enumerate(zip(pieces, made, strict=True)):
            mine = pl.Series(first[start : start + len(ids)])
            start += len(ids)
            frame = pl.read_parquet(ctx.scratch / f"prompts-{number:05d}.parquet")
            dropped = pl.read_parquet(ctx.scratch / f"dropped-{number:05d}.parquet")
            repeated = set_aside(frame.filter(~mine), pl.lit("repeated"))
            rows = frame.filter(mine)
            name = piece.name if len(inputs) == 1 else f"{number:05d}.parquet"
            counts: Counts = {
                "in": len(ids) // len(task.templates) + dropped.height,
                "rows": rows.height,
                "repeated": repeated.height,
                "dropped": by_reason(dropped),
            }
            if not out.done(name):
                out.write(name, Result(rows, pl.concat([dropped, repeated]), counts))
        out.count({"templates": len(task.templates)})

    def _word(self, piece: Piece, ctx: Context, number: int) -> pl.Series:
        """Leave a shard's prompts, and the rows that give none, in the scratch folder; the ids of the prompts."""
        task, frame = open_task(self.task), piece.load(ctx.header)
        rows, dropped = [], []
        groups = group_keys(frame, ctx.header.kind).to_list()
        for index, row in enumerate(frame.iter_rows(named=True)):
            prompts = task.prompts(row)
            if isinstance(prompts, str):
                dropped.append((index, prompts))
                continue
            for prompt in prompts:
                made = {
                    **{name: row.get(name) for name in schema("prompt")},
                    "prompt": prompt,
                    "task": task.name,
                    "references": task.references(row) or row.get("references"),
                    "meta": canonical_json({"row_id": row["id"], FIELD: groups[index]}).decode(),
                }
                rows.append({**made, "id": row_id("prompt", made)})
        worded = pl.DataFrame(rows, schema=schema("prompt"))
        worded.write_parquet(ctx.scratch / f"prompts-{number:05d}.parquet")
        reasons = pl.Series("@why", [reason for _, reason in dropped], dtype=pl.String)
        without = frame[[index for index, _ in dropped]].with_columns(reasons)
        set_aside(without, pl.col("@why")).write_parquet(ctx.scratch / f"dropped-{number:05d}.parquet")
        return worded["id"]
