"""Exact duplicates by 128-bit keys: texts are hashed, and rows of equal keys are one.

A key costs 16 bytes a row and finding equal ones 17 more; the texts themselves are never held.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import xxhash
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
"""Shape (rows, 2): the upper and lower half of each row's key."""


def text_keys(texts: pl.Series) -> Keys:
    """xxh3-128 of each text's UTF-8; null has a key of its own that no text has."""
    encoded = texts.cast(pl.Binary).fill_null(b"\xff").to_list()
    return _keys(b"".join(map(xxhash.xxh3_128_digest, encoded)))


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
    stands = np.arange(len(keys), dtype=np.int64)
    for rows in np.split(by_part, np.cumsum(np.bincount(part, minlength=256))[:-1]):
        _stand_in(rows, keys, priority, stands)
    return stands


def _stand_in(
    rows: NDArray[np.int64], keys: Keys, priority: NDArray[np.float64] | None, stands: NDArray[np.int64]
) -> None:
    """Fill in `stands` for the rows of a part, which are in ascending order."""
    upper = keys[rows, 0]
    order = np.argsort(upper)
    upper = upper[order]
    same = upper[1:] == upper[:-1]
    if not same.any():
        return
    # Only rows whose upper half has an equal are looked at further: few, in most data.
    again = np.zeros(len(rows), dtype=bool)
    again[1:] |= same
    again[:-1] |= same
    rows = rows[order[again]]
    ranks = np.zeros(len(rows)) if priority is None else -np.nan_to_num(priority[rows], nan=-np.inf)
    rows = rows[np.lexsort((rows, ranks, keys[rows, 1], keys[rows, 0]))]
    found = keys[rows]
    first = np.ones(len(rows), dtype=bool)
    first[1:] = (found[1:] != found[:-1]).any(axis=1)
    stands[rows] = rows[np.maximum.accumulate(np.where(first, np.arange(len(rows)), 0))]


def repeats(keys: Sequence[Keys]) -> int:
    """How many rows, over all parts, have a key that an earlier row has."""
    if not keys:
        return 0
    every = np.concatenate(keys)
    return int((representatives(every) != np.arange(len(every))).sum())
