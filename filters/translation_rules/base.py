"""What a rule is: one property of a translation that an instruction asks for and that the text shows.

A rule finds what in a source it applies to, writes the instruction, and checks a translation. It is a frozen model
whose fields are all that a row must carry, so a row holds its own check. A file holds one family of rules.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self, final

from pydantic import BaseModel, ConfigDict, Field, field_validator

from corpus.errors import UserError
from corpus.languages import canonical
from filters.translation_rules.edits import Edit, edited, with_one_stop
from filters.translation_rules.text import Text
from filters.verifier import Verdict

MET = 1.0
FAILED = 0.0


@dataclass(frozen=True)
class Source:
    """What is translated, and what is known of it."""

    text: Text
    src_lang: str
    tgt_lang: str
    terms: Mapping[str, str] = field(default_factory=dict)
    """A glossary: terms of the source with their translations."""
    forbidden: Sequence[str] = ()
    """Words that the translation must not use."""
    formal: bool | None = None
    """Whether readers are addressed formally, where that is known."""


class Rule(BaseModel):
    """One property of a translation. Pure: a verdict depends on the rule, the source and the answer alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    locale: str
    """The target language, canonical; what is asked for is what its speakers write."""

    @field_validator("locale")
    @classmethod
    def _known(cls, code: str) -> str:
        try:
            return canonical(code)
        except UserError as error:
            raise ValueError(str(error)) from None

    @classmethod
    def find(cls, source: Source) -> list[Self]:
        """The rules of this family that the source gives reason for: none, one, or a few that exclude one another.

        A rule is found only where a translation that ignores it would break it.
        """
        raise NotImplementedError

    def slots(self, language: str) -> dict[str, str]:
        """What the instruction names: `{slot}` of the wordings, in the language of the instruction."""
        del language
        return {}

    def key(self) -> str:
        """Which wordings say what the rule asks for."""
        return str(self.family)  # type: ignore[attr-defined]

    def instruct(self, language: str, rng: random.Random) -> str | None:
        """The instruction in a language; None where no wording of it is known there."""
        from filters.translation_rules.wordings import wording

        return wording(self.key(), language, rng, self.slots(language))

    def check(self, answer: Text, source: Source, /) -> Verdict:
        """Whether the translation has the property; None where it cannot be told."""
        raise NotImplementedError

    @final
    def adapt(self, translation: str, source: Source, /) -> str | None:
        """The translation changed so that it has the property, all else left as it is; None where that is not possible.

        A translation that has the property comes back as it is. A changed one passes `check`.
        """
        answer = Text(translation)
        if self.check(answer, source).score == MET:
            return translation
        edits = self.edits(answer, source)
        changed = edited(answer, [with_one_stop(answer.flat, edit) for edit in edits]) if edits else None
        return changed if changed is not None and self.check(Text(changed), source).score == MET else None

    def edits(self, answer: Text, source: Source, /) -> list[Edit] | None:
        """What a translation that lacks the property must change, and nothing more; None where a value is not there.

        Each value of the rule must be found as often as it is wanted, so that none is made up and none stays as it was.
        """
        del answer, source
        return None

    def compliant(self, draft: str, source: Source, /) -> str | None:
        """A translation that has the property, made of one that lacks what the source's values are; None if unmade."""
        raise NotImplementedError

    def broken(self, draft: str, source: Source, /) -> list[str]:
        """Translations like that of `compliant`, with this one property broken."""
        raise NotImplementedError


class Amount(BaseModel):
    """A number with what it counts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: str = Field(pattern=r"^-?[0-9]{1,15}(\.[0-9]{1,9})?$")
    """A decimal number, with a stop."""
    unit: str
    """A unit in CLDR's terms, or a currency's code."""


def met(found: str) -> Verdict:
    """The property is there."""
    return Verdict(MET, shortened(found))


def failed(reason: str, found: str = "") -> Verdict:
    """The property is not there."""
    return Verdict(FAILED, shortened(found) or None, reason)


def unknown(reason: str) -> Verdict:
    """Nothing tells whether the property is there."""
    return Verdict(None, None, reason)


def shortened(text: str) -> str:
    """At most 200 characters, for people to read."""
    return text if len(text) <= 200 else f"{text[:199]}…"


def added(draft: str, pieces: Sequence[str]) -> str:
    """A draft with pieces after it, as a list of what it tells."""
    return f"{draft} {' – '.join(pieces)}" if pieces else draft
