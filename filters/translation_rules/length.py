"""Length: a translation that fits into so many characters or columns."""

from __future__ import annotations

import math
from typing import Literal, Self

import regex
from pydantic import Field

from filters.translation_rules.base import Rule, Source, failed, met
from filters.translation_rules.text import Text
from filters.verifier import Verdict

_GRAPHEME = regex.compile(r"\X")
_SHORT = 80
"""A source of more columns is no label or title, and no limit is asked for."""


class Length(Rule):
    """The answer has at most so many characters, as people count them, or columns, where wide characters take two.

    Counted is what is seen, without tags and spaces at the ends. An answer far shorter than its source is no
    translation (`guards`).
    """

    family: Literal["length"] = "length"
    most: int = Field(ge=1, le=100_000)
    unit: Literal["characters", "columns"] = "characters"
    """Characters are grapheme clusters (UAX #29); columns follow UAX #11, as in tables and on narrow displays."""

    @classmethod
    def find(cls, source: Source) -> list[Self]:
        """For a short source a limit a quarter above its width, rounded up to a multiple of five."""
        columns = source.text.width
        if not 8 <= columns <= _SHORT or "\n" in source.text.plain.strip():
            return []
        most = math.ceil(columns * 1.25 / 5) * 5
        return [cls(locale=source.tgt_lang, most=most, unit="columns")]

    def key(self) -> str:
        """One wording for each unit."""
        return f"length.{self.unit}"

    def slots(self, language: str) -> dict[str, str]:
        """The limit."""
        del language
        return {"most": str(self.most)}

    def check(self, answer: Text, source: Source, /) -> Verdict:
        """Count what is seen."""
        del source
        text = answer.plain.strip()
        found = len(text) if text.isascii() else self._counted(text)
        return met(str(found)) if found <= self.most else failed("too many characters", str(found))

    def _counted(self, text: str) -> int:
        return len(_GRAPHEME.findall(text)) if self.unit == "characters" else Text(text).width

    def compliant(self, draft: str, source: Source, /) -> str | None:
        """The draft, where it fits."""
        return draft if self.check(Text(draft), source).score else None

    def broken(self, draft: str, _source: Source, /) -> list[str]:
        """The draft with words of its own until it no longer fits."""
        return [" ".join([draft] * (self.most // max(len(draft), 1) + 2))]
