"""Human scores that came with the rows, in a field of `meta`: direct assessment, z-scores, star ratings."""

from __future__ import annotations

import math
from collections.abc import Sequence

import orjson
import polars as pl

from filters.base import ScoreColumn, Scorer


class Human(Scorer):
    """Takes a score out of `meta`, where a reader keeps what the contract has no column for.

    A number counts and so does a text that spells one, as tables give it. The score is null where the field is absent
    or holds no finite number. A reader of human judgements may write `score_human` itself (MQM does); this is for
    other data.
    """

    field: str
    """Name of the field in `meta`."""
    higher_is_better: bool = True
    """Direction of the score; false for error counts and post-editing effort."""

    def needs(self, kind: str) -> Sequence[str]:
        """The JSON of the rest of a row."""
        del kind
        return ("meta",)

    def columns(self, kind: str) -> list[ScoreColumn]:
        """`score_human`, in the units it was given in."""
        del kind
        return [
            ScoreColumn(
                name=f"score_{self.stem}", higher_is_better=self.higher_is_better, signature=f"human|field:{self.field}"
            )
        ]

    def score(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The field of each row as a number."""
        values = [_number(meta, self.field) for meta in frame["meta"]]
        return pl.DataFrame({f"score_{self.stem}": pl.Series(values, dtype=pl.Float64)})


def _number(meta: str | None, field: str) -> float | None:
    value = orjson.loads(meta).get(field) if meta else None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
