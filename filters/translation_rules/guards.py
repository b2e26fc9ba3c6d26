"""What no translation may be, whatever a rule asks for: empty, copied, repeated, of another language, an echo.

A guard gives the reason why an answer is no translation of its source, or an empty string. Lengths are compared in
columns (a wide character takes two), by which translations into all languages are about as long as their sources:
of NTREX-128's references 998 in 1,000 lie between a third and three times.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import regex

from corpus.chat import Message
from corpus.languages import parse, same_language, unicode_scripts
from corpus.scripts import RIGHT_TO_LEFT
from filters.translation_rules import recognition
from filters.translation_rules.base import Source
from filters.translation_rules.text import MAYBE_HIDDEN, Text, grams, tokens

MOST_CHARACTERS = 100_000
"""A longer source is not judged."""

_SHORTEST, _LONGEST, _SLACK = 0.28, 1.75, 30
"""Columns of an answer for each expected one, and how many more or fewer are allowed."""
_WIDTHS = {
    **{"zh": 0.65, "th": 0.79, "he": 0.82, "ja": 0.87, "ko": 0.9, "hi": 0.9, "bn": 0.9, "ar": 0.94, "am": 0.67},
    **{"cs": 0.97, "en": 1.0, "sv": 1.02, "is": 1.06, "pt": 1.08, "fi": 1.1, "tr": 1.1, "vi": 1.1, "ru": 1.11},
    **{"hu": 1.12, "pl": 1.13, "it": 1.16, "es": 1.16, "nl": 1.18, "fr": 1.19, "ro": 1.19, "de": 1.2, "uk": 1.07},
}
"""Columns of text for each one in English, measured on NTREX-128's references; else 1.07."""

_COPIED = 0.6
"""Share of the source's runs of words that may be found in an answer."""
_COPY_RUN, _ECHO_RUN = 3, 6
_UNSPACED_RUN = 2
"""How many times as long runs are where characters stand for words."""
_DISTINCT = 0.6
"""Share of an answer's runs of four words that must differ, unless the source repeats itself."""
_TWICE, _ALIKE_HALVES = 1.4, 0.5
"""In an answer so many times as wide as expected, the share of one half's words that may stand in the other half: two
versions of one sentence have most words in common."""

_HIDDEN = regex.compile(r"[\p{Cf}\p{Default_Ignorable_Code_Point}\p{Co}]")
_DIRECTION = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u2066\u2067\u2068\u2069")
_JOINERS = frozenset("\u200c\u200d")
_ALWAYS = frozenset("\u00ad\ufe0e\ufe0f\ufeff")
"""Hyphenation points, and how an emoji looks; a mark of byte order is left over from a file."""
_JOINED = frozenset(
    [
        "Arab",
        "Beng",
        "Deva",
        "Gujr",
        "Guru",
        "Knda",
        "Mlym",
        "Orya",
        "Sinh",
        "Taml",
        "Telu",
        "Mong",
        "Khmr",
        "Mymr",
        "Tibt",
    ]
)
_BREAKS = frozenset(["Thai", "Khmr", "Laoo", "Mymr", "Tibt"])
_OTHERS = "\u0370-\u058f\u13a0-\u13ff\uab70-\uabbf"
"""Greek, Cyrillic, Armenian and Cherokee: their letters look like Latin ones."""
_LATIN = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f"
_MATHEMATICAL = "\U0001d400-\U0001d7ff"
_ALIKE = re.compile(
    f"[{_MATHEMATICAL}]|[{_LATIN}][{_OTHERS}]|[{_OTHERS}][{_LATIN}]"
    "|[\u0370-\u03ff][\u0400-\u052f]|[\u0400-\u052f][\u0370-\u03ff]"
)
_ALIKE_WORD = re.compile(f"[{_OTHERS}]{{2,}}")
_WIDE_LETTER = re.compile("[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]")
_MARKUP = re.compile(r"<(/?[A-Za-z][\w:-]*|!|\?)[^<>]*>|<!--")
_LINK = re.compile(r"\]\(|^\[[^\]\n]{0,500}\]:", flags=re.M)


def guard(answer: Text, source: Source, prompt: Sequence[Message] = ()) -> str:
    """Why the answer is no translation of the source, in a few countable words; empty where it may be one."""
    given = source.text
    if len(answer.raw) > 12 * len(given.raw) + 1_000:
        return "too long"
    if not any(map(str.isalnum, answer.plain)):
        return "empty"
    return (
        _hidden(answer, source)
        or _added_markup(answer, given)
        or _length(answer, source)
        or _copied(answer, source)
        or _repeated(answer, source)
        or _echo(answer, given, prompt)
        or recognition.language(answer, source)
    )


def _hidden(answer: Text, source: Source) -> str:
    """Characters that nobody sees, and letters that look like others."""
    if answer.raw.isascii():
        return ""
    hidden = set(_HIDDEN.findall(answer.raw)) - _ALWAYS if MAYBE_HIDDEN.search(answer.raw) else set()
    if hidden and not hidden <= _allowed(source.tgt_lang) | set(source.text.raw) and not _emoji(answer.raw, hidden):
        return "hidden characters"
    alike = {found.group() for found in _ALIKE.finditer(answer.plain)}
    if not all(piece in source.text.plain for piece in alike):
        return "look-alike characters"
    scripts = unicode_scripts(source.tgt_lang)
    if "Latin" in scripts and _ALIKE_WORD.search(answer.plain) and not _ALIKE_WORD.search(source.text.plain):
        return "look-alike characters"
    if "Han" not in scripts and "Hangul" not in scripts and _WIDE_LETTER.search(answer.plain):
        return "look-alike characters"
    return ""


def _emoji(text: str, hidden: set[str]) -> bool:
    """Whether all that is hidden joins emoji."""
    return hidden <= _JOINERS and all(ord(text[at - 1]) > 0x2000 for at, c in enumerate(text) if at and c in hidden)


@lru_cache(maxsize=512)
def _allowed(code: str) -> frozenset[str]:
    script = parse(code).script or ""
    allowed: frozenset[str] = frozenset()
    if script in RIGHT_TO_LEFT:
        allowed |= _DIRECTION
    if script in _JOINED:
        allowed |= _JOINERS
    if script in _BREAKS:
        allowed |= {"\u200b", "\u2060"}
    return allowed


def _added_markup(answer: Text, given: Text) -> str:
    """Tags, comments and links that the source does not have: text that is hidden in them is not read."""
    if "<" in answer.raw:
        names = {name.lower().strip("/") for name in _MARKUP.findall(answer.raw)}
        if names - {name.lower().strip("/") for name in _MARKUP.findall(given.raw)}:
            return "added markup"
    if "]" in answer.raw and _LINK.search(answer.raw) and not _LINK.search(given.raw):
        return "added markup"
    return ""


def _length(answer: Text, source: Source) -> str:
    expected = _expected(source)
    if answer.width < _SHORTEST * expected - 2:
        return "too short"
    return "too long" if answer.width > _LONGEST * expected + _SLACK else ""


def _expected(source: Source) -> float:
    """Columns that a translation of the source usually takes."""
    return source.text.width * _width(source.tgt_lang) / _width(source.src_lang)


@lru_cache(maxsize=512)
def _width(code: str) -> float:
    return _WIDTHS.get(parse(code).language, 1.07)


def _copied(answer: Text, source: Source) -> str:
    """Whether the source stands in the answer, as a whole or in most of its runs of words."""
    given = source.text
    if same_language(source.src_lang, source.tgt_lang):
        return ""
    if answer.tokens == given.tokens:
        return "copied source" if given.letters else ""
    runs, size, words = _runs(given.plain)
    if len(runs) < 2 or len(words.intersection(answer.tokens)) < _COPIED * len(words) / 2:
        return ""
    found = len(runs & grams(answer.tokens, size)) / len(runs)
    return "copied source" if found > _COPIED else ""


@lru_cache(maxsize=1024)
def _runs(text: str) -> tuple[set[tuple[str, ...]], int, frozenset[str]]:
    """Runs of a source's words in which there is a word of letters in lower case: names and numbers are kept."""
    words, lower = tokens(text), set(regex.findall(r"\b\p{Ll}[\p{L}\p{M}]*|[\p{Lo}]", text))
    size = _COPY_RUN * (_UNSPACED_RUN if _unspaced(words) else 1)
    runs = {run for run in grams(words, size) if len(run) == size and sum(word in lower for word in run) > size // 2}
    return runs, size, frozenset(word for run in runs for word in run)


def _unspaced(words: Sequence[str]) -> bool:
    return sum(len(word) == 1 and ord(word) > 0xE00 for word in words) * 2 > len(words)


def _repeated(answer: Text, source: Source) -> str:
    """Whether the answer says things again that the source says once: runs of words, or most words of a long answer."""
    given, words = source.text.tokens, answer.tokens
    found = _distinct(words)
    if found < _DISTINCT and found < 0.8 * _distinct(given):
        return "repeated"
    if len(words) < 8 or answer.width < _TWICE * _expected(source):
        return ""
    return "repeated" if _halves_alike(words) > _ALIKE_HALVES > _halves_alike(given) else ""


def _halves_alike(words: list[str]) -> float:
    """How much of the shorter half's words (pairs of characters in scripts without spaces) the other half has."""
    middle, size = len(words) // 2, 2 if _unspaced(words) else 1
    halves = grams(words[:middle], size), grams(words[middle:], size)
    return len(halves[0] & halves[1]) / max(min(map(len, halves)), 1)


def _distinct(words: list[str], size: int = 4) -> float:
    """The share of runs of so many words that differ; 1 where there are few, or nearly all words differ already."""
    runs = len(words) - size + 1
    if runs <= 3 or len(set(words)) - size >= runs * _DISTINCT:
        return 1.0
    return len(grams(words, size)) / runs


def _echo(answer: Text, given: Text, prompt: Sequence[Message]) -> str:
    """Whether a run of words of the instruction stands in the answer."""
    asked, runs = _asked(tuple(message["content"] for message in prompt), given.raw)
    shared = sum(word in asked for word in answer.tokens)
    for size, found in runs.items():
        if shared >= size and not found.isdisjoint(grams(answer.tokens, size)):
            return "echoed instruction"
    return ""


@lru_cache(maxsize=1024)
def _asked(contents: tuple[str, ...], given: str) -> tuple[frozenset[str], dict[int, frozenset[tuple[str, ...]]]]:
    """The words of an instruction, and by length the runs of words of its lines, without those of the source."""
    runs: dict[int, set[tuple[str, ...]]] = {}
    words_given = tokens(given)
    for content in contents:
        for line in content.replace(given, "\n").splitlines():
            words = tokens(line)
            unspaced = _unspaced(words)
            size = min(len(words), _ECHO_RUN * (_UNSPACED_RUN if unspaced else 1))
            if size >= 4:
                found = grams(words, size) - grams(words_given, size)
                # In an instruction of words, a few characters of an example in another script are no run of words.
                runs.setdefault(size, set()).update(run for run in found if unspaced or not _unspaced(run))
    words_asked = frozenset(word for found in runs.values() for run in found for word in run)
    return words_asked, {size: frozenset(found) for size, found in runs.items()}
