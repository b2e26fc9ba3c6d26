"""`language`: a reply is in the right language and script."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import polars as pl
from pydantic import Field

from corpus.languages import unicode_scripts
from filters.replies import answer_part, outside_fences
from filters.verifier import LanguageCode, Row, Verdict, Verifier

if TYPE_CHECKING:
    import regex

_NOT_PROSE = re.compile(r"`[^`\n]{1,200}`|https?://\S{1,2000}|<[^<>\n]{1,200}>|\$[^$\n]{1,200}\$|\\[a-zA-Z]{1,20}")
_PIECE = 300
"""Characters of a piece whose language is told by itself."""
_MOST_PIECES = 40
"""Pieces of a reply that are looked at, evenly chosen."""


class Language(Verifier):
    """The reply is in the language asked for, throughout, and in its script. A gate on other verdicts.

    Languages are told as by the scorer `langid`, of the whole and of pieces of some 300 characters, since a reply may
    begin rightly and go on in another language. Code, addresses and formulas say nothing of the language, unless there
    is nothing else. Null where there is no telling: too few letters, a language that the model does not know.
    """

    gate: ClassVar[bool] = True

    language: LanguageCode | None = None
    """The language. Default: the row's `tgt_lang`."""
    min_probability: float = Field(default=0.5, ge=0, le=1)
    """How sure the recognition of another language must be."""
    max_foreign: float = Field(default=0.2, ge=0, le=1)
    """Largest share of a reply's pieces that may be of another language, as quotations are."""
    max_other_script: float = Field(default=0.1, ge=0, le=1)
    """Largest share of letters of scripts that the language is not written in, Latin ones of names aside."""
    max_latin: float = Field(default=0.6, ge=0, le=1)
    """Largest share of Latin letters in a language that is not written in Latin script."""

    def verify(self, row: Row, response: str) -> Verdict:
        """Judge the script by its letters, and the language of the whole and of its pieces."""
        wanted = self.language or row.get("tgt_lang")
        if not wanted:
            return Verdict(None, None, "no language asked for")
        text = answer_part(response)
        if not text or not text.strip():
            return Verdict(0.0, None, "empty output")
        prose = _prose(text)
        script = self._script_fault(prose, wanted)
        if script:
            return Verdict(0.0, script, "another script")
        return self._by_language(prose, wanted)

    def _script_fault(self, prose: str, wanted: str) -> str:
        """The shares of letters that are too many; empty where none are."""
        patterns = _scripts(wanted)
        letters = len(re.findall(r"[^\W\d_]", prose[:100_000]))
        if patterns is None or letters < 2:
            return ""
        own, latin = (len(pattern.findall(prose[:100_000])) for pattern in patterns)
        other = max(0, letters - own - latin) / letters
        if other > self.max_other_script or latin / letters > self.max_latin:
            return f"Latin {latin / letters:.2f}, other {other:.2f}"
        return ""

    def _by_language(self, prose: str, wanted: str) -> Verdict:
        from filters.recognizer import load
        from filters.scorers.langid import judge

        pieces = _pieces(prose)
        texts = pl.Series([prose[:3000], *pieces], dtype=pl.String)
        judged = judge(texts, pl.Series([wanted] * len(texts), dtype=pl.String), load(None), prior=100.0)
        labels, scores, flags = (judged[name].to_list() for name in ("label", "score", "flag"))
        foreign = [flag is False and score >= self.min_probability for flag, score in zip(flags, scores, strict=True)]
        told = [flag is not None for flag in flags]
        if flags[0] is False and foreign[0]:
            return Verdict(0.0, labels[0], "another language")
        if sum(foreign[1:]) > self.max_foreign * max(1, sum(told[1:])):
            return Verdict(0.0, labels[1 + foreign[1:].index(True)], "partly another language")
        if not flags[0]:
            return Verdict(None, labels[0], "cannot tell")
        return Verdict(1.0, labels[0])


def _prose(text: str) -> str:
    """The text without code, addresses and formulas; with them where little else is there."""
    text = text[:1_000_000].encode("utf-8", "replace").decode()
    prose = _NOT_PROSE.sub(" ", outside_fences(text))
    enough = len(re.findall(r"[^\W\d_]", prose[:20_000])) >= 20
    return prose if enough else text


def _pieces(prose: str) -> list[str]:
    """Parts of a text that end with a line or sentence where they can, evenly chosen over it."""
    pieces: list[str] = []
    for line in re.split(r"\n+|(?<=[.!?。！？।])\s*", prose):
        if pieces and len(pieces[-1]) + len(line) < _PIECE:
            pieces[-1] += f" {line}"
        else:
            pieces += [line[start : start + _PIECE] for start in range(0, len(line), _PIECE)] or [""]
    step = max(1, len(pieces) // _MOST_PIECES)
    return [piece for piece in pieces[::step] if piece.strip()]


@lru_cache(maxsize=256)
def _scripts(code: str) -> tuple[regex.Pattern[str], regex.Pattern[str]] | None:
    """Patterns of a letter of the language's scripts, and of a Latin letter where that is none; None if unknown."""
    import regex

    names = unicode_scripts(code)
    if not names:
        return None
    own = "".join(rf"\p{{{name}}}" for name in sorted(names))
    latin = r"(?!)" if "Latin" in names else r"[\p{Latin}&&\p{L}]"
    flags = regex.VERSION1
    return regex.compile(rf"[\p{{L}}&&[{own}\p{{Common}}\p{{Inherited}}]]", flags), regex.compile(latin, flags)
