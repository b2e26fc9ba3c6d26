"""`length_ratio`: a translation much longer or shorter than its source."""

from __future__ import annotations

import polars as pl
from pydantic import Field

from filters.base import Filter
from filters.expressions import length_quotient


class LengthRatio(Filter):
    """Drops outputs whose length is out of proportion to the source's.

    Lengths are in characters of English text, so that Chinese and English compare fairly: a Chinese character counts 3.3,
    a Korean syllable 2.3, kana 1.8, an Ethiopic letter 1.6. Ten characters are added to both, because short texts vary
    more. At 2.5 that drops 4 of 10,000 reference translations of NTREX-128 (36 languages, from English) and 1 of 10,000
    sentence pairs of Tatoeba. Null without a source. For translation alone: an answer is as long as it is.
    """

    max: float = Field(default=2.5, gt=1)
    """Largest ratio to keep, the longer text by the shorter."""

    def reject(self) -> pl.Expr:
        """True where either text is more than `max` times as long as the other."""
        return ~length_quotient().is_between(1 / self.max, self.max)

    def evidence(self) -> pl.Expr:
        """Length of the output by length of the source."""
        return length_quotient().round(2)
