"""Italian: articles by the next sound, drawn into prepositions; adjectives behind their nouns."""

from __future__ import annotations

import re
from datetime import date
from typing import ClassVar

from grammar.base import Language, weekday_name
from grammar.meaning import City, Clock, Day, Noun, Person, Style, Value, Weekday, When, Word
from grammar.vocabulary import WORDS

_VOWEL = re.compile(r"(?i)[aeiouh]")
"""An h is not spoken."""
_HARD = re.compile(r"(?i)s[^aeiou]|z|gn|ps|x|y")
_STEMS = {
    "def": ("il", "lo", "la", "l'"),
    "a": ("al", "allo", "alla", "all'"),
    "da": ("dal", "dallo", "dalla", "dall'"),
}
"""Before m, before a hard beginning, before f, before a vowel."""
_FEMININE_PLURAL = frozenset(["egg"])
"""L'uovo, le uova."""


class Italian(Language):
    """`def`, `indef`, `dem`, `my`; `a`, `da` with the article; `at`: where one is or goes; `all`: tutti i."""

    code: ClassVar[str] = "it"
    quotes: ClassVar[tuple[str, str]] = ("«", "»")
    stop_outside: ClassVar[bool] = True
    genders: ClassVar[str] = "mf"
    long_pattern: ClassVar[str] = "d MMMM y"
    short_pattern: ClassVar[str] = "d MMMM"
    numeric_pattern: ClassVar[str] = "dd/MM/y"

    def noun(self, noun: Noun, features: frozenset[str], formal: bool) -> str:
        """La borsa rossa, un ombrello, quest'orologio, 3 borse rosse."""
        del formal
        gender, singular, *rest = self.words[noun.lexeme].split()
        if "many" in features:
            return rest[0]
        if "at" in features:
            return rest[0].replace("_", " ")
        many = noun.count is not None or "all" in features
        if many and noun.lexeme in _FEMININE_PLURAL:
            gender = "f"
        told = rest[0] if many else singular
        if noun.adjective:
            told = f"{told} {self.words[noun.adjective].split()['mf'.index(gender) + 2 * many]}"
        if noun.count is not None:
            return f"{noun.count} {told}"
        if "all" in features:
            masculine = "tutti gli" if _VOWEL.match(told) or _HARD.match(told) else "tutti i"
            return f"{masculine if gender == 'm' else 'tutte le'} {told}"
        for name, forms in _STEMS.items():
            if name in features:
                return _joined(_chosen(forms, gender, told), told)
        if "indef" in features:
            article = "uno" if _HARD.match(told) else "un"
            return _joined(article if gender == "m" else "un'" if _VOWEL.match(told) else "una", told)
        if "dem" in features:
            return _joined("quest'" if _VOWEL.match(told) else "questo" if gender == "m" else "questa", told)
        if "my" in features:
            own = "mio" if gender == "m" else "mia"
            article = "" if noun.lexeme in WORDS["kin"] else "il " if gender == "m" else "la "
            return f"{article}{own} {told}"
        return told

    def term(self, lexeme: str) -> str:
        """Without the gender."""
        return self.words[lexeme].split()[1]

    def word(self, word: Word, features: frozenset[str]) -> str:
        """The masculine form, or with `f` the feminine one."""
        forms = self.words[word.lexeme].split()
        return forms[1] if "f" in features and len(forms) > 1 else forms[0]

    def person(self, person: Person, features: frozenset[str]) -> str:
        """`e`: ed Elena, e Paul."""
        if "e" in features:
            return f"ed {person.lexeme}" if person.lexeme.startswith("E") else f"e {person.lexeme}"
        return person.lexeme

    def city(self, city: City, features: frozenset[str]) -> str:
        """`a`: ad Atene, a Roma."""
        name = self.words.get(city.lexeme, city.lexeme)
        if "a" in features:
            return f"ad {name}" if name.startswith("A") else f"a {name}"
        return name

    def weekday(self, day: Weekday, features: frozenset[str]) -> str:
        """Lunedì; with `da` and `a`: da lunedì, a lunedì."""
        preposition = "da " if "da" in features else "a " if "a" in features else ""
        return preposition + weekday_name(day.number, self.code)

    def when(self, when: When, features: frozenset[str], style: Style) -> str:
        """Lunedì alle 8:30."""
        if isinstance(when.day, Weekday):
            told = self.weekday(when.day, features)
        elif isinstance(when.day, date):
            told = self.day(Day(when.day), frozenset({"il"}), style)
        else:
            told = ("oggi", "domani")[when.day]
        return f"{told} {self.clock(when.clock, frozenset({'at'}), style)}" if when.clock else told

    def day(self, day: Day, features: frozenset[str], style: Style) -> str:
        """Il 5 marzo, l'8 marzo, dell'11 marzo, il 1º marzo."""
        told = self.written_date(day.day, style, year=day.year)
        elided = re.match(r"0?8\b|11\b", told) is not None and style.dates != "iso"
        if "il" in features:
            return f"l'{told}" if elided else f"il {told}"
        if "del" in features:
            return f"dell'{told}" if elided else f"del {told}"
        return told

    def long_date(self, day: date, *, year: bool) -> str:
        """The first of a month is an ordinal."""
        told = super().long_date(day, year=year)
        return f"1º{told[1:]}" if day.day == 1 else told

    def clock(self, clock: Clock, features: frozenset[str], style: Style) -> str:
        """`at`: alle 8:30."""
        told = self.written_clock(clock, style.clock or 24)
        if "at" not in features:
            return told
        return f"all'{told}" if told.startswith("1:") else f"alle {told}"

    def gender(self, value: Value) -> str:
        """Of a noun; of a counted one that of its plural."""
        assert isinstance(value, Noun)
        if value.count is not None and value.lexeme in _FEMININE_PLURAL:
            return "f"
        return self.words[value.lexeme].split()[0]


def _chosen(forms: tuple[str, str, str, str], gender: str, told: str) -> str:
    masculine, hard, feminine, elided = forms
    if _VOWEL.match(told):
        return elided
    if gender == "f":
        return feminine
    return hard if _HARD.match(told) else masculine


def _joined(article: str, told: str) -> str:
    return article + told if article.endswith("'") else f"{article} {told}"
