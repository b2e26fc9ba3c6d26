"""Plain numbers as people write them in any script: exact values, with their percent signs and units."""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from filters.maths.notation import Notation, notation
from filters.maths.words import OR, PERCENT

_MOST_DIGITS = 60
"""Digits of a number that is still read, and the largest power of ten."""
_SPACES = "\u00a0\u202f\u2009\u2007 "
_SEPARATORS = rf".,'’٫٬_{_SPACES}"
DIGITS = rf"\d+(?:[{_SEPARATORS}]\d+)*"
"""A run of digits with what may stand between them; which number that is depends on the language."""
VULGAR = "¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"
"""Characters that are fractions."""
CURRENCY = "$¢£¤¥৲৳฿៛₠-₿﹩￠￡￥￦"
"""Currency signs, as a character class of a regular expression."""

_NUMBER = re.compile(
    rf"(?P<sign>[-+]?)\s?(?P<money>(?:[^\W\d_]{{1,3}}\.?[{CURRENCY}]?|[{CURRENCY}])?)[ \u00a0\u202f]?(?P<sign2>-?)"
    rf"(?:(?P<whole>\d*)\s?(?P<vulgar>[{VULGAR}])"
    rf"|(?:(?P<mixed>\d+)\s+)?(?P<top>\d+)\s?/\s?(?P<bottom>\d+)"
    rf"|(?P<mixed2>\d*)\s?\(\s?(?P<top2>-?{DIGITS})\s?\)/\(\s?(?P<bottom2>{DIGITS})\s?\)"
    rf"|(?P<plain>{DIGITS}|[.,]\d+)"
    rf"(?:\s?[*x]\s?10\s?\^\s?\{{?(?P<power>-?\d{{1,9}})\}}?|[eE](?P<power2>[-+]?\d{{1,9}})"
    rf"|\^\{{?(?P<exponent>\d{{1,3}})\}}?)?)"
)
_UNIT_SIGNS = frozenset(" °'’′″µ/.²³-\u00a0\u202f\u200c\u200d")


class Number(NamedTuple):
    """A number that was read."""

    value: Fraction
    percent: bool = False
    """Whether a percent sign follows; the value is what stands before it."""
    places: int = 0
    """Decimal places that are written."""
    unit: str = ""
    """The unit or currency as written, case-folded; empty where none is."""


@lru_cache(maxsize=4096)
def read(text: str, language: str | None) -> Number | None:
    """The number that a text is, with its unit; None where the text is anything else, or more than one number."""
    text = text.strip()
    found = _NUMBER.match(text) if len(text) <= 300 else None
    if not found:
        return None
    written = notation(language)
    value = _value(found, written)
    money = found["money"].strip(". ").casefold()
    if value is None or (money and not _is_money(money, written)):
        return None
    amount, places = value
    rest = unicodedata.normalize("NFC", text[found.end() :]).casefold()
    scaled = _scaled(amount, rest, written, language)
    if scaled is None:
        return None
    amount, rest = scaled
    percent = next((sign for sign in PERCENT if rest.strip().startswith(sign)), "")
    unit = rest.strip()[len(percent) :].strip(" .")
    if not _is_unit(unit) or (percent and money):
        return None
    negative = (found["sign"] == "-") != (found["sign2"] == "-")
    return Number(-amount if negative else amount, bool(percent), places, money or unit)


def _value(found: re.Match[str], written: Notation) -> tuple[Fraction, int] | None:
    """The value of a match and its decimal places."""
    if found["vulgar"]:
        part = Fraction(unicodedata.numeric(found["vulgar"])).limit_denominator(10)
        whole = _decimal(found["whole"] or "0", written)
        return None if whole is None else (whole[0] + part, 0)
    for mixed, top, bottom in (("mixed", "top", "bottom"), ("mixed2", "top2", "bottom2")):
        if found[top]:
            parts = [_decimal(found[name].lstrip("-") or "0", written) for name in (top, bottom)]
            whole = _decimal(found[mixed] or "0", written)
            above, below = parts
            if above is None or below is None or whole is None or below[0] == 0:
                return None
            sign = -1 if found[top].startswith("-") else 1
            return None if found[mixed] and sign < 0 else (whole[0] + sign * above[0] / below[0], 0)
    plain = found["plain"]
    value = _decimal(f"0{plain}" if plain[0] in ".," else plain, written)
    power, exponent = int(found["power"] or found["power2"] or 0), int(found["exponent"] or 1)
    if value is None or abs(power) > _MOST_DIGITS or exponent * len(plain) > 10 * _MOST_DIGITS:
        return None
    return value[0] ** exponent * Fraction(10) ** power, value[1]


def _decimal(token: str, written: Notation) -> tuple[Fraction, int] | None:
    """The value of digits with separators, and how many decimal places it has; None where they are no number."""
    runs = re.findall(r"\d+", token)
    if sum(map(len, runs)) > _MOST_DIGITS or not _one_script(token):
        return None
    signs = ["’" if sign in "'’" else " " if sign in _SPACES else sign for sign in re.findall(r"\D", token)]
    runs = ["".join(str(unicodedata.decimal(digit)) for digit in run) for run in runs]
    split = _decimal_sign(runs, signs, written)
    if split is None:
        return None
    whole, places = (runs[:-1], runs[-1]) if split else (runs, "")
    if len(whole) > 1 and not _grouped(whole, signs[0]):
        return None
    return Fraction(int("".join(whole) + places), 10 ** len(places)), len(places)


def _one_script(token: str) -> bool:
    """Whether all digits are of one script: others are look-alikes."""
    zeros = {ord(digit) - unicodedata.decimal(digit) for digit in token if digit.isdecimal()}
    return len(zeros) == 1


def _decimal_sign(runs: list[str], signs: list[str], written: Notation) -> bool | None:
    """Whether the last sign is the decimal one; None where the signs make no number."""
    kinds = list(dict.fromkeys(signs))
    if not kinds:
        return False
    last = signs[-1]
    if len(kinds) == 2:
        once = signs.count(last) == 1 and signs[:-1].count(kinds[0]) == len(signs) - 1
        return True if once and last in ".,٫" else None
    if len(kinds) > 2:
        return None
    if last == "٫":
        return True if len(signs) == 1 else None
    if last not in ".,":
        return None if last == " " and not _spaced(written) else False
    if len(signs) > 1:
        return False
    if len(runs[1]) == 3 and len(runs[0]) <= 3 and runs[0][0] != "0":
        # The one form that two readings share: what it means is the language's to say.
        return last == written.decimal
    return True if last == "." or written.decimal == "," else None


def _spaced(written: Notation) -> bool:
    """Whether a space groups digits: where a comma is decimal, or CLDR says so."""
    return written.decimal == "," or written.group == " "


def _grouped(runs: list[str], sign: str) -> bool:
    """Whether runs of digits are groups of three, or by Indian custom of two before the last three."""
    head, *middle, last = runs
    if not head.lstrip("0") or len(last) != 3:
        return False
    western = len(head) <= 3 and all(len(run) == 3 for run in middle)
    indian = sign == "," and len(head) <= 2 and all(len(run) == 2 for run in middle)
    return western or indian


def _scaled(amount: Fraction, rest: str, written: Notation, language: str | None) -> tuple[Fraction, str] | None:
    """The amount times the word of scale after it, with what follows; `1億2000万` adds up."""
    word = next((word for word in written.scales if _starts_with_word(rest.lstrip(), word)), None)
    if word is None:
        return amount, rest
    scale = written.scales[word]
    rest = rest.lstrip()[len(word) :]
    if not rest[:1].isdecimal():
        return amount * scale, rest
    more = re.match(DIGITS, rest)
    added = _decimal(more[0], written) if more else None
    if more is None or added is None:
        return None
    smaller = _scaled(added[0], rest[more.end() :], written, language)
    return (amount * scale + smaller[0], smaller[1]) if smaller and smaller[0] < scale else None


def _starts_with_word(text: str, word: str) -> bool:
    """Whether a text starts with a word that ends there; characters of Chinese, Japanese and Korean are words."""
    after = text[len(word) : len(word) + 1]
    return text.startswith(word) and (unicodedata.category(word[-1]) == "Lo" or not (after and after.isalpha()))


def _is_money(money: str, written: Notation) -> bool:
    return money in written.currencies or bool(re.fullmatch(f"[{CURRENCY}]", money))


def _is_unit(unit: str) -> bool:
    """Whether what follows a number is words alone: no digit, no operation, no second answer."""
    plain = re.sub(r"\^\{?-?[123]\}?", "", unit)
    words = plain.replace("-", " ").replace("/", " ").split()
    return (
        len(plain) <= 60
        and len(words) <= 6
        and all(sign in _UNIT_SIGNS or unicodedata.category(sign)[0] in "LM" or sign in "()" for sign in plain)
        and not any(word.strip("().") in OR for word in words)
    ) or bool(re.fullmatch(f"[{CURRENCY}]", plain))
