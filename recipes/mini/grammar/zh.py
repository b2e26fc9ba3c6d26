"""Chinese in simplified characters: classifiers, no inflection, no spaces between words."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from grammar.base import Language, weekday_name
from grammar.meaning import City, Day, Noun, Person, Style, Value, Weekday, When, Word
from grammar.vocabulary import WORDS


class Chinese(Language):
    """`indef`, `dem`, `my`; nothing for the definite article; `predicate`: an adjective without 的."""

    code: ClassVar[str] = "zh"
    plurals: ClassVar[tuple[str, ...]] = ("other",)
    quotes: ClassVar[tuple[str, str]] = ("“", "”")
    long_pattern: ClassVar[str] = "y年M月d日"
    short_pattern: ClassVar[str] = "M月d日"
    lengths: ClassVar[Literal["long", "short"]] = "short"
    numeric_pattern: ClassVar[str] = "y/M/d"
    half_pattern: ClassVar[str] = "ah:mm"

    def noun(self, noun: Noun, features: frozenset[str], formal: bool) -> str:
        """红色的包, 一个红色的包, 这个红色的包, 3个红色的包."""
        del formal
        word, classifier = self.words[noun.lexeme].split()
        told = f"{self._before(noun.adjective, word, 'my' in features)}{word}" if noun.adjective else word
        if "many" in features:
            return f"{classifier}{word}"
        if noun.count is not None:
            return f"{noun.count}{classifier}{told}"
        if "indef" in features:
            return f"一{classifier}{told}"
        if "dem" in features:
            return f"这{classifier}{told}"
        if "my" in features:
            return f"我{told}" if noun.lexeme in WORDS["kin"] else f"我的{told}"
        return told

    def _before(self, adjective: str, word: str, owned: bool) -> str:
        """No 的 behind one character, unless the word begins with the same (大的大衣), nor behind another 的."""
        told = self.words[adjective]
        short = owned or (len(told) == 2 and not word.startswith(told[0]))
        return told.removesuffix("的") if short else told

    def word(self, word: Word, features: frozenset[str]) -> str:
        """A label or an adjective."""
        told = self.words[word.lexeme]
        return told.removesuffix("的") if "predicate" in features else told

    def person(self, person: Person, features: frozenset[str]) -> str:
        """The name in characters."""
        del features
        return self.words[person.lexeme]

    def city(self, city: City, features: frozenset[str]) -> str:
        """The name in characters."""
        del features
        return self.words[city.lexeme]

    def weekday(self, day: Weekday, features: frozenset[str]) -> str:
        """星期一."""
        del features
        return weekday_name(day.number, self.code)

    def when(self, when: When, features: frozenset[str], style: Style) -> str:
        """星期一8:30."""
        if isinstance(when.day, Weekday):
            told = self.weekday(when.day, features)
        elif isinstance(when.day, date):
            told = self.written_date(when.day, style)
        else:
            told = ("今天", "明天")[when.day]
        if when.clock is None:
            return told
        # Behind a date in digits the time would be read on.
        return told + ("" if told[-1] in "日一二三四五六天" else " ") + self.clock(when.clock, features, style)

    def day(self, day: Day, features: frozenset[str], style: Style) -> str:
        """2024年3月5日."""
        del features
        return self.written_date(day.day, style, year=day.year)

    def gender(self, value: Value) -> str:
        """None."""
        del value
        return "n"
