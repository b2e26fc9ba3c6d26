"""Constraints on the letters of Spanish."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from filters.constraints import wording
from filters.constraints.base import Constraint, Count, Relation
from filters.constraints.text import composed, compounds

_SPANISH = frozenset({"es"})
_ACCENTED = frozenset("áéíóú")
_EXAMPLES = {"ñ": "niño", "ü": "pingüino"}


class WordsWithLetter(Constraint):
    """Exactly so many words hold ñ, or ü, in any case."""

    name: ClassVar[str] = "words_with_letter"
    written: ClassVar[frozenset[str] | None] = _SPANISH
    phase: ClassVar[int] = 1

    letter: Literal["ñ", "ü"]
    count: Count
    relation: Relation = Relation.EXACTLY

    @classmethod
    def draw(cls, rng: random.Random, language: str) -> dict[str, Any]:
        """Either letter, 2 to 6 words."""
        del language
        return {"letter": rng.choice("ñü"), "count": rng.randint(2, 6)}

    def told(self, language: str) -> Mapping[str, str | wording.Quantity]:
        """How many, and the letter."""
        letter = wording.quoted([self.letter], language)
        return {"quantity": wording.Quantity(self.relation, self.count, "spelled_word"), "letter": letter}

    def hold(self, text: str) -> bool:
        """Whether there are as many."""
        return self.relation.met(self._count(text), self.count)

    def _count(self, text: str) -> int:
        text = composed(text).lower()
        return sum(self.letter in word for word in compounds(text)) if self.letter in text else 0

    def comply(self, text: str, language: str) -> str:
        """Words with the letter are added, those of the text changed where there are too many."""
        del language
        least, most = self.relation.bounds(self.count)
        if self._count(text) > most:
            text = text.replace(self.letter, "n").replace(self.letter.upper(), "N")
        return " ".join([text, *[_EXAMPLES[self.letter]] * (least - self._count(text))])

    def violate(self, text: str) -> str | None:
        """More than asked for, or none."""
        least, most = self.relation.bounds(self.count)
        if most == float("inf"):
            return text.replace(self.letter, "n").replace(self.letter.upper(), "N") if least else None
        return text + f" {_EXAMPLES[self.letter]}" * (int(most) + 1)


class AccentedWords(Constraint):
    """So many words with a written accent (tilde): á, é, í, ó or ú."""

    name: ClassVar[str] = "accented_words"
    written: ClassVar[frozenset[str] | None] = _SPANISH
    phase: ClassVar[int] = 1

    count: Count
    relation: Relation = Relation.AT_LEAST

    @classmethod
    def draw(cls, rng: random.Random, language: str) -> dict[str, Any]:
        """2 to 15 words."""
        del language
        return {"count": rng.randint(2, 15), "relation": rng.choice((Relation.AT_LEAST, Relation.AT_MOST))}

    def told(self, language: str) -> Mapping[str, str | wording.Quantity]:
        """How many."""
        del language
        return {"quantity": wording.Quantity(self.relation, self.count, "spelled_word")}

    def hold(self, text: str) -> bool:
        """Whether there are as many."""
        return self.relation.met(self._count(text), self.count)

    def _count(self, text: str) -> int:
        words = compounds(composed(text).lower())
        return sum(not _ACCENTED.isdisjoint(word) for word in words)

    def comply(self, text: str, language: str) -> str:
        """Words with an accent are added, or all accents taken out."""
        del language
        least, most = self.relation.bounds(self.count)
        if self._count(text) > most:
            text = _plain(text)
        return " ".join([text, *["canción"] * (least - self._count(text))])

    def violate(self, text: str) -> str | None:
        """More than asked for, or none."""
        least, most = self.relation.bounds(self.count)
        if most == float("inf"):
            return _plain(text) if least else None
        return text + " canción" * (int(most) + 1)


def _plain(text: str) -> str:
    return text.translate(str.maketrans("áéíóúÁÉÍÓÚ", "aeiouAEIOU"))
