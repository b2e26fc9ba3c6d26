"""`pair`: preference pairs from the ranked answers to each prompt; chosen and rejected are views of the candidates.

Best against worst with WPO's rule for ties (README of wzhouad/WPO): chosen goes to the shorter of equal scores,
rejected to the one whose length is closest to the chosen's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal

import polars as pl
from pydantic import Field

from corpus.chat import assistant_turn
from corpus.errors import UserError
from corpus.hashing import row_ids
from corpus.schema import schema
from datagen.groups import FIELD, group_keys
from datagen.stages.base import Context, Header, Result, by_reason
from datagen.stages.ranking import Ranked, best_first, groups_without
from filters.base import ScoreColumn


class Pair(Ranked):
    """Make preference pairs."""

    version: ClassVar[int] = 2
    min_margin: float = Field(default=0.0, ge=0)
    """Least difference between the scores of chosen and rejected, in the score's units (the first column of a list,
    the weighted sum of a map). Equal scores never make a pair."""
    pairs: int = Field(default=1, ge=1)
    """Pairs for a prompt at most: best against worst, then second best against second worst, while the margin holds."""
    chosen: Literal["best", "reference"] = "best"
    """`reference`: the first reference (or post-edit) is chosen, and the answers, the worst first, are rejected."""

    def header(self, inputs: Sequence[Header], name: str) -> Header:
        """Preferences; scores are those of chosen and rejected."""
        header, selected = self.ranked_header(inputs, name, "pair")
        if self.chosen == "reference" and self.min_margin:
            raise UserError("min_margin: a reference has no score, so there is no margin to it; leave it out")
        scores = {name: self._ranking(name, header) for name in ("score_chosen", "score_rejected")}
        return replace(header, kind="preference", scores=scores, grouped_by=None, selected_by=selected)

    def _ranking(self, name: str, header: Header) -> ScoreColumn:
        """What the manifest tells of a score of chosen or rejected: it is the first column's, or a weighted sum."""
        if not self.weights:
            return header.scores[self.columns[0]].model_copy(update={"name": name})
        parts = [*(f"{column}:{weight:g}" for column, weight in self.weights.items()), f"normalize:{self.normalize}"]
        within = [f"within:{self.within}"] if self.normalize != "none" else []
        families = sorted({header.scores[column].family for column in self.weights} - {""})
        signature = "|".join(["sum", *parts, *within])
        return ScoreColumn(name=name, higher_is_better=True, signature=signature, family="+".join(families))

    def run(self, frame: pl.DataFrame, piece: str, context: Context) -> Result:
        """Pairs prompt by prompt, and the reason of each prompt that gives none."""
        del piece
        candidates = self.candidates(frame, context)
        ranked = best_first(candidates.frame, candidates.keys)
        columns = ["prompt_id", "id", "response", "references", "engine", "@score", "@length"]
        keys = [f"@key{n}" for n in range(candidates.keys)]
        made: list[dict[str, Any]] = []
        reasons: dict[str, str] = {}
        for (prompt,), group in (
            ranked.select(*columns, *keys).partition_by("prompt_id", as_dict=True, maintain_order=True).items()
        ):
            found = list(self._pairs(group.rows(named=True), keys))
            if isinstance(found[0], str):
                reasons[prompt] = found[0]
            else:
                made += [pair for pair in found if isinstance(pair, dict)]
        rows = _rows(frame, made)
        groups = frame.select("prompt_id").unique(maintain_order=True)["prompt_id"]
        told = {**dict.fromkeys(groups, "no_candidate_left"), **reasons}
        for pair in made:
            told.pop(pair["prompt_id"], None)
        aside = [
            groups_without(frame, pl.Series([p for p, r in told.items() if r == reason], dtype=pl.String), reason)
            for reason in sorted(set(told.values()))
        ]
        without = pl.concat([candidates.aside.clear(), *aside])
        return Result(
            rows,
            pl.concat([candidates.aside, without]),
            {
                "in": frame.height,
                "groups": len(groups),
                "with_output": len(groups) - len(told),
                "rows": rows.height,
                "left": by_reason(candidates.aside),
                "without": by_reason(without),
            },
        )

    def _pairs(self, group: Sequence[dict[str, Any]], keys: Sequence[str]) -> Iterator[dict[str, Any] | str]:
        """Pairs of one prompt's candidates (best first), or the one reason why there is none."""
        if self.chosen == "reference":
            yield from self._against_reference(group, keys)
            return
        if len(group) < 2:
            yield "single_candidate"
            return
        left = list(group)
        reason, made = "", 0
        while made < self.pairs and len(left) >= 2 and not reason:
            best = left.pop(0)
            worst = _worst(left, keys, best["@length"])
            left.remove(worst)
            margin = abs(best["@score"] - worst["@score"])
            if all(best[key] == worst[key] for key in keys):
                reason = "equal_scores"
            elif margin < self.min_margin:
                reason = "small_margin"
            elif best["response"] == worst["response"]:
                reason = "same_text"
            else:
                made += 1
                yield _pair(best, worst)
        if reason and not made:
            yield reason

    def _against_reference(
        self, group: Sequence[dict[str, Any]], keys: Sequence[str]
    ) -> Iterator[dict[str, Any] | str]:
        reference = next((text for text in group[0]["references"] or [] if text and text.strip()), None)
        if reference is None:
            yield "no_reference"
            return
        left = [row for row in group if row["response"] != reference]
        if not left:
            yield "same_text"
        chosen = {**group[0], "id": None, "response": reference, "engine": "reference", "@score": None}
        for _ in range(min(self.pairs, len(left))):
            worst = _worst(left, keys, len(reference))
            left.remove(worst)
            yield _pair(chosen, worst)


def _rows(frame: pl.DataFrame, made: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Pairs as typed rows, with what all rows of their prompt share."""
    shared = ["prompt_id", "prompt", "doc_id", "segment", "origin", "license", "task", "src_lang", "tgt_lang"]
    firsts = frame.unique("prompt_id", keep="first", maintain_order=True)
    prompts = firsts.select(*shared, group_keys(firsts, "response"))
    pairs = pl.DataFrame(
        made,
        schema={
            "prompt_id": pl.String,
            "chosen_text": pl.String,
            "rejected_text": pl.String,
            "score_chosen": pl.Float64,
            "score_rejected": pl.Float64,
            "model_chosen": pl.String,
            "model_rejected": pl.String,
            "chosen_id": pl.String,
            "rejected_id": pl.String,
        },
    )
    rows = pairs.join(prompts, on="prompt_id", how="left", maintain_order="left").with_columns(
        chosen=assistant_turn(pl.col("chosen_text")),
        rejected=assistant_turn(pl.col("rejected_text")),
        meta=pl.struct("prompt_id", "doc_id", "segment", FIELD, "chosen_id", "rejected_id").struct.json_encode(),
    )
    rows = rows.select(name for name in schema("preference") if name in rows.columns)
    return rows.with_columns(row_ids("preference", rows))


def _worst(group: Sequence[dict[str, Any]], keys: Sequence[str], length: int) -> dict[str, Any]:
    """The candidate of lowest score; ties to the length closest to the chosen's, then to the smaller id."""
    return min(group, key=lambda row: (*(row[key] for key in keys), abs(row["@length"] - length), row["id"]))


def _pair(chosen: dict[str, Any], rejected: dict[str, Any]) -> dict[str, Any]:
    return {
        "prompt_id": rejected["prompt_id"],
        "chosen_text": chosen["response"],
        "rejected_text": rejected["response"],
        "score_chosen": chosen["@score"],
        "score_rejected": rejected["@score"],
        "model_chosen": chosen["engine"],
        "model_rejected": rejected["engine"],
        "chosen_id": chosen["id"],
        "rejected_id": rejected["id"],
    }
