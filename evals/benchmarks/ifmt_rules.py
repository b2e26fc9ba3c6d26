"""`ifmt_rules`: instruction-following translation by rules that a program checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import orjson
from pydantic import Field

from corpus.errors import UserError
from evals.benchmarks.base import Ability, Spec
from evals.benchmarks.problems import Problems as _Problems
from evals.measures import Agreement, Column, Corpus, Joint, Measure, Succeeded, judge_family, translation_faults


class IfmtRules(_Problems):
    """Translations with rules: the share that keeps all of them, quality against the reference, and both together.

    Read are `verifiable` rows of the maker `translation_rules`, such as towerkit-ifmt-rules, or pairs of texts that it
    is to make them of. It is no IF-MT, whose data we found nowhere.
    """

    ability: ClassVar[Ability] = "instructed translation"
    headline: ClassVar[str] = "rules kept"

    make: dict[str, Any] | None = None
    """Where `read` gives pairs: the maker's options, `{most: 4}`; the recipe's seed draws the rules."""

    judge: dict[str, dict[str, Any]] | None = None
    """An engine that judges on the scale of 1 to 6 how far the instructions are followed, as `generate` takes it; its
    agreement with the rules is told. It may not be the model that wrote the items."""
    also: tuple[Any, ...] = ()
    """Further scorers of the translations, such as `{comet: {model: ..., as: comet22}}`."""
    well: float = Field(default=50.0, ge=0, le=100)
    """From which chrF++ of a sentence on a translation that keeps all rules counts as a success of both."""

    def stages(self, task: str) -> dict[str, Any]:
        """The rows as they are, or made of pairs."""
        if self.make is None:
            return dict(super().stages(task))
        make = [{"translation_rules": self.make}]
        return {"pairs": {"read": self.read}, "prompts": {"verifiable": {"make": make}}}

    def scorers(self) -> Sequence[Spec | str]:
        """The rules, the language, and who else judges."""
        rubric = {"engine": self.judge, "rubric": "instruction_following", "as": "following"}
        return ["verified", "langid", "looping", *([{"judge": rubric}] if self.judge else []), *self.also]

    def measures(self) -> Sequence[Measure]:
        """Rules first, quality after them."""
        judged = self._judged() if self.judge else ()
        return [
            Column("rules kept", "score_verified", at_least=1.0),
            Corpus("chrF++"),
            Joint(),
            Succeeded(self.well),
            *judged,
            *translation_faults(),
        ]

    def refuse(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Refuse a judge that wrote an item: it would judge its own work."""
        for row in rows:
            writer = orjson.loads(row["meta"] or "{}").get("generator")
            if writer and self.judge and _own(writer) == _own(self._judge):
                raise UserError(
                    f"the judge {self._judge!r} wrote the items of this set (item {row['id']}); let another model judge"
                )

    def _judged(self) -> Sequence[Measure]:
        name = "instructions followed, by the judge (1 to 6)"
        family = judge_family(self.judge or {})
        # Of nothing the judge is not asked; it follows no instruction.
        return Column(name, _JUDGED, family=family, empty=1.0), Agreement()

    @property
    def _judge(self) -> str:
        return str(next(iter(self.judge.values())).get("model")) if self.judge else ""


def _own(model: str) -> str:
    """A model's name without its place: what wrote the items is known by that alone."""
    return model.rstrip("/").rpartition("/")[2].lower()


_JUDGED = "score_following"
