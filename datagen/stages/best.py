"""`best`: the best of the answers to each prompt becomes a training chat; all candidates stay in their own dataset.

Or the reference does: so parallel text becomes chats, by `prompt` and then `best: {chosen: reference}`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Literal

import polars as pl

from corpus.chat import assistant_turn
from corpus.errors import UserError
from corpus.hashing import row_ids
from corpus.manifest import Counts
from datagen.groups import FIELD, group_keys
from datagen.stages.base import Context, Header, Result, by_reason, only, set_aside
from datagen.stages.ranking import Ranked, best_first, groups_without


class Best(Ranked):
    """Best of N: one `sft` row for each prompt that has a candidate left. Or one for each prompt with a reference."""

    version: ClassVar[int] = 2

    by: str | tuple[str, ...] | dict[str, float] = ()
    """What ranks the answers: a score column; a list of them (the next decides ties); or columns with weights, added up
    after `normalize`. Always in the scores' own directions. Nothing where references are chosen."""
    chosen: Literal["best", "reference"] = "best"
    """`reference`: reads prompts instead of answers, and each one's first reference is what is learned."""

    def header(self, inputs: Sequence[Header], name: str) -> Header:
        """Chats, with the scores of the answer that was chosen."""
        if self.chosen == "reference":
            if self.by or self.gates or self.normalize != "none":
                raise UserError("chosen: a reference is not ranked; leave out `by`, `normalize` and `gates`")
            header = only(inputs, "best", ["prompt"])
            return replace(header, kind="sft", scores={}, grouped_by=None)
        header, selected = self.ranked_header(inputs, name, "best")
        return replace(header, kind="sft", grouped_by=None, selected_by=selected)

    def run(self, frame: pl.DataFrame, piece: str, context: Context) -> Result:
        """Ties go to the shorter answer, then to the smaller id."""
        del piece
        if self.chosen == "reference":
            return _references(frame, context)
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


def _references(frame: pl.DataFrame, context: Context) -> Result:
    """Prompts with their first references as chats."""
    written = pl.col("references").list.eval(pl.element().filter(pl.element().str.strip_chars() != "")).list.first()
    frame = frame.with_columns(written.alias("@reference"), group_keys(frame, "prompt"))
    rows = frame.filter(pl.col("@reference").is_not_null()).with_columns(
        messages=pl.concat_list("prompt", assistant_turn(pl.col("@reference"))),
        meta=pl.struct("doc_id", "segment", FIELD, prompt_id="id", engine=pl.lit("reference")).struct.json_encode(),
    )
    rows = rows.select(name for name in rows.columns if name in context.out.columns and name != "id")
    aside = set_aside(frame.filter(pl.col("@reference").is_null()), pl.lit("no_reference"))
    counts: Counts = {"in": frame.height, "groups": frame.height, "rows": rows.height, "without": by_reason(aside)}
    return Result(rows.with_columns(row_ids("sft", rows)), aside, counts)
