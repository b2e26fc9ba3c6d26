"""Numbers: decimal and thousands separators of the target language."""

from __future__ import annotations

from collections import Counter
from typing import Literal, Self

from pydantic import Field

from filters.translation_rules import calendar, clock, locales, quantities
from filters.translation_rules.base import Rule, Source, added, failed, met
from filters.translation_rules.edits import Edit
from filters.translation_rules.text import Text
from filters.verifier import Verdict

_SHOWN = "9876543.21"


class Numbers(Rule):
    """Numbers are written as in the target language: 1,234.5 becomes 1.234,5 in German, 1 234,5 in Finnish.

    Held where each number of the source stands in the answer as often as in the source, with the target's separators
    (a group sign may lack), and nowhere as the source writes it.
    """

    family: Literal["numbers"] = "numbers"
    numbers: tuple[tuple[str, str], ...] = Field(min_length=1, max_length=40)
    """As the source writes it, and in plain form: ("1,234.5", "1234.5")."""

    @classmethod
    def find(cls, source: Source) -> list[Self]:
        """Numbers with separators, where the target language writes them otherwise."""
        flat = source.text.flat
        taken = [(part[0], part[1]) for scan in (calendar.dates, clock.times) for part in scan(flat, source.src_lang)]
        found = [
            (number.text, number.value)
            for number in quantities.numbers(flat, source.src_lang)
            if not any(start < number.end and number.start < end for start, end in taken)
            if number.value and _differs(number.text, number.value, source.tgt_lang)
            if quantities.alone(flat, number) and not _scaled(source, number)
        ]
        return [cls(locale=source.tgt_lang, numbers=tuple(found))] if found else []

    def slots(self, language: str) -> dict[str, str]:
        """A number of no meaning as the target language writes it."""
        del language
        return {"example": quantities.rendered(_SHOWN, self.locale)}

    def check(self, answer: Text, source: Source, /) -> Verdict:
        """Count the values and look for what the source wrote."""
        found = quantities.numbers(answer.flat, self.locale)
        values, written = Counter(number.value for number in found), {number.text for number in found}
        there = Counter(n.value for n in quantities.numbers(source.text.flat, source.src_lang))
        told = "; ".join(number.text for number in found[:20])
        for old, value in self.numbers:
            if _differs(old, value, self.locale) and old in written:
                return failed("as in the source", told)
            if values[value] != max(there[value], 1):
                return failed("number missing" if values[value] < there[value] else "number too often", told)
        return met(told)

    def edits(self, answer: Text, source: Source, /) -> list[Edit] | None:
        """Each number that stands as the source's language writes it, or with another sign between groups.

        Where a source has three digits behind its decimal sign, its writer may have meant thousands: that is left.
        """
        values, flat = {value for _, value in self.numbers}, answer.flat
        other = locales.separators(source.src_lang)
        edits = []
        for number in quantities.spaced_numbers(flat, self.locale):
            read, grouped = quantities.value(number.text, other), quantities.whole_groups(number.text)
            meant = grouped if grouped in values else read if read in values and not grouped else None
            if meant is None or number.value == meant:
                continue
            if not quantities.alone(flat, number):
                return None
            places = 0 if meant == grouped else len(number.text.partition(other.decimal)[2])
            edits.append(Edit(number.start, number.end, quantities.rendered(meant, self.locale, places=places)))
        return edits

    def compliant(self, draft: str, _source: Source, /) -> str | None:
        """The draft with the numbers."""
        return added(draft, [quantities.rendered(value, self.locale) for _, value in self.numbers])

    def broken(self, draft: str, _source: Source, /) -> list[str]:
        """As the source writes them; in both ways; without them; with another digit."""
        old = [text for text, _ in self.numbers]
        new = [quantities.rendered(value, self.locale) for _, value in self.numbers]
        wrong = [quantities.rendered(value + "7", self.locale) for _, value in self.numbers]
        both = [f"{a} ({b})" for a, b in zip(new, old, strict=True)]
        return [added(draft, pieces) for pieces in (old, both, [], wrong, new + new)]


def _differs(text: str, value: str, locale: str) -> bool:
    """Whether a number as the source writes it is not that number in the target language."""
    return quantities.value(text, locales.separators(locale)) != value


def _scaled(source: Source, number: quantities.Number) -> bool:
    """Whether a word for a large number follows that the target language counts by other units: 2.5 million, 250万."""
    if not locales.counts_in_myriads(source.tgt_lang) and not locales.counts_in_myriads(source.src_lang):
        return False
    return quantities.scaled(source.text.flat, number.end, source.src_lang)
