"""`math`: a problem with a known final answer."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from datagen.makers.base import Candidate, Maker, Problem, Rejected, asked, entry, with_instruction
from filters.verifiers.math import Math as MathVerifier

_LEVEL = re.compile(r"(\d+)\s*\Z")
_STEP = re.compile(r"<<[^<>]*>>")


class MathProblems(Maker):
    """Questions with solutions: GSM8K, MGSM, MATH and their like, read as `prompt` rows with references or as chats.

    The answer is what the verifier `math` finds in the solution. `score_difficulty` is the level where `meta.level`
    ends in a number (MATH's "Level 5"), else how many calculations the solution marks (GSM8K's `<<48/2=24>>`), else
    null.
    """

    kinds: ClassVar[tuple[str, ...]] = ("prompt", "sft")

    instruction: str = ""
    """A sentence put below every question, such as `Put the final answer in \\boxed{}.`"""

    def problems(self, row: Mapping[str, Any], rng: random.Random, place: int) -> Iterable[Candidate]:
        """The row's question."""
        del rng, place
        prompt, solutions = asked(row)
        if not solutions:
            return [Rejected("no_reference")]
        return [
            Problem(
                prompt=with_instruction(prompt, self.instruction),
                verifiers=[entry(MathVerifier())],
                references=solutions,
                difficulty=_difficulty(row["meta"], solutions[0]),
            )
        ]


def _difficulty(meta: Mapping[str, Any], solution: str) -> float | None:
    level = _LEVEL.search(str(meta.get("level", "")))
    if level:
        return float(level[1])
    return float(len(_STEP.findall(solution))) or None
