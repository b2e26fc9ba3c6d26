"""Times of day in running text: where they stand, which minute they mean, and how a locale writes them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from corpus.languages import parse
from filters.translation_rules import locales

_LATIN_HALVES = {
    "a.m.": "am",
    "p.m.": "pm",
    "a. m.": "am",
    "p. m.": "pm",
    "AM": "am",
    "PM": "pm",
    "A.M.": "am",
    "P.M.": "pm",
}
"""What writers of every language borrow."""
_ENGLISH_HALVES = {"am": "am", "pm": "pm"}

_HOURS = {
    **{"de": r"Uhr", "nl": r"uur|u", "fr": r"heures|h", "es": r"horas|hrs\.?|h", "pt": r"horas|h", "ca": r"hores|h"},
    **{"it": r"ore", "ru": r"часов|ч\.", "uk": r"год\.|годин", "hi": r"बजे", "th": r"น\.|นาฬิกา|โมง", "pl": r"godz\."},
}
"""Words that stand behind times by the clock of 24 hours; Thai ones behind those of 12 too."""


class Time(NamedTuple):
    """A time in a text."""

    start: int
    end: int
    text: str
    minutes: int
    """Since midnight, by its half of the day where it has one."""
    halved: bool
    """Whether a half of the day stands beside it."""
    either: bool
    """Whether the half may be either (2 at night)."""


def times(flat: str, *codes: str) -> list[Time]:
    """Every time of a text in one of the languages: 2:30 pm, 14:30, 14 h 30, 14.30 where CLDR writes it so, 下午2点."""
    if not any(map(str.isdigit, flat)):
        return []
    pattern, halves = _pattern(tuple(sorted(set(codes))))
    read = (_read(match, halves) for match in pattern.finditer(flat))
    return [time for time in read if time]


@lru_cache(maxsize=256)
def _pattern(codes: tuple[str, ...]) -> tuple[re.Pattern[str], dict[str, str]]:
    halves = dict(_LATIN_HALVES)
    for code in codes:
        halves |= locales.halves(code) | (_ENGLISH_HALVES if code.split("-")[0] in ("en", "hi") else {})
    half = "|".join(sorted(map(re.escape, halves), key=len, reverse=True))
    stops = ":." if any("." in locales.skeleton(code, "Hm") for code in codes) else ":"
    clock = rf"(?<![\d:.,/])(?P<h{{0}}>\d{{{{1,2}}}})(?:[{stops}](?P<m{{0}}>\d\d)(?![\d:]|[.,]\d))"
    full = [_hours(code) for code in codes]
    after = "|".join(sorted({re.escape(name) for name in full if name}, key=len, reverse=True)) or "(?!)"
    forms = [
        rf"(?P<p1>{_apart(halves)}) ?"
        + clock.format(1)
        + r"?(?![\d:]|[.,]\d)(?: ?[時时點点시](?: ?(?P<n1>\d{1,2}) ?[分분])?)?",
        rf"(?<![\d:.,/])(?P<h2>\d{{1,2}})(?:[:.](?P<m2>\d\d))? ?(?P<p2>{half})(?![^\W\d_])",
        r"(?<![\d:.,/])(?P<h3>\d{1,2}) ?[h時时點点시](?: ?(?P<m3>\d{1,2}) ?[分분]?)?(?![^\W\d_h]*[a-z])"
        rf"(?: ?(?P<p3>{half})(?![^\W\d_]))?",
        clock.format(4) + rf"(?: ?(?P<p4>{half})(?![^\W\d_]))?",
        rf"(?<![\d:.,/])(?P<h5>\d{{1,2}})(?:\.(?P<m5>\d\d))? (?:{after})(?![^\W\d_])",
    ]
    return re.compile("|".join(forms)), halves


def _apart(halves: dict[str, str]) -> str:
    """Names of halves as they stand before a time: by themselves where their script has spaces.

    English ones in small letters stand behind times alone; before numbers they are other words (am 14. März).
    """
    longest = sorted(halves.keys() - _ENGLISH_HALVES.keys(), key=lambda name: (-len(name), name))
    spaced = "|".join(re.escape(name) for name in longest if ord(name[0]) < 0xE00)
    others = "|".join(re.escape(name) for name in longest if ord(name[0]) >= 0xE00)
    return rf"(?<![^\W\d_])(?:{spaced})" + (f"|{others}" if others else "")


def _hours(code: str) -> str:
    """The word that a locale writes after an hour alone (14 Uhr)."""
    quoted = re.findall(r"'([^']+)'", locales.skeleton(code, "H"))
    return quoted[0].strip() if quoted and quoted[0].strip() not in ("h",) else ""


def _read(match: re.Match[str], halves: dict[str, str]) -> Time | None:
    parts = {name[0]: value for name, value in match.groupdict().items() if value is not None}
    hour, minute = int(parts["h"]) if "h" in parts else -1, int(parts.get("m") or parts.get("n") or 0)
    half = halves.get(parts.get("p", ""), "")
    if not 0 <= hour <= 24 or minute > 59:
        return None
    if half in ("am", "pm") and hour <= 12:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return Time(*match.span(), match.group().strip(), (hour % 24) * 60 + minute, bool(half), half == "any")


def whole(flat: str, time: Time, code: str) -> int:
    """Where a time ends with the word of the 24-hour clock behind it: 20:30 [Uhr], 20:30 [uur], 20.30 [น.]."""
    words = _HOURS.get(parse(code).language, "(?!)")
    found = re.compile(rf" ?(?:{words})(?![^\W\d_\u0e00-\u0e7f])").match(flat, time.end)
    return found.end() if found else time.end


def rendered(minutes: int, clock: int, code: str) -> str:
    """A time of day as a locale writes it by a clock of 12 or 24 hours (CLDR's hm and Hm)."""
    hour, minute = divmod(minutes, 60)
    names = {half: name for name, half in reversed(_written_halves(code).items())}
    pattern = locales.skeleton(code, "Hm" if clock == 24 else "hm") or ("HH:mm" if clock == 24 else "h:mm a")
    parts = []
    for quoted, field, literal in re.findall(r"'([^']*)'|(H+|h+|K+|m+|[abB]+)|([^'HhKmabB]+)", pattern):
        if field[:1] in ("H", "m"):
            number = hour if field[0] == "H" else minute
            parts.append(f"{number:0{len(field)}d}")
        elif field[:1] in ("h", "K"):
            parts.append(f"{hour % 12 or (12 if field[0] == 'h' else 0):0{len(field)}d}")
        elif field:
            parts.append(names["pm" if hour >= 12 else "am"])
        else:
            parts.append(quoted or literal)
    return "".join(parts)


def _written_halves(code: str) -> dict[str, str]:
    """The names of the halves in times: those of CLDR's am and pm alone."""
    periods = locales.data(code, "day_periods").get("format", {}).get("abbreviated", {})
    return {locales.seen(periods.get(half, half.upper())): half for half in ("am", "pm")}
