"""What the trainer sees: rows of several datasets, tokenized, in their shares, in a seeded order, packed if asked."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from corpus.errors import UserError
from corpus.hashing import digest
from corpus.mixing import hash64, plan_mix, temperature_weights, times_taken
from train.packing import Strategy, packed
from train.recipe import Mixing
from train.tokens import Tokens, locked

if TYPE_CHECKING:
    from datasets import Dataset

_CHUNK = 20_000
"""Rows that are packed together: enough for a tight fit, few enough for memory."""
VERSION = 1
"""Raised whenever the same rows would be packed otherwise."""
_GROUPING = ("id", "task", "lang", "tokens", "learned")


@dataclass(frozen=True)
class Packing:
    """How rows are packed."""

    size: int
    strategy: Strategy


@dataclass(frozen=True)
class TrainSet:
    """A dataset as a TRL trainer takes it, and the rows behind it."""

    dataset: Dataset
    """Token columns and `rows`: the number in `table` of the row, or of all rows of a packed sequence."""
    table: pl.DataFrame
    """Rows of all datasets in order: source, id, task, lang, tokens, learned, and how many `times` each is taken."""
    identity: str
    """Hash of what is in it and in which order."""

    def ids(self, rows: Sequence[int]) -> list[str]:
        """`dataset: id` of rows by their number."""
        return [f"{source}: {row_id}" for source, row_id in self.table[list(rows)].select("source", "id").iter_rows()]


def mixed(
    parts: Sequence[Tokens], weights: dict[str, float] | None, mix: Mixing, seed: int, columns: Sequence[str]
) -> TrainSet:
    """Rows of tokenized datasets in their shares and a seeded order that depends on nothing but their ids.

    Raises:
        UserError: the shares cannot be met.
    """
    from datasets import Dataset, concatenate_datasets

    frames = [part.table(_GROUPING).with_columns(pl.lit(part.name).alias("source")) for part in parts]
    table = pl.concat(frames, rechunk=True)
    table = table.with_columns(pl.Series("times", _times(table, weights, mix, seed)))
    whole = concatenate_datasets([Dataset.from_file(str(file)) for part in parts for file in part.files])
    whole = whole.select_columns(list(columns)).add_column("rows", np.arange(len(table)))
    identity = digest([[file.parent.name for part in parts for file in part.files], weights, mix.model_dump(), seed])
    return TrainSet(whole.select(_order(table, seed)), table, identity)


def first_of_each(made: TrainSet, most: int) -> TrainSet:
    """Of each dataset so many rows at most, the first in the order of all."""
    numbers = made.dataset.with_format("numpy")["rows"][:]
    places = made.table[numbers].select(pl.int_range(pl.len()).over("source"))
    identity = digest([made.identity, most])
    return replace(made, dataset=made.dataset.select(np.flatnonzero(places.to_series() < most)), identity=identity)


def pack(made: TrainSet, packing: Packing, cache: Path) -> TrainSet:
    """The same rows packed into sequences, kept under the cache by what they are made of."""
    from datasets import Dataset

    key = digest(["packed", VERSION, made.identity, packing.size, packing.strategy])[:16]
    file = cache / f"{key}.arrow"
    if not file.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        with locked(cache / f".{key}.lock"):
            if not file.is_file():
                _write(made.dataset, packing, file)
    return TrainSet(Dataset.from_file(str(file)), made.table, key)


def _write(dataset: Dataset, packing: Packing, file: Path) -> None:
    temporary = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    for left in file.parent.glob(f".{file.name}.*.tmp"):
        left.unlink(missing_ok=True)
    arrow = dataset.with_format("arrow")
    names = [name for name in dataset.column_names if name != "rows"]
    writer = None
    with pa.OSFile(str(temporary), "wb") as sink:
        for start in range(0, len(dataset), _CHUNK):
            table = arrow[start : start + _CHUNK].combine_chunks()
            columns = {name: table[name].chunk(0) for name in names}
            rows = table["rows"].to_numpy()
            made = pa.table(packed(columns, rows, packing.size, packing.strategy))
            writer = writer or pa.ipc.new_stream(sink, made.schema)
            writer.write_table(made)
        if writer is not None:
            writer.close()
    temporary.rename(file)


def _times(table: pl.DataFrame, weights: dict[str, float] | None, mix: Mixing, seed: int) -> NDArray[np.int64]:
    """How often each row is taken."""
    parts = _parts(table, mix)
    unit = pl.col("tokens").sum() if mix.unit == "tokens" else pl.len()
    table = table.with_columns(parts)
    sizes: dict[str, int] = dict(table.group_by("part", maintain_order=True).agg(unit.alias("size")).iter_rows())
    lifted = _lifted(table, sizes, weights, mix)
    try:
        shares = plan_mix(sizes, lifted, total=mix.total, max_times=mix.max_times)
    except UserError as error:
        raise UserError(f"data: {error}") from None
    times = np.zeros(len(table), dtype=np.int64)
    named = parts.to_numpy()
    hashes = hash64(table["id"], f"train:{seed}")
    lengths = table["tokens"].to_numpy().astype(np.int64)
    for name, share in shares.items():
        mine = np.flatnonzero(named == name)
        times[mine] = times_taken(share, hashes[mine], lengths[mine] if mix.unit == "tokens" else None)
    return times


def _parts(table: pl.DataFrame, mix: Mixing) -> pl.Series:
    """What is weighed against what: datasets, or their languages where a temperature lifts the small ones."""
    if mix.temperature is None:
        return table["source"].alias("part")
    return table.select(pl.concat_str("source", "lang", separator=" ").alias("part"))["part"]


def _lifted(
    table: pl.DataFrame, sizes: dict[str, int], weights: dict[str, float] | None, mix: Mixing
) -> dict[str, float] | None:
    if mix.temperature is None:
        return weights
    within = table.group_by("source", maintain_order=True).agg(pl.col("part").unique(maintain_order=True))
    found: dict[str, float] = {}
    for source, parts in within.iter_rows():
        mine = {part: sizes[part] for part in parts}
        whole = weights[source] if weights else float(sum(mine.values()))
        found |= {part: whole * share for part, share in temperature_weights(mine, mix.temperature).items()}
    return found


def _order(table: pl.DataFrame, seed: int) -> NDArray[np.int64]:
    """Numbers of the rows that are taken, each as often as it is, in the order of seeded hashes."""
    rows = np.repeat(np.arange(len(table)), table["times"].to_numpy())
    ids = table["id"].gather(rows)
    copies = np.arange(len(rows)) - np.searchsorted(rows, rows)
    keys = hash64([f"{row_id}:{copy}" for row_id, copy in zip(ids, copies.tolist(), strict=True)], f"order:{seed}")
    return rows[np.argsort(keys, kind="stable")]
