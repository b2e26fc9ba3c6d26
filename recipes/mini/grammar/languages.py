"""The six languages by their codes."""

from __future__ import annotations

from functools import cache

from grammar.base import Language
from grammar.de import German
from grammar.en import English
from grammar.es import Spanish
from grammar.it import Italian
from grammar.ru import Russian
from grammar.zh import Chinese

CODES = ("en", "de", "es", "ru", "zh", "it")
"""English first; Italian plays the language with little data."""
LOW = "it"
_ALL: tuple[type[Language], ...] = (English, German, Spanish, Russian, Chinese, Italian)


@cache
def language(code: str) -> Language:
    """A language's grammar, its tables read once."""
    return next(each for each in _ALL if each.code == code)()
