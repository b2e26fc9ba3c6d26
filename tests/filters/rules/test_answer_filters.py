"""`looping` and `prompt_echo`: thresholds over their scorers."""

import pytest


@pytest.mark.parametrize("name", ["looping", "prompt_echo"])
def test_threshold(judge, name: str) -> None:
    column = f"score_{name}"
    assert judge(name, output="x", **{column: 1.0}) is True
    assert judge(name, output="x", **{column: 0.3}) is False
    assert judge(name, output="x", **{column: None}) is None
    assert judge({name: {"max": 0.2}}, output="x", **{column: 0.3}) is True
    assert judge({name: {"score": "mine"}}, output="x", score_mine=1.0) is True


def test_evidence(evidence) -> None:
    assert evidence("looping", output="so " * 100, score_looping=0.987).startswith("0.99 …")
    assert evidence("prompt_echo", output="Translate this:", score_prompt_echo=1.0) == "1.0 Translate this:"
