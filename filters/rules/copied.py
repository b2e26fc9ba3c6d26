"""`copied`: the source instead of its translation."""

from __future__ import annotations

import polars as pl
from pydantic import Field

from filters.base import OUTPUT, SOURCE, Filter
from filters.expressions import where_paired, where_suspect

_LETTER = r"[\p{L}\p{N}]"
_NO_WORD = r"[^\p{L}\p{M}\p{N}]+"


class Copied(Filter):
    """Drops outputs that equal the source but for case, white space and punctuation.

    Texts without a letter (numbers, signs, emoji) are translated by copying and stay. Null without a source.
    """

    min_length: int = Field(default=1, ge=1)
    """Shortest copy to drop, in characters. Names and terms are rightly copied: about 20 spares them."""

    def reject(self) -> pl.Expr:
        """True where both texts have the same letters, marks and digits in the same order."""
        source, output = _folded(SOURCE), _folded(OUTPUT)
        same = (source == output) & output.str.contains(r"\p{L}") & (OUTPUT.str.len_chars() >= self.min_length)
        # Folding takes microseconds. Few texts begin with the same letter, and far fewer with the same words.
        return where_paired(where_suspect(_begin_alike(), where_suspect(_heads_alike(), same)))


def _folded(text: pl.Expr) -> pl.Expr:
    return text.str.to_lowercase().str.replace_all(_NO_WORD, "")


def _begin_alike() -> pl.Expr:
    """False where both texts begin with a letter or digit, and not with the same."""
    source, output = (text.str.head(1) for text in (SOURCE, OUTPUT))
    lettered = source.str.contains(_LETTER) & output.str.contains(_LETTER)
    return ~lettered | _one_begins_the_other(source.str.to_lowercase(), output.str.to_lowercase())


def _heads_alike() -> pl.Expr:
    """False where the folded texts cannot be the same by what they begin with."""
    # A small Σ is another one at the end of a word, and a head may end within one.
    heads = (_folded(text.str.head(12)).str.replace_all("ς", "σ", literal=True) for text in (SOURCE, OUTPUT))
    return _one_begins_the_other(*heads)


def _one_begins_the_other(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """Heads of texts that are the same may differ in length: the small İ is two characters, and signs fall away."""
    return one.str.starts_with(other) | other.str.starts_with(one)
