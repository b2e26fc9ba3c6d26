"""Words that are forms of one word: by Snowball's stemmers where the language has one, else by their beginnings."""

from __future__ import annotations

import importlib
import pkgutil
import unicodedata
from functools import lru_cache
from typing import Any

import snowballstemmer

from corpus.errors import UserError
from corpus.languages import english_name, parse, segmentation

_COMPOUNDING = frozenset({"de", "nl", "sv", "da", "no", "nb", "nn", "fi", "hu", "is", "et"})
"""Languages that write compounds as one word, in which a term may stand."""
_PART = 5
"""Letters that a part of a compound has at least."""
_LOOKS = str.maketrans("авеікмнорстухјѕԁһαεικνορτυχ", "abeikmhopctyxjsdhaeiknoptux")
"""Small Cyrillic and Greek letters by the Latin ones that they look like."""


def occurrences(term: tuple[str, ...], words: list[str], code: str) -> int:
    """How often a term stands in a text, in any form of its words; both as `text.tokens` cuts them."""
    size = len(term)
    if not size:
        return 0
    first, rest = term[0], term[1:]
    return sum(
        same_word(first, word, code) and all(map(same_word, rest, words[at + 1 : at + size], [code] * (size - 1)))
        for at, word in enumerate(words[: len(words) - size + 1])
        if word[0] == first[0] or _begins_otherwise(code) or _folded(word[0]) == _folded(first[0])
    )


def same_word(a: str, b: str, code: str) -> bool:
    """Whether `b` is a form of `a`."""
    if a == b:
        return True
    if len(a) < 3 or len(b) < 2 or segmentation(code) == "characters":
        return False
    if b.startswith(a) and parse(code).language in ("ko", "tr", "eu"):
        return True
    stems = stem(a, code), stem(b, code)
    if stems[0] is None or stems[1] is None:
        return _alike(a, b)
    if stems[0] == stems[1]:
        return True
    return _compounds(code) and len(stems[0]) >= _PART and (stems[0] in stems[1])


def _alike(a: str, b: str) -> bool:
    """Whether two words begin alike and differ in an ending of at most three letters."""
    same = 0
    for x, y in zip(a, b, strict=False):
        if x != y:
            break
        same += 1
    return same >= max(3, min(len(a), len(b)) - 2) and max(len(a), len(b)) - same <= 3


@lru_cache(maxsize=65536)
def stem(word: str, code: str) -> str | None:
    """The stem of a word; None for languages that Snowball does not know."""
    stemmer = _stemmer(parse(code).language)
    return None if stemmer is None or len(word) > 60 else str(stemmer.stemWord(word))


def looks(word: str) -> str:
    """A word by how it looks: accents away, Cyrillic and Greek letters as the Latin ones that look the same."""
    plain = unicodedata.normalize("NFKD", word.lower()).translate(_LOOKS)
    return "".join(c for c in plain if not unicodedata.combining(c))


def _folded(character: str) -> str:
    return unicodedata.normalize("NFD", character)[0]


def _begins_otherwise(code: str) -> bool:
    """Whether a form of a word may begin with other letters: in a compound, or behind an article written with it."""
    return _compounds(code) or parse(code).language in ("ar", "he", "fa")


def _compounds(code: str) -> bool:
    return parse(code).language in _COMPOUNDING


@lru_cache(maxsize=128)
def _stemmer(language: str) -> Any:
    name = "norwegian" if language in ("no", "nb", "nn") else _english(language)
    if f"{name}_stemmer" not in {module.name for module in pkgutil.iter_modules(snowballstemmer.__path__)}:
        return None
    # By its module: the package itself hands out PyStemmer's, of another release, where that is installed.
    module = importlib.import_module(f"snowballstemmer.{name}_stemmer")
    return getattr(module, f"{name.title()}Stemmer")()


def _english(language: str) -> str:
    try:
        return english_name(language).split()[-1].lower()
    except UserError:
        return ""
