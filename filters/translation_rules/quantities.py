"""Numbers in running text: where they stand, what they are worth in a locale, and what stands beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from filters.translation_rules import locales
from filters.translation_rules.locales import Separators, separators

MOST_DIGITS = 40
"""A longer run of digits is no number that anybody counts."""

_NUMBER = re.compile(r"[0-9]+(?:[.,'’٫٬][0-9]+)*")
_SPACED = re.compile(r"[0-9]{1,3}(?: [0-9]{3})+(?:[,.٫][0-9]+)?(?![0-9])(?!,[0-9])|[0-9]+(?:[.,'’٫٬][0-9]+)*")
"""With spaces between groups of three."""
_MINUS = "-−–‑"
_SKIPPED = f" {_MINUS}"
_GAPS = (" ", "-", "‑")
"""What may stand between a number and its unit."""


class Number(NamedTuple):
    """A number in a text (`Text.flat`)."""

    start: int
    end: int
    text: str
    value: str | None
    """In plain form (1234.5), by the locale that the text is of; None where it is no number there."""


def numbers(flat: str, code: str) -> list[Number]:
    """Every number of a text in a language."""
    marks = separators(code)
    return _found(_SPACED if marks.group == " " else _NUMBER, flat, marks)


def spaced_numbers(flat: str, code: str) -> list[Number]:
    """Like `numbers`, with spaces between groups of three in whatever language."""
    return _found(_SPACED, flat, separators(code))


def _found(pattern: re.Pattern[str], flat: str, marks: Separators) -> list[Number]:
    return [Number(*found.span(), found.group(), value(found.group(), marks)) for found in pattern.finditer(flat)]


def value(text: str, marks: Separators) -> str | None:
    """What a number is worth in plain form, without zeros that say nothing; None where the separators are not so."""
    if text.isdigit():
        return text.lstrip("0") or "0" if len(text) <= MOST_DIGITS else None
    if len(text) > MOST_DIGITS:
        return None
    text = text.replace("٫", marks.decimal).replace("٬", marks.group).replace("’", "'")
    whole, point, fraction = text.partition(marks.decimal)
    groups = whole.split(marks.group)
    if len(groups) > 1 and not _grouped(groups, indian=marks.indian):
        return None
    digits = "".join(groups)
    if not digits.isdigit() or (point and not fraction.isdigit()):
        return None
    fraction = fraction.rstrip("0")
    return (digits.lstrip("0") or "0") + (f".{fraction}" if fraction else "")


def whole_groups(text: str) -> str | None:
    """A whole number in groups of three, by whatever sign: 76.000, 76 000, 76,000; None where it is none."""
    found = re.fullmatch(r"[1-9][0-9]{0,2}(?:([.,'’ ])[0-9]{3})(?:\1[0-9]{3})*", text)
    return re.sub("[^0-9]", "", text) if found else None


def _grouped(groups: list[str], *, indian: bool) -> bool:
    size = 2 if indian else 3
    return 1 <= len(groups[0]) <= size and len(groups[-1]) == 3 and all(len(group) == size for group in groups[1:-1])


@lru_cache(maxsize=4096)
def rendered(plain: str, code: str, *, grouped: bool = True, places: int | None = None) -> str:
    """A plain number as a locale writes it, with so many decimal places or as many as it has."""
    marks = separators(code)
    sign, plain = ("-", plain[1:]) if plain.startswith("-") else ("", plain)
    whole, _, fraction = plain.partition(".")
    if places is not None:
        fraction = (fraction + "0" * places)[:places]
    if grouped and len(whole) > 3:
        whole = _with_groups(whole, marks)
    return sign + whole + (marks.decimal + fraction if fraction else "")


def _with_groups(whole: str, marks: Separators) -> str:
    last, rest, size = whole[-3:], whole[:-3], 2 if marks.indian else 3
    parts = [last]
    while rest:
        parts.append(rest[-size:])
        rest = rest[:-size]
    return ("\u00a0" if marks.group == " " else marks.group).join(reversed(parts))


def negative(flat: str, start: int) -> bool:
    """Whether a minus sign, and not a dash between words or a range, stands before a number."""
    if start == 0 or flat[start - 1] not in _MINUS:
        return False
    return start == 1 or not (flat[start - 2].isalnum() or flat[start - 2] in "%°")


def alone(flat: str, number: Number) -> bool:
    """Whether a number stands by itself: no part of a code, a date, a time, an address."""
    before, after = flat[max(number.start - 1, 0) : number.start], flat[number.end : number.end + 2]
    if before and (before in "/:#+_.,@\\=-" or (before.isascii() and before.isalpha())):
        return False
    return not (after and (after[0] in "/:_@\\=-" or (after[0].isascii() and after[0].isalpha())))


def scaled(flat: str, end: int, code: str) -> bool:
    """Whether a word or sign for a large number stands behind a place: million, mn, 万."""
    follows = flat[end : end + 24].lower().lstrip(" -")
    return any(
        follows.startswith(name) and not (follows[len(name) : len(name) + 1].isalpha() and name[-1].isascii())
        for name in locales.scales(code)
    )


class Beside(NamedTuple):
    """A number with the sign or name beside it that says what it counts."""

    start: int
    end: int
    text: str
    value: str | None
    name: str
    """What the sign stands for, as the table of names says."""
    number: Number
    whole: tuple[int, int]
    """From where to where it stands with a sign before the number."""


class Names:
    """Signs and names that stand before or after numbers, each for a thing; longer ones are looked for first."""

    def __init__(self, forms: dict[str, set[tuple[str, str]]], *, letters_after: int = 0) -> None:
        """Forms (before, after) by what they stand for; words of four letters may go on with so many letters more."""
        self._pairs = sorted(
            ((before.lower(), after.lower(), name) for name, pairs in forms.items() for before, after in pairs),
            key=lambda row: -len(row[0] + row[1]),
        )
        self._longest = max((max(len(before), len(after)) for before, after, _ in self._pairs), default=0) + 2
        self._after = _alternatives((after for before, after, _ in self._pairs if not before), letters_after)
        self._names_after = {after: name for before, after, name in reversed(self._pairs) if not before}
        self.listed = frozenset(self._names_after)
        """Names that stand behind numbers, in lower case."""
        self._first = frozenset(after[0] for after in self._names_after if after)
        self._by_last: dict[str, list[tuple[str, str, str]]] = {}
        for row in self._pairs:
            if row[0]:
                self._by_last.setdefault(row[0][-1], []).append(row)

    def beside(self, flat: str, number: Number) -> Beside | None:
        """What stands beside a number, if any of the names does."""
        return self._behind(flat, number) or self._before(flat, number)

    def _behind(self, flat: str, number: Number) -> Beside | None:
        at = number.end + (flat[number.end : number.end + 1] in _GAPS)
        if flat[at : at + 1].lower() not in self._first or self._after is None:
            return None
        found = self._after.match(flat[number.end : number.end + self._longest + 3].lower())
        if found is None:
            return None
        end = number.end + found.end()
        text, name = flat[number.start : end], self._names_after[found[1]]
        return Beside(number.start, end, text, number.value, name, number, (number.start, end))

    def _before(self, flat: str, number: Number) -> Beside | None:
        window = max(0, number.start - self._longest)
        before = flat[window : number.start].lower().rstrip(_SKIPPED)
        for left, right, name in self._by_last.get(before[-1:], ()):
            if before.endswith(left) and not _goes_on(before[: -len(left)], left):
                follows = flat[number.end : number.end + len(right) + 1].lower().lstrip(" ")
                if follows.startswith(right):
                    end = flat.index(right, number.end) + len(right) if right.strip() else number.end
                    whole = (window + len(before) - len(left), end)
                    text = f"{left}{number.text}{right}"
                    return Beside(number.start, number.end, text, number.value, name, number, whole)
        return None


def _goes_on(before: str, name: str) -> bool:
    """Whether a name of letters is the end of a longer word, or a sign that of another one (C$)."""
    if not before or not before[-1].isalpha() or ord(name[0]) >= 0xE00:
        return False
    if not name[0].isalpha():
        return name[0] in "$£¥" and before[-1].isascii()
    return before[-1].isascii() == name[0].isascii()


def _alternatives(names: Iterator[str], more: int) -> re.Pattern[str] | None:
    found = sorted(set(names) - {""}, key=len, reverse=True)
    if not found:
        return None
    return re.compile(rf"[ \-‑]?({'|'.join(map(re.escape, found))})" + _tail(more))


def _tail(more: int) -> str:
    """A word ends here or goes on with a few letters of an ending; scripts without spaces go on as they like."""
    unspaced = r"(?<=[A-Za-z])(?=[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af])|(?<=[\u0e00-\u9fff\uac00-\ud7af])"
    return rf"(?:(?![^\W\d_])|(?<=[^\W\d_]{{4}})[^\W\d_]{{0,{more}}}(?![^\W\d_])|{unspaced})"
