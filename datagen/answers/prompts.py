"""The prompts that are asked: of equal ids, over all pieces, the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from datagen.stages.base import Header, Piece
from filters.dedup.exact import id_keys, representatives


@dataclass(frozen=True)
class Prompts:
    """A piece with what tells its prompts from repeats of earlier ones."""

    piece: Piece
    first: NDArray[np.bool_]
    """Shape (rows,): whether no row before, in this piece or an earlier one, has the id."""

    def load(self, header: Header) -> pl.DataFrame:
        """The rows to ask."""
        return self.piece.load(header).filter(pl.Series(self.first))

    def repeated(self, header: Header) -> pl.DataFrame:
        """The rows that are one with an earlier one."""
        return self.piece.load(header).filter(pl.Series(~self.first))

    def height(self) -> int:
        """How many rows are asked."""
        return int(self.first.sum())


def prompts_of(pieces: Sequence[Piece], header: Header) -> list[Prompts]:
    """The prompts of each piece. Ids alone are read, 16 bytes a row."""
    keys = [id_keys(piece.scan(header).select("id").collect()["id"]) for piece in pieces]
    every = np.concatenate(keys) if keys else np.empty((0, 2), np.uint64)
    first = representatives(every) == np.arange(len(every))
    parts = np.split(first, np.cumsum([len(part) for part in keys])[:-1])
    return [Prompts(piece, mine) for piece, mine in zip(pieces, parts, strict=True)]
