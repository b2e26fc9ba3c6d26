"""Temperatures: degrees Fahrenheit in Celsius, and the other way."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, Self

from pydantic import Field

from filters.translation_rules import exchange
from filters.translation_rules.base import Source
from filters.translation_rules.units import Conversion, found_amounts


class Temperatures(Conversion):
    """Every temperature is written in the other scale: 68 °F becomes 20 °C.

    Held where each stands in the answer once in that scale, rounded to a degree or finer, and none in the source's.
    """

    family: Literal["temperatures"] = "temperatures"
    scale: Literal["celsius", "fahrenheit"]
    tolerance: float = Field(default=0.6, gt=0, le=5)
    """How many degrees from the exact value a number may lie."""

    @classmethod
    def find(cls, source: Source) -> list[Self]:
        """The other scale, where all temperatures are of one."""
        rules = []
        for scale, other in (("celsius", "fahrenheit"), ("fahrenheit", "celsius")):
            units = {f"temperature-{other}": f"temperature-{scale}"}
            found = found_amounts(source, units)
            others = found_amounts(source, {value: key for key, value in units.items()})
            if found and others == [] and len(found) <= 20:
                rules.append(cls(locale=source.tgt_lang, scale=scale, amounts=tuple(found)))  # type: ignore[arg-type]
        return rules

    def key(self) -> str:
        """One wording for each scale."""
        return f"temperatures.{self.scale}"

    def target(self, unit: str) -> str:
        """The other scale."""
        del unit
        return f"temperature-{self.scale}"

    def targets(self) -> frozenset[str]:
        """The other scale."""
        return frozenset({f"temperature-{self.scale}"})

    def near(self, found: Decimal, wanted: Decimal) -> bool:
        """Within the tolerance."""
        return abs(found - wanted) <= Decimal(str(self.tolerance))

    def rounded(self, exact: Decimal, old: str) -> str:
        """In degrees, or tenths where the old one had them."""
        tenths = not old.isdigit()
        return exchange.plain(round(exact, 1 if tenths else 0) + 0)
