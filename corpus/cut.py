"""Cut rows into shards: by number of rows, or so that all rows of a group lie together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import polars as pl
from polars.datatypes import DataTypeClass

_VALUE = 16
"""Bytes of a value's own: what polars takes for a text beside its bytes."""


def cut(frames: Iterable[pl.DataFrame], size: int, most: int = 1 << 62) -> Iterator[pl.DataFrame]:
    """Frames of equal columns recut to `size` rows each, in order; the last may be shorter.

    One is shorter too where the next row would take it above `most` bytes (see `row_bytes`); a row that takes more
    lies alone. How the rows came in makes no difference. Frames without any row give one empty frame.
    """
    pending: list[pl.DataFrame] = []
    held = taken = given = 0
    for frame in frames:
        ends = row_bytes(frame).cum_sum()
        start = before = 0
        while start < frame.height:
            fits = int(ends.search_sorted(before + most - taken, side="right"))
            end = min(frame.height, start + size - held, max(fits, start if held else start + 1))
            pending.append(frame.slice(start, end - start))
            held += end - start
            if held == size or end < frame.height:
                yield pl.concat(pending)
                given += 1
                pending, held, taken = [], 0, 0
            else:
                taken += int(ends[-1]) - before
            start, before = end, int(ends[end - 1]) if end else 0
        if not held and not given:
            pending = [frame]
    if held or (pending and not given):
        yield pl.concat(pending)


def row_bytes(frame: pl.DataFrame) -> pl.Series:
    """About what each row takes in memory: the bytes of its texts, and 16 for each value. Shape (rows,), Int64."""
    texts = (_text_bytes(pl.col(name), dtype) for name, dtype in frame.schema.items())
    values = pl.repeat(_VALUE * frame.width, pl.len(), dtype=pl.Int64)
    return frame.select(pl.sum_horizontal(values, *texts)).to_series()


def _text_bytes(value: pl.Expr, dtype: pl.DataType | DataTypeClass) -> pl.Expr:
    """The bytes of a value's texts; those in lists and objects are values of their own."""
    if isinstance(dtype, pl.List):
        return value.list.eval(_text_bytes(pl.element(), dtype.inner) + _VALUE).list.sum()
    if isinstance(dtype, pl.Struct):
        return pl.sum_horizontal(_text_bytes(value.struct.field(one.name), one.dtype) for one in dtype.fields)
    return value.str.len_bytes().cast(pl.Int64) if dtype == pl.String else pl.lit(0, pl.Int64)


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
