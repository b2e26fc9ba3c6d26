"""`ifmt_rules`: instruction-following translation by rules that a program checks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from evals.benchmarks.base import Ability, Spec
from evals.benchmarks.problems import Problems as _Problems
from evals.measures import Column, Corpus, Faults, Joint, Measure
from filters.names import filter_class


class IfmtRules(_Problems):
    """Translations with rules: the share that keeps all of them, quality against the reference, and both together.

    Read are `verifiable` rows of the maker `translation_rules`, such as towerkit-ifmt-rules, or pairs of texts that it
    is to make them of. It is no IF-MT, whose data we found nowhere.
    """

    ability: ClassVar[Ability] = "instructed translation"
    headline: ClassVar[str] = "rules kept"

    make: dict[str, Any] | None = None
    """Where `read` gives pairs: the maker's options, `{most: 4}`; the recipe's seed draws the rules."""

    def stages(self, task: str) -> dict[str, Any]:
        """The rows as they are, or made of pairs."""
        if self.make is None:
            return dict(super().stages(task))
        make = [{"translation_rules": self.make}]
        return {"pairs": {"read": self.read}, "prompts": {"verifiable": {"make": make}}}

    def scorers(self) -> Sequence[Spec | str]:
        """The rules, and the language."""
        return ["verified", "langid", "looping"]

    def measures(self) -> Sequence[Measure]:
        """Rules first, quality after them."""
        off = filter_class("wrong_language").model_validate({"min_probability": 0.5})
        return [
            Column("rules kept", "score_verified", at_least=1.0, signature="verified"),
            Corpus("chrF++"),
            Joint(),
            Faults("off target", off),
        ]
