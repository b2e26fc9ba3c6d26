"""Amounts in place of others: the new number, and the new name as long and on the side as the old one."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from corpus.languages import parse
from filters.translation_rules import locales, measures, money, quantities
from filters.translation_rules.edits import Edit, agrees, joined, ranged
from filters.translation_rules.quantities import Beside

_HANG_ENDINGS = frozenset(["fi", "et", "hu", "tr", "az", "kk", "eu", "ka"])
"""Languages whose signs must carry the ending that the old name had: an amount with one is left."""
_BEND = _HANG_ENDINGS.union(
    ["de", "is", "ru", "uk", "be", "pl", "cs", "sk", "sl", "hr", "sr", "bs", "mk", "lt", "lv", "el", "la", "hy", "ga"]
)
"""Languages whose names of units have cases, which a number does not tell: there a sign is written."""


def of_unit(flat: str, found: Beside, plain: str, unit: str, code: str) -> list[Edit] | None:
    """Edits that make an amount one of another unit; None where its words cannot be changed by themselves."""
    name, hyphen = _name(flat, found), flat[found.number.end : found.number.end + 1] in ("-", "‑")
    length = _length(name, found, code)
    if length is None or not _free(flat, found, plain, code):
        return None
    form = "1" if hyphen and parse(code).language == "en" else plain.lstrip("-")  # a 5-mile walk
    patterns = (locales.unit_pattern(code, unit, one, form) for one in (length, "short", "long"))
    before, _, after = next((p for p in patterns if p), "").partition("{0}")
    if not before + after:
        return None
    return _edits(flat, found, quantities.rendered(plain, code), before, after)


def of_currency(flat: str, found: Beside, plain: str, currency: str, code: str) -> list[Edit] | None:
    """Edits that make an amount of money one of another currency; None as with units."""
    table, name = money.names(code), _name(flat, found)
    if not _free(flat, found, plain, code):
        return None
    if name and name.isalpha() and not name.isupper() and parse(code).language not in _BEND:
        return _edits(flat, found, quantities.rendered(plain, code), "", locales.currency_name(code, currency, plain))
    if name not in table.listed and name.lower() not in table.listed and parse(code).language in _HANG_ENDINGS:
        return None
    places = 2 if "." in plain else 0
    return [Edit(*found.whole, money.written(plain, currency, code, places=places))]


def rounded(value: Decimal, like: str, most: Decimal) -> str:
    """A number with as few digits as it may have: at least as many as the old one, and off by no more than `most`."""
    if not value:
        return "0"
    digits = max(1, len(like.replace(".", "").strip("-0")))
    while True:
        exponent = value.adjusted() - digits + 1
        short = value.quantize(Decimal(1).scaleb(exponent), ROUND_HALF_UP) if exponent < 0 else _whole(value, exponent)
        if abs(short - value) <= most or digits > 12:
            return plain(short)
        digits += 1


def plain(number: Decimal) -> str:
    """A number in plain form, without zeros at its end."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _whole(value: Decimal, exponent: int) -> Decimal:
    step = Decimal(10) ** exponent
    return (value / step).quantize(Decimal(1), ROUND_HALF_UP) * step


def _edits(flat: str, found: Beside, number: str, before: str, after: str) -> list[Edit] | None:
    start, end = found.whole
    if start < found.number.start or before:
        if found.value and found.value.startswith("-"):
            start = min(start, found.number.start - 1)
        return [Edit(start, end, f"{before}{number}{after}".strip())]
    name = len(flat[found.number.end : end].lstrip(" -‑"))
    sign = 1 if found.value and found.value.startswith("-") else 0
    return [Edit(found.number.start - sign, found.number.end, number), Edit(end - name, end, after.strip())]


def _name(flat: str, found: Beside) -> str:
    return flat[found.number.end : found.whole[1]].strip(" -‑")


def _length(name: str, found: Beside, code: str) -> str | None:
    """Whether the old name is written out, so that the new one may be too; None where an ending would be lost."""
    language = parse(code).language
    if name and name.lower() not in measures.names(code).listed and language in _HANG_ENDINGS:
        return None
    if language in _BEND:
        return "short"
    forms = locales.data(code, "unit_patterns").get(found.name, {}).get("long", {})
    spelled = [locales.seen(forms[key]).replace("{0}", "").strip().lower() for key in forms if key != "per"]
    return "long" if name.lower() in spelled or any(" " in form for form in spelled if not name) else "short"


def _free(flat: str, found: Beside, new: str, code: str) -> bool:
    """Whether the amount stands by itself, with no word or range around it that the change would make wrong."""
    start, end = found.whole
    negative = found.value is not None and found.value.startswith("-")
    start = min(start, found.number.start - negative)
    if joined(flat, start, end) or ranged(flat, start, end):
        return False
    return agrees(flat, found.number.start, new, code)
