"""What a body holds: whatever a server sends is an answer or a problem, never an exception."""

import orjson
import pytest

from datagen.engines.completions import Answer, parse


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ([{"logprob": -0.5}, {"logprob": 0}], [-0.5, 0.0]),
        ([], []),
        ([{"logprob": -0.5}, {"logprob": None}], None),
        ([{"logprob": "NaN"}], None),
        ([{"logprob": [1]}], None),
        ("none", None),
    ],
)
def test_log_probabilities_are_finite_numbers_or_none_at_all(tokens: object, expected: list[float] | None) -> None:
    choice = {"message": {"content": "да"}, "finish_reason": "stop", "logprobs": {"content": tokens}}
    [answer] = parse(orjson.dumps({"choices": [choice]}), 1).choices
    assert answer == Answer("да", None, "stop", expected)
