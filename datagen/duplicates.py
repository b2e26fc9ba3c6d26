"""Find duplicates over all shards of a dataset: every row's key is held in memory, no text is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from datagen.stages.base import Header, Piece
from filters.dedup.exact import Keys, representatives, text_keys

Rows = NDArray[np.int64]
"""Numbers of rows, counted across all pieces, in ascending order; or where the pieces start, and the end."""


KeyFrame = Callable[[pl.LazyFrame], pl.DataFrame]
"""Gives of rows the column `@key`, a text, and, where not the first of equal rows is to stand for them, `@priority`
(the highest does)."""


def leave_verdicts(pieces: Sequence[Piece], header: Header, key_frame: KeyFrame, folder: Path) -> None:
    """Leave a parquet file for each piece, under its name: which of its rows another stands for, and that one's id.

    Args:
        pieces: all rows among which duplicates are looked for.
        header: of these rows.
        key_frame: see `KeyFrame`.
        folder: where to; the files' columns are `@row`, counted within what the piece loads, and `@kept_id`.
    """

    def scan(piece: Piece) -> pl.LazyFrame:
        return piece.scan(header)

    def height(piece: Piece) -> int:
        return int(scan(piece).select(pl.len()).collect().item())

    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        starts = np.cumsum([0, *pool.map(height, pieces)])
    keys, priority = _keys(pieces, starts, lambda piece: key_frame(scan(piece)))
    stands = representatives(keys, priority)
    del keys, priority
    dropped = np.flatnonzero(stands != np.arange(len(stands)))
    keeps = np.zeros(len(stands), dtype=bool)
    keeps[stands[dropped]] = True
    ids = _ids(pieces, starts, np.flatnonzero(keeps), header)
    place = np.cumsum(keeps, dtype=np.int64) - 1

    def leave(piece: Piece, start: int, mine: Rows) -> None:
        kept = ids.gather(place[stands[mine]])
        verdicts = pl.DataFrame({"@row": mine - start, "@kept_id": kept})
        verdicts.write_parquet(folder / piece.name, compression="uncompressed", statistics=False)

    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        list(pool.map(leave, pieces, starts[:-1], _by_piece(dropped, starts)))


def _keys(
    pieces: Sequence[Piece], starts: Rows, key_frame: Callable[[Piece], pl.DataFrame]
) -> tuple[Keys, NDArray[np.float64] | None]:
    """Keys of all rows, and their priorities if there are any. Polars does most of it, so threads help."""
    keys: Keys = np.empty((starts[-1], 2), dtype=np.uint64)
    priority = np.zeros(starts[-1])

    def fill(piece: Piece, start: int, end: int) -> bool:
        frame = key_frame(piece)
        keys[start:end] = text_keys(frame["@key"])
        if "@priority" in frame.columns:
            priority[start:end] = frame["@priority"].to_numpy()
        return "@priority" in frame.columns

    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        ranked = any(list(pool.map(fill, pieces, starts[:-1], starts[1:])))
    return keys, priority if ranked else None


def _ids(pieces: Sequence[Piece], starts: Rows, rows: Rows, header: Header) -> pl.Series:
    """The ids of these rows."""

    def of(piece: Piece, start: int, mine: Rows) -> pl.Series:
        return piece.scan(header).select("id").collect()["id"].gather(mine - start)

    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        # In one chunk: else polars, which gathers from it again and again, would look for the chunk of each row.
        return pl.concat(pool.map(of, pieces, starts[:-1], _by_piece(rows, starts))).rechunk()


def _by_piece(rows: Rows, starts: Rows) -> list[Rows]:
    """The rows that lie in each piece."""
    return np.split(rows, np.searchsorted(rows, starts[1:-1]))
