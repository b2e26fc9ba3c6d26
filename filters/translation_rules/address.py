"""Form of address: formal or informal, where pronouns or endings show it."""

from __future__ import annotations

import re
from typing import Literal, Self

import regex

from corpus.languages import parse
from filters.translation_rules.base import Rule, Source, failed, met, unknown
from filters.translation_rules.forms import ENDINGS, MARKERS
from filters.translation_rules.text import Text
from filters.verifier import Verdict

_SECOND = re.compile(r"(?i)\b(?:you|your|yours|yourself|yourselves)\b")
_SENTENCE = regex.compile(r"[^。！？!?.…\n]+")
_KANA_OR_HANGUL = regex.compile(r"[\p{Hiragana}\p{Hangul}]")


class Address(Rule):
    """Readers are addressed formally (Sie, vous, usted, 您, です・ます) or informally, and not in both ways.

    Held where markers of that form are found and none of the other. Null where there is none of either, as in text that
    addresses nobody: no form can be told from it. In Japanese and Korean the endings of all sentences count.
    """

    family: Literal["address"] = "address"
    formal: bool

    @classmethod
    def find(cls, source: Source) -> list[Self]:
        """Both forms, where an English source says "you" or the row tells the form, and the language has both."""
        language = parse(source.tgt_lang).language
        if language not in MARKERS and language not in ENDINGS:
            return []
        if source.formal is not None:
            return [cls(locale=source.tgt_lang, formal=source.formal)]
        if parse(source.src_lang).language != "en" or not _SECOND.search(source.text.plain):
            return []
        return [cls(locale=source.tgt_lang, formal=formal) for formal in (True, False)]

    def key(self) -> str:
        """One wording for each form."""
        return f"address.{'formal' if self.formal else 'informal'}"

    def check(self, answer: Text, source: Source, /) -> Verdict:
        """Look for the markers of both forms."""
        language = parse(self.locale).language
        if language not in MARKERS and language not in ENDINGS:
            return unknown("no forms of address")
        formal, informal = _endings(answer, language) if language in ENDINGS else _markers(answer, language)
        told = f"formal: {' '.join(formal[:8]) or '–'}; informal: {' '.join(informal[:8]) or '–'}"
        asked, other = (formal, informal) if self.formal else (informal, formal)
        if asked and other:
            return failed("both forms of address", told)
        if other:
            return failed("the other form of address", told)
        if not asked and self.formal and language in MARKERS and _SECOND.search(source.text.plain):
            asked = _weak(answer, language)
        return met(told) if asked else unknown("no form of address")

    def compliant(self, _draft: str, _source: Source, /) -> str | None:
        """None: a pronoun needs its sentence."""
        return None

    def broken(self, _draft: str, _source: Source, /) -> list[str]:
        """None: see `compliant`."""
        return []


def _markers(answer: Text, language: str) -> tuple[list[str], list[str]]:
    """Markers that say it by themselves."""
    table = MARKERS[language]
    return table.formal.findall(answer.plain), table.informal.findall(answer.plain)


def _weak(answer: Text, language: str) -> list[str]:
    """Markers that may mean others: where nothing else is found and the source says "you", they are taken as formal."""
    weak = MARKERS[language].weak
    return weak.findall(answer.plain) if weak else []


def _endings(answer: Text, language: str) -> tuple[list[str], list[str]]:
    """Ends of sentences in polite and in plain style; sentences without a verb's ending are left out."""
    formal, informal = [], []
    polite, plain = ENDINGS[language]
    for found in _SENTENCE.findall(answer.plain):
        sentence = found.strip(" \t」』）)”\"'’")
        if not _KANA_OR_HANGUL.search(sentence[-6:]):
            continue
        if polite.search(sentence):
            formal.append(sentence[-4:])
        elif plain.search(sentence):
            informal.append(sentence[-4:])
    return formal, informal
