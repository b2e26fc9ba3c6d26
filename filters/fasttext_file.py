"""What lies in a fastText model's file: arguments, words, labels, vectors of words and n-grams, units of the labels.

The format is that of fastText's version 12 (https://github.com/facebookresearch/fastText), with vectors as they are or
quantized (Joulin et al. 2016, arXiv:1612.03651), in which case most n-grams have none.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

_MAGIC, _VERSION = 793_712_314, 12
_SUPERVISED, _HIERARCHICAL = 3, 1
_CENTROIDS = 256
_WORD, _LABEL = 0, 1


@dataclass(frozen=True)
class ModelFile:
    """A supervised model with a binary tree of labels and no n-grams of words."""

    words: list[bytes]
    """In the order of their rows."""
    labels: list[str]
    label_counts: list[int]
    shortest: int
    """Characters of the shortest n-gram."""
    longest: int
    """Characters of the longest n-gram; 0 for none."""
    rows: npt.NDArray[np.float32]
    """Vectors (words and n-grams, dimensions)."""
    row_of_bucket: npt.NDArray[np.int32]
    """Rows of the n-grams of each bucket; -1 where they have none."""
    units: npt.NDArray[np.float64]
    """Weights of the tree's inner nodes (labels - 1, dimensions)."""


def read_model(path: Path) -> ModelFile | None:
    """Read a file; None where it is no such model."""
    try:
        with path.open("rb") as file:
            # Mapped, since files of other kinds may be large, and vectors that are read as they are stay in it.
            return _model(_Reader(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))
    except (OSError, struct.error, ValueError, ArithmeticError):
        return None


class _Reader:
    """Values one after the other."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._at = 0

    def values(self, form: str) -> tuple[Any, ...]:
        told = struct.unpack_from(f"<{form}", self._data, self._at)
        self._at += struct.calcsize(f"<{form}")
        return told

    def array(self, dtype: str, *shape: int) -> npt.NDArray[Any]:
        count = int(np.prod(shape, dtype=np.int64))
        told = np.frombuffer(self._data, dtype=dtype, count=count, offset=self._at).reshape(shape)
        self._at += told.nbytes
        return told

    def text(self) -> bytes:
        end = self._data.find(b"\0", self._at)
        if end < 0:
            raise ValueError("found no end of a text")
        told = self._data[self._at : end]
        self._at = end + 1
        return told


def _model(reader: _Reader) -> ModelFile | None:
    magic, version = reader.values("ii")
    if (magic, version) != (_MAGIC, _VERSION):
        return None
    *_, word_ngrams, loss, model, buckets, shortest, longest, _ = reader.values("12i")
    reader.values("d")
    if (model, loss, word_ngrams) != (_SUPERVISED, _HIERARCHICAL, 1):
        return None
    entries, _, _ = reader.values("iii")
    _, pruned = reader.values("qq")
    told = [(reader.text(), *reader.values("qb")) for _ in range(entries)]
    words = [name for name, _, kind in told if kind == _WORD]
    labels = [(name.decode(), count) for name, count, kind in told if kind == _LABEL]
    kept = reader.array("<i4", max(pruned, 0), 2)
    rows = _quantized(reader) if reader.values("?")[0] else _dense(reader)
    if reader.values("?")[0] or len(labels) < 2:
        return None
    units = _dense(reader)[: len(labels) - 1].astype(np.float64)

    if pruned >= 0:
        place = np.full(max(buckets, 1), -1, dtype=np.int32)
        place[kept[:, 0]] = kept[:, 1] + len(words)
    else:
        place = np.arange(len(words), len(words) + max(buckets, 1), dtype=np.int32)

    names, counts = zip(*labels, strict=True)
    return ModelFile(words, list(names), list(counts), shortest, longest, rows, place, units)


def _dense(reader: _Reader) -> npt.NDArray[np.float32]:
    return reader.array("<f4", *reader.values("qq"))


def _quantized(reader: _Reader) -> npt.NDArray[np.float32]:
    """Vectors put together from the centroids of their parts, and stretched to their norms."""
    (normed,) = reader.values("?")
    rows, _ = reader.values("qq")
    (size,) = reader.values("i")
    codes = reader.array("u1", rows, size // rows)
    vectors = _centroids(reader, codes)
    if normed:
        norms = reader.array("u1", rows, 1)
        vectors *= _centroids(reader, norms)
    return vectors


def _centroids(reader: _Reader, codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """For codes (rows, parts) the centroids that they name, side by side (rows, dimensions)."""
    dimensions, parts, width, last = reader.values("4i")
    told = reader.array("<f4", dimensions * _CENTROIDS)
    made = []
    for part in range(parts):
        wide = last if part == parts - 1 else width
        start = part * _CENTROIDS * width
        made.append(told[start : start + _CENTROIDS * wide].reshape(_CENTROIDS, wide)[codes[:, part]])
    return np.concatenate(made, axis=1)
