"""Attempts to pass the gates `format` and `language`, and to be paid for a program that is none: none succeeds."""

import json
from typing import Any

import pytest

from filters.rewards import Composite, verify_row

SCHEMA = {
    "type": "object",
    "required": ["title", "tags"],
    "properties": {
        "title": {"type": "string", "minLength": 3, "maxLength": 40},
        "tags": {"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 1, "uniqueItems": True},
    },
    "additionalProperties": False,
}
SOUND = '{"title": "Ein Titel", "tags": ["a"]}'
DE = "Das ist ein ganz gewöhnlicher deutscher Satz, an dem man die Sprache erkennen kann. "
EN = "This is a perfectly ordinary English sentence by which one can tell the language. "
RU = "Это совершенно обычное русское предложение, по которому можно узнать язык. "

JSON = {"name": "format", "args": json.dumps({"json_schema": SCHEMA})}
BARE = {"name": "format", "args": json.dumps({"json_schema": SCHEMA, "fences": "no"})}
GERMAN = {"name": "language", "args": json.dumps({"language": "de"})}
RUSSIAN = {"name": "language", "args": json.dumps({"language": "ru"})}
CODE = {"name": "code", "args": json.dumps({"tests": ["assert add(1, 2) == 3", "assert add(2, 2) == 4"], "seconds": 1})}

ATTEMPTS = [
    ("empty", JSON, ""),
    ("empty object", JSON, "{}"),
    ("null", JSON, "null"),
    ("the schema itself", JSON, json.dumps(SCHEMA)),
    ("JSON in JSON", JSON, json.dumps(SOUND)),
    ("a list of it", JSON, f"[{SOUND}]"),
    ("two of it", JSON, f"{SOUND}\n{SOUND}"),
    ("words before", JSON, f"Here you are: {SOUND}"),
    ("words after", JSON, f"{SOUND} I hope that helps."),
    ("two fences", JSON, f"```json\n{SOUND}\n```\n```json\n{SOUND}\n```"),
    ("a fence where none may be", BARE, f"```json\n{SOUND}\n```"),
    ("an open fence", JSON, f"```json\n{SOUND}"),
    ("a comment in it", JSON, SOUND.replace("{", "{// nothing\n", 1)),
    ("a trailing comma", JSON, SOUND.replace("]", "],")),
    ("single quotes", JSON, SOUND.replace('"', "'")),
    ("a name twice", JSON, SOUND.replace('"title"', '"title": "x", "title"', 1)),
    ("a name of look-alikes", JSON, SOUND.replace("title", "tіtle")),
    ("a name with nothing in it", JSON, SOUND.replace("title", "ti\u200btle")),
    ("too long a text", JSON, SOUND.replace("Ein Titel", "x" * 41)),
    ("a value of another kind", JSON, SOUND.replace('["a"]', '"a"')),
    ("repeats", JSON, SOUND.replace('["a"]', '["a", "a"]')),
    ("not a number", JSON, SOUND.replace('"Ein Titel"', "NaN")),
    ("a byte order mark", JSON, f"\ufeff{SOUND}"),
    ("half a surrogate pair", JSON, SOUND.replace("Ein", "\ud800")),
    ("only reasoning", JSON, f"<think>{SOUND}"),
    ("within reasoning", JSON, f"<think>{SOUND}</think>"),
    ("nested without end", JSON, '{"title":' * 100_000),
    ("another language", GERMAN, EN),
    ("the source's language, then a little", GERMAN, EN * 6 + DE),
    ("begins rightly", GERMAN, DE * 4 + EN * 4),
    ("every other sentence", GERMAN, (DE * 4 + "\n" + EN * 4 + "\n") * 4),
    ("another language in a fence", GERMAN, f"```\n{EN * 4}\n```"),
    ("another language in code marks", GERMAN, f"`{EN.strip()}` `{EN.strip()}`"),
    ("another language in a comment", GERMAN, f"<!-- {EN} -->"),
    ("reasoning in the right one", GERMAN, f"<think>{DE * 5}</think>{EN}"),
    ("white space", GERMAN, " \n "),
    ("Latin for Cyrillic", RUSSIAN, "Eto sovershenno obychnoye russkoye predlozheniye."),
    ("Cyrillic of another language", RUSSIAN, "Це зовсім звичайне українське речення, за яким можна впізнати мову."),
    ("one word in the script", RUSSIAN, f"Да. {EN * 3}"),
    ("English in Cyrillic look-alikes", RUSSIAN, EN.translate(str.maketrans("aceopxy", "асеорху"))),
    ("a language in two", RUSSIAN, RU * 4 + "\n" + EN * 8),
    ("no program", CODE, "I would add the two numbers."),
    ("the tests", CODE, "```python\nassert add(1, 2) == 3\nassert add(2, 2) == 4\n```"),
    ("the first test's answer", CODE, "```python\ndef add(a, b): return 3\n```"),
    ("answers by turn, wrong", CODE, "```python\nn = iter([3, 5])\ndef add(a, b): return next(n)\n```"),
    ("another language", CODE, "```javascript\nconst add = (a, b) => a + b\n```"),
    ("an open fence", CODE, "```python\ndef add(a, b): return a + b"),
    ("only reasoning", CODE, "<think>```python\ndef add(a, b): return a + b\n```"),
    ("look-alike name", CODE, "```python\ndef аdd(a, b): return a + b\n```"),
    ("a text that looks so", CODE, "```python\ndef add(a, b): return str(a + b)\n```"),
    ("a float that is near", CODE, "```python\ndef add(a, b): return a + b + 1e-9\n```"),
    ("a list of all answers", CODE, "```python\ndef add(a, b): return [3, 4]\n```"),
    ("null bytes", CODE, "```python\ndef add(a, b): return a + b\x00\n```"),
    ("half a surrogate pair", CODE, "```python\n\ud800 = 1\ndef add(a, b): return a + b\n```"),
    ("a huge program", CODE, "```python\n" + "x = 1\n" * 100_000 + "def add(a, b): return a + b\n```"),
]


@pytest.mark.parametrize(("verifier", "response"), [row[1:] for row in ATTEMPTS], ids=[row[0] for row in ATTEMPTS])
def test_no_attempt_is_rewarded(verifier: dict[str, Any], response: str) -> None:
    judged = verify_row({"verifiers": [verifier]}, response, Composite(allow_code=True))
    assert judged.score in (0, None), judged
    # What cannot be judged earns nothing, and is told so.
    assert judged.reason


@pytest.mark.parametrize(
    ("verifier", "response"),
    [
        (JSON, SOUND),
        (BARE, SOUND),
        (JSON, f"```json\n{SOUND}\n```"),
        (GERMAN, DE),
        (RUSSIAN, RU),
        (CODE, "```python\ndef add(a, b): return a + b\n```"),
    ],
)
def test_honest_replies_are(verifier: dict[str, Any], response: str) -> None:
    assert verify_row({"verifiers": [verifier]}, response, Composite(allow_code=True)).score == 1
