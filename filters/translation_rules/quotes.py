"""Quotation marks: those of the target language, as CLDR lists them."""

from __future__ import annotations

import re
from functools import cache
from typing import Literal, Self

from pydantic import Field

from corpus.languages import parse
from filters.translation_rules import locales
from filters.translation_rules.base import Rule, Source, failed, met
from filters.translation_rules.edits import Edit
from filters.translation_rules.text import Text
from filters.verifier import Verdict

_ALL = '"“”„‟«»「」『』〝〞〟＂‹›'
"""Signs that quote and do nothing else; single ones are apostrophes too."""
_STRAIGHT = re.compile(r'(?<![0-9])"')
"""Behind a digit it stands for inches."""
_MARK = re.compile(rf'(?<![0-9])"|[{_ALL[1:]}]')

_APART = r"[^\W_\u0e00-\U0010ffff]"
"""A letter or digit of a script with spaces, which no quotation touches."""
_SINGLE = re.compile(
    rf"(?<!{_APART})‘[^‘’'\n]*(?:(?<=[^\W_])’(?=[^\W_])[^‘’'\n]*)*?’(?!{_APART})"
    rf"|(?<!{_APART})'(?=\S)[^'‘’\n]*(?:(?<=[^\W_])'(?=[^\W_])[^'‘’\n]*)*?(?<=\S)'(?!{_APART})"
)
"""A quotation in single marks, which may have apostrophes within words."""


class Quotes(Rule):
    """Quotations stand in the target language's marks, or in those that the rule names.

    Held where the answer has as many pairs as the source, each opened and closed by these marks around some text, and
    no other double mark. Spaces within « » are left open. CLDR's marks within a quotation may stand too.
    """

    family: Literal["quotes"] = "quotes"
    opening: str = Field(pattern=f"^[{_ALL}]$")
    closing: str = Field(pattern=f"^[{_ALL}]$")
    pairs: int = Field(ge=1, le=50)

    @classmethod
    def find(cls, source: Source) -> list[Self]:
        """The language's first marks, where the source quotes with others."""
        count = _pairs_of_source(source)
        opening, closing, *_ = locales.quotes(source.tgt_lang)
        used = set(source.text.plain) & set(_ALL)
        if not count or not used - {opening, closing} or opening not in _ALL or closing not in _ALL:
            return []
        return [cls(locale=source.tgt_lang, opening=opening, closing=closing, pairs=count)]

    def slots(self, language: str) -> dict[str, str]:
        """The marks."""
        del language
        return {"opening": self.opening, "closing": self.closing}

    def check(self, answer: Text, _source: Source, /) -> Verdict:
        """Walk through the marks: opening and closing in turn, and no other."""
        _, _, *inner = locales.quotes(self.locale)
        text = answer.plain
        marks = [(found.start(), found.group()) for found in _MARK.finditer(text)]
        told = "".join(c for _, c in marks[:40])
        wrong = next((c for _, c in marks if c not in (self.opening, self.closing, *inner)), None)
        if wrong:
            return failed("other marks", told)
        own = [(at, c) for at, c in marks if c in (self.opening, self.closing)]
        if not own:
            return failed("no marks", told)
        if len(own) % 2 or any(c != (self.closing if turn % 2 else self.opening) for turn, (_, c) in enumerate(own)):
            return failed("marks not paired", told)
        if not all(any(map(str.isalnum, text[own[i][0] : own[i + 1][0]])) for i in range(0, len(own), 2)):
            return failed("nothing quoted", told)
        return met(told) if len(own) == 2 * self.pairs else failed("more or fewer quotations", told)

    def edits(self, answer: Text, _source: Source, /) -> list[Edit] | None:
        """The marks of each quotation, with the spaces that belong to « »; those within a quotation stay."""
        text = answer.plain
        *_, opened, closed = locales.quotes(self.locale)
        marks = [found.start() for found in _MARK.finditer(text)]
        if len(marks) != 2 * self.pairs:
            marks = [at for at in marks if text[at] not in (opened, closed)]
        marks = marks or [at for found in _SINGLE.finditer(text) for at in (found.start(), found.end() - 1)]
        if len(marks) != 2 * self.pairs:
            return None
        edits = []
        for opening, closing in zip(marks[::2], marks[1::2], strict=True):
            if text[opening] + text[closing] not in _known_pairs() or not _turned_right(text, opening, closing):
                return None
            edits += self._edits(text, opening, closing)
        return edits

    def _edits(self, text: str, opening: int, closing: int) -> list[Edit]:
        """The two marks; French ones have a space within."""
        inside = "\u00a0" if self.opening == "«" and parse(self.locale).language == "fr" else ""
        spaced = text[opening] == "«"
        start = opening + 1 + (spaced and text[opening + 1].isspace())
        end = closing - (spaced and text[closing - 1].isspace())
        if (text[opening], text[closing]) == (self.opening, self.closing) or start >= end:
            return []
        return [Edit(opening, start, self.opening + inside), Edit(end, closing + 1, inside + self.closing)]

    def compliant(self, draft: str, _source: Source, /) -> str | None:
        """The draft, quoted as often."""
        return " ".join(f"{self.opening}{draft}{self.closing}" for _ in range(self.pairs))

    def broken(self, draft: str, _source: Source, /) -> list[str]:
        """Straight marks; other marks; none; one quotation too many; both kinds."""
        others = [pair for pair in ('""', "„“", "«»", "「」", "“”") if pair != self.opening + self.closing][:3]
        texts = [" ".join(f"{pair[0]}{draft}{pair[1]}" for _ in range(self.pairs)) for pair in others]
        right = f"{self.opening}{draft}{self.closing}"
        return [*texts, draft, " ".join([right] * (self.pairs + 1)), f'{right} "{draft}"']


def _pairs_of_source(source: Source) -> int:
    """How many quotations the source has, where its marks are paired; 0 where they are not, or none is there."""
    text = source.text.plain
    straight = len(_STRAIGHT.findall(text))
    if straight and text.count('"') == straight:
        others = sum(text.count(c) for c in _ALL if c != '"')
        return straight // 2 if straight % 2 == 0 and not others else 0
    opening, closing, *_ = locales.quotes(source.src_lang)
    if opening == closing or any(c in text for c in _ALL if c not in (opening, closing)):
        return 0
    return text.count(opening) if text.count(opening) == text.count(closing) else 0


@cache
def _known_pairs() -> frozenset[str]:
    """Marks that people put around quotations, in some language."""
    pairs = {f"{row['quotes'][0]}{row['quotes'][1]}" for row in locales.tables()["locales"].values()}
    return frozenset(pairs | {'""', "''", "„”", "»«", "»»", "『』", "＂＂", "〝〞", "〝〟", "‹›", '"”', '“"'})


def _turned_right(text: str, opening: int, closing: int) -> bool:
    """Whether the marks stand at their words as they do at the start and at the end of a quotation."""
    before, first, last = text[max(0, opening - 1) : opening], text[opening + 1], text[closing - 1]
    spaced = text[opening] == "«"
    inside = spaced or not (first.isspace() or last.isspace())
    return inside and not (before.isalnum() and ord(before) < 0xE00)
