"""Which language texts are in: what a name says, what the texts say, and what to do where the two differ."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from corpus.errors import UserError
from corpus.languages import canonical, english_name, parse
from filters.recognizer import load
from filters.scorers.langid import LangId, judge

_TEXTS = 300
_MAJORITY = 0.6
_NAME_HOLDS = 0.5
_SURE = 0.9
_NOT_MEANT = frozenset(
    {
        "all",
        "dev",
        "hyp",
        "id",
        "ids",
        "mt",
        "new",
        "old",
        "org",
        "out",
        "raw",
        "ref",
        "src",
        "tgt",
        "tok",
        "trg",
        "tst",
    }
)
"""Parts of file and column names that are codes of languages, or look like one, and mostly mean something else."""
_PAIR = re.compile(r"(?<![A-Za-z])([a-z]{2,3})[-_]([a-z]{2,3}(?:[-_][A-Z][A-Za-z]{1,3})?)(?![A-Za-z])")


class Heard(NamedTuple):
    """The language that most of some texts are recognized as (None: no majority), and their share."""

    code: str | None
    share: float


class Language(NamedTuple):
    """A language decided on, and why."""

    code: str | None
    why: str
    doubt: str = ""
    """What speaks against it; empty where nothing does."""
    mistaken: bool = False
    """Whether the recognizer takes most of the texts for other languages, and the name is believed."""


def code_of(word: str) -> str | None:
    """The canonical code that a word is, None where it is none: `amh` is am, `train` nothing."""
    if not re.fullmatch(r"[A-Za-z]{2,3}([-_][A-Za-z]{2,4}){0,2}", word):
        return None
    try:
        return canonical(word)
    except UserError:
        return None


def code_meant(word: str, texts: Sequence[str]) -> str | None:
    """The code that a word is, where it mostly means that or the texts are in it: `id` is seldom Indonesian."""
    code = code_of(word)
    return code if code and (word.lower() not in _NOT_MEANT or hear(texts).code == code) else None


def named_by_ending(file: str) -> str | None:
    """The language that a file's name ends in, without `.txt` and the like: `corpus.de`, `ref.amh.txt`."""
    return code_of(file.removesuffix(".txt").rpartition(".")[2])


def named_pair(name: str) -> tuple[str, str] | None:
    """The two languages that a name has side by side: `all.en-zh.tmx`, `dev.en_pt-BR.csv`."""
    for first, second in _PAIR.findall(name):
        codes = code_of(first), code_of(second)
        if codes[0] and codes[1] and codes[0] != codes[1] and not {first, second} & _NOT_MEANT:
            return codes[0], codes[1]
    return None


def hear(texts: Sequence[str]) -> Heard:
    """The language that most of the texts are in, with its script where that is not the likely one."""
    labels = [label for label in _judged(texts, None)["label"] if label]
    if not labels:
        return Heard(None, 0.0)
    by_language = Counter(parse(label).language for label in labels)
    language, count = by_language.most_common(1)[0]
    share = count / len(labels)
    if share < _MAJORITY:
        return Heard(None, share)
    label = Counter(label for label in labels if parse(label).language == language).most_common(1)[0][0]
    return Heard(language if parse(label).script == parse(language).script else label, share)


def agreement(texts: Sequence[str], code: str) -> float | None:
    """Share of the texts that the scorer `langid` takes for this language; None where it does not know the language."""
    flags = _judged(texts, code)["flag"].drop_nulls()
    return float(flags.mean() or 0.0) if len(flags) else None  # type: ignore[arg-type]  # of booleans it is a number


def decide(texts: Sequence[str], named: str | None = None, word: str = "") -> Language:
    """The language of texts.

    Args:
        texts: some of them.
        named: the language that a name says. It holds, unless `word` is one that seldom means a language, or nearly all
            texts are recognized as another.
        word: the part of the name that says so.
    """
    heard = hear(texts)
    told = f"{heard.share:.0%} of the texts are recognized as {shown(heard.code)}" if heard.code else ""
    if named is None:
        if heard.code is None:
            return Language(None, "no language is recognized in most of the texts")
        return Language(heard.code, told)
    share = agreement(texts, named)
    if share is None:
        if word in _NOT_MEANT:
            return Language(heard.code, told or "no language is recognized in most of the texts")
        return Language(named, "by the name; the recognizer does not know it")
    if share >= _NAME_HOLDS:
        return Language(named, f"by the name, and {share:.0%} of the texts are recognized as it")
    if word in _NOT_MEANT:
        return Language(heard.code, told or "no language is recognized in most of the texts")
    doubt = f"the name says {shown(named)}, but {share:.0%} of the texts are recognized as it"
    if heard.code and heard.share >= _SURE and share <= 1 - _SURE:
        return Language(heard.code, told, doubt)
    return Language(named, "by the name", f"{doubt}, {told}" if told else doubt, mistaken=True)


def shown(code: str) -> str:
    """A code with its name: `am (Amharic)`."""
    return f"{code} ({english_name(code)})"


def _judged(texts: Sequence[str], code: str | None) -> pl.DataFrame:
    taken = texts[:: max(1, len(texts) // _TEXTS)]
    series = pl.Series(taken, dtype=pl.String)
    wanted = pl.Series([code] * len(taken), dtype=pl.String)
    return judge(series, wanted, load(None), LangId.model_fields["prior"].default)
