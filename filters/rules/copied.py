"""`copied`: the source instead of its translation."""

from __future__ import annotations

import polars as pl

from filters.base import OUTPUT, SOURCE, Filter
from filters.expressions import where_paired


def _initial(text: pl.Expr) -> pl.Expr:
    return text.str.extract(r"[\p{L}\p{N}]", 0).str.to_lowercase()


def _folded(text: pl.Expr) -> pl.Expr:
    return text.str.to_lowercase().str.replace_all(r"[^\p{L}\p{M}\p{N}]+", "")


class Copied(Filter):
    """Drops outputs that equal the source but for case, white space and punctuation.

    Texts without a letter (numbers, emoji) are translated by copying and stay. So do copied names only if they are part
    of more text: put `copied` aside where the data are lists of names. Null without a source.
    """

    def reject(self) -> pl.Expr:
        """True where both texts have the same letters and digits in the same order."""
        # Folding costs microseconds; texts that begin otherwise, nearly all, need none.
        alike = _initial(SOURCE) == _initial(OUTPUT)
        source, output = (_folded(pl.when(alike).then(text)) for text in (SOURCE, OUTPUT))
        same = (source == output) & output.str.contains(r"\p{L}")
        return where_paired(same.fill_null(value=False))
