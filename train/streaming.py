"""Rows tokenized while training goes on, for datasets whose tokens one would not keep twice.

Every rank reads a part of its own of every shard, and all parts are equal to a row, so that no row is read more often
than another however many shards there are. Shards come in a seeded order and rows are shuffled within a window, anew in
each pass; one pass follows the other without an end, so no rank runs dry before the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from corpus.errors import UserError
from corpus.mixing import hash64
from train.encode import Encoder
from train.packing import sequences
from train.sources import Opened
from train.trainset import Packing

WINDOW = 20_000
"""Rows that are shuffled and packed together."""
_BATCH = 1_000
_ENOUGH = 1_000
"""Rows from which on a share of them tells something, where a dataset has as many."""


@dataclass(frozen=True)
class Shard:
    """A shard of a dataset, and the number of its first row among all rows of all datasets."""

    source: str
    file: str
    first: int
    rows: int

    def part(self, reader: int, readers: int) -> tuple[int, int]:
        """Where a reader's rows of this shard start and stop; one row more or less is dealt on from shard to shard."""
        each, left = divmod(self.rows, readers)
        sizes = [each + ((other - self.first) % readers < left) for other in range(reader + 1)]
        return sum(sizes[:-1]), sum(sizes)


@dataclass(frozen=True)
class Streamed:
    """What a trainer reads row by row."""

    dataset: Any
    """An IterableDataset of `datasets`, one shard for each reader."""
    shards: Sequence[Shard]

    def ids(self, rows: Sequence[int]) -> list[str]:
        """`dataset: id` of rows by their number."""
        found = []
        for shard in self.shards:
            frame = pl.read_parquet(shard.file, columns=["id"])
            mine = [row - shard.first for row in rows if 0 <= row - shard.first < frame.height]
            found += [f"{shard.source}: {row_id}" for row_id in frame["id"].gather(mine)]
        return found


def streamed(
    sources: Sequence[Opened], encoder: Encoder, packing: Packing | None, seed: int, max_dropped: float, readers: int
) -> Streamed:
    """A stream of the rows of all datasets, as they are, in as many parts as there are readers.

    What is left out of a shard is told; more than a share of `max_dropped` of a dataset stops the training, and so
    does a row that is too long where the encoder refuses such.

    Raises:
        UserError: there are fewer rows than readers.
    """
    from datasets import IterableDataset

    shards = _shards(sources)
    if sum(shard.rows for shard in shards) < readers:
        raise UserError(f"data: found fewer rows than the {readers} processes that would read them with `stream: true`")
    keys = hash64([f"{shard.source}:{Path(shard.file).name}" for shard in shards], f"stream:{seed}")
    dealt = [shards[place] for place in np.argsort(keys, kind="stable").tolist()]
    reader = _Reader(dealt, readers, encoder, packing, seed, max_dropped)
    once = IterableDataset.from_generator(reader, gen_kwargs={"parts": list(range(readers))})
    return Streamed(once.repeat(None), shards)


def _shards(sources: Sequence[Opened]) -> list[Shard]:
    shards: list[Shard] = []
    first = 0
    for source in sources:
        heights = {shard.name: shard.rows for shard in source.dataset.manifest.shards}
        for file in source.dataset.files(source.split):
            shards.append(Shard(source.name, str(file), first, heights[file.name]))
            first += heights[file.name]
    return shards


@dataclass
class _Reader:
    """Reads parts of all shards, and knows how often it has read each: every pass has an order of its own."""

    shards: Sequence[Shard]
    readers: int
    encoder: Encoder
    packing: Packing | None
    seed: int
    max_dropped: float
    passes: Counter[tuple[str, int]] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    """Rows that were read of each dataset."""
    lost: dict[str, Counter[str]] = field(default_factory=dict)
    """What of them could not be used, by reason."""

    def __call__(self, parts: list[int]) -> Iterator[dict[str, Any]]:
        for part, shard in product(parts, self.shards):
            times = self.passes[shard.file, part]
            self.passes[shard.file, part] += 1
            lost = self.lost.setdefault(shard.source, Counter())
            before = lost.copy()
            for window in self._windows(shard, part, f"stream:{self.seed}:{times}", lost):
                yield from _packed(window, self.packing) if self.packing else window
            if not times and (fresh := lost - before):
                whose = f"part {part + 1} of {self.readers} of " if self.readers > 1 else ""
                print(f"{shard.source}: left out of {whose}{Path(shard.file).name}: {_listed(fresh)}", flush=True)

    def _windows(self, shard: Shard, part: int, salt: str, lost: Counter[str]) -> Iterator[list[dict[str, Any]]]:
        start, stop = shard.part(part, self.readers)
        mine = pl.scan_parquet(shard.file).with_row_index("@row").slice(start, stop - start).collect()
        for begin in range(0, mine.height, WINDOW):
            window = mine[begin : begin + WINDOW]
            window = window[np.argsort(hash64(window["id"], salt), kind="stable")]
            rows: list[dict[str, Any]] = []
            for some in window.iter_slices(_BATCH):
                batch = self.encoder.encode({name: some[name].to_list() for name in self.encoder.needs})
                for place, number in enumerate(some["@row"].to_list()):
                    if batch.reasons[place] is None:
                        row = {name: values[place] for name, values in batch.columns.items()}
                        rows.append({**row, "rows": shard.first + number})
                lost.update(reason for reason in batch.reasons if reason is not None)
            self.seen[shard.source] += window.height
            self._check(shard, part)
            yield rows

    def _check(self, shard: Shard, part: int) -> None:
        """Refuse what would have been refused before the first step, had all been tokenized before it.

        Raises:
            UserError: too many rows of a dataset cannot be used.
        """
        lost, seen = self.lost[shard.source], self.seen[shard.source]
        mine = [one.part(part, self.readers) for one in self.shards if one.source == shard.source]
        # One bad row among the first few is no share of anything.
        enough = max(seen, min(_ENOUGH, sum(stop - start for start, stop in mine)))
        too_long = self.encoder.too_long == "refuse" and lost[self.encoder.too_many] > 0
        if too_long or lost.total() > self.max_dropped * enough:
            raise UserError(
                f"data: {shard.source}: {lost.total():,} of the {seen:,} rows that were read up to "
                f"{Path(shard.file).name} are unusable ({_listed(lost)}); `max_dropped` allows {self.max_dropped:.1%}, "
                f"`too_long` says {self.encoder.too_long!r}"
            )


def _listed(lost: Counter[str]) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in lost.most_common())


def _packed(rows: list[dict[str, Any]], packing: Packing) -> Iterator[dict[str, Any]]:
    lengths = np.array([len(row["input_ids"]) for row in rows], dtype=np.int64)
    for pieces in sequences(lengths, packing.size, packing.strategy):
        made: dict[str, Any] = {
            name: [token for piece in pieces for token in rows[piece.row][name][piece.start : piece.stop]]
            for name in ("input_ids", "labels")
        }
        made["rows"] = [rows[piece.row]["rows"] for piece in pieces]
        if packing.strategy != "wrapped":
            made["seq_lengths"] = [piece.stop - piece.start for piece in pieces]
        yield made
