"""Dates in running text: where they stand, which days they may mean, and how a locale writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from corpus.languages import parse
from filters.translation_rules import locales
from filters.translation_rules.edits import goes_on

_SHORT_GAP, _GAP = r"[^\d\n\ufffc]{0,4}?", r"[^\d\n\ufffc]{0,7}?"
"""What may stand between the parts of a date: a stop, an ordinal's ending, "of", "de"."""
_NO_MORE = r"(?![\d/]|-(?![^\W\d_]{1,4}(?![\w-])))"
"""No digits of a code behind a date, but perhaps the ending that Hungarian hangs on it: 2024-03-05-én."""
_TOKENS = re.compile(r"'([^']*)'|(y+|M+|L+|d+|G+)|([^'yMLdG]+)")


_YEARS = {
    **dict.fromkeys(("ru", "be"), "года|г"), **dict.fromkeys(("pl", "cs", "sk"), "roku|r"), "uk": "року|р",
    "bg": "година|г", **dict.fromkeys(("hr", "sr", "bs"), "godine|god|године|год"),
}  # fmt: skip
"""What stands behind a year in languages that say "of the year 2024"."""


class Day(NamedTuple):
    """A day of the Gregorian calendar; the year is 0 where none is written."""

    year: int
    month: int
    day: int


class Written(NamedTuple):
    """A date in a text."""

    start: int
    end: int
    text: str
    days: frozenset[Day]
    """The days that it may mean: 4/5/2024 is two days, where nothing tells the order."""


def dates(flat: str, *codes: str) -> list[Written]:
    """Every date of a text in one of the languages, with numbers alone or with names of months."""
    if not any(map(str.isdigit, flat)):
        return []
    pattern, names = _pattern(tuple(sorted(set(codes))))
    lower = flat.lower() if len(flat.lower()) == len(flat) else flat
    found = (
        Written(*match.span(), flat[slice(*match.span())], _days(match, names)) for match in pattern.finditer(lower)
    )
    return [written for written in found if written.days]


@lru_cache(maxsize=256)
def _pattern(codes: tuple[str, ...]) -> tuple[re.Pattern[str], dict[str, int]]:
    names = {name: number for code in codes for name, number in locales.months(code).items()}
    forms = [
        r"(?<![\d.,/-])(?P<y1>\d{4}) ?[-/.年년] ?(?P<m1>\d{1,2}) ?[-/.月월] ?(?P<d1>\d{1,2})"
        rf"{_NO_MORE} ?[日일号號]?",
        r"(?<![\d.,/-])(?P<a2>\d{1,2})(?P<s2> ?[-/.] ?)(?P<b2>\d{1,2})(?P=s2)(?P<y2>\d{4}|\d{2})(?![\d/-]|[.,]\d)",
        r"(?<!\d)(?P<m6>\d{1,2}) ?[月월] ?(?P<d6>\d{1,2}) ?[日일号號]",
    ]
    if names:
        month = "|".join(_with_ending(name) for name in sorted(names, key=len, reverse=True))
        forms[2:2] = [
            rf"(?<![\d.,])(?<!\d:)(?P<d3>\d{{1,2}}){_GAP}{_name(month, 3)}{_GAP}(?P<y3>\d{{4}})(?!\d)",
            rf"{_name(month, 4)}{_SHORT_GAP}(?P<d4>\d{{1,2}})(?!\d){_GAP}(?P<y4>\d{{4}})(?!\d)",
            rf"(?<!\d)(?P<y5>\d{{4}}){_SHORT_GAP}{_name(month, 5)}{_SHORT_GAP}(?P<d5>\d{{1,2}})(?!\d)",
            rf"(?<![\d.,])(?<!\d:)(?P<d7>\d{{1,2}})[^\d\n\ufffc]{{0,5}}?{_name(month, 7)}",
            rf"{_name(month, 8)}\.? ?(?P<d8>\d{{1,2}})(?![\d:%]|[.,/]\d)",
        ]
    return re.compile("|".join(forms)), names


def _name(month: str, form: int) -> str:
    return rf"(?<![^\W\d_])(?P<n{form}>{month})(?![^\W\d_])"


def _with_ending(name: str) -> str:
    """A month's name, in languages that bend it with an ending of up to three letters; a short one has none."""
    return re.escape(name) + (r"(?:(?<=\w)[^\W\d_]{1,3})?" if len(name) > 4 else "")


def _days(match: re.Match[str], names: dict[str, int]) -> frozenset[Day]:
    parts = {name: value for name, value in match.groupdict().items() if value is not None}
    if "a2" in parts:
        a, b = int(parts["a2"]), int(parts["b2"])
        year = int(parts["y2"]) + (2000 if len(parts["y2"]) == 2 else 0)
        return frozenset(day for day in (Day(year, a, b), Day(year, b, a)) if _is_day(day))
    named = {name[0]: value for name, value in parts.items() if name[0] in "ymdn"}
    month = _month(named["n"], names) if "n" in named else int(named["m"])
    day = Day(int(named.get("y", 0)), month, int(named["d"]))
    return frozenset({day} if _is_day(day) else ())


def _month(text: str, names: dict[str, int]) -> int:
    """The month of a name with an ending or without."""
    return next(names[text[:end]] for end in range(len(text), 0, -1) if text[:end] in names)


def _is_day(day: Day) -> bool:
    return 1 <= day.month <= 12 and 1 <= day.day <= (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[day.month - 1]


def pattern_of(style: str, code: str, *, year: bool) -> str:
    """The pattern of a style in a locale: `iso`, `numeric` (CLDR's yMd), or `long` (with the month's name)."""
    if style == "iso":
        return "yyyy-MM-dd"
    if style == "numeric":
        return locales.skeleton(code, "yMd")
    formats = locales.data(code, "date_formats")
    return locales.seen(formats["long"].pattern) if year and formats else locales.skeleton(code, "MMMMd")


@lru_cache(maxsize=8192)
def renderings(day: Day, style: str, code: str) -> frozenset[str]:
    """Every text, normalized, that writes a day in a style; empty where the locale has no such pattern."""
    pattern = pattern_of(style, code, year=day.year > 0)
    bare = re.sub(r"(?<=[yMd])[^yMd]+$", "", pattern)
    return frozenset(
        normalized(_filled(form, day, name)) for form in {pattern, bare} for name in _names(form, day.month, code)
    )


def rendered(day: Day, style: str, code: str) -> str:
    """A day as a locale writes it in a style."""
    pattern = pattern_of(style, code, year=day.year > 0)
    return _filled(pattern, day, next(_names(pattern, day.month, code)))


def whole(flat: str, written: Written, code: str) -> tuple[int, bool]:
    """Where a date ends with what belongs to it: 5 марта 2024 [года]; and whether words for the year stand there."""
    end = written.end
    words = _YEARS.get(parse(code).language)
    found = re.compile(rf" ?(?:{words})(?![^\W\d_])").match(flat, end) if words else None
    if found and re.search(r"\d{4}$", written.text):
        end = found.end()
    stopped = pattern_of("numeric", code, year=True).endswith(".") or found
    if stopped and flat[end : end + 1] == "." and goes_on(flat, end + 1):
        end += 1
    return end, found is not None


def _names(pattern: str, month: int, code: str) -> Iterator[str]:
    if "MMM" not in pattern and "LLL" not in pattern:
        yield str(month)
        return
    for form, length in (("format", "wide"), ("stand-alone", "wide"), ("format", "abbreviated")):
        name = locales.data(code, "months").get(form, {}).get(length, {}).get(month)
        if name:
            yield locales.seen(name)


def _filled(pattern: str, day: Day, month: str) -> str:
    parts = []
    for quoted, field, literal in _TOKENS.findall(pattern):
        if field.startswith("y"):
            parts.append(f"{day.year:04d}")
        elif field.startswith(("M", "L")):
            parts.append(f"{day.month:02d}" if len(field) == 2 else month)
        elif field.startswith("d"):
            parts.append(f"{day.day:0{len(field)}d}")
        elif not field:
            parts.append(quoted or literal)
    return re.sub("  +", " ", "".join(parts)).strip()


def normalized(text: str) -> str:
    """A date without what its style leaves open: zeros in front, spaces, commas, a stop at its end, ordinal endings."""
    text = re.sub(r"(?<!\d)0+(?=\d)", "", text.lower())
    text = re.sub(r"[\s,،]", "", text).strip(".")
    text = re.sub(r"(?<=[0-9])(?:-?го|er|º|°)(?=[^\W\d_])", "", text)
    return text if not any(map(str.isalpha, text)) else re.sub(r"(?<=[^\W\d_])\.|\.(?=[^\W\d_])", "", text)
