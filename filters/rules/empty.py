"""`empty`: nothing to see."""

from __future__ import annotations

import polars as pl

from filters.expressions import TextFilter

# Letters by their category, but blank: the Hangul fillers and the empty braille cell.
_INVISIBLE = r"^[\s\p{Cc}\p{Cf}\u{115F}\u{1160}\u{3164}\u{FFA0}\u{2800}]*$"


class Empty(TextFilter):
    """Drops texts without a visible character: empty ones, white space, zero-width and control characters."""

    def reject_text(self, text: pl.Expr, language: pl.Expr) -> pl.Expr:
        """True where all characters are invisible."""
        del language
        return text.str.contains(_INVISIBLE)

    def evidence_text(self, text: pl.Expr, language: pl.Expr) -> pl.Expr:
        """Number of invisible characters."""
        del language
        return text.str.len_chars()
