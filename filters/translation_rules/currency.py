"""Money: amounts as the target language writes them, or converted into another currency at a given rate."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Literal, Self

from pydantic import Field, model_validator

from filters.translation_rules import exchange, locales, measures, money, quantities
from filters.translation_rules.base import Amount, Rule, Source, added, failed, met
from filters.translation_rules.edits import Edit, joined
from filters.translation_rules.quantities import Beside
from filters.translation_rules.text import Text
from filters.verifier import Verdict

_RATES = {"USD": ("EUR", "0.92"), "EUR": ("USD", "1.09"), "GBP": ("EUR", "1.17"), "JPY": ("EUR", "0.0061")}
"""Rates for instructions, of no particular day."""


class Currency(Rule):
    """Amounts of money are written as in the target language, or converted at a rate that the instruction gives.

    Held where each amount stands in the answer once, with its currency beside it (sign, code or name) and the number in
    the target's separators, and no other amount does. Without conversion a sign or code stands on the side where CLDR
    has it. Converted amounts may be rounded to whole units from 100 on.
    """

    family: Literal["currency"] = "currency"
    amounts: tuple[Amount, ...] = Field(min_length=1, max_length=20)
    """As in the source."""
    to: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")
    """The currency to convert to; None for the source's."""
    rate: str | None = Field(default=None, pattern=r"^[0-9]{1,9}(\.[0-9]{1,9})?$")
    """How many of `to` one unit is worth."""

    @model_validator(mode="after")
    def _rate_with_currency(self) -> Self:
        if (self.to is None) != (self.rate is None):
            raise ValueError("found one of `to` and `rate`, expected both or neither")
        if self.to in {amount.unit for amount in self.amounts}:
            raise ValueError("found amounts in the currency to convert to")
        return self

    @classmethod
    def find(cls, source: Source) -> list[Self]:
        """The target's way to write the amounts, where it is another; conversion where they are of one currency."""
        flat, rules = source.text.flat, []
        found = money.amounts(flat, source.src_lang)
        if not found or len(found) > 20 or any(not _is_clear(amount, flat, source.src_lang) for amount in found):
            return []
        amounts = tuple(Amount(value=amount.value or "", unit=amount.name) for amount in found)
        weights = {weight.start for weight in measures.of_text(source.text, source.src_lang)}
        if any(amount.start in weights for amount in found):
            return []  # pounds that may be weighed
        if any(not cls._fits(amount, old, source.tgt_lang) for amount, old in zip(found, amounts, strict=True)):
            rules.append(cls(locale=source.tgt_lang, amounts=amounts))
        (first, *others) = {amount.unit for amount in amounts}
        if not others and first in _RATES:
            to, rate = _RATES[first]
            rules.append(cls(locale=source.tgt_lang, amounts=amounts, to=to, rate=rate))
        return rules

    def key(self) -> str:
        """One wording for the way to write, one for conversion."""
        return "currency.convert" if self.to else "currency"

    def slots(self, language: str) -> dict[str, str]:
        """Currencies and rate, or an amount of no meaning as the target language writes it."""
        if not self.to or not self.rate:
            return {"example": money.written("9876.54", self.amounts[0].unit, self.locale)}
        rate = quantities.rendered(self.rate, language)
        return {"from": self.amounts[0].unit, "to": self.to, "rate": rate}

    def check(self, answer: Text, source: Source, /) -> Verdict:
        """Pair all amounts of money in the answer with those that must be there."""
        found = money.amounts(answer.flat, self.locale, source.src_lang)
        told = "; ".join(amount.text for amount in found[:20])
        left = list(self.amounts)
        for amount in found:
            match = next((old for old in left if self._is(amount, old)), None)
            if match is None:
                return failed(self._why(amount), told)
            left.remove(match)
        return failed("amount missing", told) if left else met(told)

    def _is(self, found: Beside, old: Amount) -> bool:
        if self.to and self.rate:
            wanted = Decimal(old.value) * Decimal(self.rate)
            near = Decimal("0.5") if wanted >= 100 else Decimal("0.05") if wanted >= 10 else Decimal("0.006")
            return found.name == self.to and found.value is not None and abs(Decimal(found.value) - wanted) <= near
        return self._fits(found, old, self.locale)

    @staticmethod
    def _fits(found: Beside, old: Amount, code: str) -> bool:
        """Whether an amount is the old one as a language writes it."""
        if found.name != old.unit or quantities.value(_number(found), locales.separators(code)) != old.value:
            return False
        return _named(found) or (_sign_first(found) == money.sides(code))

    def _why(self, found: Beside) -> str:
        if self.to and found.name != self.to:
            return "another currency"
        known = any(found.name == old.unit and found.value == old.value for old in self.amounts)
        return "amount in another form" if known and not self.to else "another amount"

    def edits(self, answer: Text, source: Source, /) -> list[Edit] | None:
        """Each amount that is in another form or currency: its number, and its name or sign where that changes too."""
        left, edits = list(self.amounts), list[Edit]()
        for found in money.amounts(answer.flat, self.locale, source.src_lang):
            fits = next((old for old in left if self._is(found, old)), None)
            old = fits or next((old for old in left if self._means(found, old, source.src_lang)), None)
            if old is None or not _is_whole(found, answer.flat, self.locale):
                return None
            changed = [] if fits else self._changed(answer.flat, found, old)
            if changed is None:
                return None
            edits += changed
            left.remove(old)
        return None if left else edits

    def _means(self, found: Beside, old: Amount, src_lang: str) -> bool:
        """Whether an amount is the old one, in the separators of either language or with others between groups."""
        text = found.number.text
        values = {quantities.value(text, locales.separators(code)) for code in (self.locale, src_lang)}
        values = {quantities.whole_groups(text)} if quantities.whole_groups(text) == old.value else values
        return found.name == old.unit and old.value in values

    def _changed(self, flat: str, found: Beside, old: Amount) -> list[Edit] | None:
        if self.to and self.rate:
            exact = Decimal(old.value) * Decimal(self.rate)
            value = exchange.plain(round(exact, 0 if exact >= 100 and "." not in old.value else 2))
            return exchange.of_currency(flat, found, value, self.to, self.locale)
        places = 2 if re.search(r"[.,][0-9]{1,2}$", found.number.text) else None
        if _named(found):
            number = quantities.rendered(old.value, self.locale, places=places)
            return [Edit(found.number.start, found.number.end, number)]
        if joined(flat, *found.whole):
            return None
        return [Edit(*found.whole, money.written(old.value, old.unit, self.locale, places=places))]

    def compliant(self, draft: str, _source: Source, /) -> str | None:
        """The draft with the amounts."""
        return added(draft, [self._written(amount) for amount in self.amounts])

    def broken(self, draft: str, _source: Source, /) -> list[str]:
        """As they were; both; another amount; none; with the sign on the other side."""
        new = [self._written(amount) for amount in self.amounts]
        unit = self.to or self.amounts[0].unit
        wrong = [money.written(f"{Decimal(a.value) * 2 + 7:f}", unit, self.locale) for a in self.amounts]
        old = [money.written(a.value, a.unit, self.locale if self.to else "en") for a in self.amounts]
        both = [f"{a} ({b})" for a, b in zip(new, old, strict=True)]
        rows = [wrong, new + new, []] if old == new or self._same(old) else [old, both, wrong, new + new, []]
        return [added(draft, pieces) for pieces in rows]

    def _same(self, old: list[str]) -> bool:
        text = Text(" – ".join(old))
        return (
            self.to is None
            and len(money.amounts(text.flat, self.locale)) == len(self.amounts)
            and all(any(self._is(amount, a) for a in self.amounts) for amount in money.amounts(text.flat, self.locale))
        )

    def _written(self, amount: Amount) -> str:
        if not self.to or not self.rate:
            return money.written(amount.value, amount.unit, self.locale)
        value = round(Decimal(amount.value) * Decimal(self.rate), 2)
        return money.written(f"{value:f}", self.to, self.locale)


def _number(found: Beside) -> str:
    digits = [at for at, c in enumerate(found.text) if c.isdigit()]
    return found.text[digits[0] : digits[-1] + 1]


def _named(found: Beside) -> bool:
    """Whether the currency is told by a name, which stands where the language's grammar wants it."""
    name = found.text.replace(_number(found), "").strip(" -\u2011")
    return sum(map(str.isalpha, name)) > 3 or any(ord(c) > 0x0900 and c.isalpha() for c in name)


def _sign_first(found: Beside) -> bool:
    return not found.text[:1].isdigit()


def _is_clear(amount: Beside, flat: str, code: str) -> bool:
    """Whether the amount can be read and is all that is said."""
    return bool(amount.value) and _is_whole(amount, flat, code) and not flat[amount.end : amount.end + 1].isalnum()


def _is_whole(amount: Beside, flat: str, code: str) -> bool:
    """Whether no word for a large number and no range follows."""
    follows = flat[amount.end : amount.end + 20].lower().lstrip(" -")
    scaled = quantities.scaled(flat, amount.end, code) or follows[:2] in ("bn", "mn") or follows[:3] == "mil"
    return not scaled and follows[:1] not in ("–", "−")
