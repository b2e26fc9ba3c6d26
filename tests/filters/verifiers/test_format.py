"""`format`: whole replies in the form that was asked for."""

import json
import time

import pytest

from corpus.errors import UserError
from filters.verifier import open_verifiers
from filters.verifiers.format import Format

PERSON = {
    "type": "object",
    "required": ["name", "age"],
    "properties": {"name": {"type": "string", "pattern": "^(a+)+$"}, "age": {"type": "integer", "minimum": 0}},
    "additionalProperties": False,
}
WHOLE = '{"name": "aa", "age": 7}'
PROSE = "Hier steht ein gewöhnlicher Satz, der ein Ende hat. " * 5


@pytest.mark.parametrize(
    ("reply", "arguments", "fault"),
    [
        (WHOLE, {}, ""),
        (f"```json\n{WHOLE}\n```", {}, ""),
        (f"<think>hm</think>{WHOLE}", {}, ""),
        (f"```json\n{WHOLE}\n```", {"fences": "only"}, ""),
        (WHOLE, {"fences": "only"}, "more than one code fence"),
        (f"```json\n{WHOLE}\n```", {"fences": "no"}, "a code fence"),
        (f"```json\n{WHOLE}\n```\nDone.", {}, "not JSON"),
        (f"Sure: {WHOLE}", {}, "not JSON"),
        (WHOLE[:-1], {}, "not JSON"),
        (WHOLE.replace('"', "'"), {}, "not JSON"),
        (WHOLE.replace("7", "7,"), {}, "not JSON"),
        (WHOLE.replace("7", "NaN"), {}, "not JSON"),
        (WHOLE.replace("7", "1e999999"), {}, "not JSON"),
        (WHOLE.replace("7", "7.5"), {}, "schema: type"),
        (WHOLE.replace("7", "-7"), {}, "schema: minimum"),
        (WHOLE.replace("7", '7, "x": 1'), {}, "schema: additionalProperties"),
        (WHOLE.replace("7", '7, "age": 8'), {}, "a name twice in one object"),
        ('{"name": "aa"}', {}, "schema: required"),
        (WHOLE.replace("aa", "a" * 50 + "!"), {}, "schema: pattern"),
        (f"[{WHOLE}]", {}, "schema: type"),
        ("", {}, "empty output"),
        ('"\ud800"', {}, "not JSON"),
    ],
)
def test_json_of_a_schema(reply: str, arguments: dict[str, object], fault: str) -> None:
    verdict = Format(json_schema=PERSON, **arguments).verify({}, reply)  # type: ignore[arg-type]
    assert verdict == (0.0 if fault else 1.0, None, fault)


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        (PROSE, ""),
        ("Kurz", ""),
        (PROSE + "Und dann kam der", "broken off"),
        (PROSE + "\n\n- eine Zeile", ""),
        (PROSE.replace(". ", "。"), ""),
        ("ข้อความภาษาไทยไม่มีเครื่องหมายจบประโยค" * 10, ""),
        (PROSE + "(“So ist es.”) 🙂", ""),
        ("Code:\n```python\nprint(1)\n```", ""),
        ("Code:\n```python\nprint(1)", "broken off"),
        ("<think>Still thinking", "no answer after the reasoning"),
        (" \n", "empty output"),
    ],
)
def test_replies_that_break_off(reply: str, fault: str) -> None:
    assert Format().verify({}, reply).reason == fault


def test_the_length_limit_is_known_from_the_row() -> None:
    assert Format().verify({"finish_reason": "length"}, "Ja.").score == 0
    assert Format(complete=False).verify({"finish_reason": "length"}, "Ja.").score == 1
    assert Format().verify({"finish_reason": "stop"}, "Ja.").score == 1
    assert Format(min_chars=5).verify({}, "Ja.").reason == "too short"
    assert Format(max_chars=2).verify({}, "Ja.").reason == "too long"


def test_a_wrong_schema_is_refused() -> None:
    with pytest.raises(UserError, match="JSON schema"):
        open_verifiers([{"name": "format", "args": json.dumps({"json_schema": {"type": "strange"}})}])


@pytest.mark.parametrize(
    "reply",
    [
        "[" * 500_000,
        "[" * 900 + "]" * 900,
        "[1" + ",1" * 400_000 + "]",
        json.dumps([{"a": n} for n in range(5000)]),
        '"' + "a" * 900_000 + '!"',
        '{"a":' * 200_000,
        "9" * 1_000_000,
        "`" * 1_000_000,
        "```\n" * 250_000,
        "~~~\n" * 250_000,
        "\ud800" * 1_000_000,
        "<think>" * 140_000,
    ],
    ids=lambda reply: reply[:12].encode("ascii", "replace").decode(),
)
def test_nothing_takes_long(reply: str) -> None:
    schema = {"pattern": "^(a|aa)+$", "uniqueItems": True, "items": {"type": "object"}}
    started = time.process_time()
    assert Format(json_schema=schema).verify({}, reply).score in (0, 1)
    Format().verify({}, reply)
    assert time.process_time() - started < 1.5


def test_a_reference_in_the_format_complies() -> None:
    row = {"references": ["no JSON", WHOLE]}
    assert Format(json_schema=PERSON).compliant(row) == WHOLE  # type: ignore[arg-type]
    assert Format(json_schema=PERSON).compliant({"references": ["no JSON"]}) is None
