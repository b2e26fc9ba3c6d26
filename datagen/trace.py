"""Trace a row through a run: where it was read, what it scored, where it was dropped or what it became."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from corpus.current import read_current
from corpus.dataset import Dataset
from corpus.dataset import open as open_dataset
from corpus.errors import UserError
from corpus.manifest import FILE
from datagen.show import as_text

_LINKS = ("row_id", "prompt_id", "response_id", "chosen_id", "rejected_id")
"""Fields of `meta` that name the rows a row was made of."""


def trace(row_id: str, runs: Path) -> Iterator[str]:
    """Every place where a row, or what was made of it, stands in the newest datasets of all runs.

    Args:
        row_id: the id of a row or prompt, or its first digits (8 at least).
        runs: the runs folder, one run's folder in it, or a dataset folder.

    Raises:
        UserError: the id is found nowhere, or is no id.
    """
    if len(row_id) < 8 or not all(digit in "0123456789abcdef" for digit in row_id):
        raise UserError(f"{row_id!r} is no row id: expected 32 hex digits, or the first 8 of them or more")
    nowhere = True
    made: set[str] = set()
    for dataset in _datasets(runs):
        told = list(_places(dataset, row_id, made))
        nowhere = nowhere and not told
        yield from told
    if nowhere:
        raise UserError(f"no row with the id {row_id} in the datasets under {runs}, nor made of one, nor set aside")


def _datasets(runs: Path) -> list[Dataset]:
    """Datasets in the order of their recipes."""
    if (runs / FILE).is_file():
        return [open_dataset(runs)]
    folders = [runs] if read_current(runs) else sorted(path for path in runs.glob("*") if read_current(path))
    return [
        open_dataset(folder / name)
        for folder in folders
        for name in read_current(folder).values()
        if (folder / name / FILE).is_file()
    ]


def _places(dataset: Dataset, row_id: str, made: set[str]) -> Iterator[str]:
    """What a dataset knows of a row and of the ids in `made`, to which those of rows made of them are added."""
    name, frame = f"{dataset.path.parent.name}/{dataset.manifest.name}", dataset.scan()
    columns = frame.collect_schema().names()
    own = pl.col("id").str.starts_with(row_id)
    group = pl.col("prompt_id").str.starts_with(row_id) if "prompt_id" in columns else pl.lit(value=False)
    followed = pl.col("id").is_in(list(made))
    named = [pl.col("meta").str.json_path_match(f"$.{link}") for link in _LINKS]
    links = pl.any_horizontal(
        (one.str.starts_with(row_id) | one.is_in(list(made))).fill_null(value=False) for one in named
    )
    how = pl.when(own).then(pl.lit("row")).when(group).then(pl.lit("answer to it")).otherwise(pl.lit("made of it"))
    found = frame.filter(own | group | followed | links).with_columns(how.alias("@how")).collect()
    aside = dataset.aside().filter(own | followed).with_columns(own.alias("@own")).collect()
    made.update(found.filter(pl.col("@how") == "made of it")["id"])
    for row in found.iter_rows(named=True):
        told = row.pop("@how")
        yield f"\n{name} ({dataset.manifest.stage}): {told}\n{as_text(row)}"
    for gone in aside.iter_rows(named=True):
        told = "" if gone["@own"] else "made of it, "
        yield f"\n{name} ({dataset.manifest.stage}): {told}set aside for {_reason(gone)}"


def _reason(gone: dict[str, Any]) -> str:
    return f"{gone['reason']}: {gone['value']}" if gone["value"] is not None else str(gone["reason"])
