"""Capitals: all in capitals, none, or as in a sentence."""

from __future__ import annotations

from typing import Literal, Self

import regex

from corpus.languages import parse
from filters.translation_rules.base import Rule, Source, failed, met, unknown
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


def _words(text: str, kept: tuple[str, ...] | list[str]) -> list[str]:
    """Words of at least one letter with a case, without codes of the source."""
    codes = {token for token in kept if any(map(str.isdigit, token))}
    return [word for word in _WORD.findall(text) if word.lower() not in codes]


def _has_case(code: str) -> bool:
    return parse(code).script in ("Latn", "Cyrl", "Grek", "Armn", None)
