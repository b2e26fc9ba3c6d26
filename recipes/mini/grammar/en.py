"""English, as written in the United States."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from grammar.base import Language, weekday_name
from grammar.meaning import City, Clock, Day, Noun, Person, Style, Value, Weekday, When, Word


class English(Language):
    """No genders and cases; a or an by the next letter."""

    code: ClassVar[str] = "en"
    quotes: ClassVar[tuple[str, str]] = ("“", "”")
    long_pattern: ClassVar[str] = "MMMM d, y"
    short_pattern: ClassVar[str] = "MMMM d"
    numeric_pattern: ClassVar[str] = "MM/dd/y"

    def noun(self, noun: Noun, features: frozenset[str], formal: bool) -> str:
        """The red bag, a red bag, my bag, 3 red bags."""
        del formal
        forms = self.words[noun.lexeme].split()
        if "many" in features:
            return forms[-1]
        many = "pl" in features or (noun.count is not None and noun.count != 1)
        told = f"{noun.adjective} {forms[-1 if many else 0]}" if noun.adjective else forms[-1 if many else 0]
        if noun.count is not None:
            return f"{noun.count} {told}"
        if "at" in features:
            return f"{'in' if noun.lexeme == 'park' else 'at'} the {told}"
        if "def" in features:
            return f"the {told}"
        if "my" in features:
            return f"my {told}"
        if "indef" in features:
            return f"an {told}" if told[0] in "aeiou" else f"a {told}"
        return told

    def word(self, word: Word, features: frozenset[str]) -> str:
        """The word itself."""
        del features
        return self.words[word.lexeme]

    def person(self, person: Person, features: frozenset[str]) -> str:
        """The name."""
        del features
        return person.lexeme

    def city(self, city: City, features: frozenset[str]) -> str:
        """The name."""
        del features
        return city.lexeme

    def weekday(self, day: Weekday, features: frozenset[str]) -> str:
        """Monday."""
        del features
        return weekday_name(day.number, self.code)

    def when(self, when: When, features: frozenset[str], style: Style) -> str:
        """On Monday at 8:30 AM."""
        if isinstance(when.day, Weekday):
            told = f"on {self.weekday(when.day, features)}"
        elif isinstance(when.day, date):
            told = f"on {self.written_date(when.day, style)}"
        else:
            told = ("today", "tomorrow")[when.day]
        return f"{told} at {self.clock(when.clock, features, style)}" if when.clock else told

    def day(self, day: Day, features: frozenset[str], style: Style) -> str:
        """March 5, 2024."""
        del features
        return self.written_date(day.day, style, year=day.year)

    def clock(self, clock: Clock, features: frozenset[str], style: Style) -> str:
        """8:30 PM."""
        del features
        return self.written_clock(clock, style.clock or 12)

    def gender(self, value: Value) -> str:
        """None."""
        del value
        return "n"
