"""Pieces of text that a translation keeps as they are (addresses, placeholders), compared as multisets."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from filters.base import OUTPUT, SOURCE
from filters.expressions import where_paired

Clean = Callable[[pl.Expr], pl.Expr]
"""Takes from each piece what may differ between source and output."""


def pieces_differ(pattern: str, clean: Clean) -> pl.Expr:
    """Whether the output has other pieces than the source, or one more or less often; null unless both are there."""
    some = SOURCE.str.contains(pattern) | OUTPUT.str.contains(pattern)
    # Where there are none, nearly everywhere, null texts pass through the rest at no cost.
    source, output = (_joined(pl.when(some).then(text), pattern, clean) for text in (SOURCE, OUTPUT))
    return where_paired((source != output).fill_null(value=False))


def pieces_shown(pattern: str, clean: Clean) -> pl.Expr:
    """The pieces of the source and those of the output, for people."""
    return pl.format("{} → {}", *(_joined(text, pattern, clean).replace("", "none") for text in (SOURCE, OUTPUT)))


def _joined(text: pl.Expr, pattern: str, clean: Clean) -> pl.Expr:
    return text.str.extract_all(pattern).list.eval(clean(pl.element())).list.sort().list.join(" ")
