"""`ifmt_rules`: instruction-following translation by rules that a program checks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from evals.benchmarks.base import Ability
from evals.benchmarks.problems import Problems as _Problems
from evals.measures import Column, Corpus, Faults, Measure
from filters.names import filter_class


class IfmtRules(_Problems):
    """Translations with rules: the share that keeps all of them, quality against the reference, and both together.

    Read are `verifiable` rows of the maker `translation_rules`, such as towerkit-ifmt-rules. It is no IF-MT, whose data
    we found nowhere.
    """

    ability: ClassVar[Ability] = "instructed translation"
    headline: ClassVar[str] = "rules kept"

    def scorers(self) -> Sequence[object]:  # type: ignore[override]
        """The rules, and the language."""
        return ["verified", "langid", "looping"]

    def measures(self) -> Sequence[Measure]:
        """Rules first, quality after them."""
        off = filter_class("wrong_language").model_validate({"min_probability": 0.5})
        return [
            Column("rules kept", "score_verified", at_least=1.0, signature="verified"),
            Corpus("chrF++"),
            Faults("off target", off),
        ]
