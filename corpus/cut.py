"""Cut rows into shards: by number of rows, or so that all rows of a group lie together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import polars as pl


def cut(frames: Iterable[pl.DataFrame], size: int) -> Iterator[pl.DataFrame]:
    """Frames of equal columns recut to `size` rows each, in order; the last may be shorter.

    Frames without any row give one empty frame.
    """
    pending: list[pl.DataFrame] = []
    held = given = 0
    for frame in frames:
        pending.append(frame)
        held += frame.height
        if held < size:
            continue
        whole = pl.concat(pending)
        for start in range(0, held - held % size, size):
            yield whole.slice(start, size)
            given += 1
        pending = [whole.tail(held % size)] if held % size else []
        held %= size
    if held or (pending and not given):
        yield pl.concat(pending)


def cut_groups(frame: pl.DataFrame, key: str, size: int) -> Iterator[pl.DataFrame]:
    """A frame as shards of `size` groups each: groups in order of first appearance, rows of a group in input order.

    A frame without rows gives itself.
    """
    if frame.is_empty():
        yield frame
        return
    # A row number first: an expression that counts rows would count them within each group.
    numbered = frame.with_row_index("@row").with_columns(pl.col("@row").min().over(key).alias("@first")).drop("@row")
    numbered = numbered.sort("@first", maintain_order=True)
    shard = numbered.select((pl.col("@first").rle_id() // size).alias("@shard"))
    for part in numbered.drop("@first").with_columns(shard).partition_by("@shard", maintain_order=True):
        yield part.drop("@shard")
