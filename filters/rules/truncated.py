"""`truncated`: an answer that breaks off."""

from __future__ import annotations

import polars as pl
from pydantic import Field

from filters.base import OUTPUT, SOURCE, Filter
from filters.expressions import length_quotient

# Sentence ends of the scripts in use, and after them quotation marks, brackets, emphasis, emoji.
_ENDS = r"[.!?…:;。．！？：；～‼⁇⁈⁉؟۔؛।॥։՜՞።፡፧፨៕៖။၊།༎᙮᠃⸮][\p{Pe}\p{Pi}\p{Pf}\p{So}\p{Sk}\p{M}\p{Cf}\s\"'*_”]*$"

# Thai and Lao write no mark at the end of a sentence, so their text does not tell whether it breaks off.
_UNMARKED = r"[\p{Thai}\p{Lao}]"


class Truncated(Filter):
    """Drops outputs that end in the middle.

    Where rows say why generation ended (`finish_reason`), the reason `length` is the fault. Besides, an output is taken
    as cut off if the source ends like a sentence and the output does not and is much shorter, but not in Thai and Lao,
    which do not mark the end. Null without a source, unless the finish reason is known.
    """

    min_ratio: float = Field(default=0.5, ge=0, le=1)
    """Length by the source's length from which on an open end alone is no fault. Lengths are fair across scripts, as
    those of `length_ratio`."""

    def reject(self) -> pl.Expr:
        """True where the length limit ended the output, or its text breaks off."""
        at_limit = _FINISH_REASON == "length"
        open_end = SOURCE.str.contains(_ENDS) & ~OUTPUT.str.contains(f"{_ENDS}|{_UNMARKED}")
        breaks_off = open_end & (length_quotient() < self.min_ratio)
        return pl.when(at_limit).then(pl.lit(value=True)).otherwise(pl.coalesce(breaks_off, at_limit))

    def evidence(self) -> pl.Expr:
        """The finish reason if it is the fault, else length of the output by length of the source."""
        return (
            pl.when(_FINISH_REASON == "length")
            .then(pl.lit("finish_reason length"))
            .otherwise(pl.format("{} of the source's length", length_quotient().round(2)))
        )


# By pattern, since only responses have the column: without it, null.
_FINISH_REASON = pl.coalesce(pl.col("^finish_reason$"), pl.lit(None, pl.String))
