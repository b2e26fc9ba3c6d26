"""What CLDR knows of a target language, through babel and, where babel carries nothing, through `cldr.json`.

A locale is found for every canonical code of `corpus.languages`; a language that CLDR does not know gives none, and
rules that need one do not apply there.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from babel import Locale, UnknownLocaleError, localedata
from babel.core import get_global

from corpus.errors import UserError
from corpus.languages import parse

_DIRECTION = dict.fromkeys(map(ord, "\u200e\u200f\u061c"))


@cache
def locale(code: str) -> Locale | None:
    """The locale of a language code, without what it cannot hold; None where CLDR has no such language."""
    try:
        language = parse(code)
    except UserError:
        return None
    base = "no" if language.language in ("no", "nb") else language.language
    for parts in ((base, language.script, language.region), (base, language.region), (base, language.script), (base,)):
        try:
            return Locale.parse("_".join(part for part in parts if part))
        except (UnknownLocaleError, ValueError):
            continue
    return None


def data(code: str, part: str) -> Any:
    """A part of a locale's data; empty where CLDR has no such language."""
    found = locale(code)
    read = _data(str(found)) if found else {}
    return read.get(part, {})


@cache
def _data(name: str) -> Mapping[Any, Any]:
    """The data of a locale, by babel's own rules but not from its cache.

    What locales share lies there once, and babel writes resolved aliases into it: whoever asks for a Chinese name of a
    month first gets it for Spanish too.
    """
    chain = [name]
    while chain[-1] != "root":
        base = chain[-1]
        shorter = "root" if localedata._is_non_likely_script(base) else base.rpartition("_")[0] or "root"
        chain.append(get_global("parent_exceptions").get(base) or shorter)
    read: dict[Any, Any] = {}
    for step in reversed(chain):
        with open(localedata.resolve_locale_filename(step), "rb") as file:
            localedata.merge(read, pickle.load(file))
    return localedata.LocaleDataDict(read)


class Separators(NamedTuple):
    """How a locale writes numbers."""

    decimal: str
    group: str
    """A simple space stands for spaces of every width."""
    indian: bool
    """Whether groups before the last have two digits (12,34,567)."""


@cache
def separators(code: str) -> Separators:
    """How numbers are written with digits from 0 to 9; as in English where CLDR has no such language."""
    symbols = data(code, "number_symbols")
    if not symbols:
        return Separators(".", ",", False)
    row = symbols.get("latn") or symbols[data(code, "default_numbering_system")]
    group = row.get("group", ",")
    pattern = data(code, "decimal_formats")[None].pattern
    return Separators(row.get("decimal", "."), " " if group.isspace() else group.replace("’", "'"), ",##,##" in pattern)


@cache
def counts_in_myriads(code: str) -> bool:
    """Whether large round numbers are counted by other units than thousand and million: 万, 억, लाख."""
    forms = data(code, "compact_decimal_formats")
    patterns = (forms.get("long") or forms.get("short") or {}).get("other", {})
    zeros = {size: str(patterns[size].pattern).count("0") for size in ("10000", "1000000") if size in patterns}
    return bool(zeros) and (zeros.get("10000") == 1 or zeros.get("1000000", 1) > 1)


@cache
def scales(code: str) -> tuple[str, ...]:
    """Words and signs for large numbers that stand after one, in lower case: million, mn, 万."""
    names = set()
    for length in ("long", "short"):
        for patterns in data(code, "compact_decimal_formats").get(length, {}).values():
            names |= {seen(p.pattern).replace("0", "").replace("'", "").strip().lower() for p in patterns.values()}
    return tuple(sorted(names - {""}, key=len, reverse=True))


@cache
def months(code: str) -> dict[str, int]:
    """Names of months, full and short, in the forms of dates and alone, in lower case without a final stop."""
    names: dict[str, int] = {}
    for form in ("stand-alone", "format"):
        for length in ("abbreviated", "wide"):
            for number, name in data(code, "months").get(form, {}).get(length, {}).items():
                plain = seen(name).lower().rstrip(".")
                if not plain.isdigit() and any(map(str.isalpha, plain.lstrip("0123456789"))):
                    names[plain] = number
    return {name: number for name, number in names.items() if not name[0].isdigit()}


@cache
def halves(code: str) -> dict[str, str]:
    """What marks a half of the day beside a time of 12 hours, as written: `am`, `pm`, or `any` for the night."""
    names: dict[str, str] = {}
    for form in ("format", "stand-alone"):
        for length in ("wide", "abbreviated", "narrow"):
            for period, name in data(code, "day_periods").get(form, {}).get(length, {}).items():
                half = _half(period)
                if half and len(name) + (not name.isascii()) > 1:
                    names.setdefault(seen(name), half)
    return names


def _half(period: str) -> str | None:
    if period.startswith(("am", "morning")):
        return "am"
    if period.startswith(("pm", "afternoon", "evening")):
        return "pm"
    return "any" if period.startswith("night") else None


@cache
def skeleton(code: str, name: str) -> str:
    """The pattern of a date or time of a skeleton (yMd, Hm), without marks of direction; empty where there is none."""
    skeletons = data(code, "datetime_skeletons")
    return seen(skeletons[name].pattern) if name in skeletons else ""


@cache
def unit_forms(code: str, unit: str) -> tuple[tuple[str, str], ...]:
    """What stands before and after the number of a unit in CLDR's terms (length-mile), in every length and number."""
    forms = data(code, "unit_patterns").get(unit, {})
    rows = [row for row in forms.values() if hasattr(row, "items")]
    patterns = {seen(p) for row in rows for number, p in row.items() if number != "per" and "{0}" in str(p)}
    split = (pattern.partition("{0}") for pattern in patterns)
    return tuple(sorted({(before.strip(), after.strip()) for before, _, after in split}))


@cache
def unit_pattern(code: str, unit: str, length: str, plain: str) -> str:
    """How a number of a unit is written in a length (long, short) and the number's plural form; empty where unknown."""
    return _of_number(code, data(code, "unit_patterns").get(unit, {}).get(length, {}), plain)


@cache
def currency_name(code: str, currency: str, plain: str) -> str:
    """The name of a currency in the plural form of a number."""
    plural = _of_number(code, data(code, "currency_names_plural").get(currency, {}), plain)
    return plural or str(data(code, "currency_names").get(currency, ""))


def _of_number(code: str, forms: Mapping[str, str], plain: str) -> str:
    found = locale(code)
    plural = found.plural_form(Decimal(plain)) if found else "other"
    return seen(forms.get(plural) or forms.get("other") or "")


@cache
def currency_forms(code: str, currency: str) -> tuple[str, ...]:
    """What a currency is written as: its code, symbols and names in all numbers; the first word of long names too."""
    names = {currency} | {data(code, part).get(currency, "") for part in ("currency_symbols", "currency_names")}
    names |= set(data(code, "currency_names_plural").get(currency, {}).values())
    return tuple(sorted({seen(name) for name in names if name}, key=len, reverse=True))


def quotes(code: str) -> tuple[str, str, str, str]:
    """Quotation marks: opening and closing, and those within a quotation."""
    return tuple(_table(code, "quotes"))


def marks(code: str) -> str:
    """The punctuation that CLDR lists for a language."""
    return str(_table(code, "marks"))


def varieties(language: str) -> dict[str, dict[str, list[str]]]:
    """Words and spellings of varieties by code; empty where no two are told apart by words."""
    return dict(tables()["varieties"].get(language, {}))


def _table(code: str, part: str) -> Any:
    for name in _chain(code):
        if name in tables()["locales"]:
            return tables()["locales"][name][part]
    return tables()["locales"]["en"][part]


def _chain(code: str) -> Iterator[str]:
    language = parse(code)
    base = "no" if language.language == "nb" else language.language
    script = language.script if language.stated_script and language.language in ("zh", "sr", "uz", "az") else None
    for parts in ((base, script, language.region), (base, language.region), (base, script), (base,)):
        yield "-".join(part for part in parts if part)


@cache
def tables() -> dict[str, Any]:
    """The contents of `cldr.json`."""
    read: dict[str, Any] = orjson.loads(Path(__file__).with_name("cldr.json").read_bytes())
    return read


def seen(text: str) -> str:
    """The text as rules see it: without marks of direction, its spaces simple."""
    return re.sub(r"\s", " ", str(text).translate(_DIRECTION))
