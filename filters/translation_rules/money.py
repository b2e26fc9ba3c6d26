"""Amounts of money in running text: signs, codes and names of currencies by CLDR, before and after numbers."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from filters.translation_rules import locales, quantities
from filters.translation_rules.quantities import Beside, Names

CURRENCIES = (
    *("USD", "EUR", "GBP", "JPY", "CNY", "INR", "CHF", "CAD", "AUD", "KRW", "BRL", "PLN", "RUB", "SEK", "NOK", "DKK"),
    *("CZK", "HUF", "RON", "UAH", "ISK", "MXN", "TRY", "ILS", "THB", "SAR", "EGP", "ZAR"),
)
_ENDINGS = 3


@lru_cache(maxsize=512)
def names(*codes: str) -> Names:
    """What each currency is called in some languages."""
    forms: dict[str, set[tuple[str, str]]] = {}
    for currency in reversed(CURRENCIES):
        found: set[str] = {currency}
        for code in (*codes, "en"):
            found |= set(locales.currency_forms(code, currency))
        # English in no country and Chinese tell dollars apart: US$, CA$.
        found |= {str(locales.data(code, "currency_symbols").get(currency, currency)) for code in ("en-001", "zh")}
        forms[currency] = {pair for name in found for pair in ((name, ""), ("", name))}
    for currency, short in _short(codes).items():
        forms[currency] |= {("", name) for name in short}
    return Names(forms, letters_after=_ENDINGS)


def _short(codes: tuple[str, ...]) -> dict[str, set[str]]:
    """Words of longer names that are said alone: dollars, złoty, dollár. Each means the first currency that has it.

    So where one says dollars without more, the American ones are meant.
    """
    named = {
        currency: [name.lower() for code in (*codes, "en") for name in locales.currency_forms(code, currency)]
        for currency in CURRENCIES
    }
    words = {word for names in named.values() for name in names for word in _ends(name)}
    short: dict[str, set[str]] = {}
    for word in words:
        short.setdefault(next(c for c, names in named.items() if any(word in name for name in names)), set()).add(word)
    return short


def _ends(name: str) -> set[str]:
    """The first and the last word of a name of several."""
    parts = name.replace("-", " ").split()
    return {word for word in (parts[0], parts[-1]) if _is_word(word)} if len(parts) > 1 else set()


def _is_word(text: str) -> bool:
    """Letters with their marks; two are enough in scripts that write a syllable in one: 달러, डॉलर."""
    return len(text) >= (3 if ord(text[0]) < 0x900 else 2) and all(unicodedata.category(c)[0] in "LM" for c in text)


def amounts(flat: str, code: str, *more: str) -> list[Beside]:
    """Every amount of money in a text of a language; names in others are known too."""
    table = names(code, *more)
    found = (table.beside(flat, number) for number in quantities.numbers(flat, code))
    return [amount for amount in found if amount]


def written(plain: str, currency: str, code: str, places: int | None = 2) -> str:
    """An amount as CLDR's standard pattern of a language writes it."""
    pattern = locales.data(code, "currency_formats").get("standard")
    shape = locales.seen(pattern.pattern).partition(";")[0] if pattern else "¤#,##0.00"
    symbol = str(locales.data(code, "currency_symbols").get(currency, currency))
    number = quantities.rendered(plain, code, places=places)
    before, sign, after = shape.partition("¤")
    if not before:
        gap = " " if after[:1].isspace() or symbol[-1:].isalpha() else ""
        return f"{symbol}{gap}{number}"
    gap = " " if before[-1:].isspace() or symbol[:1].isalpha() else ""
    return f"{number}{gap}{symbol}" if sign else number


def sides(code: str) -> bool:
    """Whether a language writes the sign of a currency before the number."""
    pattern = locales.data(code, "currency_formats").get("standard")
    return locales.seen(pattern.pattern).startswith("¤") if pattern else True
