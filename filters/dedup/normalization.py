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


def _lowered(texts: pl.Series) -> pl.Series:
    """Small letters. Arrow needs a quarter of the time, but knows no letter by its neighbours (Σ), nor as two (İ)."""
    import pyarrow.compute as pc

    lowered = pl.Series(pc.utf8_lower(texts.to_arrow()), dtype=pl.String)
    special = texts.str.contains("[İΣ]").arg_true()
    return lowered.scatter(special, texts.gather(special).str.to_lowercase())


_STEPS: dict[Normalization, Callable[[pl.Expr], pl.Expr]] = {
    "trim": lambda text: text.str.strip_chars(),
    "lower": lambda text: text.map_batches(_lowered, return_dtype=pl.String, is_elementwise=True),
    "spaces": lambda text: text.str.replace_all(r"\s+", " "),
    "nfc": lambda text: text.str.normalize("NFC"),
}
