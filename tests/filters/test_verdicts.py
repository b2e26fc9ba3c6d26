"""Verdicts are read out of whatever a judge says, and nothing is guessed."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.rubric import read_rubric
from filters.verdict_values import located, penalty
from filters.verdicts import Unreadable, objects, read_verdict, without_reasoning

SCHEMA = {
    "type": "object",
    "properties": {
        "why": {"type": "string"},
        "score": {"type": "integer", "minimum": 0, "maximum": 10},
        "kind": {"type": "string", "enum": ["good", "bad"]},
    },
    "required": ["score"],
}

READ = [
    ('{"score": 7}', 7),
    (' \n{"score": 7}\n ', 7),
    ('```json\n{"score": 7}\n```', 7),
    ('```\n{"score": 7}', 7),
    ('My verdict: {"score": 7}.', 7),
    ('**{"score": 7}**', 7),
    ('{"score": 7.0}', 7),
    ('{"score": "7"}', 7),
    ('{"score": 7, "more": [1, {"score": 9}]}', 7),
    ('{"why": "a {brace} and a \\"quote\\"", "score": 7}', 7),
    ('{"why": "a line\nbreak", "score": 7}', 7),
    ('{"why": "\\ud83d", "score": 7}', 7),
    ('{"why": "العربية ภาษาไทย 中文 👩‍🚀", "score": 7}', 7),
    # A set in prose, code, the schema itself: not of the form, so not the verdict.
    ('{a, b} is a set. {"x": 1} {"score": 7}', 7),
    (f'{json.dumps(SCHEMA)}\n{{"score": 7}}', 7),
    ('{"score": 7} I looked at {"text": "x"}', 7),
    # The last one counts: judges draft first.
    ('First I thought {"score": 3}, but {"score": 7}', 7),
    ('<think>{"score": 3}</think>{"score": 7}', 7),
    ('<think>{"score": 3}\n</think>\n\n```json\n{"score": 7}\n```', 7),
    ('Thinking {"score": 3}</think>{"score": 7}', 7),
    ('[THINK]{"score": 3}[/THINK]{"score": 7}', 7),
    ('<|channel|>analysis<|message|>{"score": 3}<|end|><|start|>assistant<|channel|>final<|message|>{"score": 7}', 7),
    ("{" * 300 + '{"score": 7}', 7),
    ("x" * 200_000 + '{"score": 7}', 7),
]


@pytest.mark.parametrize(("reply", "score"), READ)
def test_read(reply: str, score: int) -> None:
    assert read_verdict(reply, SCHEMA)["score"] == score


UNREADABLE = [
    ("", "it was empty"),
    (" \n\t ", "it was empty"),
    ("<think>I begin", "it ended before an answer began"),
    ('<think>{"score": 7}', "it ended before an answer began"),
    ("7", "it held no JSON object"),
    ("[7]", "it held no JSON object"),
    ("null", "it held no JSON object"),
    ('{"score": 7', "it held no JSON object"),
    ("{'score': 7}", "it held no JSON object"),
    ('{"score": NaN}', "it held no JSON object"),
    ('{"score": 7,}', "it held no JSON object"),
    ("I am sorry, but I cannot judge this.", "it held no JSON object"),
    ("{" * 5_000, "it held no JSON object"),
    ('{"a":' * 50_000, "it held no JSON object"),
    ("[" * 100_000, "it held no JSON object"),
    ("{}", "the verdict lacks 'score'"),
    ('{"Score": 7}', "the verdict lacks 'score'"),
    ('{"score": 11}', "score is 11, outside of the scale from 0 to 10"),
    ('{"score": -1}', "score is -1, outside of the scale from 0 to 10"),
    ('{"score": 1e999}', "score is inf, outside of the scale from 0 to 10"),
    ('{"score": "nan"}', "score is nan, outside of the scale from 0 to 10"),
    ('{"score": 6.5}', "score must be a whole number"),
    ('{"score": "7/10"}', "score must be a number"),
    ('{"score": "seven"}', "score must be a number"),
    ('{"score": true}', "score must be a number"),
    ('{"score": null}', "score must be a number"),
    ('{"score": [7]}', "score must be a number"),
    ('{"score": 7, "kind": "fair"}', "kind must be one of good, bad"),
    ('{"score": 7, "why": 3}', "why must be a text"),
]


@pytest.mark.parametrize(("reply", "why"), UNREADABLE)
def test_unreadable(reply: str, why: str) -> None:
    with pytest.raises(Unreadable) as error:
        read_verdict(reply, SCHEMA)
    assert str(error.value) == why


def test_labels_are_spelled_as_the_schema_does() -> None:
    assert read_verdict('{"score": 7, "kind": " Good "}', SCHEMA) == {"score": 7, "kind": "good"}


LISTED = {
    "type": "object",
    "properties": {
        "errors": {
            "type": "array",
            "maxItems": 2,
            "items": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
        },
        "fine": {"type": "boolean"},
    },
    "required": ["errors"],
}


@pytest.mark.parametrize(
    ("reply", "read"),
    [
        ('{"errors": []}', {"errors": []}),
        ('{"errors": [{"text": "a", "note": 1}], "fine": "True"}', {"errors": [{"text": "a"}], "fine": True}),
    ],
)
def test_lists(reply: str, read: object) -> None:
    assert read_verdict(reply, LISTED) == read


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ('{"errors": [{"text": "a"}, {}]}', "errors[1] lacks 'text'"),
        ('{"errors": {"text": "a"}}', "errors must be a list"),
        ('{"errors": ["a"]}', "errors[0] must be a JSON object"),
        ('{"errors": [{"text": "a"}, {"text": "b"}, {"text": "c"}]}', "errors has 3 entries, which is out of bounds"),
        ('{"errors": [], "fine": 1}', "fine must be true or false"),
        # Cut off within the list: its first entries are no verdict.
        ('{"errors": [{"text": "a"}, {"text": "b"}', "the verdict lacks 'errors'"),
    ],
)
def test_no_lists(reply: str, why: str) -> None:
    with pytest.raises(Unreadable) as error:
        read_verdict(reply, LISTED)
    assert str(error.value) == why


@given(st.text())
def test_any_text_is_read_or_unreadable(text: str) -> None:
    with suppress(Unreadable):
        assert 0 <= read_verdict(text, SCHEMA)["score"] <= 10


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="{}<[◁|")), st.integers(0, 10))
def test_prose_around_a_verdict_does_not_matter(prose: str, score: int) -> None:
    assert read_verdict(f'{prose}{{"score": {score}}}{prose}', SCHEMA)["score"] == score


def test_objects_within_objects_are_not_told_apart() -> None:
    assert list(objects('{"a": {"b": 1}} {"c": [{}]}')) == [{"a": {"b": 1}}, {"c": [{}]}]


def test_reasoning_is_taken_off() -> None:
    assert without_reasoning("<think>a</think>b") == "b"
    assert without_reasoning("a <think> b") == "a <think> b"
    assert without_reasoning(" <think> b") == ""


@pytest.mark.parametrize(
    ("errors", "score"),
    [
        ([], 0.0),
        ([("accuracy/omission", "major")], -5.0),
        ([("fluency/punctuation", "minor"), ("style/awkward", "minor")], -1.1),
        ([("non-translation", "major")], -25.0),
        ([("accuracy/addition", "Neutral")], 0.0),
    ],
)
def test_penalties_are_those_of_mqm(errors: list[tuple[str, str]], score: float) -> None:
    assert penalty([{"category": category, "severity": severity} for category, severity in errors]) == score


def test_an_error_of_a_severity_without_a_weight_is_no_verdict() -> None:
    error = {"text": "x", "category": "accuracy/omission", "severity": "critical"}
    with pytest.raises(Unreadable, match=r"errors\[0\]\.severity must be one of major, minor"):
        read_verdict(json.dumps({"errors": [error]}), read_rubric("translation_errors").schema)


def test_spans_are_found_where_they_stand() -> None:
    row = {"output": "ab 中文 ab", "source": "weg"}
    spans = [{"text": text} for text in ("ab", "ab", "ab", "文", "weg", "nowhere", "")]
    places = [(span["start"], span["end"], span["side"]) for span in located(spans, row)]
    nowhere = (None, None, None)
    assert places == [(0, 2, "output"), (6, 8, "output"), nowhere, (4, 5, "output"), (0, 3, "source"), nowhere, nowhere]
