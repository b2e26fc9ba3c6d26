"""Answers to one prompt, side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

NEEDS = ("prompt_id", "@output")
"""Columns that scorers of siblings read."""


def by_prompt(
    frame: pl.DataFrame, names: Sequence[str], score: Callable[[Sequence[str]], Sequence[Sequence[float | None]]]
) -> pl.DataFrame:
    """Columns of numbers that an answer gets among those to its prompt; null for an answer that says nothing.

    Args:
        frame: rows with `prompt_id` and `@output`.
        names: the columns.
        score: takes the answers to a prompt that say something, at least two, and gives the numbers of each.
    """
    columns: list[list[float | None]] = [[None] * frame.height for _ in names]
    said = (frame["@output"].str.strip_chars() != "").fill_null(value=False)
    rows = frame.select("prompt_id", "@output", row=pl.int_range(pl.len())).filter(said)
    groups = rows.group_by("prompt_id", maintain_order=True).agg("row", "@output")
    for places, answers in groups.select("row", "@output").iter_rows():
        if len(answers) < 2:
            continue
        for place, numbers in zip(places, score(answers), strict=True):
            for column, number in zip(columns, numbers, strict=True):
                column[place] = number
    return pl.DataFrame(
        [pl.Series(name, column, dtype=pl.Float64) for name, column in zip(names, columns, strict=True)]
    )
