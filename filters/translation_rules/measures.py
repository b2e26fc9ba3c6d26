"""Everyday quantities: which unit of the other system a unit becomes, by pint, and how CLDR's names find them."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from filters.translation_rules import locales, quantities
from filters.translation_rules.quantities import Beside, Names
from filters.translation_rules.text import Text

TO_METRIC = {
    "length-mile": "length-kilometer",
    "length-yard": "length-meter",
    "length-foot": "length-meter",
    "length-inch": "length-centimeter",
    "mass-pound": "mass-kilogram",
    "mass-ounce": "mass-gram",
    "volume-gallon": "volume-liter",
    "area-acre": "area-hectare",
    "area-square-mile": "area-square-kilometer",
    "area-square-foot": "area-square-meter",
    "speed-mile-per-hour": "speed-kilometer-per-hour",
}
"""By units of the United States the metric ones that people think in."""
TO_IMPERIAL = {
    "length-kilometer": "length-mile",
    "length-meter": "length-foot",
    "length-centimeter": "length-inch",
    "mass-kilogram": "mass-pound",
    "mass-gram": "mass-ounce",
    "volume-liter": "volume-gallon",
    "area-hectare": "area-acre",
    "area-square-kilometer": "area-square-mile",
    "area-square-meter": "area-square-foot",
    "speed-kilometer-per-hour": "speed-mile-per-hour",
}
METRIC_TOO = ("length-millimeter", "volume-milliliter", "mass-tonne")
"""Units that an amount may become beside those."""
TEMPERATURES = ("temperature-celsius", "temperature-fahrenheit")

_NO_UNIT = re.compile("[0-9][GM]$")
"""3G and 5M are no grams and no metres."""
_ENDINGS = 3
"""Letters by which a name may be longer in a case that CLDR does not list: 5 милях."""


@cache
def _units() -> Any:
    import pint

    return pint.UnitRegistry()


def in_pint(unit: str) -> str:
    """A unit of CLDR in pint's words: speed-mile-per-hour is mile / hour."""
    name = unit.partition("-")[2]
    if name in ("celsius", "fahrenheit"):
        return f"degree_{name.title()}"
    over = [
        part.replace("square-", "").replace("-", "_") + ("**2" if "square" in part else "")
        for part in name.split("-per-")
    ]
    return "/".join(over)


@lru_cache(maxsize=8192)
def converted(value: str, unit: str, to: str) -> Decimal:
    """A plain number of one unit in another."""
    registry = _units()
    return Decimal(str(registry.Quantity(float(value), in_pint(unit)).to(in_pint(to)).magnitude))


@lru_cache(maxsize=512)
def names(*codes: str) -> Names:
    """The names of all units here in some languages."""
    forms: dict[str, set[tuple[str, str]]] = {}
    for unit in (*TO_METRIC, *TO_IMPERIAL, *METRIC_TOO, *TEMPERATURES):
        forms[unit] = {pair for code in codes for pair in locales.unit_forms(code, unit) if _tells(pair, unit)}
        forms[unit] |= {("", name) for code in codes for name in _per(code, unit)}
        if unit in TEMPERATURES:
            sign = unit.rpartition("-")[2][0].upper()
            forms[unit] |= {("", f"°{sign}"), ("", "℃" if sign == "C" else "℉"), ("", f"º{sign}"), ("", f"° {sign}")}
    return Names(forms, letters_after=_ENDINGS)


def _per(code: str, unit: str) -> set[str]:
    """Names of a speed put together of those of its parts: km per uur, miles per hour."""
    name = unit.partition("-")[2]
    over, _, under = name.partition("-per-")
    pattern = locales.data(code, "compound_unit_patterns").get("per", {})
    if not under or not pattern:
        return set()
    joins = {locales.seen(row["compound"]) for row in pattern.values() if hasattr(row, "get") and row.get("compound")}
    firsts = {after for before, after in locales.unit_forms(code, f"length-{over}") if not before}
    lasts = {after for before, after in locales.unit_forms(code, f"duration-{under}") if not before}
    return {join.replace("{0}", a).replace("{1}", b) for join in joins for a in firsts for b in lasts if "{0}" in join}


def _tells(pair: tuple[str, str], unit: str) -> bool:
    before, after = pair
    if before + after == "°":
        return False
    tells = any(map(str.isalnum, before + after)) or "°" in after
    return tells and not (unit == "length-inch" and after == "in")


def amounts(flat: str, code: str, *more: str) -> list[Beside]:
    """Every number with a unit beside it, its names in a language or in others."""
    table = names(code, *more)
    found = (table.beside(flat, number) for number in quantities.numbers(flat, code))
    return [_signed(flat, amount) for amount in found if amount and not _NO_UNIT.search(amount.text)]


def _signed(flat: str, amount: Beside) -> Beside:
    if amount.value and amount.name in TEMPERATURES and quantities.negative(flat, amount.start):
        return amount._replace(value=f"-{amount.value}", text=f"-{amount.text}")
    return amount


def written(value: str, unit: str, code: str) -> str | None:
    """A number with a unit's short name in a language, or None where CLDR has none."""
    shortest = sorted(locales.unit_forms(code, unit), key=lambda pair: (len("".join(pair)), pair))
    if not shortest:
        return None
    before, after = next((pair for pair in shortest if _tells(pair, unit)), shortest[0])
    return " ".join(part for part in (before, quantities.rendered(value, code), after) if part)


def of_text(text: Text, code: str, *more: str) -> list[Beside]:
    """Every number with a unit beside it in a text."""
    return amounts(text.flat, code, *more)
