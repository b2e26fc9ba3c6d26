"""pass@k: a table of values that the definition gives, and the mean over every choice of k answers."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.passes import pass_at_k


@pytest.mark.parametrize(
    ("answers", "passed", "k", "expected"),
    [
        (1, 1, 1, 1.0),
        (1, 0, 1, 0.0),
        (10, 3, 1, 0.3),
        (10, 3, 5, 11 / 12),
        (10, 3, 8, 1.0),
        (10, 0, 10, 0.0),
        (200, 1, 100, 0.5),
        (200, 10, 10, 0.4085479),
        (5, 2, 6, float("nan")),
        (0, 0, 1, float("nan")),
    ],
)
def test_values(answers: int, passed: int, k: int, expected: float) -> None:
    assert pass_at_k(answers, passed, k) == pytest.approx(expected, abs=1e-7, nan_ok=True)


@given(st.lists(st.booleans(), min_size=1, max_size=8), st.integers(1, 8))
def test_it_is_the_mean_over_every_choice(passes: list[bool], k: int) -> None:
    chosen = [any(choice) for choice in combinations(passes, k)]
    expected = np.mean(chosen) if chosen else np.nan
    assert pass_at_k(len(passes), sum(passes), k) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(("answers", "passed", "k"), [(3, 4, 1), (3, -1, 1), (3, 1, 0)])
def test_what_cannot_be(answers: int, passed: int, k: int) -> None:
    with pytest.raises(ValueError, match=r"expected 0 <= passed <= answers and k >= 1"):
        pass_at_k(answers, passed, k)
