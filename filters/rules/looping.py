"""`looping`: an answer that never comes to its end."""

from __future__ import annotations

import polars as pl
from pydantic import Field

from filters.base import OUTPUT, Filter


class Looping(Filter):
    """Drops outputs of whose end the scorer `looping` found too much to be a loop.

    The default was set on one half of the data and measured on the other: of 22,000 references, system outputs and
    answers held to be good (NTREX-128, WMT23, Arena-Hard, M-IFEval, GSM8K, MATH and others) none exceeds it; of 82
    answers that ran into their limit (M-IFEval, Qwen2.5-0.5B) 81 do, and of 13,000 loops made of NTREX-128's sentences
    in 36 languages (words, phrases, sentences, paragraphs, under counters and letters, from four rounds on) 99 %.
    Verse whose lines all repeat under numbers, and a blank form of hundreds of characters, exceed it too. Null where
    the scorer judged nothing.
    """

    max: float = Field(default=0.5, ge=0, le=1)
    """Largest share of the last 400 characters that may repeat what stands one round before."""
    score: str = "looping"
    """The scorer's name in its column: what its `as:` says, where it has one."""

    def reject(self) -> pl.Expr:
        """True where the end is a loop."""
        return self._share() > self.max

    def evidence(self) -> pl.Expr:
        """The share, and the output's last words."""
        return pl.format("{} …{}", self._share().round(2), OUTPUT.str.tail(80))

    def _share(self) -> pl.Expr:
        return pl.col(f"score_{self.score}")
