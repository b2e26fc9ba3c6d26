"""Spanish, as written in Spain: two genders, adjectives behind their nouns, al and del."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from grammar.base import Language, weekday_name
from grammar.meaning import City, Clock, Day, Noun, Person, Style, Value, Weekday, When, Word

_ARTICLES = {
    "def": {"m": "el", "f": "la"},
    "indef": {"m": "un", "f": "una"},
    "dem": {"m": "este", "f": "esta"},
    "my": {"m": "mi", "f": "mi"},
    "a": {"m": "al", "f": "a la"},
    "de": {"m": "del", "f": "de la"},
}


class Spanish(Language):
    """`def`, `indef`, `dem`, `my`; `a` and `de` with the article drawn into them; `all`: todos los."""

    code: ClassVar[str] = "es"
    quotes: ClassVar[tuple[str, str]] = ("«", "»")
    stop_outside: ClassVar[bool] = True
    genders: ClassVar[str] = "mf"
    long_pattern: ClassVar[str] = "d 'de' MMMM 'de' y"
    short_pattern: ClassVar[str] = "d 'de' MMMM"
    numeric_pattern: ClassVar[str] = "dd/MM/y"

    def finished(self, text: str) -> str:
        """The first letter is large, also behind ¿ and ¡."""
        first = next((place for place, sign in enumerate(text) if sign not in "¿¡«"), 0)
        return text[:first] + text[first : first + 1].upper() + text[first + 1 :]

    def noun(self, noun: Noun, features: frozenset[str], formal: bool) -> str:
        """La bolsa roja, una bolsa roja, 3 bolsas rojas."""
        del formal
        gender, singular, *rest = self.words[noun.lexeme].split()
        if "many" in features:
            return rest[0]
        many = noun.count is not None or "all" in features
        told = rest[0] if many else singular
        if noun.adjective:
            told = f"{told} {self._agreeing(noun.adjective, gender, many=many)}"
        if noun.count is not None:
            return f"{noun.count} {told}"
        if "all" in features:
            return f"{'todos los' if gender == 'm' else 'todas las'} {told}"
        for name, forms in _ARTICLES.items():
            if name in features:
                return f"{forms[gender]} {told}"
        return told

    def _agreeing(self, adjective: str, gender: str, *, many: bool) -> str:
        form = self.words[adjective].split()["mf".index(gender)]
        if not many:
            return form
        return f"{form}s" if form[-1] in "aeiou" else f"{form}es"

    def term(self, lexeme: str) -> str:
        """Without the gender."""
        return self.words[lexeme].split()[1]

    def word(self, word: Word, features: frozenset[str]) -> str:
        """The masculine form, or with `f` the feminine one."""
        return self.words[word.lexeme].split()[-1 if "f" in features else 0]

    def person(self, person: Person, features: frozenset[str]) -> str:
        """The name."""
        del features
        return person.lexeme

    def city(self, city: City, features: frozenset[str]) -> str:
        """The name."""
        del features
        return self.words.get(city.lexeme, city.lexeme)

    def weekday(self, day: Weekday, features: frozenset[str]) -> str:
        """El lunes; del lunes, al lunes."""
        article = "del" if "de" in features else "al" if "a" in features else "el"
        return f"{article} {weekday_name(day.number, self.code)}"

    def when(self, when: When, features: frozenset[str], style: Style) -> str:
        """El lunes a las 8:30."""
        if isinstance(when.day, Weekday):
            told = self.weekday(when.day, features)
        elif isinstance(when.day, date):
            told = f"el {self.written_date(when.day, style)}"
        else:
            told = ("hoy", "mañana")[when.day]
        return f"{told} {self.clock(when.clock, frozenset({'at'}), style)}" if when.clock else told

    def day(self, day: Day, features: frozenset[str], style: Style) -> str:
        """5 de marzo de 2024."""
        del features
        return self.written_date(day.day, style, year=day.year)

    def clock(self, clock: Clock, features: frozenset[str], style: Style) -> str:
        """`at`: a las 8:30; a la 1:30."""
        told = self.written_clock(clock, style.clock or 24)
        if "at" not in features:
            return told
        return f"{'a la' if told.startswith('1:') else 'a las'} {told}"

    def gender(self, value: Value) -> str:
        """Of a noun."""
        assert isinstance(value, Noun)
        return self.words[value.lexeme].split()[0]
