"""How texts are counted: words, sentences, paragraphs, and the variants that a loose verdict tries."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain, islice
from typing import Literal

import regex

_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
"""Scripts written without spaces between words, those of `filters.tokens`."""
_WORD = regex.compile(
    rf"[{_UNSPACED}]\p{{M}}*|[[\p{{L}}\p{{N}}_]--[{_UNSPACED}]][[\p{{L}}\p{{M}}\p{{N}}_]--[{_UNSPACED}]]*",
    regex.VERSION1,
)
_COMPOUND = regex.compile(r"[\p{L}\p{N}][\p{L}\p{M}\p{N}]*(?:[-\u2010\u2011.&'’][\p{L}\p{N}][\p{L}\p{M}\p{N}]*)*")
_UNSPACED_LETTER = regex.compile(f"[{_UNSPACED}]")

_NOT_SIMPLE = re.compile(
    "[^\\x00-\u02ff\u0370-\u0482\u048a-\u0590\u2000-\u20cf\u2100-\u2e7f\ufe0f\U0001f000-\U0001faff]"
)
"""Letters beyond Latin, Greek and Cyrillic, or with marks: what Python's quicker `re` does not know words of."""
_SIMPLE_WORD = re.compile(r"\w+")
_SIMPLE_COMPOUND = re.compile(r"[^\W_]+(?:[-\u2010\u2011.&'’][^\W_]+)*")

_STOP = re.compile("[.!?…。！？｡।॥]+[\"'”’»」』)）\\]*_]*")
_NEEDS_BLANK = frozenset(".!?…")
_ENDS_ANYWHERE = re.compile("[。！？｡।॥]")
"""Stops that need no white space after them to end a sentence."""
_ABBREVIATED = (
    # Short forms after which a name or a number follows and hardly ever a new sentence; without the last full stop.
    "mr mrs ms dr prof st sr jr vs e.g i.e cf nr vol fig al approx dept est inc ltd co corp p pp eds rev gen sen "
    "rep gov capt col lt sgt mt jan feb mar apr jun jul aug sep sept oct nov dec u.s u.k a.m p.m ph.d b.a m.a sra "
    "srta dra ud uds av avda núm pág ej aprox mme mlle mm bd env ex hr hrn fr z.b d.h u.a bzw ca evtl ggf str tel "
    "abs dhr mevr drs bijv o.a d.w.z t.a.v sig.ra dott ing arch tzn např tj np m.in ul mgr inż т.е т.к др г ул д "
    "см руб тыс тис грн вул ім див напр tzv pl ún f.eks bl.a m.fl t.ex s.k d.v.s ks esim kb vö"
)
_ABBREVIATIONS = frozenset(_ABBREVIATED.split())
_OPENING = "\"'“‘«([*_"
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")
_NEXT = regex.compile(r"\s+[\"'“‘«(\[*_]*\p{Ll}")
"""A small letter goes on where a sentence would begin with a capital."""
_WORDS_OF_ONE_LETTER = frozenset("iaàyoeéuóòяиаоуівзск")
_LONGEST_WORD = 40
_PILED = regex.compile(r"(\p{M}{30})\p{M}++")
_SHORT = 500
_LOOKED_AT = 2000
"""Characters by which a text's script is told."""
_BLANK_LINES = re.compile(r"\n[ \t\r]*\n")


def count_words(text: str) -> int:
    """Words: runs of letters, marks and digits, and each character of a script that writes no spaces.

    So a Chinese text has as many words as characters, which is how its length is told, and "l'eau" has two.
    """
    return len(words(text))


def words(text: str) -> list[str]:
    """Words of a text, as `count_words` counts them."""
    return _SIMPLE_WORD.findall(text) if _is_simple(text) else _WORD.findall(text)


def compounds(text: str) -> list[str]:
    """Words of a text; a hyphen, a full stop, an apostrophe or an ampersand joins two to one: `e-mail`, `l'eau`."""
    return _SIMPLE_COMPOUND.findall(text) if _is_simple(text) else _COMPOUND.findall(text)


def _is_simple(text: str) -> bool:
    return text.isascii() or not _NOT_SIMPLE.search(text)


def count_sentences(text: str, enough: int | None = None) -> int:
    """Sentences, ended by `. ! ? …` before white space, by `。！？` or a danda anywhere, and by the text's end.

    In scripts without spaces a line break ends one too; elsewhere verses and headings belong to the sentence that
    follows, as in IFEval. A full stop ends none after an abbreviation, an initial or a list item's number, nor before a
    small letter. Counting stops at `enough` where more make no difference.
    """
    return sum(1 for _ in islice(chain.from_iterable(map(_sentence_ends, _lines(text))), enough))


def _lines(text: str) -> list[str]:
    unspaced = _UNSPACED_LETTER.search(text) is not None and _mostly_unspaced(text[:_LOOKED_AT])
    return text.splitlines() if unspaced else [text]


def _mostly_unspaced(text: str) -> bool:
    return len(_UNSPACED_LETTER.findall(text)) * 2 > sum(map(str.isalpha, text))


def _sentence_ends(text: str) -> Iterator[int]:
    start, length = 0, len(text)
    small = text.islower()
    for found in _STOP.finditer(text):
        stop, after = found.span()
        if text[stop] in _NEEDS_BLANK and (after - stop == 1 or not _ENDS_ANYWHERE.search(text, stop, after)):
            if after < length and not text[after].isspace():
                continue
            if text[stop] == "." and not _ends(text, stop, after, small):
                continue
        if _has_word(text, start, stop):
            yield after
        start = after
    if _has_word(text, start, length):
        yield length


def _has_word(text: str, start: int, end: int) -> bool:
    return _LETTER_OR_DIGIT.search(text, start, end) is not None


def _ends(text: str, stop: int, after: int, small: bool) -> bool:
    """Whether the full stop at a place ends a sentence; `small` where the text has no capitals at all."""
    if _is_initial(text, stop) or (not small and _NEXT.match(text, after)):
        return False
    if text.startswith(("..", '."'), stop):
        return True
    before = text[max(0, stop - _LONGEST_WORD) : stop].split()
    word = before[-1].lstrip(_OPENING).lower() if before else ""
    return word not in _ABBREVIATIONS and not _is_item_number(text, word, stop)


def _is_initial(text: str, stop: int) -> bool:
    """Whether a single letter that is no word stands before a full stop: J. Street."""
    letter = text[stop - 1 : stop]
    if not letter.isalpha() or letter.lower() in _WORDS_OF_ONE_LETTER:
        return False
    return stop < 2 or text[stop - 2].isspace() or text[stop - 2] in _OPENING


def _is_item_number(text: str, word: str, stop: int) -> bool:
    """Whether a number with a full stop stands at the beginning of a line."""
    return word.isdigit() and not text[max(0, stop - len(word) - 8) : stop - len(word)].rpartition("\n")[2].strip(
        " \t*#_>"
    )


def loose_variants(text: str) -> list[str]:
    """The text, and the text without its first line, its last line, both, each also without asterisks.

    What a model says around its answer, and its markup, should not count against it (Zhou et al. 2023, section 2.2).
    """
    lines = text.split("\n")
    cut = [text, *("\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1]))]
    return list(dict.fromkeys([*cut, *(each.replace("*", "") for each in cut)]))


def composed(text: str, form: Literal["NFC", "NFD"] = "NFC") -> str:
    """A text in a normal form of Unicode; of more than 30 marks on one letter, which no script has, 30 count.

    Sorting marks takes Python quadratic time; the limit is that of Unicode's Stream-Safe Text Format (UAX 15).
    """
    if text.isascii():
        return text
    if len(text) > _SHORT and not _is_simple(text):
        text = _PILED.sub(r"\1", text)
    return unicodedata.normalize(form, text)


def blocks(text: str) -> list[str]:
    """Paragraphs: what blank lines part, empty ones left out."""
    return [part for part in _BLANK_LINES.split(text) if part.strip()]


@lru_cache(maxsize=4096)
def whole_word(word: str) -> regex.Pattern[str]:
    """Where a word stands by itself, in any case; in a script without spaces, anywhere."""
    before = "" if _UNSPACED_LETTER.match(word) else r"(?<![\p{L}\p{M}\p{N}_])"
    after = "" if _UNSPACED_LETTER.match(word[-1:]) else r"(?![\p{L}\p{M}\p{N}_])"
    return regex.compile(before + regex.escape(word) + after, regex.IGNORECASE)


def unspaced(text: str) -> bool:
    """Whether a text begins with a letter of a script written without spaces."""
    return _UNSPACED_LETTER.match(text) is not None
