"""Batches of about one length."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.torch_models.batches import batches, padding_share, windows


@pytest.mark.parametrize(
    ("lengths", "budget", "expected"),
    [
        ([], 8, []),
        ([3], 8, [[0]]),
        ([9], 8, [[0]]),
        ([1, 4, 2, 4], 8, [[1, 3], [2, 0]]),
        ([2, 2, 2, 2, 2], 4, [[0, 1], [2, 3], [4]]),
        ([0, 0], 1, [[0], [1]]),
        ([5, 1, 9, 1], 6, [[2], [0], [1, 3]]),
    ],
)
def test_batches(lengths: list[int], budget: int, expected: list[list[int]]) -> None:
    assert batches(lengths, budget) == expected


@given(st.lists(st.integers(1, 300)), st.integers(1, 1000))
def test_each_text_is_in_one_batch_that_fits(lengths: list[int], budget: int) -> None:
    made = batches(lengths, budget)
    assert sorted(place for batch in made for place in batch) == list(range(len(lengths)))
    for batch in made:
        assert len(batch) == 1 or len(batch) * max(lengths[place] for place in batch) <= budget
    assert 0 <= padding_share(lengths, made) < 1


def test_sorted_batches_hold_little_padding() -> None:
    rng = random.Random(3)
    lengths = [int(rng.lognormvariate(5, 1)) + 1 for _ in range(2000)]
    unsorted = [list(range(start, start + 8)) for start in range(0, 2000, 8)]
    assert padding_share(lengths, batches(lengths, 4096)) < 0.03
    assert padding_share(lengths, unsorted) > 0.5


@pytest.mark.parametrize(
    ("tokens", "size", "stride", "expected"),
    [
        (5, 8, 4, [(0, 5)]),
        (8, 8, 4, [(0, 8)]),
        (9, 8, 4, [(0, 8), (1, 9)]),
        (16, 8, 8, [(0, 8), (8, 16)]),
        (17, 8, 4, [(0, 8), (4, 12), (8, 16), (9, 17)]),
    ],
)
def test_windows(tokens: int, size: int, stride: int, expected: list[tuple[int, int]]) -> None:
    assert windows(tokens, size, stride) == expected
