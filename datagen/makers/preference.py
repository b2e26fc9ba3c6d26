"""`preference`: which of two translations did people prefer."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from corpus.errors import UserError
from datagen.makers.base import Candidate, Maker, Problem, Rejected, as_user, entry
from filters.preferences import prompt
from filters.verifiers.preference import Preference as PreferenceVerifier


class PreferenceProblems(Maker):
    """Two answers to a prompt, of which people found one better: pairs made by the stage `pair` of human scores.

    Scores are those of MQM or direct assessment, or a correction stands beside what was corrected. Which answer comes
    first alternates from row to row. `score_difficulty` is minus the margin between the scores.

    The task is ours: name and content of Tower+'s two verifiable translation tasks are not confirmed.
    """

    kinds: ClassVar[tuple[str, ...]] = ("preference",)

    min_margin: float = Field(default=0.0, ge=0)
    """Pairs whose scores lie closer are left out, ties always."""
    instructions: Literal["en", "source", "target"] = "en"
    """Language in which the comparison is asked for; English where it has no wording."""

    def problems(self, row: Mapping[str, Any], rng: random.Random, place: int) -> Iterable[Candidate]:
        """The pair as a question."""
        del rng
        if row["score_chosen"] is None or row["score_rejected"] is None:
            return [Rejected("no_scores")]
        margin = abs(row["score_chosen"] - row["score_rejected"])
        if margin == 0 or margin < self.min_margin:
            return [Rejected("tie" if margin == 0 else "near_tie", f"{margin:g}")]
        chosen, rejected = (row[side][-1]["content"] for side in ("chosen", "rejected"))
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
