"""`copied`: the source instead of its translation."""

from __future__ import annotations

import polars as pl
from pydantic import Field

from filters.base import OUTPUT, SOURCE, Filter
from filters.expressions import where_paired

_WORD = r"[\p{L}\p{M}\p{N}]+"
_NO_WORD = r"[^\p{L}\p{M}\p{N}]+"


class Copied(Filter):
    """Drops outputs that equal the source but for case, white space and punctuation.

    Texts without a letter (numbers, signs, emoji) are translated by copying and stay. Null without a source.
    """

    min_length: int = Field(default=1, ge=1)
    """Shortest copy to drop, in characters. Names and terms are rightly copied: about 20 spares them."""

    def reject(self) -> pl.Expr:
        """True where both texts have the same letters, marks and digits in the same order."""
        source, output = pl.field("source"), pl.field("output")
        same = (
            # Folding takes microseconds. Few texts need it: of equal ones, one's first word begins the other's.
            pl.struct(source=_first_word(SOURCE), output=_first_word(OUTPUT))
            .struct.with_fields(alike=source.str.starts_with(output) | output.str.starts_with(source))
            .struct.with_fields(source=_folded(SOURCE), output=_folded(OUTPUT))
            .struct.with_fields(
                same=(source == output) & output.str.contains(r"\p{L}") & (OUTPUT.str.len_chars() >= self.min_length)
            )
            .struct.field("same")
        )
        return where_paired(same.fill_null(value=False))


def _first_word(text: pl.Expr) -> pl.Expr:
    return text.str.extract(_WORD, 0).str.to_lowercase()


def _folded(text: pl.Expr) -> pl.Expr:
    suspect = pl.when(pl.field("alike")).then(text).otherwise(pl.lit(""))
    return suspect.str.to_lowercase().str.replace_all(_NO_WORD, "")
