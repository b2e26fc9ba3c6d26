"""Units: lengths, masses, volumes, areas and speeds in the other system of measurement."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Literal, Self

from pydantic import Field

from filters.translation_rules import exchange, locales, measures, quantities
from filters.translation_rules.base import Amount, Rule, Source, added, failed, met
from filters.translation_rules.edits import Edit
from filters.translation_rules.quantities import Beside
from filters.translation_rules.text import Text
from filters.verifier import Verdict

_RANGE = re.compile(r"[0-9] ?[^0-9\n.,;]{1,5}$")
_NEAR = 0.016
"""How far a rounded number may be from the exact one, as a share of it."""
_GOES_ON = re.compile(r"[- ]?[0-9]")


class Conversion(Rule):
    """What units and temperatures share: amounts become others, none is left as it was, and none comes to them."""

    amounts: tuple[Amount, ...] = Field(min_length=1, max_length=20)
    """As in the source."""

    def target(self, unit: str) -> str:
        """The unit that an amount is converted to."""
        raise NotImplementedError

    def targets(self) -> frozenset[str]:
        """The units that a converted amount may have."""
        raise NotImplementedError

    def near(self, found: Decimal, wanted: Decimal) -> bool:
        """Whether a number is the converted one, as people round."""
        raise NotImplementedError

    def rounded(self, exact: Decimal, old: str) -> str:
        """A converted number as people round it, given the old one as it is written."""
        raise NotImplementedError

    def check(self, answer: Text, source: Source, /) -> Verdict:
        """Pair the answer's amounts of the wanted units with those that must be there."""
        found = measures.of_text(answer, self.locale, source.src_lang)
        told = "; ".join(amount.text for amount in found[:20])
        units = self.targets()
        left = list(self.amounts)
        for amount in found:
            if amount.name in {old.unit for old in self.amounts} or self._is_old(amount):
                return failed("unit as in the source", told)
            if amount.name not in units:
                continue
            match = next((old for old in left if self._converts(old, amount)), None)
            if match is None:
                return failed("another amount", told)
            left.remove(match)
        return failed("amount missing", told) if left else met(told)

    def _is_old(self, found: Beside) -> bool:
        return any((found.value, found.name) == (old.value, old.unit) for old in self.amounts)

    def _converts(self, old: Amount, found: Beside) -> bool:
        to = self.target(old.unit)
        if found.name.partition("-")[0] != to.partition("-")[0] or found.value is None:
            return False
        value = measures.converted(found.value, found.name, to) if found.name != to else Decimal(found.value)
        return self.near(value, measures.converted(old.value, old.unit, to))

    def edits(self, answer: Text, source: Source, /) -> list[Edit] | None:
        """The number and the name of each amount that is as in the source."""
        left, edits = list(self.amounts), list[Edit]()
        for found in measures.of_text(answer, self.locale, source.src_lang):
            if old := next((old for old in left if found.name == old.unit and _worth(found, old.value)), None):
                changed = self._changed(answer.flat, found, old)
                if changed is None:
                    return None
                edits += changed
            elif not (old := next((old for old in left if self._converts(old, found)), None)):
                continue
            left.remove(old)
        return None if left else edits

    def _changed(self, flat: str, found: Beside, old: Amount) -> list[Edit] | None:
        unit = self.target(old.unit)
        number = self.rounded(measures.converted(old.value, old.unit, unit), found.number.text)
        return exchange.of_unit(flat, found, number, unit, self.locale)

    def compliant(self, draft: str, _source: Source, /) -> str | None:
        """The draft with the converted amounts."""
        pieces = [self._written(amount) for amount in self.amounts]
        return added(draft, [piece for piece in pieces if piece]) if all(pieces) else None

    def broken(self, draft: str, _source: Source, /) -> list[str]:
        """Amounts as they were; both; the old number with the new unit; a wrong number; none."""
        old = [measures.written(a.value, a.unit, self.locale) or "" for a in self.amounts]
        new = [self._written(a) or "" for a in self.amounts]
        unit = [measures.written(a.value, self.target(a.unit), self.locale) or "" for a in self.amounts]
        wrong = [self._written(a, more=9) or "" for a in self.amounts]
        both = [f"{b} ({a})" for a, b in zip(old, new, strict=True)]
        rows = [old, both, wrong, new + new, []]
        if not all(
            self.near(Decimal(a.value), measures.converted(a.value, a.unit, self.target(a.unit))) for a in self.amounts
        ):
            rows.append(unit)
        return [added(draft, pieces) for pieces in rows]

    def _written(self, amount: Amount, more: int = 0) -> str | None:
        unit = self.target(amount.unit)
        value = measures.converted(amount.value, amount.unit, unit)
        value += (abs(value) / 3 + more).copy_sign(value) if more else 0
        rounded = round(value, 1 if abs(value) >= 10 else 2)
        return measures.written(exchange.plain(rounded), unit, self.locale)


def _worth(found: Beside, value: str) -> bool:
    """Whether an amount has a value, in the language's separators or with others between groups."""
    return value in (found.value, quantities.whole_groups(found.number.text))


def found_amounts(source: Source, units: dict[str, str]) -> list[Amount] | None:
    """The amounts of a source in some units; None where one of them cannot be read or the target has no names."""
    found = [amount for amount in measures.of_text(source.text, source.src_lang) if amount.name in units]
    if not all(amount.value and _stands_alone(source.text.flat, amount) for amount in found):
        return None
    if any(not locales.unit_forms(source.tgt_lang, units[amount.name]) for amount in found):
        return None
    return [Amount(value=amount.value or "", unit=amount.name) for amount in found]


def _stands_alone(flat: str, amount: Beside) -> bool:
    """Whether the amount is all there is: no range (2 to 4 inches), no fraction, no code, no second unit (6-foot-6)."""
    before = flat[max(0, amount.start - 8) : amount.start]
    sign = amount.name in measures.TEMPERATURES and quantities.negative(flat, amount.start)
    if _RANGE.search(before) or _GOES_ON.match(flat, amount.end):
        return False
    return sign or not before or not (before[-1].isalnum() or before[-1] in "/.,:-–−")


class Units(Conversion):
    """Amounts of one system of measurement are written in the other: 5 miles becomes 8 km.

    Held where each amount stands in the answer once in the other system, within the tolerance, and no amount of the
    source's units and none besides them does. Values by pint, names by CLDR in the target's and the source's language.
    """

    family: Literal["units"] = "units"
    system: Literal["metric", "imperial"]
    """The one to convert to."""
    tolerance: float = Field(default=0.03, gt=0, le=0.2)
    """How far from the exact value a number may lie, as a share of it."""

    @classmethod
    def find(cls, source: Source) -> list[Self]:
        """The other system, where all amounts are of one."""
        rules = []
        for system, units in (("metric", measures.TO_METRIC), ("imperial", measures.TO_IMPERIAL)):
            other = measures.TO_IMPERIAL if system == "metric" else measures.TO_METRIC
            found = found_amounts(source, units)
            if found and found_amounts(source, other) == [] and len(found) <= 20:
                rules.append(cls(locale=source.tgt_lang, system=system, amounts=tuple(found)))  # type: ignore[arg-type]
        return rules

    def key(self) -> str:
        """One wording for each system."""
        return f"units.{self.system}"

    def slots(self, language: str) -> dict[str, str]:
        """The tolerance in percent."""
        del language
        return {"percent": f"{100 * self.tolerance:g}"}

    def target(self, unit: str) -> str:
        """The everyday unit of the other system."""
        return (measures.TO_METRIC if self.system == "metric" else measures.TO_IMPERIAL).get(unit, unit)

    def targets(self) -> frozenset[str]:
        """All of the other system: 10 feet may become 3 m or 305 cm."""
        more = measures.METRIC_TOO if self.system == "metric" else ()
        return frozenset({*(measures.TO_METRIC if self.system == "metric" else measures.TO_IMPERIAL).values(), *more})

    def near(self, found: Decimal, wanted: Decimal) -> bool:
        """Within the tolerance."""
        return abs(found - wanted) <= abs(wanted) * Decimal(str(self.tolerance))

    def rounded(self, exact: Decimal, old: str) -> str:
        """With as few digits as people do: 6 feet are 1.8 m."""
        share = Decimal(str(min(_NEAR, self.tolerance)))
        return exchange.rounded(exact, re.sub("[^0-9]", "", old), abs(exact) * share)
