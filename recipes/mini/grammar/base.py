r"""What all languages share: patterns of sentences, and how dates, times and amounts are written (CLDR, by babel).

A language's patterns stand in `phrases/CODE.txt`, a line `frame: pattern` each; its questions in `tasks/CODE.txt`, its
words in `lexicon/CODE.txt`. In a pattern

    {slot:feature.feature}   is the slot's value, inflected
    {slot:=other}            is an adjective that agrees with a noun in another slot
    [Sie|du]                 is said to a reader who is addressed formally, informally
    {slot?m|f}               depends on a person's gender
    {slot@m|f|n}             depends on the grammatical gender of a noun; the last form stands for those that lack
    {slot#one|few|many}      depends on a number's plural category (CLDR), in the order of `plurals`
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time
from functools import cache, lru_cache
from typing import ClassVar, Literal

from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_decimal
from babel.units import format_unit

from grammar.meaning import (
    PLAIN,
    City,
    Clock,
    Day,
    Distance,
    Meaning,
    Money,
    Noun,
    Number,
    Person,
    Raw,
    Style,
    Temperature,
    Value,
    Weekday,
    When,
    Word,
)
from grammar.vocabulary import HERE, WORDS, read_lines

_PIECE = re.compile(r"\{(\w+)(?:([:?@#])([^{}]*))?\}|\[([^\[\]|]*)\|([^\[\]|]*)\]")
_SPACES = str.maketrans("\u00a0\u202f", "  ")

WORD = "dictionary"
"""Frames that begin so are words by themselves, and no sentences."""

Part = Callable[[Meaning, Style], str]
"""A piece of a pattern, said of a meaning."""


class Language:
    """One language. A subclass says how its nouns, people, cities and days are inflected."""

    code: ClassVar[str]
    plurals: ClassVar[tuple[str, ...]] = ("one", "other")
    """CLDR's plural categories that patterns tell apart, in their order."""
    genders: ClassVar[str] = "mfn"
    """Genders in the order of `{slot@…}`."""
    quotes: ClassVar[tuple[str, str]]
    stop_outside: ClassVar[bool] = False
    """Whether the stop of a quoted sentence stands behind the mark that closes it."""

    def __init__(self) -> None:
        """Read words and patterns."""
        self.words = read_lines(HERE / "lexicon" / f"{self.code}.txt")
        self.locale = Locale.parse(self.code)
        self.patterns = {
            frame: self._parts(pattern)
            for folder in ("phrases", "tasks")
            for frame, pattern in read_lines(HERE / folder / f"{self.code}.txt").items()
        }

    def say(self, meaning: Meaning, style: Style = PLAIN) -> str:
        """The meaning as a sentence.

        Raises:
            KeyError: the language has no such frame, slot or word.
        """
        text = "".join(part(meaning, style) for part in self.patterns[meaning.frame])
        return text if meaning.frame.startswith(WORD) else self.finished(text)

    def finished(self, text: str) -> str:
        """A sentence's first letter is large."""
        return text[:1].upper() + text[1:]

    def term(self, lexeme: str) -> str:
        """A word as a dictionary has it."""
        return self.words[lexeme].split()[0].replace("_", " ")

    def noun(self, noun: Noun, features: frozenset[str], formal: bool) -> str:
        """A noun with what belongs to it, inflected."""
        raise NotImplementedError

    def word(self, word: Word, features: frozenset[str]) -> str:
        """An adjective, a colour or a label."""
        raise NotImplementedError

    def person(self, person: Person, features: frozenset[str]) -> str:
        """Somebody's name."""
        raise NotImplementedError

    def city(self, city: City, features: frozenset[str]) -> str:
        """A city, perhaps with its preposition."""
        raise NotImplementedError

    def weekday(self, day: Weekday, features: frozenset[str]) -> str:
        """A day of the week, perhaps with its preposition."""
        raise NotImplementedError

    def when(self, when: When, features: frozenset[str], style: Style) -> str:
        """A day and time as an adverb: on Monday at 8:30."""
        raise NotImplementedError

    def day(self, day: Day, features: frozenset[str], style: Style) -> str:
        """A date, perhaps with its preposition."""
        raise NotImplementedError

    def gender(self, value: Value) -> str:
        """Grammatical gender of a noun or person: m, f or n."""
        raise NotImplementedError

    def clock(self, clock: Clock, features: frozenset[str], style: Style) -> str:
        """A time of day."""
        del features
        return self.written_clock(clock, style.clock or 24)

    def written_clock(self, clock: Clock, hours: int) -> str:
        """8:30 by 24 hours; 12 hours as CLDR has them."""
        return _clock(clock, "H:mm" if hours == 24 else self.half_pattern, self.code)

    def written_date(self, day: date, style: Style, *, year: bool = True) -> str:
        """A date in the style."""
        if style.dates == "iso":
            return day.isoformat()
        return self.long_date(day, year=year) if style.dates == "long" else self.numeric_date(day)

    def long_date(self, day: date, *, year: bool) -> str:
        """March 5, 2024, or March 5."""
        return _date(day, self.long_pattern if year else self.short_pattern, self.code)

    long_pattern: ClassVar[str]
    short_pattern: ClassVar[str]
    """CLDR patterns of a date in words, with a year and without."""
    lengths: ClassVar[Literal["long", "short"]] = "long"
    """Whether units of length are written in full."""
    numeric_pattern: ClassVar[str] = "dd.MM.y"
    half_pattern: ClassVar[str] = "h:mm a"
    """CLDR's pattern of a time by 12 hours."""

    def numeric_date(self, day: date) -> str:
        """05.03.2024."""
        return _date(day, self.numeric_pattern, self.code)

    def money(self, money: Money) -> str:
        """An amount with its currency's sign."""
        return _money(money, self.code)

    def _parts(self, pattern: str) -> list[Part]:
        parts: list[Part] = []
        place = 0
        for found in _PIECE.finditer(pattern):
            parts.append(_literal(pattern[place : found.start()]))
            place = found.end()
            slot, sign, told, formal, informal = found.groups()
            parts.append(self._slot(slot, sign, told or "") if slot else _address(formal, informal))
        parts.append(_literal(pattern[place:]))
        return parts

    def _slot(self, slot: str, sign: str | None, told: str) -> Part:
        if sign in {"?", "@", "#"}:
            forms = told.split("|")
            choose = {"?": self._by_sex, "@": self._by_gender, "#": self._by_number}[sign]
            return lambda meaning, _style: forms[min(choose(meaning.slots[slot]), len(forms) - 1)]
        if told.startswith("="):
            noun = told[1:]
            return lambda meaning, style: self._value(
                meaning.slots[slot], frozenset({self.gender(meaning.slots[noun])}), meaning.formal, style
            )
        features = frozenset(told.split(".")) if told else frozenset()
        return lambda meaning, style: self._value(meaning.slots[slot], features, meaning.formal, style)

    def _by_sex(self, value: Value) -> int:
        return "mf".index(sex(value))

    def _by_gender(self, value: Value) -> int:
        return self.genders.index(self.gender(value))

    def _by_number(self, value: Value) -> int:
        number = value.count if isinstance(value, Noun) else value.value if isinstance(value, Number) else None
        if number is None:
            raise TypeError(f"found {value!r}, expected a number")
        return min(self.plurals.index(self.plural(number)), len(self.plurals) - 1)

    def plural(self, number: int) -> str:
        """CLDR's plural category of a number, the last of `plurals` where patterns do not tell it apart."""
        category = self.locale.plural_form(number)
        return category if category in self.plurals else self.plurals[-1]

    def _value(self, value: Value, features: frozenset[str], formal: bool, style: Style) -> str:
        match value:
            case Noun():
                other = style.terms.get(value.lexeme)
                return self.noun(Noun(other, value.adjective, value.count) if other else value, features, formal)
            case Word():
                return self.word(value, features)
            case Person():
                return self.person(value, features)
            case City():
                return self.city(value, features)
            case Weekday():
                return self.weekday(value, features)
            case Clock():
                return self.clock(value, features, style)
            case When():
                return self.when(value, features, style)
            case Day():
                return self.day(value, features, style)
            case Money():
                return self.money(value)
            case Number():
                return _number(value.value, self.code) if value.grouped else str(value.value)
            case Distance():
                return _unit(value.value, value.unit, self.lengths, self.code)
            case Temperature():
                return _unit(value.value, value.unit, "short", self.code)
            case Raw():
                return value.text
            case Meaning():
                return self._quoted(self.say(value, style), style.quotes or self.quotes)

    def _quoted(self, sentence: str, marks: tuple[str, str]) -> str:
        opening, closing = marks
        if self.stop_outside and sentence.endswith("."):
            return f"{opening}{sentence[:-1]}{closing}."
        return opening + sentence + closing


def sex(value: Value) -> str:
    """Sex, m or f, of a person or relative."""
    if isinstance(value, Person | Noun):
        return "m" if value.lexeme in WORDS["men"] else "f"
    raise TypeError(f"found {value!r}, expected a person")


def _literal(text: str) -> Part:
    return lambda _meaning, _style: text


def _address(formal: str, informal: str) -> Part:
    return lambda meaning, _style: formal if meaning.formal else informal


@lru_cache(maxsize=65536)
def _date(day: date, pattern: str, code: str) -> str:
    return format_date(day, pattern, code).translate(_SPACES)


@lru_cache(maxsize=65536)
def _clock(clock: Clock, pattern: str, code: str) -> str:
    return format_time(time(clock.hour, clock.minute), pattern, locale=code).translate(_SPACES)


@lru_cache(maxsize=65536)
def _money(money: Money, code: str) -> str:
    # Whole amounts are written without cents.
    digits = money.amount == money.amount.to_integral_value()
    pattern = Locale.parse(code).currency_formats["standard"].pattern
    if digits:
        pattern = pattern.replace(".00", "")
    text = format_currency(money.amount, money.currency, pattern, locale=code, currency_digits=not digits)
    return text.translate(_SPACES)


@lru_cache(maxsize=65536)
def _number(value: int, code: str) -> str:
    return format_decimal(value, locale=code).translate(_SPACES)


@lru_cache(maxsize=65536)
def _unit(value: int | float, unit: str, length: Literal["long", "short"], code: str) -> str:
    return format_unit(value, unit, length, locale=code).translate(_SPACES)


@cache
def weekday_name(number: int, code: str) -> str:
    """A weekday's name, as CLDR has it within a sentence."""
    return str(Locale.parse(code).days["format"]["wide"][number])
