"""`margin`: a score not enough better than another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import polars as pl

from filters.base import Filter, NumericColumn, ScoreColumn


class Margin(Filter):
    """Drops rows in which one score is not better than another by a margin: preference pairs that hardly prefer.

    Better means higher or lower as the scores say of themselves. Null where either score is.
    """

    column: NumericColumn = "score_chosen"
    """The score that should be better."""
    over: NumericColumn = "score_rejected"
    """The score that it is compared with."""
    min: float
    """Smallest margin to keep, in the scores' own unit."""
    higher_is_better: bool | None = None
    """Direction of the scores, where the dataset's manifest does not give one; true if nobody does."""

    def for_columns(self, columns: Mapping[str, ScoreColumn]) -> Self:
        """In the direction that the dataset gives for `column`, unless the recipe gives one."""
        told = columns.get(self.column)
        if self.higher_is_better is not None or told is None:
            return self
        return self.model_copy(update={"higher_is_better": told.higher_is_better})

    def reject(self) -> pl.Expr:
        """True below `min`."""
        return self.evidence() < self.min

    def evidence(self) -> pl.Expr:
        """The margin."""
        better, worse = (pl.col(name).fill_nan(None) for name in (self.column, self.over))
        return worse - better if self.higher_is_better is False else better - worse
