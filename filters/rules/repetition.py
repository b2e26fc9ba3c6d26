"""`repetition`: text that repeats itself."""

from __future__ import annotations

from typing import Literal

import polars as pl
from pydantic import Field

from filters.base import Filter

Measure = Literal[
    "lines",
    "top2gram",
    "top3gram",
    "top4gram",
    "dup5gram",
    "dup6gram",
    "dup7gram",
    "dup8gram",
    "dup9gram",
    "dup10gram",
]

GOPHER: dict[Measure, float] = {
    "lines": 0.30,
    "top2gram": 0.20,
    "top3gram": 0.18,
    "top4gram": 0.16,
    "dup5gram": 0.15,
    "dup6gram": 0.14,
    "dup7gram": 0.13,
    "dup8gram": 0.12,
    "dup9gram": 0.11,
    "dup10gram": 0.10,
}
"""Rae et al. 2021 (arXiv 2112.11446), table A1."""


class Repetition(Filter):
    """Drops texts in which a measure of the scorer `repetition` exceeds its limit.

    The limits are Gopher's (Rae et al. 2021, arXiv 2112.11446, table A1). Null where the scorer judged nothing.
    """

    max: dict[Measure, float] = Field(default_factory=dict)
    """Limits that differ from Gopher's, by measure: `{lines: 0.5}`; 1 turns a measure off."""
    score: str = "repetition"
    """The scorer's name in its columns: what its `as:` says, where it has one."""

    def reject(self) -> pl.Expr:
        """True where any limit is exceeded."""
        return pl.any_horizontal(self._exceeds(measure).fill_null(value=False) for measure in GOPHER) | pl.when(
            pl.all_horizontal(self._share(measure).is_null() for measure in GOPHER)
        ).then(None).otherwise(pl.lit(value=False))

    def evidence(self) -> pl.Expr:
        """The first measure that exceeds its limit, and its value."""
        return pl.coalesce(
            pl.when(self._exceeds(measure)).then(pl.format(f"{measure} {{}}", self._share(measure).round(2)))
            for measure in GOPHER
        )

    def _share(self, measure: Measure) -> pl.Expr:
        return pl.col(f"score_{self.score}_{measure}")

    def _exceeds(self, measure: Measure) -> pl.Expr:
        return self._share(measure) > self.max.get(measure, GOPHER[measure])
