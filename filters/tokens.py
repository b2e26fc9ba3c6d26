"""Tokens of text in any script: words where a script writes spaces, characters where it does not.

Which of the two a stretch of text gets is told by its script and not by a language code, so mixed text and rows without
a language are cut as well as any other.
"""

from __future__ import annotations

import polars as pl

_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
"""Scripts written without spaces between words."""
_TOKEN = rf"[{_UNSPACED}]\p{{M}}*|[\p{{L}}\p{{M}}\p{{N}}--[{_UNSPACED}]]+"
"""A character of an unspaced script with its marks, or a run of letters, marks and digits of any other."""


def tokens(texts: pl.Series) -> pl.Series:
    """Tokens of each text as it is written, punctuation left out: a list of strings a row, null for a null text."""
    return texts.str.extract_all(_TOKEN)


def mostly_unspaced(texts: pl.Series, words: pl.Series) -> pl.Series:
    """Whether more than half of a text's tokens are characters of unspaced scripts."""
    return texts.str.count_matches(f"[{_UNSPACED}]") * 2 > words.list.len()


def folded(words: pl.Series) -> pl.Series:
    """Tokens with case, width and composition levelled (lower case of NFKC)."""
    return words.str.normalize("NFKC").str.to_lowercase()
