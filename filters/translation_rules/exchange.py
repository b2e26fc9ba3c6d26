"""Amounts in place of others: the new number, and the new name as long and on the side as the old one."""

from __future__ import annotations

import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal

from corpus.languages import parse
from filters.translation_rules import locales, measures, money, quantities
from filters.translation_rules.edits import Edit, agrees, joined, ranged, word_before
from filters.translation_rules.quantities import Beside

_HANG_ENDINGS = frozenset(["fi", "et", "hu", "tr", "az", "kk", "eu", "ka"])
"""Languages whose signs must carry the ending that the old name had: an amount with one is left."""
_BEND = _HANG_ENDINGS.union(
    ["de", "is", "ru", "uk", "be", "pl", "cs", "sk", "sl", "hr", "sr", "bs", "mk", "lt", "lv", "el", "la", "hy", "ga"]
)
"""Languages whose names of units have cases, which a number does not tell: there a sign is written."""

_GENDERED = {
    "es": "la las una unas estas esas aquellas muchas pocas otras varias el los un unos estos esos muchos otros varios",
    "pt": "a as uma umas das nas às pelas estas essas muitas outras várias o os um uns dos nos aos pelos estes esses",
    "it": "la le una delle nelle alle sulle dalle queste molte altre il i gli un dei nei ai sui dai questi molti",
}
"""Words that agree with the gender of the unit behind the number."""
_PARTICLES = (*"은는이가을를과와로", "으로")
"""Korean particles whose form follows the last sound of the word before them."""
_FIRST = re.compile(r" ?[(（\[][^0-9)）]{0,12}[0-9]|/\w")
_SECOND = re.compile(r"[(（\[][^0-9()（）]{0,8}$")
"""An amount in brackets, behind another one, is that one in the other system already; what is per mile stays so."""


def of_unit(flat: str, found: Beside, plain: str, unit: str, code: str) -> list[Edit] | None:
    """Edits that make an amount one of another unit; None where its words cannot be changed by themselves."""
    name, hyphen = _name(flat, found), flat[found.number.end : found.number.end + 1] in ("-", "‑")
    length = _length(flat[found.whole[0] : found.number.start].strip(" -−"), name, found, code)
    if length is None or not _free(flat, found, plain, code):
        return None
    if _SECOND.search(flat[: found.whole[0]]) or _FIRST.match(flat, found.whole[1]):
        return None
    form = "1" if hyphen and parse(code).language == "en" else plain.lstrip("-")  # a 5-mile walk
    patterns = (locales.unit_pattern(code, unit, one, form) for one in (length, "short", "long"))
    before, _, after = next((p for p in patterns if p), "").partition("{0}")
    if not before + after:
        return None
    if not _takes(flat, found, name, after.strip(), code):
        return None
    return _edits(flat, found, quantities.rendered(plain, code), before, after)


def of_currency(flat: str, found: Beside, plain: str, currency: str, code: str) -> list[Edit] | None:
    """Edits that make an amount of money one of another currency; None as with units."""
    table, name = money.names(code), _name(flat, found)
    if not _free(flat, found, plain, code):
        return None
    places = 2 if "." in plain else 0
    letters = name.replace(" ", "").replace("-", "")
    if letters and all(map(_is_letter, letters)) and not name.isupper() and parse(code).language not in _BEND:
        number, new_name = quantities.rendered(plain, code, places=places), locales.currency_name(code, currency, plain)
        return _edits(flat, found, number, "", new_name) if _takes(flat, found, name, new_name, code) else None
    if name not in table.listed and name.lower() not in table.listed and parse(code).language in _HANG_ENDINGS:
        return None
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


def _length(before: str, name: str, found: Beside, code: str) -> str | None:
    """Whether the old name is written out, so that the new one may be too; None where an ending would be lost."""
    language = parse(code).language
    if name and name.lower() not in measures.names(code).listed and language in _HANG_ENDINGS:
        return None
    if language in _BEND:
        return "short"
    data = locales.data(code, "unit_patterns").get(found.name, {})
    forms = data.get("long", {}) if "other" in data.get("long", {}) else data.get("short", {})
    spelled = [locales.seen(forms[key]).lower().partition("{0}") for key in forms if key != "per"]
    old = (before.lower(), name.lower())
    return "long" if old in [(first.strip(), last.strip()) for first, _, last in spelled] else "short"


def _is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] in "LM"


def _takes(flat: str, found: Beside, old: str, new: str, code: str) -> bool:
    """Whether the words around the old name may stay beside the new one: their gender, their last sound."""
    language = parse(code).language
    if language == "ko" and flat.startswith(_PARTICLES, found.whole[1]):
        return _closed(old) == _closed(new) != ""
    return word_before(flat, found.number.start) not in _GENDERED.get(language, "").split()


def _closed(word: str) -> str:
    """How a Korean word ends: `open`, in `l`, or `closed`; empty where its sound is not told."""
    sound = (ord(word[-1]) - 0xAC00) % 28 if word and 0xAC00 <= ord(word[-1]) <= 0xD7A3 else None
    return "" if sound is None else {0: "open", 8: "l"}.get(sound, "closed")


def _free(flat: str, found: Beside, new: str, code: str) -> bool:
    """Whether the amount stands by itself, with no word or range around it that the change would make wrong."""
    start, end = found.whole
    negative = found.value is not None and found.value.startswith("-")
    start = min(start, found.number.start - negative)
    if joined(flat, start, end) or ranged(flat, start, end):
        return False
    return agrees(flat, found.number.start, new, code)
