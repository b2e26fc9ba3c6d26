"""Rows are cut by their number and by what they take, however they come in."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.cut import cut, row_bytes

TURN = {"role": "user", "content": "q?"}
ROWS = [
    # A row, and what it takes: the bytes of its texts, and 16 for each value, in lists too.
    ({"text": "abc", "doc_id": None, "n": 1}, 3 + 3 * 16),
    ({"text": "日本", "doc_id": "d", "n": None}, 6 + 1 + 3 * 16),
    ({"references": ["a", "bc"]}, 16 + 3 + 2 * 16),
    ({"references": []}, 16),
    ({"prompt": [TURN, TURN]}, 16 + 2 * (len("user") + len("q?") + 16)),
]


@pytest.mark.parametrize(("row", "expected"), ROWS)
def test_what_a_row_takes(row: dict[str, object], expected: int) -> None:
    types = {"references": pl.List(pl.String)}
    frame = pl.DataFrame([row] * 2, schema_overrides={name: dtype for name, dtype in types.items() if name in row})
    assert row_bytes(frame).to_list() == [expected] * 2
    assert row_bytes(frame.clear()).to_list() == []


CUTS = [
    # Lengths of texts, rows and bytes of a frame at most, lengths in each frame.
    ([1, 1, 1, 1, 1], 2, 1_000, [[1, 1], [1, 1], [1]]),
    ([1, 1, 1, 1], 2, 1_000, [[1, 1], [1, 1]]),
    ([40, 40, 40], 9, 2 * 56, [[40, 40], [40]]),
    ([40, 40, 40], 9, 2 * 56 - 1, [[40], [40], [40]]),
    ([5, 500, 5, 5], 9, 100, [[5], [500], [5, 5]]),  # a row that takes more lies alone
    ([500, 500], 9, 100, [[500], [500]]),
    ([], 9, 100, [[]]),
]


@pytest.mark.parametrize(("lengths", "size", "most", "expected"), CUTS)
def test_cuts(lengths: list[int], size: int, most: int, expected: list[list[int]]) -> None:
    frame = pl.DataFrame({"text": ["x" * length for length in lengths]}, schema={"text": pl.String})
    assert [part["text"].str.len_bytes().to_list() for part in cut([frame], size, most)] == expected


@given(
    lengths=st.lists(st.integers(0, 60), max_size=30),
    pieces=st.lists(st.integers(0, 7), max_size=30),
    size=st.integers(1, 9),
    most=st.integers(1, 300),
)
def test_how_rows_come_in_makes_no_difference(lengths: list[int], pieces: list[int], size: int, most: int) -> None:
    frame = pl.DataFrame({"text": ["x" * length for length in lengths]}, schema={"text": pl.String})
    frames, start = [], 0
    for rows in pieces:
        frames.append(frame.slice(start, rows))
        start += rows
    frames.append(frame.slice(start))
    whole, parts = ([part.to_dicts() for part in cut(some, size, most)] for some in ([frame], frames))
    assert whole == parts
    assert [row for part in whole for row in part] == frame.to_dicts()
