"""Terms: a glossary's translations used, in any form of their words, and words that must not be used."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, Self

from pydantic import Field, model_validator

from corpus.languages import segmentation
from filters.translation_rules import stems
from filters.translation_rules.base import Rule, Source, added, failed, met
from filters.translation_rules.text import Text, tokens
from filters.verifier import Verdict

MOST_TERMS = 200
"""A document that has more terms is held to the first ones."""


class Terms(Rule):
    """Terms are translated as a glossary says; forbidden words do not stand in the answer.

    A term is found in any form of its words (Snowball's stemmers; in languages that write compounds, within them too),
    in scripts without spaces as it is written. Held where each translation stands at least once and hardly more often
    than the term in the source, and the source's own term is gone. A forbidden word counts in every form, spelled with
    letters that look alike or one by one as well.
    """

    family: Literal["terms"] = "terms"
    required: tuple[tuple[str, str], ...] = Field(default=(), max_length=MOST_TERMS)
    """Terms of the source with their translations."""
    forbidden: tuple[str, ...] = Field(default=(), max_length=MOST_TERMS)

    @model_validator(mode="after")
    def _has_words(self) -> Self:
        if not (self.required or self.forbidden):
            raise ValueError("found neither required nor forbidden terms")
        if not all(tokens(word) for row in (*self.required, self.forbidden) for word in row):
            raise ValueError("found a term without letters or digits")
        return self

    @classmethod
    def find(cls, source: Source) -> list[Self]:
        """The glossary's terms that the source has, and the words that it forbids."""
        required = [
            (term, translation)
            for term, translation in source.terms.items()
            if tokens(translation) and _count(term, source.text, source.src_lang)
        ]
        rules = []
        if required:
            rules.append(cls(locale=source.tgt_lang, required=tuple(required[:MOST_TERMS])))
        if source.forbidden:
            rules.append(cls(locale=source.tgt_lang, forbidden=tuple(source.forbidden[:MOST_TERMS])))
        return rules

    def key(self) -> str:
        """One wording for a glossary, one for forbidden words, both where there are both."""
        return "terms.required" if not self.forbidden else "terms.both" if self.required else "terms.forbidden"

    def slots(self, language: str) -> dict[str, str]:
        """The terms."""
        del language
        return {
            "terms": "; ".join(f"{term} → {translation}" for term, translation in self.required),
            "forbidden": ", ".join(self.forbidden),
        }

    def check(self, answer: Text, source: Source, /) -> Verdict:
        """Count terms in the answer."""
        found = []
        for term, translation in self.required:
            count = _count(translation, answer, self.locale)
            if not count:
                return failed("term missing", translation)
            if count > 2 * max(_count(term, source.text, source.src_lang), 1) + 1:
                return failed("term too often", translation)
            if _kept(term, translation, answer, self.required):
                return failed("term left as in the source", term)
            found.append(translation)
        used = next((word for word in self.forbidden if _used(word, answer, self.locale)), None)
        return failed("forbidden term", used) if used else met("; ".join(found))

    def compliant(self, draft: str, _source: Source, /) -> str | None:
        """The draft with the translations."""
        return added(draft, [translation for _, translation in self.required])

    def broken(self, draft: str, _source: Source, /) -> list[str]:
        """Without the last translation; with the source's terms; with a forbidden word."""
        right = [translation for _, translation in self.required]
        both = [f"{translation} ({term})" for term, translation in self.required if _apart(term, translation)]
        forbidden = [[*right, word] for word in self.forbidden] + [[*right, word.upper()] for word in self.forbidden]
        return [added(draft, pieces) for pieces in (*([right[:-1], both] if both else []), *forbidden)]


@lru_cache(maxsize=4096)
def _words(term: str) -> tuple[str, ...]:
    return tuple(tokens(term))


def _count(term: str, text: Text, code: str) -> int:
    if segmentation(code) == "characters":
        return "".join(text.plain.split()).lower().count("".join(term.split()).lower())
    return stems.occurrences(_words(term), text.tokens, code)


def _apart(term: str, translation: str) -> bool:
    """Whether a term is to be seen in the text of another term's translation, or is that translation."""
    return term.lower() not in translation.lower() and translation.lower() not in term.lower()


def _kept(term: str, translation: str, answer: Text, required: tuple[tuple[str, str], ...]) -> bool:
    """Whether the source's own term stands in the answer, word for word; no part of any term's translation."""
    words, own = _words(term), "".join(_words(term))
    if not _apart(term, translation) or any(term.lower() in other.lower() for _, other in required) or len(own) < 4:
        return False
    size = len(words)
    return any(tuple(answer.tokens[at : at + size]) == words for at in range(len(answer.tokens) - size + 1))


def _used(word: str, answer: Text, code: str) -> bool:
    """Whether a forbidden word stands in an answer in any form or disguise."""
    if _count(word, answer, code):
        return True
    wanted = stems.looks("".join(_words(word)))
    if any(wanted == stems.looks(token) for token in answer.tokens):
        return True
    return any(wanted in run for run in _spelled(answer.tokens))


def _spelled(words: list[str]) -> Iterator[str]:
    """Runs of single letters put together: f-o-r-b-i-d-d-e-n."""
    run = ""
    for word in [*words, ""]:
        if len(word) == 1 and word.isalpha() and ord(word) < 0xE00:
            run += word
        elif run:
            yield stems.looks(run)
            run = ""
