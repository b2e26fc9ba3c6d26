"""`wrong_language`: recognized as another language than the one asked for."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Literal

import polars as pl
from pydantic import Field

from filters.base import Filter

_SUFFIXES = {"output": ("",), "source": ("_source",), "both": ("", "_source")}


class WrongLanguage(Filter):
    """Drops texts that the scorer `langid` recognized as a language other than `tgt_lang` (for the source, `src_lang`).

    Null where the scorer could not tell, and where it says "another" with less than `min_probability`.
    """

    min_probability: float = Field(default=0.5, ge=0, le=1)
    """How sure the recognition of another language must be to drop the row."""
    side: Literal["output", "source", "both"] = "output"
    """Whose language is judged; with `both`, one wrong language drops the row."""
    score: str = "langid"
    """The scorer's name in its columns: what its `as:` says, where it has one."""

    def reject(self) -> pl.Expr:
        """True where a text asked about is surely of another language."""
        return reduce(or_, (self._other(suffix) for suffix in _SUFFIXES[self.side]))

    def evidence(self) -> pl.Expr:
        """The recognized language and its probability."""
        told = (
            pl.when(self._other(suffix)).then(
                pl.format(
                    "{} {}", pl.col(f"label_{self.score}{suffix}"), pl.col(f"score_{self.score}{suffix}").round(2)
                )
            )
            for suffix in _SUFFIXES[self.side]
        )
        return pl.coalesce(told)

    def _other(self, suffix: str) -> pl.Expr:
        fits = pl.col(f"flag_{self.score}{suffix}")
        sure = pl.col(f"score_{self.score}{suffix}") >= self.min_probability
        return pl.when(fits).then(pl.lit(value=False)).when(~fits & sure).then(pl.lit(value=True))
