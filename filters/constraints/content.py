"""Constraints on what a response contains: placeholders, a postscript, no digits, one of some answers."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

import regex
from pydantic import Field

from filters.constraints import wording
from filters.constraints.base import Constraint, Count, Phrase, Relation

# A checkbox is no placeholder, nor is the text of a Markdown link.
_PLACEHOLDER = re.compile(r"\[([^\[\]\n]+)\](?!\()")
_CHECKED = frozenset({"", "x", "X"})
_LETTER = regex.compile(r"[\p{L}\p{N}]")
_SAYS = re.compile(r"[^\W_]|\[")
_DIGIT = regex.compile(r"\p{Nd}")
_MARKUP = " \t*_#>\"'“«([-"
"""What may stand before a postscript's marker."""


class Placeholders(Constraint):
    """At least so many placeholders in square brackets, such as [address]."""

    name: ClassVar[str] = "placeholders"
    phase: ClassVar[int] = 1

    count: Count
    relation: Relation = Relation.AT_LEAST

    @classmethod
    def draw(cls, rng: random.Random, language: str) -> dict[str, Any]:
        """1 to 6 placeholders."""
        del language
        return {"count": rng.randint(1, 6)}

    def told(self, language: str) -> Mapping[str, str | wording.Quantity]:
        """How many, and an example."""
        return {
            "quantity": wording.Quantity(self.relation, self.count, "placeholder"),
            "example": f"[{wording.wordings(language)['words'][0]}]",
        }

    def hold(self, text: str) -> bool:
        """Whether there are as many."""
        return self.relation.met(self._count(text), self.count)

    def _count(self, text: str) -> int:
        return sum(1 for inside in _PLACEHOLDER.findall(text) if inside.strip() not in _CHECKED)

    def comply(self, text: str, language: str) -> str | None:
        """Placeholders are added; a text of too many is mended by taking its brackets out."""
        least, most = self.relation.bounds(self.count)
        if self._count(text) > most:
            text = text.replace("[", "").replace("]", "")
        word = wording.wordings(language)["words"][0]
        return " ".join([text, *[f"[{word}]"] * (least - self._count(text))])

    def violate(self, text: str) -> str | None:
        """Too many, or none."""
        least, most = self.relation.bounds(self.count)
        if most != float("inf"):
            return text + " [0]" * (int(most) + 1)
        return text.replace("[", "").replace("]", "") if least else None


class Postscript(Constraint):
    """A postscript: a line that begins with a marker, in any case and with its points or without, and goes on."""

    name: ClassVar[str] = "postscript"
    phase: ClassVar[int] = 3

    marker: Phrase

    @classmethod
    def draw(cls, rng: random.Random, language: str) -> dict[str, Any]:
        """One of the language's own markers."""
        return {"marker": rng.choice(wording.wordings(language)["postscripts"])}

    def told(self, language: str) -> Mapping[str, str | wording.Quantity]:
        """The marker in quotation marks."""
        return {"marker": wording.quoted([self.marker], language)}

    def hold(self, text: str) -> bool:
        """Whether there is one."""
        first, pattern, start = self.marker[0].lower(), _postscript(self.marker), 0
        for line in text.split("\n"):
            head = line.lstrip(_MARKUP)
            if head[:1].lower() == first and (found := pattern.match(head)):
                return _SAYS.search(text, start + len(line) - len(head) + found.end()) is not None
            start += len(line) + 1
        return False

    def comply(self, text: str, language: str) -> str:
        """A postscript is added."""
        return text if self.hold(text) else f"{text}\n{self.marker} {wording.wordings(language)['filler']}"

    def violate(self, text: str) -> str:
        """The marker no longer begins a line."""
        pattern = _postscript(self.marker)
        return "\n".join(f"0 {line}" if pattern.match(line.lstrip(_MARKUP)) else line for line in text.split("\n"))


@lru_cache(maxsize=256)
def _postscript(marker: str) -> regex.Pattern[str]:
    letters = _LETTER.findall(marker)
    if any(mark in marker for mark in ".-") or marker.isupper():
        # "P.S." is also written "PS", "P. S." and "P.-S."
        marker = r"[.\-\u2010\u2011]{0,2}\s?".join(map(regex.escape, letters)) + r"(?![\p{L}\p{N}])"
    else:
        marker = regex.escape(marker)
    return regex.compile(marker, regex.IGNORECASE)


class NoDigits(Constraint):
    """No digits, of any script."""

    name: ClassVar[str] = "no_digits"

    def hold(self, text: str) -> bool:
        """Whether there is none."""
        return not _DIGIT.search(text)

    def comply(self, text: str, language: str) -> str:
        """Digits are taken out."""
        del language
        return _DIGIT.sub("", text)

    def violate(self, text: str) -> str:
        """A digit is added."""
        return f"{text} 7"


class Choice(Constraint):
    """Exactly one of some answers occurs, word for word; to give several is to choose none."""

    name: ClassVar[str] = "choice"

    options: tuple[Phrase, ...] = Field(min_length=2)

    @classmethod
    def draw(cls, rng: random.Random, language: str) -> dict[str, Any]:
        """The language's own yes, no and perhaps."""
        del rng
        return {"options": wording.wordings(language)["options"]}

    def told(self, language: str) -> Mapping[str, str | wording.Quantity]:
        """The answers in quotation marks."""
        return {"options": wording.quoted(self.options, language)}

    def hold(self, text: str) -> bool:
        """Whether one of the answers occurs, and no other."""
        found = [option for option in self.options if option in text]
        return len([one for one in found if not any(one in other and one != other for other in found)]) == 1

    def comply(self, text: str, language: str) -> str:
        """The first answer is put before the text."""
        del language
        for option in self.options:
            text = text.replace(option, "")
        return f"{self.options[0]} {text}"

    def violate(self, text: str) -> str:
        """The second answer is given beside the first."""
        return f"{text} {self.options[0]} {self.options[1]}"
