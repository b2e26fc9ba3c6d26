"""Variety: Portuguese of Brazil or Portugal, Chinese in either standard, Spanish of America, French of Canada."""

from __future__ import annotations

from functools import cache
from typing import Literal, Self

from corpus.languages import parse
from filters.han import characters
from filters.translation_rules import locales
from filters.translation_rules.base import Rule, Source, added, failed, met, unknown
from filters.translation_rules.text import Text
from filters.verifier import Verdict

_GROUPS = {"419": "419", "MX": "419", "AR": "419", "CO": "419", "US": "419", "ES": "ES"}
"""Spanish of which side of the ocean, where it is not its region."""


class Variety(Rule):
    """The answer is of one variety of the target language, told by what that variety alone writes.

    Chinese is told by characters of one standard; the others by words and spellings that CLDR's text has for one
    variety alone (Irã, Irão; bebê, bebé; -ônico, -ónico). Held where there is some evidence for the variety and none
    for the other; null without evidence.
    """

    family: Literal["variety"] = "variety"

    @classmethod
    def find(cls, source: Source) -> list[Self]:
        """The variety that the row's target language names."""
        return [cls(locale=source.tgt_lang)] if _sides(source.tgt_lang) else []

    def slots(self, language: str) -> dict[str, str]:
        """The name of the variety in the language of the instruction."""
        found = locales.locale(self.locale)
        name = found.get_display_name(str(locales.locale(language) or "en")) if found else None
        return {"variety": name or self.locale}

    def check(self, answer: Text, _source: Source, /) -> Verdict:
        """Weigh what speaks for each of the two."""
        sides = _sides(self.locale)
        if sides is None:
            return unknown("no other variety")
        own, other = (side.found(answer) for side in sides)
        told = f"for: {' '.join(own[:10]) or '–'}; against: {' '.join(other[:10]) or '–'}"
        if other:
            return failed("another variety", told)
        return met(told) if own else unknown("no evidence of a variety")

    def compliant(self, draft: str, _source: Source, /) -> str | None:
        """The draft with words that the variety alone has."""
        sides = _sides(self.locale)
        return added(draft, sides[0].some()) if sides else None

    def broken(self, draft: str, _source: Source, /) -> list[str]:
        """With words of the other variety; with both."""
        sides = _sides(self.locale)
        if sides is None:
            return []
        return [added(draft, sides[1].some()), added(draft, [*sides[0].some(), *sides[1].some()])]


class _Side:
    """What one variety alone writes."""

    def __init__(self, words: frozenset[str] = frozenset(), spellings: tuple[str, ...] = (), letters: str = "") -> None:
        self._words, self._spellings, self._letters = words, spellings, frozenset(letters)

    def found(self, text: Text) -> list[str]:
        """The evidence in a text."""
        if self._letters:
            return [letter for letter in text.plain if letter in self._letters]
        return [w for w in text.tokens if w in self._words or any(part in w for part in self._spellings)]

    def some(self) -> list[str]:
        """Words of the variety."""
        return sorted(self._letters)[:6] if self._letters else [w for w in sorted(self._words) if w.isalpha()][:4]


@cache
def _sides(code: str) -> tuple[_Side, _Side] | None:
    """What speaks for a variety, and what against it; None where a code names no variety that can be told."""
    language = parse(code)
    if language.language == "zh":
        if not language.stated_script:
            return None
        hans, hant = (_Side(letters=letters) for letters in characters())
        return (hans, hant) if language.script == "Hans" else (hant, hans)
    group = _GROUPS.get(language.region or "") if language.language == "es" else language.region
    known = locales.varieties(language.language)
    name = f"{language.language}-{group}"
    if name not in known:
        return None
    sides = {key: _Side(frozenset(row["words"]), tuple(row["spellings"])) for key, row in known.items()}
    own = sides.pop(name)
    return own, next(iter(sides.values()))
