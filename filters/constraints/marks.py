"""Constraints on punctuation marks."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

from corpus.languages import parse
from filters.constraints import wording
from filters.constraints.base import Constraint

COMMAS = ",，、،﹐﹑､"
"""Commas of all scripts in use here."""
_JAPANESE = "、､，"
_SPANISH = frozenset({"es"})


class _No(Constraint):
    """Some characters do not occur."""

    marks: str

    def told(self, language: str) -> Mapping[str, str | wording.Quantity]:
        """Nothing."""
        del language
        return {}

    def hold(self, text: str) -> bool:
        """Whether none occurs."""
        return not _any_of(self.marks).search(text)

    def comply(self, text: str, language: str) -> str:
        """They are taken out."""
        del language
        return _any_of(self.marks).sub("", text)

    def violate(self, text: str) -> str:
        """One is added."""
        return f"{text}{self.marks[0]} 0"


@lru_cache(maxsize=64)
def _any_of(marks: str) -> re.Pattern[str]:
    return re.compile(f"[{re.escape(marks)}]")


class NoCommas(_No):
    """No commas, of any script."""

    name: ClassVar[str] = "no_commas"

    marks: str = COMMAS

    @classmethod
    def draw(cls, rng: random.Random, language: str) -> dict[str, Any]:
        """In Japanese the commas between words alone, since a number may hold another."""
        del rng
        return {"marks": _JAPANESE} if parse(language).language == "ja" else {}


class NoFullStops(_No):
    """No full stops; of East Asian text, unless others are named."""

    name: ClassVar[str] = "no_full_stops"
    written: ClassVar[frozenset[str] | None] = frozenset({"ja", "zh"})

    marks: str = "。｡"


class Question(Constraint):
    """A question between its two marks, as Spanish writes it: ¿so?"""

    name: ClassVar[str] = "question"
    written: ClassVar[frozenset[str] | None] = _SPANISH

    def hold(self, text: str) -> bool:
        """Whether there is one that says something."""
        return _says(_QUESTION, text)

    def comply(self, text: str, language: str) -> str:
        """One is added."""
        return text if self.hold(text) else f"{text} ¿{wording.wordings(language)['words'][0]}?"

    def violate(self, text: str) -> str:
        """The opening marks are taken out."""
        return text.replace("¿", "")


class Exclamation(Constraint):
    """An exclamation between its two marks, as Spanish writes it: ¡so!"""

    name: ClassVar[str] = "exclamation"
    written: ClassVar[frozenset[str] | None] = _SPANISH

    def hold(self, text: str) -> bool:
        """Whether there is one that says something."""
        return _says(_EXCLAMATION, text)

    def comply(self, text: str, language: str) -> str:
        """One is added."""
        return text if self.hold(text) else f"{text} ¡{wording.wordings(language)['words'][0]}!"

    def violate(self, text: str) -> str:
        """The opening marks are taken out."""
        return text.replace("¡", "")


_QUESTION = re.compile(r"¿([^?¿]*)\?")
_EXCLAMATION = re.compile(r"¡([^!¡]*)!")


def _says(pattern: re.Pattern[str], text: str) -> bool:
    return any(any(map(str.isalnum, inside)) for inside in pattern.findall(text))
