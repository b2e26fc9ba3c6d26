"""German: three genders, four cases, adjectives after the article's strength, contracted articles."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from grammar.base import Language, weekday_name
from grammar.meaning import City, Clock, Day, Noun, Person, Style, Value, Weekday, When, Word

_DEFINITE = {
    "nom": {"m": "der", "f": "die", "n": "das"},
    "acc": {"m": "den", "f": "die", "n": "das"},
    "dat": {"m": "dem", "f": "der", "n": "dem"},
}
_DEMONSTRATIVE = {
    "nom": {"m": "dieser", "f": "diese", "n": "dieses"},
    "acc": {"m": "diesen", "f": "diese", "n": "dieses"},
}
_EIN = {"nom": {"m": "", "f": "e", "n": ""}, "acc": {"m": "en", "f": "e", "n": ""}}
"""Endings of ein and mein."""
_WEAK = {
    "nom": {"m": "e", "f": "e", "n": "e"},
    "acc": {"m": "en", "f": "e", "n": "e"},
    "dat": {"m": "en", "f": "en", "n": "en"},
}
_MIXED = {"nom": {"m": "er", "f": "e", "n": "es"}, "acc": {"m": "en", "f": "e", "n": "es"}}
"""Endings of adjectives behind der, and behind ein."""
_CONTRACTED = {
    "zu": {"m": "zum", "f": "zur", "n": "zum"},
    "von": {"m": "vom", "f": "von der", "n": "vom"},
    "in": {"m": "im", "f": "in der", "n": "im"},
    "an": {"m": "am", "f": "an der", "n": "am"},
    "auf": {"m": "auf dem", "f": "auf der", "n": "auf dem"},
}
_WHERE = {"station": "an", "airport": "an", "market": "auf"}
"""Places that one is not in but at or on."""
_INTO = {"m": "in den", "f": "in die", "n": "ins"}
_INSIDE = frozenset(["library", "museum", "hospital", "restaurant", "park", "office", "theatre"])
"""Places that one goes into rather than to."""
_STEMS = {"teuer": "teur"}
"""Adjectives that lose a vowel before an ending."""


class German(Language):
    """`def`, `indef`, `dem`, `my` and a case; `von`, `zu`, `in` with the article drawn into them; `to`: ins, zum."""

    code: ClassVar[str] = "de"
    quotes: ClassVar[tuple[str, str]] = ("„", "“")
    long_pattern: ClassVar[str] = "d. MMMM y"
    short_pattern: ClassVar[str] = "d. MMMM"

    def noun(self, noun: Noun, features: frozenset[str], formal: bool) -> str:
        """Den roten Stuhl, eine rote Tasche, 3 rote Taschen."""
        del formal
        gender, singular, *rest = self.words[noun.lexeme].split()
        if "many" in features:
            return rest[0]
        case = next((case for case in ("nom", "acc", "dat") if case in features), "nom")
        if noun.count is not None or "pl" in features:
            plural = rest[0]
            ending = "en" if "weak" in features else "e"
            told = f"{self._inflected(noun.adjective, ending)} {plural}" if noun.adjective else plural
            return told if noun.count is None else f"{noun.count} {told}"
        if "to" in features:
            return f"{(_INTO if noun.lexeme in _INSIDE else _CONTRACTED['zu'])[gender]} {singular}"
        for preposition in ("zu", "von", "in"):
            if preposition in features:
                own = _WHERE.get(noun.lexeme, "in") if preposition == "in" else preposition
                return self._with_adjective(f"{_CONTRACTED[own][gender]}", noun, _WEAK["dat"][gender], singular)
        if "indef" in features or "my" in features:
            article = ("ein" if "indef" in features else "mein") + _EIN[case][gender]
            return self._with_adjective(article, noun, _MIXED[case][gender], singular)
        if "def" in features or "dem" in features:
            article = (_DEFINITE if "def" in features else _DEMONSTRATIVE)[case][gender]
            return self._with_adjective(article, noun, _WEAK[case][gender], singular)
        return singular

    def _with_adjective(self, article: str, noun: Noun, ending: str, form: str) -> str:
        if noun.adjective is None:
            return f"{article} {form}"
        return f"{article} {self._inflected(noun.adjective, ending)} {form}"

    def _inflected(self, adjective: str, ending: str) -> str:
        stem = self.words[adjective]
        return _STEMS.get(stem, stem) + ending

    def term(self, lexeme: str) -> str:
        """Without the gender."""
        return self.words[lexeme].split()[1]

    def word(self, word: Word, features: frozenset[str]) -> str:
        """`noun`: the colour as a noun, Blau."""
        told = self.words[word.lexeme]
        return told.capitalize() if "noun" in features else told

    def person(self, person: Person, features: frozenset[str]) -> str:
        """`gen`: Annas, Thomas’."""
        if "gen" not in features:
            return person.lexeme
        return f"{person.lexeme}’" if person.lexeme[-1] in "sxzß" else f"{person.lexeme}s"

    def city(self, city: City, features: frozenset[str]) -> str:
        """The name."""
        del features
        return self.words.get(city.lexeme, city.lexeme)

    def weekday(self, day: Weekday, features: frozenset[str]) -> str:
        """Montag."""
        del features
        return weekday_name(day.number, self.code)

    def when(self, when: When, features: frozenset[str], style: Style) -> str:
        """Am Montag um 8:30 Uhr."""
        if isinstance(when.day, Weekday):
            told = f"am {self.weekday(when.day, features)}"
        elif isinstance(when.day, date):
            told = f"am {self.written_date(when.day, style)}"
        else:
            told = ("heute", "morgen")[when.day]
        return f"{told} um {self.clock(when.clock, features, style)}" if when.clock else told

    def day(self, day: Day, features: frozenset[str], style: Style) -> str:
        """5. März 2024."""
        del features
        return self.written_date(day.day, style, year=day.year)

    def clock(self, clock: Clock, features: frozenset[str], style: Style) -> str:
        """8:30 Uhr."""
        del features
        if style.clock == 12:
            return self.written_clock(clock, 12)
        return f"{self.written_clock(clock, 24)} Uhr"

    def gender(self, value: Value) -> str:
        """Of a noun."""
        assert isinstance(value, Noun)
        return self.words[value.lexeme].split()[0]
