"""`prompt_echo`: the prompt again instead of, or beside, its answer."""

from __future__ import annotations

import polars as pl
from pydantic import Field

from filters.base import OUTPUT, Filter


class PromptEcho(Filter):
    """Drops outputs in which the scorer `prompt_echo` found the prompt again.

    The default was set on one half of the data and measured on the other: of 22,000 references, system outputs and
    answers held to be good, under prompts in five languages with and without a source (NTREX-128, WMT23, Arena-Hard,
    M-IFEval, Alpaca, GSM8K, MATH and others), 2 exceed it, both because they quote the prompt on purpose. All of 5,600
    echoes exceed it that were made of Vicuna's questions in 12 languages and put before, after and into sentences of
    NTREX-128, and so do all of 13,000 of translation prompts. The share of an answer's 6-grams that stand in the prompt
    tells echoes from answers less well: it is above 0.2 in 7 % of the good answers without a source, since answers
    take up questions and quote. A prompt that asks to have itself repeated is taken for one echoed. Null where the
    scorer judged nothing.
    """

    max: float = Field(default=0.95, ge=0, le=1)
    """Largest share of the prompt, from its beginning, that may stand in the output."""
    score: str = "prompt_echo"
    """The scorer's name in its column: what its `as:` says, where it has one."""

    def reject(self) -> pl.Expr:
        """True where the prompt is said again."""
        return self._share() > self.max

    def evidence(self) -> pl.Expr:
        """The share, and the output's first words."""
        return pl.format("{} {}", self._share().round(2), OUTPUT.str.head(80))

    def _share(self) -> pl.Expr:
        return pl.col(f"score_{self.score}")
