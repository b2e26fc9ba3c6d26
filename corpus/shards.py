"""Shards: parquet files of a dataset folder, written whole or not at all, with the same bytes for the same rows."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import polars as pl
from pydantic import BaseModel, ConfigDict

from corpus.schema import schema

COMPRESSION_LEVEL = 1
"""zstd level of every shard; pinned, since bytes depend on it. Writing is most of what a cheap stage does, and level 1
takes two thirds of the time of level 3, for 5 to 10 % more bytes of real text."""
ROW_GROUP_ROWS = 10_000
"""Rows in a parquet row group; pinned, since bytes depend on it."""

ASIDE: dict[str, pl.DataType] = {
    "id": pl.String(),
    "reason": pl.String(),
    "value": pl.String(),
    "src_lang": pl.String(),
    "tgt_lang": pl.String(),
    "origin": pl.String(),
    "engine": pl.String(),
    "file": pl.String(),
    "line": pl.Int64(),
}
"""Columns of rows set aside: which row (or which place in a file), why, and what made the verdict."""


class Shard(BaseModel):
    """One parquet file of a dataset as its manifest lists it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    rows: int
    bytes: int
    sha256: str


@contextlib.contextmanager
def replacing(path: Path, *, durable: bool = True) -> Iterator[IO[bytes]]:
    """Write a file under a temporary name; on success it is synced and takes its name, on failure nothing is left.

    `durable`: false for what may be lost with the power, such as a status.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two threads may write one file, such as that of known hashes, as two processes may.
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_native_id()}.tmp")
    try:
        with temporary.open("wb") as handle:
            yield handle
            handle.flush()
            if durable:
                os.fsync(handle.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames within a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def shard_name(index: int) -> str:
    """File name of the shard with this number."""
    return f"{index:05d}.parquet"


def parquet_bytes(frame: pl.DataFrame) -> memoryview:
    """A frame as a parquet file at the pinned settings.

    It is made contiguous first: how a frame was put together must not show in the bytes.
    """
    buffer = io.BytesIO()
    frame.rechunk().write_parquet(
        buffer, compression="zstd", compression_level=COMPRESSION_LEVEL, row_group_size=ROW_GROUP_ROWS
    )
    return buffer.getbuffer()


def write_parquet(path: Path, frame: pl.DataFrame) -> Shard:
    """Write a frame atomically at the pinned settings and describe the file."""
    content = parquet_bytes(frame)
    # Added up while this thread waits for the disk.
    with ThreadPoolExecutor(1) as pool, replacing(path) as handle:
        checksum = pool.submit(hashlib.sha256, content)
        handle.write(content)
    return Shard(name=path.name, rows=frame.height, bytes=len(content), sha256=checksum.result().hexdigest())


def conform(frame: pl.DataFrame, kind: str) -> pl.DataFrame:
    """The frame with exactly the declared columns of its kind and its score columns, in file order and declared types.

    Declared columns that the frame lacks are added as nulls.

    Raises:
        UserError: a column is neither declared nor a score column.
        polars.exceptions.PolarsError: a column cannot be cast to its declared type.
    """
    declared = schema(kind, frame.columns)
    return frame.select(
        pl.col(name).cast(dtype) if name in frame.columns else pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in declared.items()
    )


def aside_frame(rows: list[dict[str, object]]) -> pl.DataFrame:
    """Rows set aside as a frame with the columns of `ASIDE`."""
    return pl.DataFrame(rows, schema=ASIDE)
