"""Punctuation: question marks, commas and stops as the target language has them."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Literal, Self

from pydantic import Field

from corpus.languages import parse
from filters.translation_rules import locales
from filters.translation_rules.base import Rule, Source, failed, met, unknown
from filters.translation_rules.edits import Edit
from filters.translation_rules.text import Text
from filters.verifier import Verdict

_ASCII = {"?": "QUESTION MARK", ",": "COMMA", ";": "SEMICOLON", ".": "FULL STOP", "!": "EXCLAMATION MARK"}
_OWN_NAMES = {"।": ".", "።": ".", "·": ""}
"""Marks whose Unicode name does not tell what they are for: the danda ends a sentence."""
_UNSPACED = "。"
"""A stop of scripts that shorten no words with a stop."""
_CLOSING = " \n\t\u00a0\"'”’»」』)）]】"
"""What may stand behind the last mark of a text."""


class Punctuation(Rule):
    """Sentences end, and clauses are parted, with the target language's marks: 。 and ，, ؟ and ،, । in Hindi, ¿…?.

    Which marks a language has of its own is read from CLDR's punctuation of that language, by their Unicode names. Held
    where an own mark stands for each kind that the source uses, and the ASCII one does not stand behind letters of the
    language's script. Spanish opens questions and exclamations.
    """

    family: Literal["punctuation"] = "punctuation"
    marks: tuple[str, ...] = Field(min_length=1, max_length=5)
    """ASCII marks of the source that the language writes otherwise."""

    @classmethod
    def find(cls, source: Source) -> list[Self]:
        """Marks of the source that the target language has in another form."""
        used = [mark for mark in own_marks(source.tgt_lang) if mark in source.text.plain and mark in "?!."]
        used = [mark for mark in used if source.text.plain.rstrip().endswith(mark)]
        return [cls(locale=source.tgt_lang, marks=tuple(used))] if used else []

    def slots(self, language: str) -> dict[str, str]:
        """The marks of the language."""
        del language
        return {"marks": " ".join(own_marks(self.locale).get(mark, mark) for mark in self.marks)}

    def check(self, answer: Text, _source: Source, /) -> Verdict:
        """Look for the own marks, and for ASCII ones where letters of the script stand before them."""
        own = own_marks(self.locale)
        for mark in self.marks:
            if mark not in own:
                return unknown("no mark of its own")
            if own[mark][0] not in answer.plain:
                return failed("mark missing", own[mark])
            if len(own[mark]) == 1 and _behind_letters(answer.plain, mark):
                return failed("mark of another language", mark)
            if len(own[mark]) == 2 and answer.plain.count(own[mark][0]) != answer.plain.count(own[mark][1]):
                return failed("mark missing", own[mark])
        return met(" ".join(own[mark] for mark in self.marks))

    def edits(self, answer: Text, _source: Source, /) -> list[Edit] | None:
        """ASCII marks behind letters of the script, and the last one of the text.

        Stops that may shorten a word stay, and marks that open a sentence are not added.
        """
        own = own_marks(self.locale)
        text = answer.plain
        last = len(text.rstrip(_CLOSING)) - 1
        edits = []
        for at, mark in enumerate(text):
            if mark not in self.marks or len(own.get(mark, "")) != 1:
                continue
            if "." in text[max(0, at - 1) : at] + text[at + 1 : at + 2]:  # dots of an ellipsis
                continue
            abbreviates = mark == "." and own[mark] not in _UNSPACED
            if at == last or (not abbreviates and _behind_letters(text[: at + 1][-2:], mark)):
                edits.append(Edit(at, at + 1, own[mark]))
        return edits

    def compliant(self, draft: str, _source: Source, /) -> str | None:
        """The draft with the marks around or behind it."""
        own = [own_marks(self.locale)[mark] for mark in self.marks]
        return " ".join(f"{m[0]}{draft}{m[1]}" if len(m) == 2 else f"{draft}{m}" for m in own)

    def broken(self, draft: str, source: Source, /) -> list[str]:
        """ASCII marks; none; both."""
        right = self.compliant(draft, source) or ""
        return [" ".join(f"{draft}{mark}" for mark in self.marks), draft, f"{right} {draft}{self.marks[0]}"]


@cache
def own_marks(code: str) -> dict[str, str]:
    """By ASCII marks those that a language has instead of them, or opening and closing ones (¿?)."""
    own: dict[str, str] = {}
    marks = locales.marks(code)
    for mark in marks:
        name = unicodedata.name(mark, "")
        for ascii_mark, word in _ASCII.items():
            if mark == ascii_mark or not mark.isprintable() or "SMALL" in name or "PRESENTATION" in name:
                continue
            if name == f"INVERTED {word}":
                # CLDR lists ¿ or ¡ alone for languages that open nothing with it, such as Norwegian.
                if {"¿", "¡"}.issubset(marks):
                    own[ascii_mark] = f"{mark}{ascii_mark}"
            elif name.endswith(f" {word}") and "HALFWIDTH" not in name and "DOUBLE" not in name:
                own.setdefault(ascii_mark, mark)
        if _OWN_NAMES.get(mark):
            own[_OWN_NAMES[mark]] = mark
    return _in_use(own, code)


def _in_use(own: dict[str, str], code: str) -> dict[str, str]:
    """Of several forms the one of running text: in Chinese and Japanese 。 and not ．."""
    marks = locales.marks(code)
    if parse(code).language == "ko":  # CLDR lists wide marks too; running text has those of ASCII.
        return {}
    if "。" in marks:
        own |= {".": "。"} | {a: w for a, w in ((",", "，"), ("?", "？"), ("!", "！"), (";", "；")) if w in marks}
        if "、" in marks and code.startswith("ja"):
            own[","] = "、"
    return own


def _behind_letters(text: str, mark: str) -> bool:
    """Whether a mark stands right behind a letter that is not Latin."""
    at = text.find(mark)
    while at >= 0:
        before = text[at - 1 : at]
        if before.isalpha() and ord(before) > 0x24F:
            return True
        at = text.find(mark, at + 1)
    return False
