"""The score store: what a learned scorer judged, by the hash of what it was shown. Append-only files of a run folder.

Each scorer has a folder named after all that its numbers depend on, so that verdicts of two models, or of two versions
of one, never meet. A file is written whole or not at all; a kill costs the verdicts of the last seconds.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import polars as pl

from corpus.errors import Failure
from corpus.hashing import digest
from corpus.shards import replacing
from filters.learned import LearnedScorer, failed

KEY = "@key"
"""Column of 16 bytes: the hash of an item."""
_EVERY = 20.0
"""Seconds of verdicts that may be lost with a kill."""
_MANY = 64
"""Files from which on they are made one."""


class ScoreStore:
    """Verdicts of one scorer. One process at a time writes to it: the run folder's lock sees to that."""

    def __init__(self, folder: Path, scorer: LearnedScorer) -> None:
        """Open, or begin, the store of a scorer below `folder`.

        Raises:
            Failure: a file of it is damaged.
        """
        self.folder = folder / f"{scorer.name()}-{digest(scorer.kept_as())[:16]}"
        self._types: dict[str, pl.DataType] = {KEY: pl.Binary(), **scorer.dtypes()}
        self.folder.mkdir(parents=True, exist_ok=True)
        for torn in self.folder.glob(".*.tmp"):
            torn.unlink()
        files = sorted(self.folder.glob("*.parquet"))
        self._next = 1 + max((int(file.stem) for file in files), default=-1)
        read = [self._read(file) for file in files]
        # A kill between merging files and removing them leaves verdicts twice.
        self._kept = pl.concat([pl.DataFrame(schema=self._types), *read]).unique(KEY, keep="first", maintain_order=True)
        if len(files) > _MANY:
            self._write(self._kept)
            for file in files:
                file.unlink()
        self._fresh: list[pl.DataFrame] = []
        self._unwritten: list[pl.DataFrame] = []
        self._written = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.flush()

    def find(self, keys: pl.Series) -> pl.DataFrame:
        """Whether there is a verdict under each key (`@found`) and which, in the order of the keys."""
        if self._fresh:
            self._kept, self._fresh = pl.concat([self._kept, *self._fresh]), []
        asked = keys.alias(KEY).to_frame()
        there = self._kept.join(asked.unique(), on=KEY, how="semi").with_columns(pl.lit(value=True).alias("@found"))
        found = asked.join(there, on=KEY, how="left", maintain_order="left")
        return found.with_columns(pl.col("@found").fill_null(value=False)).drop(KEY)

    def add(self, keys: pl.Series, values: pl.DataFrame) -> None:
        """Keep verdicts under keys that have none yet. They are on disk within seconds."""
        columns = [values[name].cast(dtype) for name, dtype in self._types.items() if name != KEY]
        frame = pl.DataFrame([keys.alias(KEY), *columns])
        self._fresh.append(frame)
        # What failed for the moment is worth asking again in another run.
        self._unwritten.append(frame.filter(~failed()))
        if time.monotonic() - self._written >= _EVERY:
            self.flush()

    def flush(self) -> None:
        """Put on disk what is not there yet."""
        self._written = time.monotonic()
        waiting = pl.concat(self._unwritten) if self._unwritten else pl.DataFrame(schema=self._types)
        self._unwritten = []
        if waiting.height:
            self._write(waiting)

    def _write(self, frame: pl.DataFrame) -> None:
        with replacing(self.folder / f"{self._next:06d}.parquet") as handle:
            frame.write_parquet(handle, compression="zstd", compression_level=1)
        self._next += 1

    def _read(self, file: Path) -> pl.DataFrame:
        try:
            return pl.read_parquet(file).select(pl.col(name).cast(dtype) for name, dtype in self._types.items())
        except (pl.exceptions.PolarsError, OSError) as error:
            raise Failure(
                f"{file} is damaged: {error}. Remove it: what it held is judged anew, all else is kept"
            ) from None


def keys_of(items: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """16 bytes for each item: xxh3-128 of its texts, each behind its length, so that none can run into the next."""
    import xxhash

    parts = [pl.format("{}:{}", pl.col(name).str.len_bytes(), name).fill_null("-") for name in columns]
    # polars 2.1 panics in `format` where a column has an empty chunk before others.
    written = items.rechunk().select(pl.concat_str(parts, separator="\x1f")).to_series()
    return pl.Series(KEY, [xxhash.xxh3_128_digest(text) for text in written], dtype=pl.Binary)
