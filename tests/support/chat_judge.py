"""A judge that goes by rules: it reads what a rubric shows in fences, and replies as real judges do.

The last text in fences is what it judges, the last two are what it compares. `judge:WORD` in that text says how it
behaves; else its verdict is plain JSON:

- a score is the number in `score=N`, else the length of the text, cut to the scale; other integers are the middle of
  their scale;
- errors are the words that begin with `X`, major where they are written in capitals;
- of two answers the longer one is better; `judge:first`, `judge:second` and `judge:tie` in the request say otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import orjson

Json = Any

RAW = "\\ud83d!"
"""What becomes a lone surrogate in the answer's own JSON, as servers written in JavaScript let it pass."""
_FENCED = re.compile(r"^(`{3,})\n(.*?)\n\1$", re.MULTILINE | re.DOTALL)
_WORD = re.compile(r"judge:(\w+)")
_SCORE = re.compile(r"score=(-?[0-9.]+)")


def verdict(messages: Sequence[dict[str, str]], number: int) -> str:
    """What the judge says. `number`: a hash of the request, for verdicts that differ between samples."""
    asked = next(message["content"] for message in messages if message["role"] == "user")
    schema = orjson.loads(asked[asked.rindex('{\n "type": "object"') :])
    texts = [found[2] for found in _FENCED.finditer(asked)]
    again = messages[-1]["content"] != asked
    text = texts[-1]
    word = _WORD.search(text)
    told = orjson.dumps(_verdict(texts, schema, number)).decode()
    return _as_told(word[1] if word else "", told, again=again)


def _verdict(texts: Sequence[str], schema: Json, number: int) -> Json:
    made = {}
    for name, field in schema["properties"].items():
        if name == "errors":
            made[name] = _errors(texts[-1])
        elif name == "verdict":
            made[name] = _comparison(texts)
        elif field["type"] == "integer":
            made[name] = _number(texts[-1], name, field, number)
        elif "enum" in field:
            made[name] = field["enum"][0]
        else:
            made[name] = "en" if name == "language" else "I read it {all}, and it is as it is."
    return made


def _number(text: str, name: str, field: Json, number: int) -> float:
    low, high = field["minimum"], field["maximum"]
    if "judge:varies" in text:
        return int(low + number % (high - low + 1))
    given = _SCORE.search(text)
    if given and name in ("score", "overall"):
        return float(given[1]) if "." in given[1] else int(given[1])
    return min(high, max(low, len(text))) if name == "score" else (low + high) // 2


def _errors(text: str) -> Json:
    return [
        {"text": word, "category": "accuracy/mistranslation", "severity": "major" if word.isupper() else "minor"}
        for word in re.findall(r"\bX\w*", text)
    ]


def _comparison(texts: Sequence[str]) -> str:
    request, a, b = texts[-3:]
    word = _WORD.search(request)
    if word and word[1] in ("first", "second", "tie"):
        return {"first": "A", "second": "B", "tie": "tie"}[word[1]]
    return "A" if len(a) > len(b) else "B" if len(b) > len(a) else "tie"


def _as_told(word: str, told: str, *, again: bool) -> str:
    """The verdict in the manner that is asked for. With `once` before it, only the first time."""
    if word.startswith("once_"):
        word = "" if again else word.removeprefix("once_")
    match word:
        case "prose":
            return f"Let me see. The set {{a, b}} is fine.\n\nSo my verdict is {told}. I hope that helps!"
        case "fences":
            return f"Here you are:\n```json\n{told}\n```\n"
        case "thinks":
            return f'<think>Maybe {{"score": 3}}? No. </think>\n{told}'
        case "refuses":
            return "I am sorry, but I cannot judge this text."
        case "broken":
            return told[: len(told) // 2]
        case "empty":
            return ""
        case "surrogate":
            return told.replace("I read it", "\\ud83d I read it").replace('"text":"', '"text":"\\ud83d')
        case "raw":
            return told.replace("I read it", RAW)
        case "number":
            return "87"
    return told
