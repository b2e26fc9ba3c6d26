"""`programs`: programming problems with tests, of HumanEval and MBPP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from evals.benchmarks.base import Ability
from evals.benchmarks.problems import Problems as _Problems
from evals.measures import Measure, PassAt


class Programs(_Problems):
    """pass@k without bias: answers' programs run against tests, without network and under limits, yet on this machine.

    HumanEval (Chen et al. 2021, arXiv 2107.03374): `read: {jsonl: HumanEval.jsonl, kind: prompt, columns: {references:
    canonical_solution}, tgt_lang: en}`, `form: humaneval`. MBPP (Austin et al. 2021, arXiv 2108.07732): columns
    `{prompt: text, references: code}`, `form: mbpp`.
    """

    ability: ClassVar[Ability] = "general"
    headline: ClassVar[str] = "pass@1"

    form: Literal["mbpp", "humaneval", "pairs"] = "mbpp"
    """In which form the tests are."""
    k: tuple[int, ...] = Field(default=(1,), min_length=1)
    """For which k to tell pass@k."""
    n: int = Field(default=1, ge=1)
    """Answers to each problem; at least the largest k. More than one are drawn at the recipe's temperature."""
    allow_code: bool = False
    """Leave to run programs; without it the benchmark is refused."""

    @model_validator(mode="after")
    def _can_tell(self) -> Programs:
        if not self.allow_code:
            raise ValueError("programs that a model wrote are run; say `allow_code: true` where that may be")
        if self.n < max(self.k):
            raise ValueError(f"n: found {self.n}, expected at least {max(self.k)} answers for pass@{max(self.k)}")
        return self

    def stages(self, task: str) -> dict[str, Any]:
        """Problems, each tried on its reference."""
        del task
        stage = {"make": [{"code": {"form": self.form}}], "allow_code": True}
        return {"rows": {"read": self.read}, "prompts": {"verifiable": stage}}

    def measures(self) -> Sequence[Measure]:
        """One for each k."""
        return [PassAt(k) for k in self.k]

    @property
    def asked(self) -> int:
        """`n`."""
        return self.n

    @property
    def allows_code(self) -> bool:
        """Yes: it is refused else."""
        return True
