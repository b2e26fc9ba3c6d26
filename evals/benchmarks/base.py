"""What a benchmark is: stages that make prompts, scorers for the answers, and measures of the scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from evals.measures import Answered, Measure, Together, learned
from filters.names import open_scorer

Spec = Mapping[str, Any]
Ability = Literal["translation", "general", "instructed translation"]
_OWN = ("score_langid", "score_langid_source", "score_looping", "score_verified", "score_arena", "score_following")
"""Scores that measures of ours look at in their own way."""


class Benchmark(BaseModel):
    """Options of a benchmark in an evaluation recipe.

    Subclasses set `ability` and `headline`, add their fields, and implement `stages` and `measures`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    ability: ClassVar[Ability]
    """On which axis it lies."""
    headline: ClassVar[str]
    """The measure that is told first."""
    translates: ClassVar[bool] = False
    """Whether prompts are translations worded by the model's family (`models.NAME.task`)."""
    locations: ClassVar[tuple[str, ...]] = ()
    """Options that may name a file: one that lies in the recipe's folder is meant."""
    samples: ClassVar[int] = 1
    """Answers to each prompt, where the recipe does not say otherwise."""
    rated: ClassVar[tuple[str, ...]] = ()
    """Names of the numbers that `together` gives."""

    max_tokens: int = Field(default=1024, ge=1)
    """Longest answer, in the model's tokens."""
    temperature: float | None = Field(default=None, ge=0)
    """At which answers are drawn; default: the recipe's."""
    first: int | None = Field(default=None, ge=1)
    """Take the first so many records alone; the report says so."""

    @classmethod
    def called(cls) -> str:
        """The name: the file's."""
        return cls.__module__.rpartition(".")[2]

    def stages(self, task: str) -> dict[str, Spec]:
        """Stages of a recipe, in order; the last makes `prompt` or `verifiable` rows. `task` words translations."""
        raise NotImplementedError

    def scorers(self) -> Sequence[Spec | str]:
        """Scorers of the answers, as a recipe writes them."""
        raise NotImplementedError

    def measures(self) -> Sequence[Measure]:
        """What is measured, the headline first."""
        raise NotImplementedError

    def metrics(self) -> list[str]:
        """Names of all numbers, those of scorers that the recipe added among them."""
        columns = {column.name: column for spec in self.scorers() for column in open_scorer(spec).columns("response")}
        return [*(measure.name for measure in self.measured(columns)), *self.rated]

    def measured(self, columns: Mapping[str, Any]) -> Sequence[Measure]:
        """The measures, and those of scorers that the recipe added.

        Args:
            columns: what is known of the columns that scorers add, by name.
        """
        more = [name for name in columns if name.startswith("score_") and name not in _OWN]
        return [*self.measures(), *learned(columns, more)]

    def together(self, models: Mapping[str, Answered], seed: int) -> Sequence[Together]:
        """Numbers that the models have of each other.

        Args:
            models: what each was asked and said.
            seed: of what is drawn for intervals.
        """
        del models, seed
        return []

    @property
    def asked(self) -> int:
        """Answers to each prompt."""
        return self.samples

    def refuse(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Look at the items before any model is asked.

        Raises:
            UserError: they cannot be used so.
        """

    @property
    def baseline(self) -> str | None:
        """The model that the others' answers are compared with, where it is one of the evaluation's."""
        return None

    @property
    def allows_code(self) -> bool:
        """Whether programs in answers are run."""
        return False
