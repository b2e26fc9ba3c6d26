"""`arena`: open questions, answers compared with a baseline's by a judge, as Arena-Hard does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import Field

from evals.benchmarks.base import Ability, Benchmark, Spec
from evals.measures import Column, Labelled, Measure


class Arena(Benchmark):
    """The share of questions on which a judge prefers the model's answer to a baseline's, each asked in both orders.

    For Arena-Hard (Li et al. 2024, arXiv 2406.11939) and M-ArenaHard with a judge and a baseline of your choice:
    numbers of other judges, baselines or rubrics cannot be compared with these. Ties, and verdicts that the order
    turned, count a half; what the judge could not decide is not judged. The rubric is our own (docs/judges.md).

    Arena-Hard v0.1: `read: {jsonl: question.jsonl, kind: prompt, columns: {prompt: turns.0.content}, tgt_lang: en}`.
    M-ArenaHard: `read: {jsonl: m-arenahard-de.jsonl, kind: prompt, tgt_lang: de}`.
    """

    ability: ClassVar[Ability] = "general"
    headline: ClassVar[str] = "win rate"

    read: dict[str, Any]
    """Options of a `read` stage that gives `prompt` rows."""
    judge: dict[str, dict[str, Any]] = Field(min_length=1, max_length=1)
    """The engine that judges, as `generate` takes it. Not the family of a model that is measured: judges favour it."""
    against: str = "reference"
    """The baseline: the name of a model of the evaluation, or `reference` for the rows' first reference."""
    rubric: str = "pairwise"
    """A rubric that compares."""

    @property
    def baseline(self) -> str | None:
        """The model whose answers are compared with; None where they come with the rows."""
        return None if self.against == "reference" else self.against

    def stages(self, task: str) -> dict[str, Spec]:
        """The questions."""
        del task
        return {"prompts": {"read": self.read}}

    def scorers(self) -> Sequence[Spec | str]:
        """The judge."""
        return [{"judge": {"engine": self.judge, "rubric": self.rubric, "against": self.against, "as": "arena"}}]

    def measures(self) -> Sequence[Measure]:
        """Wins, and how often the order of the answers decided."""
        engine = next(iter(self.judge))
        told = f"{self.rubric}|judge:{self.judge[engine].get('model')}|against:{self.against}"
        order = Labelled("order decided", "label_arena_order", ("first", "second"), higher_is_better=False)
        return [Column("win rate", "score_arena", signature=told), order]
