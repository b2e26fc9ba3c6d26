"""When two numbers that people wrote are the same answer."""

from __future__ import annotations

from fractions import Fraction

from filters.maths.numerals import Number

_ROUNDED_PLACES = 6
_UNITS = (
    *("mm", "cm", "dm", "m", "km", "in", "ft", "yd", "mi", "mg", "g", "kg", "t", "ml", "cl", "l", "s", "min", "h"),
    *(
        "°c",
        "°f",
        "$",
        "€",
        "£",
        "¥",
        "₹",
        "₽",
        "₩",
        "mm^2",
        "cm^2",
        "m^2",
        "km^2",
        "cm^3",
        "m^3",
        "km/h",
        "m/s",
        "mph",
    ),
)
"""Units that are no other unit by another name, so that two of them differ."""


def numbers_equal(right: Number, given: Number) -> str:
    """Empty where a number is the right one, else why not.

    A unit that one side leaves out is understood, as a percent sign is for numbers from 1 on; `50%` is also 0.5.
    """
    if right.unit != given.unit and right.unit in _UNITS and given.unit in _UNITS:
        return "another unit"
    places = max(right.places, given.places)
    if right.percent == given.percent:
        return "" if _same(right.value, given.value, places) else "another number"
    by_value = [number.value / 100 if number.percent else number.value for number in (right, given)]
    if _same(by_value[0], by_value[1], places + 2):
        return ""
    understood = abs(right.value) >= 1 and _same(right.value, given.value, places)
    return "" if understood else "another number"


def _same(right: Fraction, given: Fraction, places: int) -> bool:
    if places >= _ROUNDED_PLACES:
        return abs(right - given) * 2 <= Fraction(1, 10**_ROUNDED_PLACES)
    return right == given
