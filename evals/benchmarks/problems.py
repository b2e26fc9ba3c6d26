"""`problems`: any rows with verifiers, such as those that the stage `verifiable` made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from evals.benchmarks.base import Ability, Benchmark, Spec
from evals.measures import Column, Measure


class Problems(Benchmark):
    """The share of right answers to problems with verifiers, from anywhere: `{dataset: runs/mine/problems-1a2b}`."""

    ability: ClassVar[Ability] = "general"
    headline: ClassVar[str] = "accuracy"

    read: dict[str, Any]
    """Options of a `read` stage that gives `verifiable` or `prompt` rows with verifiers."""
    allow_code: bool = False
    """Whether programs that a model wrote may be run where a row's verifier `code` asks for it: without network, in an
    empty folder and under limits, yet on this machine."""

    @property
    def allows_code(self) -> bool:
        """As the recipe says."""
        return self.allow_code

    def stages(self, task: str) -> dict[str, Spec]:
        """The rows as they are."""
        del task
        return {"prompts": {"read": self.read}}

    def scorers(self) -> Sequence[Spec | str]:
        """The rows' own verifiers."""
        return [{"verified": {"allow_code": self.allows_code}}]

    def measures(self) -> Sequence[Measure]:
        """Answers that meet all verifiers."""
        return [Column("accuracy", "score_verified", at_least=1.0)]
