"""`preference`: which of two translations did people prefer."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from corpus.errors import UserError
from datagen.makers.base import Candidate, Maker, Problem, Rejected, as_user, entry
from filters.base import NumericColumn
from filters.preferences import prompt
from filters.verifiers.preference import Preference as PreferenceVerifier


class PreferenceProblems(Maker):
    """Two answers to a prompt, of which people found one better.

    `preference` rows are pairs that the stage `pair` made by human scores, of MQM or direct assessment. `response` rows
    are translations that people corrected: the correction, which is the first reference, is better than they. Which
    answer comes first alternates from row to row. `score_difficulty` is minus the margin between the two.

    The task is ours: name and content of Tower+'s two verifiable translation tasks are not confirmed.
    """

    kinds: ClassVar[tuple[str, ...]] = ("preference", "response")

    min_margin: float = Field(default=0.0, ge=0)
    """Pairs whose scores lie closer are left out, ties always."""
    changed: NumericColumn = "score_hter"
    """Of corrected translations, the column that tells how much was changed: their margin."""
    instructions: Literal["en", "source", "target"] = "en"
    """Language in which the comparison is asked for; English where it has no wording."""

    def problems(self, row: Mapping[str, Any], rng: random.Random, place: int) -> Iterable[Candidate]:
        """The pair as a question."""
        del rng
        judged = self._corrected(row) if "response" in row else _compared(row)
        if isinstance(judged, Rejected):
            return [judged]
        chosen, rejected, margin = judged
        if margin == 0 or margin < self.min_margin:
            return [Rejected("tie" if margin == 0 else "near_tie", f"{margin:g}")]
        if chosen.strip() == rejected.strip():
            return [Rejected("equal_texts")]
        first = place % 2 == 0
        texts = (chosen, rejected) if first else (rejected, chosen)
        language = {"en": "en", "source": row["src_lang"], "target": row["tgt_lang"]}[self.instructions] or "en"
        try:
            question = prompt(row["prompt"][-1]["content"], *texts, language)
        except UserError:
            language = "en"
            question = prompt(row["prompt"][-1]["content"], *texts, language)
        return [
            Problem(
                prompt=as_user(question),
                verifiers=[entry(PreferenceVerifier(preferred="A" if first else "B"))],
                difficulty=-margin,
                tgt_lang=language,
            )
        ]

    def _corrected(self, row: Mapping[str, Any]) -> tuple[str, str, float] | Rejected:
        """The correction, the translation, and how much was changed."""
        if not row["references"]:
            return Rejected("no_reference")
        changed = row.get(self.changed)
        return Rejected("no_scores") if changed is None else (row["references"][0], row["response"], float(changed))


def _compared(row: Mapping[str, Any]) -> tuple[str, str, float] | Rejected:
    """The better answer, the other one, and the margin between their scores."""
    if row["score_chosen"] is None or row["score_rejected"] is None:
        return Rejected("no_scores")
    chosen, rejected = (row[side][-1]["content"] for side in ("chosen", "rejected"))
    return chosen, rejected, abs(row["score_chosen"] - row["score_rejected"])
