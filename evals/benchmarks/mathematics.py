"""`mathematics`: problems with a known final answer, of GSM8K, MGSM, MATH and their like."""

from __future__ import annotations

from typing import Any, ClassVar

from evals.benchmarks.base import Ability
from evals.benchmarks.problems import Problems as _Problems


class Mathematics(_Problems):
    """The share of right final answers; what stands on the way to them is not looked at.

    `read` gives chats of a question and its solution: for GSM8K `{jsonl: test.jsonl, kind: sft, columns: {user:
    question, assistant: answer}, tgt_lang: en}`, for MGSM `{tsv: mgsm_de.tsv, header: [question, answer], ...}`.
    """

    ability: ClassVar[Ability] = "general"

    instruction: str = ""
    """A sentence put below every question."""

    def stages(self, task: str) -> dict[str, Any]:
        """Questions with the verifier `math`."""
        del task
        make = [{"math": {"instruction": self.instruction}}]
        return {"rows": {"read": self.read}, "prompts": {"verifiable": {"make": make}}}
