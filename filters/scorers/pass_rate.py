"""How often a prompt is answered rightly: the share of its responses that pass."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from pydantic import Field

from filters.base import NumericColumn, ScoreColumn, Scorer


class PassRate(Scorer):
    """The share of a prompt's responses, of all those that could be judged, whose score reaches a limit; 0 to 1.

    Every response to a prompt gets the same number, null where none could be judged. All responses to a prompt lie in
    one shard. Prompts that a model always or never answers rightly teach it nothing.
    """

    by: NumericColumn = "score_verified"
    """The score that tells whether a response passes."""
    at_least: float = 1.0
    """From which score on it passes."""
    engine: str | None = Field(default=None, min_length=1)
    """The engine whose responses count; all prompts' rows get its rate. Default: all responses count."""

    @property
    def compares_answers(self) -> bool:
        """Always."""
        return True

    def needs(self, kind: str) -> Sequence[str]:
        """Which prompt was answered, by whom, and the score."""
        del kind
        return ["prompt_id", "engine", self.by]

    def columns(self, kind: str) -> list[ScoreColumn]:
        """`score_pass_rate`."""
        del kind
        signature = f"pass_rate|by:{self.by}|at_least:{self.at_least:g}|engine:{self.engine or 'all'}"
        return [
            ScoreColumn(
                name=f"score_{self.stem}", higher_is_better=True, signature=f"{signature}|version:{self.version}"
            )
        ]

    def score(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rate of each row's prompt."""
        counts = pl.col(self.by) if self.engine is None else pl.when(pl.col("engine") == self.engine).then(self.by)
        # Nulls are left out of a mean.
        rate = (counts >= self.at_least).cast(pl.Float64).mean().over("prompt_id")
        return frame.select(rate.alias(f"score_{self.stem}"))
