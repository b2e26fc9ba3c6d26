"""Constraints on which words and letters occur, and how often."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import regex
from pydantic import Field

from filters.constraints import wording
from filters.constraints.base import Constraint, Count, Phrase, Relation
from filters.constraints.text import unspaced, whole_word

_KATAKANA = {chr(code): chr(code + 0x60) for code in range(0x3041, 0x3097)}
"""The katakana letter for each hiragana letter."""

Phrases = Annotated[tuple[Phrase, ...], Field(min_length=1)]


class Keywords(Constraint):
    """All of some words occur, in any case, also within longer words (a keyword may be inflected)."""

    name: ClassVar[str] = "keywords"

    keywords: Phrases

    @classmethod
    def draw(cls, rng: random.Random, language: str) -> dict[str, Any]:
        """Two words."""
        return {"keywords": rng.sample(wording.wordings(language)["words"], 2)}

    def told(self, language: str) -> Mapping[str, str | wording.Quantity]:
        """The words in quotation marks."""
        return {"keywords": wording.quoted(self.keywords, language)}

    def hold(self, text: str) -> bool:
        """Whether every word occurs."""
        lowered = text.lower()
        return all(word.lower() in lowered for word in self.keywords)

    def comply(self, text: str, language: str) -> str:
        """The missing words are added in quotation marks."""
        missing = [word for word in self.keywords if word.lower() not in text.lower()]
        return f"{text} {wording.quoted(missing, language)}" if missing else text

    def violate(self, text: str) -> str:
        """The first word is taken out."""
        return _without(text, regex.compile(regex.escape(self.keywords[0]), regex.IGNORECASE))


class KeywordFrequency(Constraint):
    """A word occurs so many times, in any case; within longer words too unless it must stand alone."""

    name: ClassVar[str] = "keyword_frequency"

    keyword: Phrase
    count: Count
    relation: Relation = Relation.AT_LEAST
    alone: bool = False
    """Whether only the word by itself counts."""

    @classmethod
    def draw(cls, rng: random.Random, language: str) -> dict[str, Any]:
        """One word, 1 to 4 times."""
        return {
            "keyword": rng.choice(wording.wordings(language)["words"]),
            "count": rng.randint(2, 4),
            "relation": rng.choice((Relation.AT_LEAST, Relation.AT_MOST, Relation.EXACTLY)),
        }

    def told(self, language: str) -> Mapping[str, str | wording.Quantity]:
        """The word, and how often it shall occur."""
        return {
            "keyword": wording.quoted([self.keyword], language),
            "quantity": wording.Quantity(self.relation, self.count, "time"),
        }

    def hold(self, text: str) -> bool:
        """Whether the word occurs so many times."""
        return self.relation.met(self._count(text), self.count)

    def _count(self, text: str) -> int:
        if self.alone:
            return len(whole_word(self.keyword).findall(text))
        return text.lower().count(self.keyword.lower())

    def comply(self, text: str, language: str) -> str:
        """The word is added, or taken out, until there are enough or few enough."""
        least, most = self.relation.bounds(self.count)
        found = self._count(text)
        if found > most:
            text, found = _without(text, whole_word(self.keyword)), 0
            if self._count(text):
                text = _without(text, regex.compile(regex.escape(self.keyword), regex.IGNORECASE))
        missing = [self.keyword] * max(0, least - found)
        return f"{text} {wording.quoted(missing, language)}" if missing else text

    def violate(self, text: str) -> str | None:
        """One time too many, or none at all."""
        least, most = self.relation.bounds(self.count)
        if most != float("inf"):
            return text + f" {self.keyword}" * (int(most) + 1)
        if least == 0:
            return None
        return _without(text, regex.compile(regex.escape(self.keyword), regex.IGNORECASE))


class ForbiddenWords(Constraint):
    """None of some words occurs, in any case. A word counts where it stands alone; in scripts without spaces, anywhere.

    With `within` a word counts within longer words too.
    """

    name: ClassVar[str] = "forbidden_words"

    words: Phrases
    within: bool = False

    @classmethod
    def draw(cls, rng: random.Random, language: str) -> dict[str, Any]:
        """Two words."""
        return {"words": rng.sample(wording.wordings(language)["words"], 2)}

    def told(self, language: str) -> Mapping[str, str | wording.Quantity]:
        """The words in quotation marks."""
        return {"words": wording.quoted(self.words, language)}

    def hold(self, text: str) -> bool:
        """Whether no word occurs."""
        lowered = text.lower()
        # Most texts lack the letters altogether, and looking for those is quick.
        near = (word for word in self.words if word.lower() in lowered)
        return not any(self.within or whole_word(word).search(text) for word in near)

    def comply(self, text: str, language: str) -> str:
        """The words are taken out."""
        del language
        for word in self.words:
            text = _without(text, regex.compile(regex.escape(word), regex.IGNORECASE))
        return text

    def violate(self, text: str) -> str:
        """The first word is added."""
        return f"{text}{'' if unspaced(self.words[0]) else ' '}{self.words[0]}"


class LetterFrequency(Constraint):
    """A character occurs so many times, in any case; a hiragana letter also as its katakana."""

    name: ClassVar[str] = "letter_frequency"

    letter: Annotated[Phrase, Field(max_length=4)]
    """One character, with the marks that belong to it."""
    count: Count
    relation: Relation = Relation.AT_LEAST

    @classmethod
    def draw(cls, rng: random.Random, language: str) -> dict[str, Any]:
        """A letter of the language's words, 2 to 9 times."""
        letters = sorted(
            {letter for word in wording.wordings(language)["words"] for letter in word if letter.isalpha()}
        )
        relation = rng.choice((Relation.AT_LEAST, Relation.LESS_THAN, Relation.AT_MOST))
        return {"letter": rng.choice(letters), "count": rng.randint(2, 9), "relation": relation}

    def told(self, language: str) -> Mapping[str, str | wording.Quantity]:
        """The letter, and how often it shall occur."""
        return {
            "letter": wording.quoted([self.letter], language),
            "quantity": wording.Quantity(self.relation, self.count, "time"),
        }

    def hold(self, text: str) -> bool:
        """Whether the character occurs so many times."""
        return self.relation.met(self._count(text), self.count)

    def _count(self, text: str) -> int:
        twin = _KATAKANA.get(self.letter)
        return text.lower().count(self.letter.lower()) + (text.count(twin) if twin else 0)

    def comply(self, text: str, language: str) -> str:
        """The character is added, or taken out with its twin."""
        del language
        least, most = self.relation.bounds(self.count)
        if self._count(text) > most:
            for letter in (self.letter, _KATAKANA.get(self.letter, self.letter)):
                text = regex.sub(regex.escape(letter), "", text, flags=regex.IGNORECASE)
        missing = max(0, least - self._count(text))
        return f"{text} {' '.join(self.letter * missing)}" if missing else text

    def violate(self, text: str) -> str | None:
        """Too many, or none."""
        least, most = self.relation.bounds(self.count)
        if most != float("inf"):
            return text + f" {self.letter}" * (int(most) + 1)
        if least == 0:
            return None
        twin = _KATAKANA.get(self.letter, self.letter)
        return regex.sub("|".join(map(regex.escape, (self.letter, twin))), "", text, flags=regex.IGNORECASE)


def _without(text: str, pattern: regex.Pattern[str]) -> str:
    """The text without what a pattern finds, however often taking it out makes a new one."""
    while (shorter := pattern.sub("", text)) != text:
        text = shorter
    return text
