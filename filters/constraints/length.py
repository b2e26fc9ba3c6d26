"""Constraints on length: words, sentences, characters, paragraphs."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import regex
from pydantic import Field, model_validator

from filters.constraints import wording
from filters.constraints.base import Constraint, Count, Phrase, Relation
from filters.constraints.text import blocks, composed, count_sentences, count_words

_DIVIDERS = {
    "***": regex.compile(r"\*\*\*"),
    "* * *": regex.compile(r"\* \* \*|\*\*\*"),
}
_OPENING = "\"'“‘«「『*_#> \t"
"""What may stand before a paragraph's first word."""
_GOES_ON = regex.compile(r"[\p{L}\p{M}\p{N}_]")
_UNSPACED_END = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]\Z")


class _Amount(Constraint):
    """So many of something."""

    noun: ClassVar[str]

    count: Count
    relation: Relation = Relation.AT_LEAST

    def told(self, language: str) -> Mapping[str, str | wording.Quantity]:
        """How many there shall be."""
        del language
        return {"quantity": wording.Quantity(self.relation, self.count, self.noun)}

    def hold(self, text: str) -> bool:
        """Whether there are as many as asked for."""
        return self.relation.met(self.found(text), self.count)

    def found(self, text: str) -> int:
        """How many there are."""
        raise NotImplementedError


class Words(_Amount):
    """So many words, counted by `filters.constraints.text.count_words`."""

    name: ClassVar[str] = "words"
    noun: ClassVar[str] = "word"
    phase: ClassVar[int] = 1

    @classmethod
    def draw(cls, rng: random.Random, language: str) -> dict[str, Any]:
        """30 to 300 words."""
        del language
        relation = rng.choice((Relation.AT_LEAST, Relation.AT_MOST, Relation.LESS_THAN, Relation.AROUND))
        return {"count": 10 * rng.randint(3, 30), "relation": relation}

    def found(self, text: str) -> int:
        """How many words there are."""
        return count_words(text)

    def comply(self, text: str, language: str) -> str | None:
        """The language's filler is added word by word; a text that is too long is cut."""
        return _fitted(self, text, wording.wordings(language)["filler"].rstrip(".。।"))

    def violate(self, text: str) -> str | None:
        """Too long, or but one word."""
        least, most = self.relation.bounds(self.count)
        if most != float("inf"):
            return text + " 字" * (int(most) + 1)
        return "字" if least > 1 else None


class Sentences(_Amount):
    """So many sentences, counted by `filters.constraints.text.count_sentences`."""

    name: ClassVar[str] = "sentences"
    noun: ClassVar[str] = "sentence"
    phase: ClassVar[int] = 1

    @classmethod
    def draw(cls, rng: random.Random, language: str) -> dict[str, Any]:
        """2 to 15 sentences."""
        del language
        relation = rng.choice((Relation.AT_LEAST, Relation.AT_MOST, Relation.LESS_THAN))
        return {"count": rng.randint(2, 15), "relation": relation}

    def hold(self, text: str) -> bool:
        """Whether there are as many."""
        least, most = self.relation.bounds(self.count)
        enough = least if most == float("inf") else int(most) + 1
        return self.relation.met(count_sentences(text, enough), self.count)

    def found(self, text: str) -> int:
        """How many sentences there are."""
        return count_sentences(text)

    def comply(self, text: str, language: str) -> str | None:
        """The language's filler is added sentence by sentence, or takes the place of a text of too many."""
        least, most = self.relation.bounds(self.count)
        filler = str(wording.wordings(language)["filler"])
        if self.found(text) > most:
            text = filler
        missing = int(max(0, least - self.found(text)))
        return " ".join([text, *[filler] * missing]) if missing else text

    def violate(self, text: str) -> str | None:
        """Too many, or none."""
        least, most = self.relation.bounds(self.count)
        if most != float("inf"):
            return text + " Ω!" * (int(most) + 1)
        return "…" if least > 0 else None


class Characters(_Amount):
    """So many characters, blanks and punctuation among them, composed as far as Unicode composes them (NFC)."""

    name: ClassVar[str] = "characters"
    noun: ClassVar[str] = "character"
    phase: ClassVar[int] = 1

    @classmethod
    def draw(cls, rng: random.Random, language: str) -> dict[str, Any]:
        """100 to 1,000 characters."""
        del language
        relation = rng.choice((Relation.AT_LEAST, Relation.AT_MOST, Relation.LESS_THAN))
        return {"count": 50 * rng.randint(2, 20), "relation": relation}

    def found(self, text: str) -> int:
        """How many characters there are."""
        return len(composed(text))

    def comply(self, text: str, language: str) -> str | None:
        """The language's filler is added; a text that is too long is cut."""
        return _fitted(self, text, wording.wordings(language)["filler"].rstrip(".。।"))

    def violate(self, text: str) -> str | None:
        """Too long, or but one character."""
        least, most = self.relation.bounds(self.count)
        if most != float("inf"):
            return text + "." * (int(most) + 1)
        return "." if least > 1 else None


class Paragraphs(_Amount):
    """Exactly so many paragraphs, parted by a divider; empty ones between two dividers are a fault."""

    name: ClassVar[str] = "paragraphs"
    noun: ClassVar[str] = "paragraph"
    phase: ClassVar[int] = 2

    relation: Literal[Relation.EXACTLY] = Relation.EXACTLY
    count: Count = Field(ge=1)
    divider: Literal["***", "* * *"] = "***"

    @classmethod
    def draw(cls, rng: random.Random, language: str) -> dict[str, Any]:
        """2 to 5 paragraphs."""
        del language
        return {"count": rng.randint(2, 5)}

    def told(self, language: str) -> Mapping[str, str | wording.Quantity]:
        """How many, and what parts them."""
        return {**super().told(language), "divider": self.divider}

    def found(self, text: str) -> int:
        """How many paragraphs there are; 0 where one between two others is empty."""
        parts = [part.strip() for part in _DIVIDERS[self.divider].split(text)]
        if parts and not parts[0]:
            del parts[0]
        if parts and not parts[-1]:
            del parts[-1]
        return len(parts) if all(parts) else 0

    def comply(self, text: str, language: str) -> str | None:
        """Paragraphs of the language's filler are added; a text of too many cannot be mended."""
        if self.found(text) > self.count:
            return None
        more = [str(wording.wordings(language)["filler"])] * (self.count - self.found(text))
        return f"\n\n{self.divider}\n\n".join([text, *more])

    def violate(self, text: str) -> str:
        """One too many."""
        return f"{text}\n\n{self.divider}\n\n{text.strip('*') or '-'}"


class ParagraphFirstWord(Constraint):
    """So many paragraphs, parted by blank lines, one of which begins with a given word, in any case."""

    name: ClassVar[str] = "paragraph_first_word"
    phase: ClassVar[int] = 2

    paragraphs: Count = Field(ge=1)
    nth: Count = Field(ge=1)
    """Which paragraph, from 1."""
    first_word: Phrase

    @model_validator(mode="after")
    def _within(self) -> ParagraphFirstWord:
        if self.nth > self.paragraphs:
            raise ValueError(f"found paragraph {self.nth} of {self.paragraphs}, expected one of these")
        return self

    @classmethod
    def draw(cls, rng: random.Random, language: str) -> dict[str, Any]:
        """2 to 5 paragraphs, any of them, a word."""
        paragraphs = rng.randint(2, 5)
        word = rng.choice(wording.wordings(language)["words"])
        return {"paragraphs": paragraphs, "nth": rng.randint(1, paragraphs), "first_word": word}

    def told(self, language: str) -> Mapping[str, str | wording.Quantity]:
        """How many paragraphs, which of them, and its word."""
        return {
            "quantity": wording.Quantity(Relation.EXACTLY, self.paragraphs, "paragraph"),
            "nth": str(self.nth),
            "first_word": wording.quoted([self.first_word], language),
        }

    def hold(self, text: str) -> bool:
        """Whether there are as many paragraphs, and that one begins with the word."""
        parts = blocks(text)
        if len(parts) != self.paragraphs:
            return False
        start = parts[self.nth - 1].strip().lstrip(_OPENING)[: len(self.first_word) + 1].lower()
        word = self.first_word.lower()
        if not start.startswith(word):
            return False
        return _UNSPACED_END.search(word) is not None or not _GOES_ON.match(start[len(word) :])

    def comply(self, text: str, language: str) -> str | None:
        """Blank lines are taken out, paragraphs of filler added, and the word put where it shall stand."""
        parts = blocks(text)
        filler = str(wording.wordings(language)["filler"])
        parts = [*parts[: self.paragraphs - 1], "\n".join(parts[self.paragraphs - 1 :]) or filler]
        parts += [filler] * (self.paragraphs - len(parts))
        mark = "、" if _UNSPACED_END.search(self.first_word) else ": "
        parts[self.nth - 1] = self.first_word + mark + parts[self.nth - 1]
        return "\n\n".join(parts)

    def violate(self, text: str) -> str:
        """Another word begins every paragraph."""
        return "\n\n".join(f"0 {part}" for part in blocks(text))


def _fitted(amount: _Amount, text: str, filler: str) -> str | None:
    """A text cut, or continued with filler, to the amount asked for; None where nothing would be left of it."""
    least, most = amount.relation.bounds(amount.count)
    while (have := amount.found(text)) > most:
        text = text[: min(len(text) - 1, int(len(text) * most / have))].rstrip()
    units = filler.split(" ") if " " in filler else list(filler)
    blank = " " if " " in filler else ""
    each = max(1, amount.found(filler) // len(units))
    while (missing := least - amount.found(text)) > 0:
        more = (units * (missing // (each * len(units)) + 1))[: max(1, missing // each)]
        text = f"{text} {blank.join(more)}".strip()
    return text if text and amount.found(text) <= most else None
