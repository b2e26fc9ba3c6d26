"""`preferences`: which of two translations did people prefer."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from evals.benchmarks.base import Ability
from evals.benchmarks.problems import Problems as _Problems


class Preferences(_Problems):
    """The share of pairs of translations in which the model names the one that people scored higher; a coin has half.

    `read` gives `response` rows with people's scores, such as `{mqm: mqm_ted_ende.tsv, src_lang: en, tgt_lang: de}`. Of
    each source the best and the worst translation are compared, where they lie far enough apart.
    """

    ability: ClassVar[Ability] = "translation"

    by: str = "score_human"
    """The column of people's scores."""
    min_margin: float = Field(default=1.0, ge=0)
    """How far apart the two must lie, in the scores' own unit: 1 is a minor error of MQM."""
    instructions: Literal["en", "source", "target"] = "en"
    """Language in which the question is asked."""

    def stages(self, task: str) -> dict[str, Any]:
        """Translations, pairs of them, questions."""
        del task
        make = [{"preference": {"min_margin": self.min_margin, "instructions": self.instructions}}]
        return {
            "rated": {"read": self.read},
            "pairs": {"pair": {"by": self.by, "min_margin": self.min_margin}},
            "prompts": {"verifiable": {"make": make}},
        }
