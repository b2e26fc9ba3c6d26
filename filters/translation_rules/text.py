"""What a reader sees of a text: hidden characters and markup taken away, digits and spaces levelled."""

from __future__ import annotations

import html
import re
import sys
import unicodedata
from functools import cache, cached_property

import regex

_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<[!?][^<>]*>")
_IGNORABLE = regex.compile(r"[\p{Cf}\p{Default_Ignorable_Code_Point}--[\U000E0020-\U000E007F]]", flags=regex.V1)
_SPACES = re.compile(r"[^\S\n]")
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
_TOKEN = regex.compile(rf"[{_UNSPACED}ー]\p{{M}}*|[\p{{L}}\p{{M}}\p{{N}}--[{_UNSPACED}ー]]+", flags=regex.V1)
"""A character of a script without spaces, or a word of any other: as `filters.tokens` cuts columns."""


class Text:
    """A text and the views of it that rules look at, each made once."""

    def __init__(self, raw: str) -> None:
        """Any text; lone surrogates, which no file can hold, become replacement characters."""
        self.raw = raw if raw.isascii() else raw.encode("utf-8", "replace").decode("utf-8")

    @cached_property
    def shown(self) -> str:
        """Without HTML comments and characters that have no width."""
        text = without_comments(self.raw)
        return text if text.isascii() else _IGNORABLE.sub("", text)

    @cached_property
    def plain(self) -> str:
        """What is read on a page: no tags, entities decoded, composed (NFC)."""
        text = self.shown
        if "<" in text:
            text = _TAG.sub("", text)
        if "&" in text:
            text = html.unescape(text)
        return text if text.isascii() else unicodedata.normalize("NFC", text)

    @cached_property
    def flat(self) -> str:
        """`plain` with all digits from 0 to 9 and every space but line ends as a simple space."""
        return flatten(self.plain)

    @cached_property
    def tokens(self) -> list[str]:
        """Words, and characters of scripts without spaces, in lower case and common forms (NFKC)."""
        return tokens(self.plain)

    @cached_property
    def letters(self) -> int:
        """How many letters are seen."""
        return sum(map(str.isalpha, self.plain))

    @cached_property
    def width(self) -> int:
        """Columns that the seen text takes in a fixed-width font."""
        return width(self.plain)


def flatten(text: str) -> str:
    """Digits of every script as 0 to 9, spaces of every width as a simple one; as long as the text."""
    if text.isascii():
        return text.replace("\t", " ")
    return _SPACES.sub(" ", text.translate(_digits()))


def tokens(text: str) -> list[str]:
    """Words, and characters of scripts without spaces, in lower case and common forms (NFKC)."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return _TOKEN.findall(text.lower())


def grams(words: list[str], size: int) -> set[tuple[str, ...]]:
    """Runs of so many words; a shorter text is one run."""
    if len(words) < size:
        return {tuple(words)} if words else set()
    return set(zip(*(words[start:] for start in range(size)), strict=False))


def width(text: str) -> int:
    """Columns of a text in a fixed-width font: wide characters (UAX #11) take two, marks none."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def without_comments(text: str) -> str:
    """The text without `<!-- … -->`; one that is never closed hides all that follows it, as in browsers."""
    if "<!--" not in text:
        return text
    parts, at = [], 0
    while (start := text.find("<!--", at)) >= 0:
        parts.append(text[at:start])
        end = text.find("-->", start + 4)
        if end < 0:
            return "".join(parts)
        at = end + 3
    return "".join([*parts, text[at:]])


@cache
def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


@cache
def _digits() -> dict[int, str]:
    """Decimal digits in use by languages; mathematical ones are look-alikes and stay as they are."""
    table = {}
    for code in range(0x660, sys.maxunicode + 1):
        character = chr(code)
        if character.isdecimal() and not 0x1D7CE <= code <= 0x1D7FF:
            table[code] = str(unicodedata.decimal(character))
    return table
