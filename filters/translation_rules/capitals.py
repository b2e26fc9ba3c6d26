"""Capitals: all in capitals, none, or as in a sentence."""

from __future__ import annotations

import re
from typing import Literal, Self

import regex

from corpus.languages import parse
from filters.translation_rules.base import Rule, Source, failed, met, unknown
from filters.translation_rules.edits import Edit
from filters.translation_rules.pieces import kept
from filters.translation_rules.text import Text
from filters.verifier import Verdict

_WORD = regex.compile(r"\p{L}[\p{L}\p{M}'’-]*")
_MOST_CAPITALS = 0.4
"""Share of words that may begin with a capital in a sentence: names do."""


class Capitals(Rule):
    """The answer is written in capitals throughout, or as a sentence: its first letter large, other words small.

    Codes of the source (with digits) are left out. As a sentence, two words in five may still begin with a capital, as
    names do; not asked for in German, whose nouns do. Null in scripts without capitals.
    """

    family: Literal["capitals"] = "capitals"
    style: Literal["upper", "sentence"]

    @classmethod
    def find(cls, source: Source) -> list[Self]:
        """Capitals where the source has them throughout; a sentence's where a title has every word in capitals."""
        words = _words(source.text.plain, ())
        if not _has_case(source.tgt_lang) or len(words) < 2:
            return []
        if all(word.isupper() for word in words) and sum(map(len, words)) >= 6:
            return [cls(locale=source.tgt_lang, style="upper")]
        long = [word for word in words if len(word) > 3]
        title = len(words) >= 3 and len(long) >= 2 and all(word[0].isupper() for word in long)
        ends = source.text.plain.rstrip()[-1:]
        if (
            title
            and ends not in ".!?"
            and parse(source.tgt_lang).language not in ("de", "lb")
            and "\n" not in source.text.plain
        ):
            return [cls(locale=source.tgt_lang, style="sentence")]
        return []

    def key(self) -> str:
        """One wording for each style."""
        return f"capitals.{self.style}"

    def check(self, answer: Text, source: Source, /) -> Verdict:
        """Look at the first letter and at the words."""
        words = _words(answer.plain, source.text.tokens)
        if not words or not any(word.lower() != word.upper() for word in words):
            return unknown("no letters with capitals")
        told = " ".join(words[:12])
        if self.style == "upper":
            wrong = next((word for word in words if any(map(str.islower, word))), None)
            return failed("small letters", wrong) if wrong else met(told)
        if not words[0][0].isupper() and words[0][0].lower() != words[0][0].upper():
            return failed("first letter small", told)
        others = words[1:]
        large = sum(word[0].isupper() for word in others)
        if all(word.isupper() for word in words) or (
            others and large > max(_MOST_CAPITALS * len(others), 1 if len(others) > 2 else 0)
        ):
            return failed("words with capitals", told)
        return met(told)

    def edits(self, answer: Text, source: Source, /) -> list[Edit] | None:
        """Every word in capitals, or the first letter large; words in titles are left, for some of them are names."""
        codes, text = _codes(source.text.tokens), answer.plain
        if any(piece.kind == "holder" for piece in kept(answer.raw).pieces) or re.search(r"@|://|www\.", text):
            return None
        words = [found for found in _WORD.finditer(text) if found.group().lower() not in codes]
        if self.style == "sentence":
            words = [found for found in words[:1] if found.group()[1:].islower()]
            return [Edit(found.start(), found.start() + 1, _upper(found.group()[0], self.locale)) for found in words]
        return [
            Edit(*found.span(), _upper(found.group(), self.locale)) for found in words if not found.group().isupper()
        ]

    def compliant(self, draft: str, _source: Source, /) -> str | None:
        """The draft in the style."""
        if not _has_case(self.locale):
            return None
        return draft.upper() if self.style == "upper" else draft[:1].upper() + draft[1:].lower()

    def broken(self, draft: str, _source: Source, /) -> list[str]:
        """In the other style; in small letters."""
        if self.style == "upper":
            return [draft.capitalize(), draft.lower(), f"{draft.upper()} {draft.lower()}"]
        return [draft.lower(), draft.title(), draft.upper()]


def _words(text: str, tokens: tuple[str, ...] | list[str]) -> list[str]:
    """Words of at least one letter with a case, without codes of the source."""
    codes = _codes(tokens)
    return [word for word in _WORD.findall(text) if word.lower() not in codes]


def _codes(tokens: tuple[str, ...] | list[str]) -> set[str]:
    return {token for token in tokens if any(map(str.isdigit, token))}


def _upper(text: str, code: str) -> str:
    return (text.replace("i", "İ") if parse(code).language in ("tr", "az") else text).upper()


def _has_case(code: str) -> bool:
    return parse(code).script in ("Latn", "Cyrl", "Grek", "Armn", None)
