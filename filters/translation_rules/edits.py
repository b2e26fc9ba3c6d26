"""Changes at places of a text's flat view: what is written there becomes something else, and nothing else changes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from corpus.languages import parse
from filters.translation_rules.text import TAG, Text

_ARTICLES = {"en": ("a", "an"), "hu": ("a", "az")}
"""Articles that sound like the number behind them: an 8-mile walk, az 5 euró."""
_BETWEEN = (
    r"bis|und|to|and|through|à|au|et|al?|y|ed?|às?|ao|alle|en|tot|tills?|och|og|ja|do|až|i|po|și|la|до|по|и|та|і|és|"
    r"से|और|إلى|و|حتى|ถึง|và|đến|sampai"
)
"""Words between the ends of a range, and between two days of a month."""
_FIRST_OF_RANGE = re.compile(
    rf"(?<![\d.,:/])\d{{1,2}}\.?(?: ?[日号월시点時일])?(?: ?(?:[-–—‑−~～〜至到]|から|부터) ?| (?:{_BETWEEN}) )$",
    re.IGNORECASE,
)
_LAST_OF_RANGE = re.compile(r" ?(?:[-–—‑−~～〜至到]|から|부터) ?\d")

_CODE = re.compile(r"<(code\w*|pre|kbd|samp|script|style)\b[^<>]*>.*?(?:</\1>|\Z)|`[^`\n]+`", re.DOTALL)
"""Code, where every sign means something."""


class Edit(NamedTuple):
    """A stretch of `Text.flat` and what shall stand there."""

    start: int
    end: int
    text: str
    ascii_digits: bool = False
    """Whether digits are 0 to 9 whatever stood there; else they are of the script of the old ones."""


def edited(text: Text, edits: Sequence[Edit]) -> str | None:
    """The raw text with the changes; None where a stretch has tags in it, is code, or is not found in the raw text."""
    origins, parts, done = text.origins, [], 0
    code = [found.span() for found in _CODE.finditer(text.raw)]
    if origins is None:
        return None
    for edit in sorted(edits):
        start, end = origins[edit.start][0], origins[edit.end - 1][1]
        cut = any(0 < at < len(origins) and origins[at - 1] == origins[at] for at in (edit.start, edit.end))
        coded = any(first < end and start < last for first, last in code)
        if cut or coded or start < done or TAG.search(text.raw, start, end):
            return None
        old = text.raw[start:end]
        parts += [text.raw[done:start], edit.text if edit.ascii_digits else _with_digits_of(old, edit.text)]
        done = end
    return "".join([*parts, text.raw[done:]])


def _with_digits_of(old: str, new: str) -> str:
    """The new text in the digits of the old one, where all of these are of one script."""
    zeros = {ord(c) - unicodedata.decimal(c) for c in old if c.isdecimal()}
    zero = zeros.pop() if len(zeros) == 1 else ord("0")
    return re.sub("[0-9]", lambda digit: chr(zero + int(digit[0])), new)


def with_one_stop(flat: str, edit: Edit) -> Edit:
    """The edit so that a stop that ends both an abbreviation and the sentence stands there once, before and after."""
    if edit.text.endswith(".") and flat[edit.end : edit.end + 1] == ".":
        return edit._replace(text=edit.text[:-1])
    ends = flat[edit.end - 1] == "." and edit.end - edit.start > 1 and not edit.text.endswith(".")
    return edit._replace(end=edit.end - 1) if ends and not goes_on(flat, edit.end) else edit


def goes_on(flat: str, at: int) -> bool:
    """Whether the sentence goes on at a place, with a small letter, a digit or a mark within a sentence."""
    follows = flat[at : at + 2].lstrip(" ")[:1]
    return follows.isdigit() or follows in tuple(",;:–—-(") or (follows.isalpha() and not follows.isupper())


def agrees(flat: str, start: int, new: str, code: str) -> bool:
    """Whether a word that sounds like the number behind it still may stand before another one: an 8, l'8, az 5."""
    old_number, new_number = (found[0] if (found := re.match(r"\d+", text)) else text for text in (flat[start:], new))
    if old_number == new_number:
        return True
    if re.search(r"[^\W\d_]['’] ?$", flat[:start]):
        return False
    articles = _ARTICLES.get(parse(code).language, ())
    return word_before(flat, start) not in articles


def word_before(flat: str, start: int) -> str:
    """The word before a place, in lower case."""
    found = re.search(r"([^\W\d_]+) $", flat[max(0, start - 16) : start])
    return found[1].lower() if found else ""


def ranged(flat: str, start: int, end: int) -> bool:
    """Whether a value is one end of a range whose other end is a bare number: 5.–7. March, from 5 to 8 pm."""
    return bool(_FIRST_OF_RANGE.search(flat[max(0, start - 14) : start]) or _LAST_OF_RANGE.match(flat, end))


def joined(flat: str, start: int, end: int) -> bool:
    """Whether a stretch is part of a longer word (5-mile-long, US-$5), in scripts that part words."""
    before, after = flat[max(0, start - 1) : start], flat[end : end + 2]
    if _spaced(before) or before in ("-", "‑", "/"):
        return True
    return _spaced(after[:1]) or (after[:1] in ("-", "‑") and after[1:].isalnum())


def _spaced(character: str) -> bool:
    return character.isalnum() and ord(character) < 0xE00
