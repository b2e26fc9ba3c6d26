"""Put rows into an order that needs all of them to be known, in bounded memory: by way of pieces on disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl


class Spool:
    """Rows written away under the number of the shard that they will lie in, and read back shard by shard."""

    def __init__(self, folder: Path) -> None:
        """A spool in a folder of its own, emptied first: what a killed attempt left is worth nothing."""
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        for old in self.folder.glob("*.parquet"):
            old.unlink()
        self._written = 0

    def add(self, frame: pl.DataFrame, shard: str) -> None:
        """Write rows away; `shard` names the integer column that says where each belongs."""
        for (number,), part in frame.partition_by(shard, as_dict=True, maintain_order=True).items():
            part.write_parquet(self.folder / f"{number:08d}-{self._written:08d}.parquet", compression="lz4")
        self._written += 1

    def shards(self) -> Iterator[tuple[int, pl.DataFrame]]:
        """Shards in number order, the rows of each in the order in which they were added."""
        files: dict[int, list[Path]] = {}
        for path in sorted(self.folder.glob("*.parquet")):
            files.setdefault(int(path.name.partition("-")[0]), []).append(path)
        for number, paths in files.items():
            yield number, pl.concat([pl.read_parquet(path) for path in paths])


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
