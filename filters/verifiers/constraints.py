"""`constraints`: what IFEval and M-IFEval ask of a response, and the like in 22 languages."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from corpus.errors import UserError
from filters.constraints.base import Constraint
from filters.constraints.catalog import open_constraint
from filters.constraints.compose import compose
from filters.constraints.text import loose_variants
from filters.verifier import Row, Verdict, Verifier

_FALLBACK = "en"
_LONGEST_LOOSE = 100_000
"""Characters beyond which a response is looked at as it is: eight readings of a megabyte would take too long."""


class Constraints(Verifier):
    """Whether a response meets every constraint: 1 if all hold, 0 if one fails, null if none fails but one is unclear.

    `{"constraints": [{"name": "words", "count": 50, "relation": "at_least"}, {"name": "no_commas"}]}`. Names and
    arguments are those of `filters.constraints.catalog`; rows of IFEval, M-IFEval and Tülu 3 are made into them by
    `filters.constraints.readers`. The verdicts of the single constraints, which IFEval's instruction-level accuracy
    counts, are given by `each`. An empty response meets nothing.
    """

    constraints: tuple[dict[str, Any], ...] = Field(min_length=1)
    """The constraints, each a name with its arguments."""
    mode: Literal["strict", "loose"] = "strict"
    """Loose also accepts a response that meets a constraint without its first line, its last line, both, or its
    asterisks (Zhou et al. 2023, section 2.2): fewer right answers are refused, more wrong ones accepted. A response of
    more than 100,000 characters is looked at as it is."""

    @field_validator("constraints")
    @classmethod
    def _known(cls, entries: tuple[dict[str, Any], ...], info: ValidationInfo) -> tuple[dict[str, Any], ...]:
        del info
        try:
            for entry in entries:
                open_constraint(entry)
        except UserError as error:
            raise ValueError(str(error)) from None
        return entries

    @cached_property
    def opened(self) -> tuple[Constraint, ...]:
        """The constraints themselves, in order."""
        return tuple(open_constraint(entry) for entry in self.constraints)

    def each(self, response: str) -> list[bool | None]:
        """Whether the response meets each constraint, in order; None where that cannot be told."""
        if not response.strip():
            return [False] * len(self.opened)
        texts = [response]
        if self.mode == "loose" and len(response) <= _LONGEST_LOOSE:
            texts = [text for text in loose_variants(response) if text.strip()]
        return [_any_holds(constraint, texts) for constraint in self.opened]

    def verify(self, row: Row, response: str) -> Verdict:
        """Decide whether the response meets all constraints; the reason names the first that it does not."""
        del row
        verdicts = self.each(response)
        names = [constraint.name for constraint in self.opened]
        found = " ".join(f"{name}:{_SHOWN[verdict]}" for name, verdict in zip(names, verdicts, strict=True))
        if not response.strip():
            return Verdict(0.0, found, "empty response")
        for wanted, score, word in ((False, 0.0, "not met"), (None, None, "cannot be told")):
            if wanted in verdicts:
                return Verdict(score, found, f"{names[verdicts.index(wanted)]} {word}")
        return Verdict(1.0, found)

    def compliant(self, row: Row) -> str | None:
        """A text made to meet all constraints, in the response's language where the row names one."""
        try:
            return compose(self.opened, row.get("tgt_lang") or _FALLBACK)
        except UserError:
            return compose(self.opened, _FALLBACK)


_SHOWN = {True: "yes", False: "no", None: "?"}


def _any_holds(constraint: Constraint, texts: list[str]) -> bool | None:
    """Whether a constraint holds on one of the texts; None where it holds on none and cannot be told of one."""
    told: bool | None = False
    for text in texts:
        held = constraint.hold(text)
        if held:
            return True
        if held is None:
            told = None
    return told
