"""What a reader sees of a text: hidden characters and markup taken away, digits and spaces levelled."""

from __future__ import annotations

import html
import re
import sys
import unicodedata
from functools import cache, cached_property

import regex

from filters.replies import without_comments

TAG = re.compile(r"</?[A-Za-z][^<>]*>|<[!?][^<>]*>")
MAYBE_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ue000-\uf8ff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\U00010000-\U0010ffff]"
)
"""Characters that may have no width, found fast: only where there are some is it worth to look closer."""
_IGNORABLE = regex.compile(r"[\p{Cf}\p{Default_Ignorable_Code_Point}--[\U000E0020-\U000E007F]]", flags=regex.V1)
_UNIT = regex.compile(rf"(?P<tag>{TAG.pattern})|&(?:#[0-9]+|#[xX][0-9a-fA-F]+|[^\t\n\f <&#;]{{1,32}});?|\X")
"""What becomes something else as a whole on a page: a tag, an entity, a letter with its marks."""
_SPACES = re.compile(r"[^\S\n]")
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
_TOKEN = regex.compile(rf"[{_UNSPACED}ー]\p{{M}}*|[\p{{L}}\p{{M}}\p{{N}}--[{_UNSPACED}ー]]+", flags=regex.V1)
"""A character of a script without spaces, or a word of any other: as `filters.tokens` cuts columns."""
_HARD = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0711-\u0dff"
    "\u0e00-\u10ff\u135d-\u135f\u1700-\u1dff\u20d0-\u20ff\u2c80-\ua4cf\ua66f-\uabff\uf900-\ufaff\ufe20-\ufe2f"
    "\U00010000-\U0010ffff]"
)
"""Marks, and scripts without spaces or with marks: where there are none, words are cut ten times as fast."""
_EASY, _ASCII = re.compile(r"[^\W_]+"), re.compile("[a-z0-9]+")


class Text:
    """A text and the views of it that rules look at, each made once."""

    def __init__(self, raw: str) -> None:
        """Any text; lone surrogates, which no file can hold, become replacement characters."""
        self.raw = raw if raw.isascii() else raw.encode("utf-8", "replace").decode("utf-8")

    @cached_property
    def shown(self) -> str:
        """Without HTML comments and characters that have no width."""
        text = without_comments(self.raw)
        return _IGNORABLE.sub("", text) if MAYBE_HIDDEN.search(text) else text

    @cached_property
    def plain(self) -> str:
        """What is read on a page: no tags, entities decoded, composed (NFC)."""
        text = self.shown
        if "<" in text:
            text = TAG.sub("", text)
        if "&" in text:
            text = html.unescape(text)
        return text if text.isascii() else unicodedata.normalize("NFC", text)

    @cached_property
    def flat(self) -> str:
        """`plain` with all digits from 0 to 9 and every space but line ends as a simple space."""
        return flatten(self.plain)

    @cached_property
    def origins(self) -> list[tuple[int, int]] | None:
        """From where to where in `raw` each character of `plain`, and of `flat`, was; None where that is unclear."""
        if self.plain == self.raw:
            return [(at, at + 1) for at in range(len(self.raw))]
        places = [at for at, character in enumerate(self.raw) if not _IGNORABLE.match(character)]
        plain, origins = [], []
        for found in _UNIT.finditer("".join(self.raw[at] for at in places)):
            old = found.group()
            new = "" if found["tag"] else unicodedata.normalize("NFC", html.unescape(old))
            plain.append(new)
            if new == old:
                origins += [(places[at], places[at] + 1) for at in range(*found.span())]
            else:
                origins += [(places[found.start()], places[found.end() - 1] + 1)] * len(new)
        return origins if "".join(plain) == self.plain else None

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
    if text.isascii():
        return _ASCII.findall(text.lower())
    text = unicodedata.normalize("NFKC", text).lower()
    return _TOKEN.findall(text) if _HARD.search(text) else _EASY.findall(text)


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
