"""`best`: the best of the answers to each prompt becomes a training chat; all candidates stay in their own dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import polars as pl

from corpus.chat import assistant_turn
from corpus.hashing import row_ids
from datagen.groups import FIELD, group_keys
from datagen.stages.base import Context, Header, Result, by_reason
from datagen.stages.ranking import Ranked, best_first, groups_without


class Best(Ranked):
    """Best of N: one `sft` row for each prompt that has a candidate left."""

    version: ClassVar[int] = 2

    def header(self, inputs: Sequence[Header], name: str) -> Header:
        """Chats, with the scores of the answer that was chosen."""
        header, selected = self.ranked_header(inputs, name, "best")
        return replace(header, kind="sft", grouped_by=None, selected_by=selected)

    def run(self, frame: pl.DataFrame, piece: str, context: Context) -> Result:
        """Ties go to the shorter answer, then to the smaller id."""
        del piece
        candidates = self.candidates(frame, context)
        chosen = best_first(candidates.frame, candidates.keys).unique("prompt_id", keep="first", maintain_order=True)
        chosen = chosen.with_columns(group_keys(chosen, "response"))
        rows = chosen.with_columns(
            messages=pl.concat_list("prompt", assistant_turn(pl.col("response"))),
            meta=pl.struct("prompt_id", "doc_id", "segment", FIELD, "engine", response_id="id").struct.json_encode(),
        ).drop("id")
        rows = rows.select(c for c in rows.columns if c in context.out.columns)
        groups = frame.select("prompt_id").unique(maintain_order=True)["prompt_id"]
        without = groups.filter(~groups.is_in(chosen["prompt_id"].implode()))
        aside = groups_without(frame, without, "no_candidate_left")
        return Result(
            rows.with_columns(row_ids("sft", rows)),
            pl.concat([candidates.aside, aside]),
            {
                "in": frame.height,
                "groups": len(groups),
                "rows": rows.height,
                "left": by_reason(candidates.aside),
                "without": by_reason(aside),
            },
        )
