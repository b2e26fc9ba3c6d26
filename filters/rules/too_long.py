"""`too_long`: more text than asked for."""

from __future__ import annotations

import polars as pl

from filters.expressions import TextFilter, length_bounds, weighted_length, where_suspect


class TooLong(TextFilter):
    """Drops texts above a length, counted so that it means as much text in every script.

    A Chinese character counts 3.3, a Korean syllable 2.3, kana 1.8, an Ethiopic letter 1.6, any other character 1.
    """

    max: float = 10_000
    """Longest text to keep, in characters of English text. For sentence pairs 1,000 is much."""

    def reject_text(self, text: pl.Expr, language: pl.Expr) -> pl.Expr:
        """True above `max`."""
        _, longest = length_bounds(text)
        return where_suspect(longest > self.max, self.evidence_text(text, language) > self.max)

    def evidence_text(self, text: pl.Expr, language: pl.Expr) -> pl.Expr:
        """The length."""
        del language
        return weighted_length(text)
