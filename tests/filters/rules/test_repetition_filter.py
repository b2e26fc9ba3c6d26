"""`repetition`."""

import pytest

from filters.rules.repetition import GOPHER
from filters.scorers.repetition import Repetition as Scorer

SHARES = {f"score_repetition_{measure}": 0.0 for measure in GOPHER}


@pytest.mark.parametrize(
    ("columns", "rejected"),
    [
        ({}, False),
        ({"score_repetition_top2gram": 0.20}, False),
        ({"score_repetition_top2gram": 0.21}, True),
        ({"score_repetition_lines": 0.31}, True),
        ({"score_repetition_dup10gram": 0.11}, True),
        ({"score_repetition_dup10gram": None}, False),
        ({"score_repetition_dup10gram": None, "score_repetition_lines": 0.5}, True),
        (dict.fromkeys(SHARES), None),
    ],
)
def test_repetition(judge, columns: dict[str, float | None], rejected: bool | None) -> None:
    assert judge("repetition", **{**SHARES, **columns}) is rejected


def test_own_limits_and_evidence(judge, evidence) -> None:
    columns = {**SHARES, "score_repetition_lines": 0.456}
    assert judge({"repetition": {"max": {"lines": 0.5}}}, **columns) is False
    assert evidence("repetition", **columns) == "lines 0.46"


def test_measures_are_the_scorers() -> None:
    assert list(SHARES) == [column.name for column in Scorer().columns("text")]
