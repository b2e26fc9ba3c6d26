"""`too_short`: less text than asked for."""

from __future__ import annotations

import polars as pl

from filters.expressions import TextFilter, weighted_length


class TooShort(TextFilter):
    """Drops texts below a length, counted so that it means as much text in every script.

    A Chinese character counts 3.3, a Korean syllable 2.3, kana 1.8, an Ethiopic letter 1.6, any other character 1.
    """

    min: float = 3
    """Shortest text to keep, in characters of English text."""

    def reject_text(self, text: pl.Expr, language: pl.Expr) -> pl.Expr:
        """True below `min`."""
        return self.evidence_text(text, language) < self.min

    def evidence_text(self, text: pl.Expr, language: pl.Expr) -> pl.Expr:
        """The length."""
        del language
        return weighted_length(text)
