"""`low_alphabetic`: more digits and signs than words."""

from __future__ import annotations

import polars as pl
from pydantic import Field

from filters.expressions import TextFilter


class LowAlphabetic(TextFilter):
    """Drops texts in which too few characters are letters or their marks: tables, lists of numbers, rows of signs.

    A text of white space alone is kept: see `empty`.
    """

    min_share: float = Field(default=0.5, ge=0, le=1)
    """Smallest share of letters and combining marks among the characters that are not white space."""

    def reject_text(self, text: pl.Expr, language: pl.Expr) -> pl.Expr:
        """True below `min_share`."""
        return self.evidence_text(text, language) < self.min_share

    def evidence_text(self, text: pl.Expr, language: pl.Expr) -> pl.Expr:
        """The share."""
        del language
        visible = text.str.len_chars() - text.str.count_matches(r"\s")
        # Signs are few, so they are counted and not the letters.
        signs = text.str.count_matches(r"[^\p{L}\p{M}\s]")
        return pl.when(visible > 0).then(1 - signs / visible).when(visible == 0).then(1.0).round(3)
