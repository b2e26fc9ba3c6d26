"""Several rows in one sequence, so that no token is padding.

`bfd` is best-fit decreasing (Ding et al. 2024, arXiv:2404.10830): rows stay whole and are kept apart by their position
ids. `bfd_split` cuts rows longer than a sequence in pieces first. `wrapped` lays all rows end to end and cuts:
attention crosses their borders, as pretraining usually does. These names are TRL's. Unlike TRL's own packing this one
remembers which rows a sequence is made of. `pieces` packs nothing: rows longer than a sequence are cut, and each piece
stays alone; so is measured what was cut in training.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Strategy = Literal["bfd", "bfd_split", "wrapped", "pieces"]


class Piece(NamedTuple):
    """A row, or a part of one: `[start, stop)` of its tokens."""

    row: int
    start: int
    stop: int


def best_fit(lengths: Sequence[int], size: int) -> list[list[int]]:
    """Groups of places whose lengths add up to at most `size`: the longest first, each into the fullest that takes it.

    Lengths must lie between 1 and `size`. Ties go to the earlier place and the earlier group, so the result depends on
    the lengths alone.
    """
    groups: list[list[int]] = []
    waiting: dict[int, list[int]] = {}
    spaces: list[int] = []
    for place in sorted(range(len(lengths)), key=lambda place: (-lengths[place], place)):
        length = lengths[place]
        at = bisect_left(spaces, length)
        if at < len(spaces):
            space = spaces[at]
            group = waiting[space].pop(0)
            if not waiting[space]:
                del waiting[space]
                spaces.pop(at)
        else:
            space, group = size, len(groups)
            groups.append([])
        groups[group].append(place)
        if left := space - length:
            if left not in waiting:
                insort(spaces, left)
            waiting.setdefault(left, []).append(group)
    return groups


def sequences(lengths: NDArray[np.int64], size: int, strategy: Strategy) -> Iterator[list[Piece]]:
    """Which pieces of which rows make each sequence of at most `size` tokens, for rows in the order given."""
    if strategy == "wrapped":
        yield from _wrapped(lengths, size)
        return
    pieces = [
        Piece(row, start, min(start + size, int(length)))
        for row, length in enumerate(lengths)
        for start in range(0, int(length), size)
    ]
    if strategy == "pieces":
        yield from ([piece] for piece in pieces)
        return
    for group in best_fit([piece.stop - piece.start for piece in pieces], size):
        yield [pieces[place] for place in group]


def _wrapped(lengths: NDArray[np.int64], size: int) -> Iterator[list[Piece]]:
    filled: list[Piece] = []
    room = size
    for row, length in enumerate(lengths):
        start = 0
        while start < length:
            stop = min(int(length), start + room)
            filled.append(Piece(row, start, stop))
            room -= stop - start
            start = stop
            if not room:
                yield filled
                filled, room = [], size
    if filled:
        yield filled


def packed(
    columns: dict[str, pa.ListArray], rows: NDArray[np.int64], size: int, strategy: Strategy
) -> dict[str, pa.ListArray]:
    """Token columns packed into sequences, with `rows` (the numbers of the rows in each) and `seq_lengths`.

    Args:
        columns: token lists of equal lengths, one entry a row.
        rows: each row's number, for `rows`.
        size: tokens of a sequence at most.
        strategy: how; `bfd` expects rows no longer than `size`.
    """
    names = list(columns)
    offsets = columns[names[0]].offsets.to_numpy().astype(np.int64)
    made = list(sequences(np.diff(offsets), size, strategy))
    pieces = [piece for sequence in made for piece in sequence]
    row = np.array([piece.row for piece in pieces], dtype=np.int64)
    start = np.array([piece.start for piece in pieces], dtype=np.int64)
    length = np.array([piece.stop - piece.start for piece in pieces], dtype=np.int64)
    ends = np.cumsum(length)
    # Where each token of the result stands among all tokens: the piece's first, and then one after the other.
    taken = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - length, length)
    taken += np.repeat(offsets[row] + start, length) if len(row) else 0
    per_sequence = np.concatenate([[0], np.cumsum([len(sequence) for sequence in made])]).astype(np.int64)
    token_offsets = np.concatenate([[0], ends])[per_sequence]
    out: dict[str, pa.ListArray] = {}
    for name, column in columns.items():
        tokens = column.values.to_numpy()[taken]
        out[name] = pa.ListArray.from_arrays(pa.array(token_offsets, pa.int32()), pa.array(tokens, pa.int32()))
    bounds = pa.array(per_sequence, pa.int32())
    out["rows"] = pa.ListArray.from_arrays(bounds, pa.array(rows[row], pa.int64()))
    if strategy != "wrapped":
        out["seq_lengths"] = pa.ListArray.from_arrays(bounds, pa.array(length, pa.int32()))
    return out
