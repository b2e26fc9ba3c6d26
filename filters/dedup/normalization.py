"""What does not count as a difference between two texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import polars as pl

Normalization = Literal["trim", "lower", "spaces", "nfc"]


def normalized(text: pl.Expr, steps: Sequence[Normalization]) -> pl.Expr:
    """A text column after the named steps, in a fixed order that makes the result the same however they are listed."""
    for step in ("nfc", "lower", "spaces", "trim"):
        if step in steps:
            text = _STEPS[step](text)
    return text


def _lowered(text: pl.Expr) -> pl.Expr:
    """Small letters. Arrow needs a quarter of the time, but knows no letter by its neighbours (Σ), nor as two (İ)."""
    special = text.str.contains("[İΣ]")
    lowered = text.map_batches(_lowered_by_arrow, return_dtype=pl.String, is_elementwise=True)
    # The empty text, since work on a text that is masked by null is done all the same.
    return (
        pl.when(special).then(pl.when(special).then(text).otherwise(pl.lit("")).str.to_lowercase()).otherwise(lowered)
    )


def _lowered_by_arrow(texts: pl.Series) -> pl.Series:
    import pyarrow.compute as pc

    return pl.Series(pc.utf8_lower(texts.to_arrow()), dtype=pl.String)


_STEPS: dict[Normalization, Callable[[pl.Expr], pl.Expr]] = {
    "trim": lambda text: text.str.strip_chars(),
    "lower": _lowered,
    "spaces": lambda text: text.str.replace_all(r"\s+", " "),
    "nfc": lambda text: text.str.normalize("NFC"),
}
