"""`threshold`: a number outside the limits given."""

from __future__ import annotations

import polars as pl
from pydantic import model_validator

from filters.base import Filter, NumericColumn


class Threshold(Filter):
    """Drops rows whose value in a numeric column, such as a score, is below `min` or above `max`.

    Null where the value is null or NaN.
    """

    column: NumericColumn
    """The column; drops are counted as `threshold:<column>`."""
    min: float | None = None
    """Smallest value to keep, in the column's own unit."""
    max: float | None = None
    """Largest value to keep, in the column's own unit."""

    @model_validator(mode="after")
    def _has_a_limit(self) -> Threshold:
        if self.min is None and self.max is None:
            raise ValueError("give min, max or both")
        return self

    @property
    def reason(self) -> str:
        """Tells the columns of several thresholds apart."""
        return f"{self.name()}:{self.column}"

    def reject(self) -> pl.Expr:
        """True outside the limits."""
        value = pl.col(self.column).fill_nan(None)
        below = value < self.min if self.min is not None else None
        above = value > self.max if self.max is not None else None
        return pl.any_horizontal(verdict for verdict in (below, above) if verdict is not None)

    def evidence(self) -> pl.Expr:
        """The value."""
        return pl.col(self.column)
