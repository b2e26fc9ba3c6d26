"""All families of rules: what a row may hold, and what a source gives reason for."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from filters.translation_rules.address import Address
from filters.translation_rules.base import Rule, Source
from filters.translation_rules.capitals import Capitals
from filters.translation_rules.currency import Currency
from filters.translation_rules.dates import Dates
from filters.translation_rules.length import Length
from filters.translation_rules.markup import Markup
from filters.translation_rules.numbers import Numbers
from filters.translation_rules.phones import Phones
from filters.translation_rules.punctuation import Punctuation
from filters.translation_rules.quotes import Quotes
from filters.translation_rules.structure import Structure
from filters.translation_rules.temperatures import Temperatures
from filters.translation_rules.terms import Terms
from filters.translation_rules.times import Times
from filters.translation_rules.units import Units
from filters.translation_rules.variety import Variety
from filters.translation_rules.verbatim import Verbatim

FAMILIES: dict[str, type[Rule]] = {
    str(rule.model_fields["family"].default): rule
    for rule in (
        *(Dates, Times, Numbers, Currency, Units, Temperatures, Phones, Verbatim, Markup),
        *(Terms, Quotes, Punctuation, Address, Length, Capitals, Structure, Variety),
    )
}
"""Every family by its name."""

AnyRule = Annotated[
    Dates
    | Times
    | Numbers
    | Currency
    | Units
    | Temperatures
    | Phones
    | Verbatim
    | Markup
    | Terms
    | Quotes
    | Punctuation
    | Address
    | Length
    | Capitals
    | Structure
    | Variety,
    Field(discriminator="family"),
]
"""A rule of any family, told by its field `family`."""


def find_rules(source: Source) -> list[Rule]:
    """Every rule that a source gives reason for, by family; of one family several exclude one another."""
    return [rule for family in FAMILIES.values() for rule in family.find(source)]
