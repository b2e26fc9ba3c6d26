"""`copied`: the source instead of its translation."""

from __future__ import annotations

from functools import reduce
from operator import and_

import polars as pl
from pydantic import Field

from filters.base import OUTPUT, SOURCE, Filter
from filters.expressions import where_paired, where_suspect

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
        # Folding takes microseconds; few texts begin with the same letter, and fewer with the same three.
        return where_paired(where_suspect(_begin_alike(1), where_suspect(_begin_alike(3), same)))


def _folded(text: pl.Expr) -> pl.Expr:
    return text.str.to_lowercase().str.replace_all(_NO_WORD, "")


def _begin_alike(size: int) -> pl.Expr:
    """False where both texts begin with so many letters or digits, and not with the same."""
    heads = [text.str.head(size) for text in (SOURCE, OUTPUT)]
    lettered = reduce(and_, (head.str.contains(rf"^[\p{{L}}\p{{N}}]{{{size}}}$") for head in heads))
    # What follows in the text may make another of a Σ; İ becomes two characters.
    source, output = (head.str.to_lowercase().str.replace_all("ς", "σ", literal=True) for head in heads)
    return ~lettered | source.str.starts_with(output) | output.str.starts_with(source)
