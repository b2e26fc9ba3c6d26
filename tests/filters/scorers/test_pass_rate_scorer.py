"""The share of a prompt's responses that pass."""

import polars as pl
import pytest

from filters.scorers.pass_rate import PassRate

FRAME = pl.DataFrame(
    {
        "prompt_id": ["a", "a", "b", "a", "b", "c"],
        "engine": ["x", "y", "x", "x", "x", "y"],
        "score_verified": [1.0, 0.0, None, 1.0, None, 0.5],
    }
)


@pytest.mark.parametrize(
    ("options", "rates"),
    [
        ({}, [2 / 3, 2 / 3, None, 2 / 3, None, 0]),
        ({"at_least": 0.5}, [2 / 3, 2 / 3, None, 2 / 3, None, 1]),
        ({"engine": "x"}, [1, 1, None, 1, None, None]),
        ({"engine": "z"}, [None] * 6),
    ],
)
def test_rates(options: dict[str, object], rates: list[float | None]) -> None:
    assert PassRate.model_validate(options).score(FRAME)["score_pass_rate"].to_list() == rates


def test_the_score_has_a_number() -> None:
    with pytest.raises(ValueError, match="holds no numbers"):
        PassRate(by="label_verified_reason")
    assert PassRate().needs("response") == ["prompt_id", "engine", "score_verified"]
