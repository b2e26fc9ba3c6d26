"""Exact duplicates by 128-bit keys: texts are normalized as stated, hashed, and equal keys are one.

A key costs 16 bytes a row and finding equal ones 16 more; the texts themselves are never held.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import polars as pl
import xxhash
from numpy.typing import NDArray

Normalization = Literal["trim", "lower", "spaces", "nfc"]
Keys = NDArray[np.uint64]
"""Shape (rows, 2): the upper and lower half of each row's key."""

_STEPS = {
    "trim": lambda text: text.str.strip_chars(),
    "lower": lambda text: text.str.to_lowercase(),
    "spaces": lambda text: text.str.replace_all(r"\s+", " "),
    "nfc": lambda text: text.str.normalize("NFC"),
}


def normalized(text: pl.Expr, steps: Sequence[Normalization]) -> pl.Expr:
    """A text column after the named steps, in a fixed order that makes the result the same however they are listed."""
    for step in ("nfc", "lower", "spaces", "trim"):
        if step in steps:
            text = _STEPS[step](text)
    return text


def text_keys(texts: pl.Series) -> Keys:
    """xxh3-128 of each text's UTF-8; null has a key of its own that no text has."""
    digests = b"".join(map(xxhash.xxh3_128_digest, texts.fill_null("\x00null").to_list()))
    return np.frombuffer(digests, dtype=">u8").reshape(-1, 2).astype(np.uint64)


def id_keys(ids: pl.Series) -> Keys:
    """Row ids (32 hex digits) as keys."""
    raw = bytes.fromhex("".join(ids.to_list()))
    return np.frombuffer(raw, dtype=">u8").reshape(-1, 2).astype(np.uint64)


def representatives(keys: Keys, priority: NDArray[np.float64] | None = None) -> NDArray[np.int64]:
    """For each row the index of the row that stands for all rows of equal key: itself where it is kept.

    Args:
        keys: shape (rows, 2).
        priority: shape (rows,): of equal rows the one of highest priority stands, NaN is below all; of equal
            priority, and by default, the first.

    Returns:
        Shape (rows,).
    """
    rows = len(keys)
    stands = np.arange(rows, dtype=np.int64)
    if rows < 2:
        return stands
    order = np.argsort(keys[:, 0], kind="stable")
    upper = keys[order, 0]
    same = upper[1:] == upper[:-1]
    if not same.any():
        return stands
    # Only rows whose upper half has an equal are looked at further: few, in most data.
    again = np.zeros(rows, dtype=bool)
    again[1:] |= same
    again[:-1] |= same
    order = order[again]
    del upper, same, again
    ranks = np.zeros(len(order)) if priority is None else -np.nan_to_num(priority[order], nan=-np.inf)
    by_key = np.lexsort((order, ranks, keys[order, 1], keys[order, 0]))
    order = order[by_key]
    chosen = keys[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (chosen[1:] != chosen[:-1]).any(axis=1)
    stands[order] = order[np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))]
    return stands


def repeats(keys: Sequence[Keys]) -> int:
    """How many rows, over all parts, have a key that an earlier row has."""
    if not keys:
        return 0
    every = np.concatenate(keys)
    return int((representatives(every) != np.arange(len(every))).sum())
