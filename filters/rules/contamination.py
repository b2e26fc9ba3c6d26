"""`contamination`: text that stands in a test set."""

from __future__ import annotations

import polars as pl

from filters.base import Filter


class Contamination(Filter):
    """Drops rows in which the scorer `contamination` found text of a test set. Null where it judged nothing."""

    score: str = "contamination"
    """The scorer's name in its columns: what its `as:` says, where it has one."""

    def reject(self) -> pl.Expr:
        """True where text is shared."""
        return pl.col(f"flag_{self.score}")

    def evidence(self) -> pl.Expr:
        """The shared text, and whose it is."""
        return pl.col(f"spans_{self.score}")
