"""Constraints on capital and small letters, and on the language of a response."""

from __future__ import annotations

import random
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

from corpus.languages import confusable, english_name, parse, same_language
from filters import recognizer
from filters.constraints import wording
from filters.constraints.base import Constraint, Count, LanguageCode, Relation
from filters.constraints.text import compounds

_CASED = "de nl is es fr pt uk ru cs it en da pl hu sv no nb nn ro fi bg el ca hr sr sl sk lt lv et tr vi id ms sw"
CASED = frozenset(_CASED.split())
"""Languages whose scripts have capital letters, among those in use here."""
_LOOKED_AT = 500
"""Characters of a long text's beginning, middle and end by which its language is told."""
_AMONG_CONFUSABLE = 5
"""How many times as likely another language of a confusable group must be to overrule the one asked for."""


def in_language(text: str, language: str) -> bool | None:
    """Whether lid.176 takes a text for a language; None where it has no two letters or the model does not know it."""
    model = recognizer.load(None)
    if not _known(language):
        return None
    line = " ".join(_looked_at(text).split()).replace("\x00", " ").encode("utf-8", "replace").decode()
    if sum(map(str.isalpha, line)) < 2:
        return None
    # Models of language identification are trained on text as it is usually written.
    line = line.lower() if line.isupper() else line
    best = model.best([line])[0]
    if best.code is None:
        return None
    if same_language(best.code, language):
        return True
    return confusable(best.code, language) and any(
        each.code is not None
        and same_language(each.code, language)
        and each.probability * _AMONG_CONFUSABLE >= best.probability
        for each in model.all([line])[0]
    )


def _looked_at(text: str) -> str:
    """A long text's beginning, middle and end."""
    if len(text) <= 3 * _LOOKED_AT:
        return text
    middle = (len(text) - _LOOKED_AT) // 2
    return f"{text[:_LOOKED_AT]} {text[middle : middle + _LOOKED_AT]} {text[-_LOOKED_AT:]}"


@cache
def _known(language: str) -> bool:
    return any(same_language(language, known) for known in recognizer.load(None).languages)


class ResponseLanguage(Constraint):
    """The response is in a language, as lid.176 tells it; the same text always gets the same answer."""

    name: ClassVar[str] = "response_language"

    language: LanguageCode

    @classmethod
    def draw(cls, rng: random.Random, language: str) -> dict[str, Any]:
        """A language of Tower+."""
        del language
        return {"language": rng.choice(wording.LANGUAGES)}

    def told(self, language: str) -> Mapping[str, str | wording.Quantity]:
        """The language's name in the language of the instruction (CLDR)."""
        from babel import Locale

        name = Locale.parse(parse(language).language).languages.get(parse(self.language).language)
        return {"language": name or english_name(self.language)}

    def hold(self, text: str) -> bool | None:
        """Whether it is; None where that cannot be told."""
        return in_language(text, self.language)

    def comply(self, text: str, language: str) -> str | None:
        """A text in the language stays; else sentences of the language asked for take its place."""
        del language
        if self.hold(text):
            return text
        if parse(self.language).language not in wording.LANGUAGES:
            return None
        return " ".join([str(wording.wordings(self.language)["filler"])] * 3)

    def violate(self, text: str) -> str:
        """A text in another language takes its place."""
        del text
        other = "en" if parse(self.language).language != "en" else "de"
        return " ".join([str(wording.wordings(other)["filler"])] * 3)


class _Case(Constraint):
    """All letters in one case, the response in a language where one is named."""

    written: ClassVar[frozenset[str] | None] = CASED
    phase: ClassVar[int] = 5

    language: LanguageCode | None = None

    @classmethod
    def draw(cls, rng: random.Random, language: str) -> dict[str, Any]:
        """No language of its own: that of the response goes without saying."""
        del rng, language
        return {}

    def told(self, language: str) -> Mapping[str, str | wording.Quantity]:
        """Nothing: the language of the response goes without saying."""
        del language
        return {}

    def _in_language(self, text: str) -> bool | None:
        return True if self.language is None else in_language(text, self.language)


class Uppercase(_Case):
    """Capital letters only, in the language asked for where there is one; a text needs a letter that has a case."""

    name: ClassVar[str] = "uppercase"

    def hold(self, text: str) -> bool | None:
        """Whether it is."""
        return text.upper() == text and text.lower() != text and self._in_language(text)

    def comply(self, text: str, language: str) -> str:
        """The text in capitals."""
        del language
        return text.upper()

    def violate(self, text: str) -> str:
        """A small letter is added."""
        return f"{text} z"


class Lowercase(_Case):
    """Small letters only, in the language asked for where there is one; a text needs a letter that has a case."""

    name: ClassVar[str] = "lowercase"

    def hold(self, text: str) -> bool | None:
        """Whether it is."""
        return text.lower() == text and text.upper() != text and self._in_language(text)

    def comply(self, text: str, language: str) -> str:
        """The text in small letters."""
        del language
        return text.lower()

    def violate(self, text: str) -> str:
        """A capital is added."""
        return f"{text} Z"


class CapitalWords(Constraint):
    """So many words all of whose letters are capitals; words joined by a hyphen count as one."""

    name: ClassVar[str] = "capital_words"
    written: ClassVar[frozenset[str] | None] = CASED
    phase: ClassVar[int] = 1

    count: Count
    relation: Relation = Relation.AT_LEAST

    @classmethod
    def draw(cls, rng: random.Random, language: str) -> dict[str, Any]:
        """2 to 9 words."""
        del language
        relation = rng.choice((Relation.AT_LEAST, Relation.LESS_THAN, Relation.AT_MOST))
        return {"count": rng.randint(2, 9), "relation": relation}

    def told(self, language: str) -> Mapping[str, str | wording.Quantity]:
        """How many."""
        del language
        return {"quantity": wording.Quantity(self.relation, self.count, "spelled_word")}

    def hold(self, text: str) -> bool:
        """Whether there are as many."""
        return self.relation.met(self._count(text), self.count)

    def _count(self, text: str) -> int:
        return sum(map(str.isupper, compounds(text)))

    def comply(self, text: str, language: str) -> str:
        """Words in capitals are added, or all of them made small."""
        least, most = self.relation.bounds(self.count)
        if self._count(text) > most:
            text = text.lower()
        words = wording.wordings(language)["words"]
        more = [words[i % len(words)].upper() for i in range(least - self._count(text))]
        return " ".join([text, *more])

    def violate(self, text: str) -> str | None:
        """Too many, or none."""
        least, most = self.relation.bounds(self.count)
        if most != float("inf"):
            return text + " AB" * (int(most) + 1)
        return text.lower() if least else None
