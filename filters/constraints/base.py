"""What a constraint is: arguments that can be drawn, told in many languages, and checked on a text."""

from __future__ import annotations

import random
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from corpus.languages import parse
from filters.constraints import wording


class Relation(StrEnum):
    """How a count is compared with the number asked for."""

    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    LESS_THAN = "less_than"
    EXACTLY = "exactly"
    AROUND = "around"

    def met(self, found: int, asked: int) -> bool:
        """Whether a count meets the number asked for; "around" leaves a tenth, and at least 1, to either side."""
        match self:
            case Relation.AT_LEAST:
                return found >= asked
            case Relation.AT_MOST:
                return found <= asked
            case Relation.LESS_THAN:
                return found < asked
            case Relation.EXACTLY:
                return found == asked
        return abs(found - asked) <= self.tolerance(asked)

    @staticmethod
    def tolerance(asked: int) -> int:
        """How far "around" a number reaches."""
        return max(1, round(asked / 10))

    def bounds(self, asked: int) -> tuple[int, float]:
        """The smallest and the largest count that meets the number asked for; infinity where there is no largest."""
        match self:
            case Relation.AT_LEAST:
                return asked, float("inf")
            case Relation.AT_MOST:
                return 0, asked
            case Relation.LESS_THAN:
                return 0, asked - 1
            case Relation.EXACTLY:
                return asked, asked
        return max(0, asked - self.tolerance(asked)), asked + self.tolerance(asked)


Count = Annotated[int, Field(ge=0, le=1_000_000)]
"""A number asked for."""


def _stripped(text: str) -> str:
    text = text.strip()
    if not text:
        raise ValueError("found an empty text, expected at least one character")
    return text


Phrase = Annotated[str, AfterValidator(_stripped)]
"""Words asked for, without blanks around them."""


def _language(code: str) -> str:
    return parse(code).code


LanguageCode = Annotated[str, AfterValidator(_language)]
"""A language in any spelling that `corpus.languages` reads, kept in its canonical form."""


class Constraint(BaseModel):
    """One property that a response is asked to have. Fields are its arguments; frozen, and every method is pure.

    `hold` takes any text, also an empty one, and under a second for a megabyte.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ClassVar[str]
    """By what rows and reports call it, and the key of its wording."""
    written: ClassVar[frozenset[str] | None] = None
    """Languages (without script and region) of responses that may be asked for it; None for all."""
    phase: ClassVar[int] = 0
    """When `comply` is applied among those of others: what frames a text comes after what fills it."""

    @classmethod
    def fits(cls, language: str) -> bool:
        """Whether a response in this language can be asked for it."""
        return cls.written is None or parse(language).language in cls.written

    @classmethod
    def sample(cls, rng: random.Random, language: str) -> Self:
        """The constraint with arguments drawn for a response in a language; the same seed gives the same ones.

        Raises:
            UserError: a language without wordings.
        """
        return cls.model_validate(cls.draw(rng, language))

    @classmethod
    def draw(cls, rng: random.Random, language: str) -> dict[str, Any]:
        """Arguments drawn for a response in a language."""
        del rng, language
        return {}

    def describe(self, language: str) -> str:
        """The constraint as an instruction in a language.

        Raises:
            UserError: a language without wordings.
        """
        return wording.tell(self.name, language, self.told(language))

    def told(self, language: str) -> Mapping[str, str | wording.Quantity]:
        """What stands for the placeholders of the wording."""
        del language
        return {field: str(getattr(self, field)) for field in type(self).model_fields}

    def hold(self, text: str) -> bool | None:
        """Whether a text has the property; None where that cannot be told."""
        raise NotImplementedError

    def comply(self, text: str, language: str) -> str | None:
        """The text changed so that the property holds, everything else left as it is where possible; None if not."""
        del text, language
        return None

    def violate(self, text: str) -> str | None:
        """The text changed so that the property does not hold; None where no change can break it."""
        del text
        return None
