"""Packing: nothing is lost, nothing is cut that must stay whole, and little is wasted."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.packing import best_fit, packed, sequences

LENGTHS = st.lists(st.integers(1, 40), max_size=60)


@pytest.mark.parametrize(
    ("lengths", "size", "groups"),
    [
        ([], 8, []),
        ([8, 8], 8, [[0], [1]]),
        ([3, 5, 8, 2, 6], 8, [[2], [4, 3], [1, 0]]),
        ([1, 1, 1], 2, [[0, 1], [2]]),
        # 4 goes beside the 5, where it leaves less room than beside the 3.
        ([5, 3, 4], 9, [[0, 2], [1]]),
    ],
)
def test_each_row_goes_where_it_leaves_the_least_room(lengths: list[int], size: int, groups: list[list[int]]) -> None:
    assert best_fit(lengths, size) == groups


@given(lengths=LENGTHS)
def test_best_fit_takes_every_row_once_and_keeps_to_the_size(lengths: list[int]) -> None:
    groups = best_fit(lengths, 40)
    assert sorted(place for group in groups for place in group) == list(range(len(lengths)))
    assert all(sum(lengths[place] for place in group) <= 40 for group in groups)
    # At most one group is less than half full: two such would have been one.
    assert len(groups) <= 2 * sum(lengths) / 40 + 1


@given(lengths=LENGTHS, size=st.integers(1, 50), strategy=st.sampled_from(["bfd_split", "wrapped", "pieces"]))
def test_every_token_lands_in_one_sequence(lengths: list[int], size: int, strategy: str) -> None:
    values = np.arange(sum(lengths), dtype=np.int32)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    column = pa.ListArray.from_arrays(pa.array(offsets), pa.array(values))
    rows = np.arange(len(lengths), dtype=np.int64) + 100
    made = packed({"input_ids": column, "labels": column}, rows, size, strategy)  # type: ignore[arg-type]
    tokens = made["input_ids"].to_pylist()
    assert sorted(token for sequence in tokens for token in sequence) == values.tolist()
    assert made["labels"].to_pylist() == tokens
    assert all(len(sequence) <= size for sequence in tokens)
    of_row = np.repeat(rows, lengths)
    for sequence, numbers in zip(tokens, made["rows"].to_pylist(), strict=True):
        assert {int(of_row[token]) for token in sequence} == set(numbers)
    if strategy == "wrapped":
        assert [token for sequence in tokens for token in sequence] == values.tolist()
        assert all(len(sequence) == size for sequence in tokens[:-1])
    else:
        assert [[sum(parts)] for parts in made["seq_lengths"].to_pylist()] == [[len(each)] for each in tokens]


def test_bfd_keeps_rows_whole() -> None:
    column = pa.array([[1, 2, 3], [4], [5, 6]], pa.list_(pa.int32()))
    made = packed({"input_ids": column}, np.array([7, 8, 9]), 4, "bfd")
    assert made["input_ids"].to_pylist() == [[1, 2, 3, 4], [5, 6]]
    assert made["seq_lengths"].to_pylist() == [[3, 1], [2]]
    assert made["rows"].to_pylist() == [[7, 8], [9]]


def test_pieces_stay_alone_in_the_order_of_their_rows() -> None:
    column = pa.array([[1, 2, 3, 4, 5], [6], [7, 8]], pa.list_(pa.int32()))
    made = packed({"input_ids": column}, np.array([7, 8, 9]), 2, "pieces")
    assert made["input_ids"].to_pylist() == [[1, 2], [3, 4], [5], [6], [7, 8]]
    assert made["rows"].to_pylist() == [[7], [7], [7], [8], [9]]


def test_a_slice_of_a_column_is_packed_by_its_own_rows() -> None:
    column = pa.array([[9, 9], [1, 2], [3]], pa.list_(pa.int32()))[1:]
    assert packed({"input_ids": column}, np.array([0, 1]), 8, "bfd")["input_ids"].to_pylist() == [[1, 2, 3]]


def test_sequences_of_nothing_are_none() -> None:
    assert list(sequences(np.array([], dtype=np.int64), 4, "bfd")) == []
