"""`license`: terms that are not allowed."""

from __future__ import annotations

import polars as pl
from pydantic import Field

from filters.base import Filter


class License(Filter):
    """Drops rows under a licence that is not on the list. Null where a row has no licence."""

    allow: list[str] = Field(min_length=1)
    """Licences to keep, as the rows name them (best SPDX: `CC-BY-4.0`, `Apache-2.0`); case does not matter."""

    def reject(self) -> pl.Expr:
        """True for licences that are not on the list."""
        return ~pl.col("license").str.to_lowercase().is_in([name.lower() for name in self.allow])

    def evidence(self) -> pl.Expr:
        """The licence."""
        return pl.col("license")
