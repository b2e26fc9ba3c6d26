"""Exact duplicates by 128-bit keys: texts are hashed, and rows of equal keys are one.

A key costs 16 bytes a row and finding equal ones 17 more; the texts themselves are never held.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
"""Shape (rows, 2): the upper and lower half of each row's key."""

_SEEDS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F)


def text_keys(texts: pl.Series) -> Keys:
    """Two hashes of each text by polars, of different seeds; null has a key of its own.

    Fast, but another version of polars may hash otherwise: these keys are for comparing and never for keeping.
    """
    return np.column_stack([texts.hash(seed).to_numpy() for seed in _SEEDS])


def id_keys(ids: pl.Series) -> Keys:
    """Row ids (32 hex digits) as keys."""
    return _keys(bytes.fromhex("".join(ids.to_list())))


def _keys(digests: bytes) -> Keys:
    return np.frombuffer(digests, dtype=">u8").reshape(-1, 2).astype(np.uint64)


def representatives(keys: Keys, priority: NDArray[np.float64] | None = None) -> NDArray[np.int64]:
    """For each row the index of the row that stands for all rows of equal key: itself where it is kept.

    Args:
        keys: shape (rows, 2).
        priority: shape (rows,): of equal rows the one of highest priority stands, NaN is below all; of equal
            priority, and by default, the first.

    Returns:
        Shape (rows,).
    """
    # Equal keys share their first byte: parts by that byte are small, and so is what sorting them takes.
    part = (keys[:, 0] >> np.uint64(56)).astype(np.uint8)
    by_part = np.argsort(part, kind="stable")
    parts = np.split(by_part, np.cumsum(np.bincount(part, minlength=256))[:-1])
    stands = np.arange(len(keys), dtype=np.int64)
    # Each fills in rows of its own; numpy lets go of Python's lock while it sorts.
    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        list(pool.map(lambda rows: _stand_in(rows, keys, priority, stands), parts))
    return stands


def _stand_in(
    rows: NDArray[np.int64], keys: Keys, priority: NDArray[np.float64] | None, stands: NDArray[np.int64]
) -> None:
    """Fill in `stands` for the rows of a part."""
    upper, lower = keys[rows, 0], keys[rows, 1]
    order = np.argsort(upper)
    same = upper[order][1:] == upper[order][:-1]
    if not same.any():
        return
    apart = lower[order][1:] != lower[order][:-1]
    if (same & apart).any():  # by rights once in 2**64 pairs of rows
        order = np.lexsort((lower, upper))
        same = (upper[order][1:] == upper[order][:-1]) & (lower[order][1:] == lower[order][:-1])
    rows, first = rows[order], np.append(True, ~same)
    starts = np.flatnonzero(first)
    if priority is None:
        best = np.minimum.reduceat(rows, starts)
    else:
        rows = rows[np.lexsort((rows, -np.nan_to_num(priority[rows], nan=-np.inf), np.cumsum(first)))]
        best = rows[starts]
    stands[rows] = np.repeat(best, np.diff(starts, append=len(rows)))


def repeats(keys: Sequence[Keys]) -> int:
    """How many rows, over all parts, have a key that an earlier row has."""
    if not keys:
        return 0
    every = np.concatenate(keys)
    return int((representatives(every) != np.arange(len(every))).sum())
