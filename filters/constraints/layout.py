"""Constraints on layout: lists, highlights, sections, titles, JSON."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar, Literal

import orjson
import regex

from corpus.languages import parse
from filters.constraints import wording
from filters.constraints.base import Constraint, Count, Phrase, Relation

_BULLETS = {
    # A rule (---) and bold text (**) are no bullets.
    "*": re.compile(r"^[ \t]*(?:\*(?!\*)|-(?!-)|\*(?=\*\*[^*\n]))[ \t]*\S", re.M),
    "・": re.compile(r"^[ \t\u3000]*・(?!・)[ \t\u3000]*\S", re.M),
}
_NUMBERED = re.compile(r"^[ \t]*\d+\.[ \t]+\S", re.M)
_HIGHLIGHTS = {
    "*": regex.compile(r"(?<!\*)(\*{1,3})(?![\s*])[^*\n]+(?<!\s)\1(?!\*)"),
    "《": regex.compile(r"《([^\n《》]*)》"),
}
_TITLES = {
    "<<": re.compile(r"<<([^\n<>]+)>>"),
    "##": re.compile(r"(?<!#)##(?!#)([^\n#]+)##(?!#)"),
    "『": re.compile(r"『([^\n『』]+)』"),
}
_TITLE_ENDS = {"<<": ">>", "##": "##", "『": "』"}
_FENCE = re.compile(r"\A```[a-zA-Z]*\n?|\n?```\Z")


def _japanese(language: str) -> bool:
    return parse(language).language == "ja"


class Bullets(Constraint):
    """Exactly so many bullet points: lines that begin with `*` or `-`, or with `・`."""

    name: ClassVar[str] = "bullets"
    phase: ClassVar[int] = 2

    count: Count
    relation: Relation = Relation.EXACTLY
    mark: Literal["*", "・"] = "*"

    @classmethod
    def draw(cls, rng: random.Random, language: str) -> dict[str, Any]:
        """2 to 7 bullet points."""
        return {"count": rng.randint(2, 7), "mark": "・" if _japanese(language) else "*"}

    def told(self, language: str) -> Mapping[str, str | wording.Quantity]:
        """How many, and an example of two."""
        word = wording.wordings(language)["words"]
        mark = self.mark if self.mark == "・" else "* "
        example = f"{mark}{word[0]}\n{mark}{word[1]}"
        return {"quantity": wording.Quantity(self.relation, self.count, "bullet"), "example": example}

    def hold(self, text: str) -> bool:
        """Whether there are as many."""
        return self.relation.met(len(_BULLETS[self.mark].findall(text)), self.count)

    def comply(self, text: str, language: str) -> str:
        """Bullets of the text lose their marks; as many as asked for are added."""
        lines = [re.sub(r"^[ \t\u3000]*[*・-][ \t]*", "", line) for line in text.split("\n")]
        least, _ = self.relation.bounds(self.count)
        words = wording.wordings(language)["words"]
        return "\n".join([*lines, *(f"{self.mark} {words[i % len(words)]}" for i in range(least))])

    def violate(self, text: str) -> str:
        """More than asked for, or none."""
        least, most = self.relation.bounds(self.count)
        if most == float("inf"):
            return re.sub(r"^[ \t\u3000]*[*・-]", "", text, flags=re.M) if least else ""
        return text + f"\n{self.mark} 0" * (int(most) + 1)


class NumberedItems(Constraint):
    """Exactly so many items of numbered lists: lines that begin with a number and a full stop."""

    name: ClassVar[str] = "numbered_items"
    phase: ClassVar[int] = 2

    count: Count

    @classmethod
    def draw(cls, rng: random.Random, language: str) -> dict[str, Any]:
        """2 to 7 items."""
        del language
        return {"count": rng.randint(2, 7)}

    def told(self, language: str) -> Mapping[str, str | wording.Quantity]:
        """How many, and an example of two."""
        word = wording.wordings(language)["words"]
        quantity = wording.Quantity(Relation.EXACTLY, self.count, "item")
        return {"quantity": quantity, "example": f"1. {word[0]}\n2. {word[1]}"}

    def hold(self, text: str) -> bool:
        """Whether there are as many."""
        return len(_NUMBERED.findall(text)) == self.count

    def comply(self, text: str, language: str) -> str:
        """Items of the text lose their numbers; as many as asked for are added."""
        text = re.sub(r"^[ \t]*\d+\.[ \t]+", "", text, flags=re.M)
        words = wording.wordings(language)["words"]
        return "\n".join([text, *(f"{i + 1}. {words[i % len(words)]}" for i in range(self.count))])

    def violate(self, text: str) -> str:
        """One more."""
        return f"{text}\n{self.count + 1}. 0"


class Highlights(Constraint):
    """At least so many highlighted parts: `*so*` or `**so**`, within a line; in Japanese 《so》."""

    name: ClassVar[str] = "highlights"
    phase: ClassVar[int] = 1

    count: Count
    relation: Relation = Relation.AT_LEAST
    mark: Literal["*", "《"] = "*"

    @classmethod
    def draw(cls, rng: random.Random, language: str) -> dict[str, Any]:
        """1 to 5 parts."""
        return {"count": rng.randint(1, 5), "mark": "《" if _japanese(language) else "*"}

    def told(self, language: str) -> Mapping[str, str | wording.Quantity]:
        """How many, and an example."""
        example = self._marked(wording.wordings(language)["words"][0])
        return {"quantity": wording.Quantity(self.relation, self.count, "highlight"), "example": example}

    def hold(self, text: str) -> bool:
        """Whether there are as many."""
        return self.relation.met(self._count(text), self.count)

    def _count(self, text: str) -> int:
        return sum(1 for found in _HIGHLIGHTS[self.mark].finditer(text) if found[1].strip())

    def _marked(self, word: str) -> str:
        return f"*{word}*" if self.mark == "*" else f"《{word}》"

    def comply(self, text: str, language: str) -> str | None:
        """Highlighted words are added."""
        least, most = self.relation.bounds(self.count)
        if self._count(text) > most:
            return None
        words = wording.wordings(language)["words"]
        more = [self._marked(words[i % len(words)]) for i in range(least - self._count(text))]
        return " ".join([text, *more])

    def violate(self, text: str) -> str | None:
        """Too many, or none."""
        least, most = self.relation.bounds(self.count)
        if most != float("inf"):
            return text + f" {self._marked('0')}" * (int(most) + 1)
        return re.sub(r"[*《》]", "", text) if least else None


class Sections(Constraint):
    """At least so many sections, each begun by a line with a marker and a number: `SECTION 1`, in Japanese `第1章`."""

    name: ClassVar[str] = "sections"
    phase: ClassVar[int] = 2

    marker: Phrase
    count: Count
    relation: Relation = Relation.AT_LEAST

    @classmethod
    def draw(cls, rng: random.Random, language: str) -> dict[str, Any]:
        """2 to 5 sections with one of the language's own markers."""
        return {"marker": rng.choice(wording.wordings(language)["sections"]), "count": rng.randint(2, 5)}

    def told(self, language: str) -> Mapping[str, str | wording.Quantity]:
        """How many, and how two of them begin."""
        del language
        quantity = wording.Quantity(self.relation, self.count, "section")
        return {"quantity": quantity, "example": f"{self._head(1)}\n…\n{self._head(2)}\n…"}

    def _head(self, number: int) -> str:
        return f"第{number}{self.marker}" if self.marker in ("章", "節", "項") else f"{self.marker} {number}"

    def hold(self, text: str) -> bool:
        """Whether there are as many."""
        return self.relation.met(self._count(text), self.count)

    def _count(self, text: str) -> int:
        return sum(1 for _ in _section(self.marker).finditer(text))

    def comply(self, text: str, language: str) -> str:
        """The text becomes the first section, and sections of the language's filler are added."""
        least, _ = self.relation.bounds(self.count)
        filler = wording.wordings(language)["filler"]
        have = self._count(text)
        if have >= least:
            return text
        first = f"{self._head(1)}\n{text}" if not have else text
        return "\n".join([first, *(f"{self._head(i)}\n{filler}" for i in range(max(have, 1) + 1, least + 1))])

    def violate(self, text: str) -> str | None:
        """Its headings are taken out, or too many added."""
        least, most = self.relation.bounds(self.count)
        if most != float("inf"):
            return text + f"\n{self._head(1)}\n0" * (int(most) + 1)
        return text.replace(self.marker, "") if least else None


@lru_cache(maxsize=256)
def _section(marker: str) -> regex.Pattern[str]:
    word = regex.escape(marker)
    if marker in ("章", "節", "項"):
        return regex.compile(rf"第[\d一二三四五六七八九十]{{1,4}}{word}")
    return regex.compile(rf"^[ \t*#_>\"'<«\[(-]*+{word}[*_]{{0,3}}[ \t]?\d+", regex.MULTILINE)


class Title(Constraint):
    """A title in double angle brackets (`<<so>>`), in double hashes (`##so##`), or in 『』, within a line."""

    name: ClassVar[str] = "title"
    phase: ClassVar[int] = 3

    mark: Literal["<<", "##", "『"] = "<<"

    @classmethod
    def draw(cls, rng: random.Random, language: str) -> dict[str, Any]:
        """The marks of the language."""
        del rng
        return {"mark": "『" if _japanese(language) else "<<"}

    def told(self, language: str) -> Mapping[str, str | wording.Quantity]:
        """An example."""
        return {"example": f"{self.mark}{wording.wordings(language)['words'][0]}{_TITLE_ENDS[self.mark]}"}

    def hold(self, text: str) -> bool:
        """Whether there is one that says something."""
        return any(any(map(str.isalnum, inside)) for inside in _TITLES[self.mark].findall(text))

    def comply(self, text: str, language: str) -> str:
        """A title is put before the text."""
        title = wording.wordings(language)["words"][0]
        return text if self.hold(text) else f"{self.mark}{title}{_TITLE_ENDS[self.mark]}\n{text}"

    def violate(self, text: str) -> str:
        """The marks are taken out."""
        return text.replace(self.mark, "").replace(_TITLE_ENDS[self.mark], "")


class JsonFormat(Constraint):
    """The whole response is a JSON object or array, in a Markdown fence or without."""

    name: ClassVar[str] = "json_format"
    phase: ClassVar[int] = 4

    def hold(self, text: str) -> bool:
        """Whether it is."""
        text = _FENCE.sub("", text.strip()).strip()
        if not text.startswith(("{", "[")):
            return False
        try:
            orjson.loads(text)
        except orjson.JSONDecodeError:
            return False
        return True

    def comply(self, text: str, language: str) -> str:
        """The text becomes the value of an object."""
        del language
        return text if self.hold(text) else orjson.dumps({"text": text}).decode()

    def violate(self, text: str) -> str:
        """The end is cut off."""
        return _FENCE.sub("", text.strip()).strip()[:-1]
