"""Put rows into an order that needs all of them to be known, in bounded memory: by way of pieces on disk."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl

from corpus.cut import row_bytes


class Spool:
    """Rows written away under the number of the shard that they will lie in, and read back shard by shard."""

    def __init__(self, folder: Path) -> None:
        """A spool in a folder of its own, emptied first: what a killed attempt left is worth nothing."""
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        for old in self.folder.glob("*.parquet"):
            old.unlink()
        self.sizes: Counter[int] = Counter()
        """Bytes of each shard's rows in memory, about."""
        self._files: defaultdict[int, list[Path]] = defaultdict(list)

    def add(self, frame: pl.DataFrame, shard: str) -> None:
        """Write rows away; `shard` names the integer column that says where each belongs."""
        for (number,), part in frame.partition_by(shard, as_dict=True, maintain_order=True).items():
            file = self.folder / f"{number}-{len(self._files[number])}.parquet"
            part.write_parquet(file, compression="lz4")
            self._files[number].append(file)
            self.sizes[number] += int(row_bytes(part).sum())

    def take(self, number: int) -> Iterator[pl.DataFrame]:
        """A shard's rows as they were added, one frame after another; what was read is gone from the disk."""
        for file in self._files.pop(number, ()):
            # Not mapped into memory: the file does not outlive this.
            frame = pl.read_parquet(file, memory_map=False)
            file.unlink()
            yield frame

    def shards(self) -> Iterator[tuple[int, pl.DataFrame]]:
        """Shards in number order, the rows of each in the order in which they were added."""
        for number in sorted(self.sizes):
            yield number, pl.concat(self.take(number))


def regroup(frames: Iterable[pl.DataFrame], key: str, size: int, folder: Path) -> Iterator[pl.DataFrame]:
    """Rows as shards of `size` groups each: groups in order of first appearance, a group's rows in input order.

    Rows pass through disk; memory holds one shard and 40 bytes or so for each group.
    """
    spool, ranks = Spool(folder), pl.DataFrame(schema={key: pl.String, "@rank": pl.Int64})
    for frame in frames:
        seen = frame.select(pl.col(key).unique(maintain_order=True))
        fresh = seen.join(ranks, on=key, how="anti", maintain_order="left")
        numbers = pl.int_range(ranks.height, ranks.height + pl.len(), dtype=pl.Int64)
        ranks = pl.concat([ranks, fresh.with_columns(numbers.alias("@rank"))])
        ranked = frame.join(ranks, on=key, how="left", maintain_order="left")
        spool.add(ranked.with_columns((pl.col("@rank") // size).alias("@shard")), "@shard")
    for _, shard in spool.shards():
        yield shard.sort("@rank", maintain_order=True).drop("@rank", "@shard")
