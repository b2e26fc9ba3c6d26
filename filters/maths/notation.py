"""How a language writes numbers, after CLDR: decimal and grouping signs, words for millions, currencies."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from babel import Locale

_SPACES = "\u00a0\u202f\u2009\u2007 "


@dataclass(frozen=True)
class Notation:
    """What a language's numbers are made of."""

    decimal: str
    """The decimal sign between ASCII digits: `.` or `,`."""
    group: str
    """The sign between groups of digits: `,`, `.`, `’` or a space."""
    scales: Mapping[str, int]
    """Words after a number that multiply it, case-folded: `million`, `Tausend`, `万`, `लाख`."""
    currencies: frozenset[str]
    """Codes and signs of currencies, case-folded."""


@cache
def notation(code: str | None) -> Notation:
    """The notation of a language, with that of English where CLDR does not know it or none is given."""
    locale, english = _locale(code), _locale("en")
    symbols: Mapping[str, str] = locale.number_symbols["latn"]
    group = " " if symbols["group"] in _SPACES else symbols["group"]
    scales = {**dict(_scales(english)), **dict(_scales(locale))}
    names = {*english.currency_symbols.items(), *locale.currency_symbols.items()}
    return Notation(
        decimal=symbols["decimal"],
        group="’" if group in "'’" else group,
        scales=dict(sorted(scales.items(), key=lambda item: -len(item[0]))),
        currencies=frozenset(part.strip(". ").casefold() for pair in names for part in pair) | {"rs", "kr"},
    )


def _locale(code: str | None) -> Locale:
    from babel import Locale, UnknownLocaleError

    parts = (code or "en").split("-")
    for length in range(len(parts), 0, -1):
        try:
            locale = Locale.parse("-".join(parts[:length]), sep="-")
        except (UnknownLocaleError, ValueError):
            continue
        if "latn" in locale.number_symbols:
            return locale
    return Locale.parse("en")


def _scales(locale: Locale) -> Iterator[tuple[str, int]]:
    """Words and what they multiply by, from patterns such as `00 Millionen` for 10,000,000.

    Abbreviations are left out, since they are units too (`M`, `K`, `T`), except where characters are words.
    """
    for length in ("long", "short"):
        for forms in _patterns(locale, length).values():
            for magnitude, pattern in forms.items():
                found = re.fullmatch(r"(0+)[\u00a0\u202f ]?([^0;.']+)", pattern.pattern)
                word = unicodedata.normalize("NFC", found[2].strip()).casefold() if found else ""
                if found and word and (length == "long" or _is_character_word(word)):
                    yield word, int(magnitude) // 10 ** (len(found[1]) - 1)


def _patterns(locale: Locale, length: str) -> Mapping[str, Mapping[str, Any]]:
    try:
        return dict(locale.compact_decimal_formats[length])
    except KeyError:
        return {}


def _is_character_word(word: str) -> bool:
    return all(unicodedata.name(letter, "").startswith(("CJK", "HANGUL")) for letter in word)
