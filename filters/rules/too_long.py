"""`too_long`: more text than asked for."""

from __future__ import annotations

import polars as pl

from filters.expressions import DENSE_SCRIPTS, TextFilter, weighted_length


class TooLong(TextFilter):
    """Drops texts above a length, counted so that it means as much text in every script.

    A Chinese character counts 3.3, a Korean syllable 2.3, kana 1.8, an Ethiopic letter 1.6, any other character 1.
    """

    max: float = 10_000
    """Longest text to keep, in characters of English text. For sentence pairs 1,000 is much."""

    def reject_text(self, text: pl.Expr, language: pl.Expr) -> pl.Expr:
        """True above `max`."""
        # Letters are looked at only where they can matter.
        suspect = pl.when(text.str.len_chars() * max(DENSE_SCRIPTS.values()) > self.max).then(text)
        return pl.when(text.is_not_null()).then(
            (self.evidence_text(suspect, language) > self.max).fill_null(value=False)
        )

    def evidence_text(self, text: pl.Expr, language: pl.Expr) -> pl.Expr:
        """The length."""
        del language
        return weighted_length(text)
