"""What a sentence means, in no language: a frame with its slots filled by things, people, days, amounts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal


@dataclass(frozen=True)
class Noun:
    """A thing, place, event, file or relative, by its English name, perhaps described and counted."""

    lexeme: str
    adjective: str | None = None
    count: int | None = None


@dataclass(frozen=True)
class Word:
    """An adjective, colour or label of a button."""

    lexeme: str


@dataclass(frozen=True)
class Person:
    """Somebody, by the English form of the first name."""

    lexeme: str


@dataclass(frozen=True)
class City:
    """A city, by its English name."""

    lexeme: str


@dataclass(frozen=True)
class Weekday:
    """A day of the week; Monday is 0."""

    number: int


@dataclass(frozen=True)
class Clock:
    """A time of day."""

    hour: int
    minute: int


@dataclass(frozen=True)
class When:
    """A day, perhaps with a time: a date, a day of the week, or so many days from today (0 or 1)."""

    day: date | Weekday | int
    clock: Clock | None = None


@dataclass(frozen=True)
class Day:
    """A date, with its year or without."""

    day: date
    year: bool = True


@dataclass(frozen=True)
class Money:
    """An amount of money."""

    amount: Decimal
    currency: str


@dataclass(frozen=True)
class Number:
    """A number; years are not grouped."""

    value: int
    grouped: bool = True


@dataclass(frozen=True)
class Distance:
    """A length in kilometres or miles."""

    value: int | float
    unit: Literal["length-kilometer", "length-mile"] = "length-kilometer"


@dataclass(frozen=True)
class Temperature:
    """A temperature in degrees."""

    value: int
    unit: Literal["temperature-celsius", "temperature-fahrenheit"] = "temperature-celsius"


@dataclass(frozen=True)
class Raw:
    """What stands alike in every language: a code, a file's name, a placeholder, an address."""

    text: str


@dataclass(frozen=True)
class Meaning:
    """A frame with its slots filled, and how the reader is addressed."""

    frame: str
    slots: Mapping[str, Value]
    formal: bool = True

    def lexemes(self) -> list[str]:
        """Every word of the vocabulary that it has, in order, those of a quoted sentence among them."""
        return list(dict.fromkeys(self._lexemes()))

    def _lexemes(self) -> Iterator[str]:
        for value in self.slots.values():
            if isinstance(value, Noun) and value.adjective is not None:
                yield value.adjective
            if isinstance(value, Noun | Word | Person | City):
                yield value.lexeme
            elif isinstance(value, Meaning):
                yield from value._lexemes()


Value = (
    Noun | Word | Person | City | Weekday | Clock | When | Day | Money | Number | Distance | Temperature | Raw | Meaning
)


@dataclass(frozen=True)
class Style:
    """How a language writes what it may write in several ways; the default is what its speakers write."""

    dates: Literal["long", "numeric", "iso"] = "long"
    clock: Literal[12, 24] | None = None
    """12 or 24 hours; None for the language's own."""
    quotes: tuple[str, str] | None = None
    """Marks around what somebody wrote; None for the language's own."""
    terms: Mapping[str, str] = field(default_factory=dict)
    """Lexemes with the lexeme that stands for them: another word for the same thing."""


PLAIN = Style()
