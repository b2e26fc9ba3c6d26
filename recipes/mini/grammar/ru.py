"""Russian: cases from tables, numerals that govern them, verbs of the past that agree with their subject."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from grammar.base import Language
from grammar.meaning import City, Clock, Day, Noun, Person, Style, Value, Weekday, When, Word

_CASES = ("nom", "gen", "acc", "pre")
_DAYS = (
    ("в", "понедельник", "с", "понедельника", "понедельником"),
    ("во", "вторник", "со", "вторника", "вторником"),
    ("в", "среду", "со", "среды", "средой"),
    ("в", "четверг", "с", "четверга", "четвергом"),
    ("в", "пятницу", "с", "пятницы", "пятницей"),
    ("в", "субботу", "с", "субботы", "субботой"),
    ("в", "воскресенье", "с", "воскресенья", "воскресеньем"),
)
"""On a day (accusative), from a day (genitive), and the instrumental."""
_THIS = {"nom": {"m": "этот", "f": "эта", "n": "это"}, "acc": {"m": "этот", "f": "эту", "n": "это"}}
_MY = {"m": "мой", "f": "моя", "n": "моё"}


class Russian(Language):
    """Cases `nom`, `gen`, `acc`, `pre`; `dem`, `my`; `at` and `to` a place; `on` and `from` a day."""

    code: ClassVar[str] = "ru"
    plurals: ClassVar[tuple[str, ...]] = ("few", "many")
    """No amount in the phrasebook ends in 1 but 11: `one` would need another gender of the numeral."""
    quotes: ClassVar[tuple[str, str]] = ("«", "»")
    stop_outside: ClassVar[bool] = True
    long_pattern: ClassVar[str] = "d MMMM y 'года'"
    short_pattern: ClassVar[str] = "d MMMM"

    def noun(self, noun: Noun, features: frozenset[str], formal: bool) -> str:
        """Красную сумку, 3 красных сумки, 5 красных сумок."""
        del formal
        gender, *forms = self.words[noun.lexeme].split()
        case = _case(features)
        if "many" in features:
            return forms[4]
        if noun.count is not None:
            return self._counted(noun, noun.count, forms)
        if "pl" in features:
            return forms[3]
        if "at" in features:
            return f"{forms[4]} {forms[3]}"
        if "to" in features:
            return f"{forms[4]} {forms[2]}"
        told = forms[_CASES.index(case)]
        if noun.adjective:
            told = f"{self._agreeing(noun.adjective, gender, case)} {told}"
        if "dem" in features:
            return f"{_THIS[case][gender]} {told}"
        return f"{_MY[gender]} {told}" if "my" in features else told

    def _counted(self, noun: Noun, count: int, forms: list[str]) -> str:
        """Behind 2, 3, 4 the genitive singular, behind others the plural; adjectives are in the genitive plural."""
        told = forms[1] if self.plural(count) == "few" else forms[4]
        if noun.adjective:
            told = f"{self.words[noun.adjective].split()[5]} {told}"
        return f"{count} {told}"

    def _agreeing(self, adjective: str, gender: str, case: str) -> str:
        forms = self.words[adjective].split()
        return forms[3] if case == "acc" and gender == "f" else forms["mfn".index(gender)]

    def term(self, lexeme: str) -> str:
        """The nominative, without the gender."""
        return self.words[lexeme].split()[1]

    def word(self, word: Word, features: frozenset[str]) -> str:
        """A label; an adjective in the nominative of a gender, or with `gen` as in `синего цвета`."""
        forms = self.words[word.lexeme].split()
        if "gen" in features:
            return forms[6]
        return next((form for gender, form in zip("mfn", forms, strict=False) if gender in features), forms[0])

    def person(self, person: Person, features: frozenset[str]) -> str:
        """The name in its case."""
        return self.words[person.lexeme].split()[_CASES.index(_case(features))]

    def city(self, city: City, features: frozenset[str]) -> str:
        """The name in its case."""
        return self.words[city.lexeme].split()[_CASES.index(_case(features))]

    def weekday(self, day: Weekday, features: frozenset[str]) -> str:
        """В среду; со среды; среды; среду."""
        on, accusative, since, genitive, instrumental = _DAYS[day.number]
        if "ins" in features:
            return instrumental
        if "from" in features:
            return f"{since} {genitive}"
        if "gen" in features:
            return genitive
        return accusative if "acc" in features else f"{on} {accusative}"

    def when(self, when: When, features: frozenset[str], style: Style) -> str:
        """В среду в 8:30."""
        if isinstance(when.day, Weekday):
            told = self.weekday(when.day, frozenset())
        elif isinstance(when.day, date):
            told = self.written_date(when.day, style)
        else:
            told = ("сегодня", "завтра")[when.day]
        return f"{told} в {self.clock(when.clock, features, style)}" if when.clock else told

    def day(self, day: Day, features: frozenset[str], style: Style) -> str:
        """5 марта 2024 года."""
        del features
        return self.written_date(day.day, style, year=day.year)

    def clock(self, clock: Clock, features: frozenset[str], style: Style) -> str:
        """8:30."""
        del features
        return self.written_clock(clock, style.clock or 24)

    def gender(self, value: Value) -> str:
        """Of a noun."""
        assert isinstance(value, Noun)
        return self.words[value.lexeme].split()[0]


def _case(features: frozenset[str]) -> str:
    return next((case for case in _CASES if case in features), "nom")
