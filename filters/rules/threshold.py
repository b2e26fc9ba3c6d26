"""`threshold`: a number outside the limits given."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import AfterValidator, Field, model_validator

from corpus.errors import UserError
from corpus.languages import canonical
from filters.base import Filter, NumericColumn

OTHERS = "others"
"""In limits by language: the limit for every language that is not named."""


def _canonical(limits: dict[str, float]) -> dict[str, float]:
    try:
        return {code if code == OTHERS else canonical(code): limit for code, limit in limits.items()}
    except UserError as error:
        raise ValueError(f"{error} Limits are given by language, and by `{OTHERS}` for the rest") from None


ByLanguage = Annotated[dict[str, float], Field(min_length=1), AfterValidator(_canonical)]


class Threshold(Filter):
    """Drops rows whose value in a numeric column, such as a score, is below `min` or above `max`.

    A limit may differ by language, since scores of one model lie higher in one language than in another:
    `min: {de: 0.8, ja: 0.7}`. `tgt_lang` decides; `pt` is the limit of `pt-BR` too where that has none of its own, and
    `others` that of every language that is not named. `datagen scorer calibrate` finds such limits.

    Null where the value is null or NaN, and where a language has no limit.
    """

    column: NumericColumn
    """The column; drops are counted as `threshold:<column>`."""
    min: float | ByLanguage | None = None
    """Smallest value to keep, in the column's own unit."""
    max: float | ByLanguage | None = None
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
        below = value < _limit(self.min) if self.min is not None else None
        above = value > _limit(self.max) if self.max is not None else None
        return pl.any_horizontal(verdict for verdict in (below, above) if verdict is not None)

    def evidence(self) -> pl.Expr:
        """The value."""
        return pl.col(self.column)


def _limit(limit: float | dict[str, float]) -> pl.Expr:
    """The limit of each row; null where its language has none."""
    if not isinstance(limit, dict):
        return pl.lit(limit)
    named = {code: value for code, value in limit.items() if code != OTHERS}
    code = pl.col("tgt_lang")
    found = [
        key.replace_strict(named, default=None, return_dtype=pl.Float64)
        for key in (code, code.str.split("-").list.first())
        if named
    ]
    return pl.coalesce(*found, pl.lit(limit.get(OTHERS), pl.Float64))
