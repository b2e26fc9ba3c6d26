"""Verbatim: codes, addresses and names that a translation leaves as they are."""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import Field

from corpus.languages import parse, segmentation
from filters.translation_rules.base import Rule, Source, added, failed, met
from filters.translation_rules.text import Text
from filters.verifier import Verdict

_CODE_PATTERN = (
    r"(?<![\w@./-])(?:"
    r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}"  # a@b.org
    r"|(?:https?://|www\.)[^\s<>\"'()]{3,300}[\w/]"  # addresses of pages
    r"|[@#][A-Za-z_]\w{1,60}"  # handles and tags
    r"|(?=[A-Z0-9/_-]{0,40}[0-9])(?=[A-Z0-9/_-]{0,40}[A-Z])[A-Z0-9]+(?:[-_/][A-Z0-9]+){0,6}"  # ISO-9001, A380, RX7800
    r"|[a-z]+(?:_[a-z0-9]+){1,6}|[A-Z]+(?:_[A-Z0-9]+){1,6}"  # snake_case
    r"|[a-z]{1,10}[A-Z][A-Za-z0-9]{1,30}|[A-Z][a-z]+(?:[A-Z][a-z]+){1,4}"  # iPhone, PowerPoint
    r"|\w{1,60}\.(?:pdf|exe|txt|csv|html?|json|ya?ml|xml|png|jpe?g|zip|docx?|xlsx?|py|js)"  # files
    r")(?![\w@]|-[A-Za-z0-9])"
)
_CODE = {"spaces": re.compile(_CODE_PATTERN), "characters": re.compile(_CODE_PATTERN, re.ASCII)}
"""By how a language parts its words: where nothing does, the letters before a file's name are no part of it."""
_CAPITAL = r"[A-Z][a-z]+(?:[-'][A-Z][a-z]+)?"
_NAME = re.compile(rf"(?<=[a-z,;:] ){_CAPITAL}(?: (?:de|van|von|der|del|al|bin) )?(?: ?[A-Z]\.)?(?: {_CAPITAL}){{1,3}}")
"""Two to four words in capitals within a sentence. Whether they name a person nobody here knows: the instruction lists
them, so nothing is left to guess."""
_MOST = 12


class Verbatim(Rule):
    """Codes (A380, order_id, iPhone), addresses, files and names stand in the answer letter by letter.

    Held where each of them stands as often as in the source, as a word by itself where its script has spaces. That a
    name stands beside its own transcription too cannot be seen.
    """

    family: Literal["verbatim"] = "verbatim"
    kind: Literal["codes", "names"]
    items: tuple[str, ...] = Field(min_length=1, max_length=_MOST)

    @classmethod
    def find(cls, source: Source) -> list[Self]:
        """Codes in any source; names in English ones, whose other words in capitals begin sentences."""
        text = source.text.plain
        pattern = _CODE[segmentation(source.src_lang)]
        codes = _distinct(found.group().strip() for found in pattern.finditer(text))
        rules = [cls(locale=source.tgt_lang, kind="codes", items=tuple(codes))] if 0 < len(codes) <= _MOST else []
        if parse(source.src_lang).language == "en" and not _is_title(text):
            names = [n for n in _distinct(found.group() for found in _NAME.finditer(text)) if n not in codes]
            if 0 < len(names) <= _MOST:
                rules.append(cls(locale=source.tgt_lang, kind="names", items=tuple(names)))
        return rules

    def key(self) -> str:
        """One wording for codes, one for names."""
        return f"verbatim.{self.kind}"

    def slots(self, language: str) -> dict[str, str]:
        """What must stay."""
        del language
        return {"items": ", ".join(self.items)}

    def check(self, answer: Text, source: Source, /) -> Verdict:
        """Count each in the answer."""
        told = []
        for item in self.items:
            found, wanted = _count(item, answer.shown), max(_count(item, source.text.shown), 1)
            if not found:
                return failed("item missing", item)
            if found > 2 * wanted:
                return failed("item too often", item)
            told.append(item)
        return met(", ".join(told))

    def compliant(self, draft: str, _source: Source, /) -> str | None:
        """The draft with the items."""
        return added(draft, self.items)

    def broken(self, draft: str, _source: Source, /) -> list[str]:
        """Without the last; in other case; with a letter lost; within longer words."""
        return [
            added(draft, pieces)
            for pieces in (
                self.items[:-1],
                [item.swapcase() for item in self.items],
                [item[:-1] for item in self.items],
                [f"x{item}x" for item in self.items],
            )
        ]


def _is_title(text: str) -> bool:
    """Whether most long words begin with a capital, so that a capital says nothing."""
    words = [word for word in text.split() if len(word) > 3]
    return 2 * sum(word[0].isupper() for word in words) > len(words)


def _distinct(items: object) -> list[str]:
    return list(dict.fromkeys(items))  # type: ignore[call-overload]


def _count(item: str, text: str) -> int:
    """How often an item stands by itself: letters of a script without spaces, and Korean ones, may touch it."""
    count, at = 0, text.find(item)
    while at >= 0:
        before, after = text[max(0, at - 1) : at], text[at + len(item) : at + len(item) + 1]
        if not (_joins(before) or _joins(after)):
            count += 1
        at = text.find(item, at + len(item))
    return count


def _joins(character: str) -> bool:
    return bool(character) and (character.isalnum() or character == "_") and ord(character) < 0x250
