"""Constraints on how a response begins and ends, and on saying things twice."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from filters.constraints import wording
from filters.constraints.base import Constraint, Phrase


class EndPhrase(Constraint):
    """The response ends with a phrase, in any case; only blanks, quotation marks and a full stop may follow."""

    name: ClassVar[str] = "end_phrase"
    phase: ClassVar[int] = 4

    phrase: Phrase

    @classmethod
    def draw(cls, rng: random.Random, language: str) -> dict[str, Any]:
        """One of the language's own."""
        return {"phrase": rng.choice(wording.wordings(language)["endings"])}

    def told(self, language: str) -> Mapping[str, str | wording.Quantity]:
        """The phrase in quotation marks."""
        return {"phrase": wording.quoted([self.phrase], language)}

    def hold(self, text: str) -> bool:
        """Whether it does."""
        end = text[-2 * len(self.phrase) - _BLANK_ENDS :].rstrip(_CLOSING).lower()
        return end.endswith(self.phrase.lower().rstrip(_CLOSING))

    def comply(self, text: str, language: str) -> str:
        """The phrase is added."""
        del language
        return text if self.hold(text) else f"{text} {self.phrase}"

    def violate(self, text: str) -> str:
        """Something follows."""
        return f"{text} 0"


_CLOSING = ' \t\r\n"”»“」』\u3000.。'
_BLANK_ENDS = 1000
"""Characters of blanks and marks that may follow a phrase."""


class Quotation(Constraint):
    """The whole response stands in one pair of quotation marks."""

    name: ClassVar[str] = "quotation"
    phase: ClassVar[int] = 6

    pairs: tuple[str, ...] = Field(default=('""',), min_length=1)
    """Pairs of marks that do, the first of them the one asked for."""

    @classmethod
    def draw(cls, rng: random.Random, language: str) -> dict[str, Any]:
        """The marks of the language, and straight ones, which all keyboards have."""
        del rng
        pairs = ("".join(wording.wordings(language)["quotes"]), '""')
        return {"pairs": tuple(dict.fromkeys(pairs))}

    def told(self, language: str) -> Mapping[str, str | wording.Quantity]:
        """The first pair around an ellipsis."""
        del language
        return {"example": f"{self.pairs[0][0]}…{self.pairs[0][-1]}"}

    def hold(self, text: str) -> bool:
        """Whether it does."""
        text = text.strip()
        return len(text) > 1 and any(text[0] == pair[0] and text[-1] == pair[-1] for pair in self.pairs)

    def comply(self, text: str, language: str) -> str:
        """The marks are put around it."""
        del language
        return text if self.hold(text) else f"{self.pairs[0][0]}{text}{self.pairs[0][-1]}"

    def violate(self, text: str) -> str:
        """Something follows."""
        return f"{text} 0"


class RepeatPrompt(Constraint):
    """The response begins with the request, word for word in any case, and goes on after it."""

    name: ClassVar[str] = "repeat_prompt"
    phase: ClassVar[int] = 5

    prompt: Phrase

    @classmethod
    def draw(cls, rng: random.Random, language: str) -> dict[str, Any]:
        """A sentence of the language; a caller puts the prompt in its place."""
        del rng
        return {"prompt": wording.wordings(language)["filler"]}

    def told(self, language: str) -> Mapping[str, str | wording.Quantity]:
        """The request in quotation marks."""
        return {"prompt": wording.quoted([self.prompt], language)}

    def hold(self, text: str) -> bool:
        """Whether it does."""
        text = text.strip()
        return text[: 2 * len(self.prompt)].lower().startswith(self.prompt.lower())

    def comply(self, text: str, language: str) -> str:
        """The request is put before the text."""
        del language
        return text if self.hold(text) else f"{self.prompt}\n\n{text}"

    def violate(self, text: str) -> str:
        """Something stands before it."""
        return f"0 {text}"


class TwoResponses(Constraint):
    """Two different answers, parted by six asterisks."""

    name: ClassVar[str] = "two_responses"
    phase: ClassVar[int] = 4

    def hold(self, text: str) -> bool:
        """Whether there are two, and not twice the same."""
        parts = [part.strip() for part in text.split("******")]
        if parts and not parts[0]:
            del parts[0]
        if parts and not parts[-1]:
            del parts[-1]
        return len(parts) == 2 and all(parts) and parts[0] != parts[1]

    def comply(self, text: str, language: str) -> str:
        """The text is the first answer, the language's filler the second."""
        return text if self.hold(text) else f"{text}\n******\n{wording.wordings(language)['filler']}"

    def violate(self, text: str) -> str:
        """The divider is taken out."""
        return text.replace("******", "")
