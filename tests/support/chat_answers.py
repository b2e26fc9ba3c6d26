"""What the chat server says: words from a hash, the same for the same request, in the form that was asked for."""

from __future__ import annotations

import hashlib
import math
import random
import re
from collections.abc import Mapping, Sequence
from re import _parser as regex_parser  # type: ignore[attr-defined]
from statistics import NormalDist
from typing import Any

import orjson
from chat_items import item
from chat_judge import verdict

Json = Any

_HEADS = ("ba", "del", "fo", "gri", "hu", "ka", "lé", "mo", "nil", "pra", "ro", "sü", "ta", "ver", "wo", "zi")
_TAILS = ("", "n", "ra", "do", "sk", "te", "ßa", "lu", "mi", "no", "q", "ri", "s", "t", "va", "x")
WORDS = [first + second + last for first in _HEADS for second in _HEADS for last in _TAILS]
"""4,096 made-up words: twelve bits of a hash choose one."""
_RUN = 32_768
_LONG = random.Random(0).choices(WORDS, k=2 * _RUN)
_STARTS = [0]
for _word in _LONG:
    _STARTS.append(_STARTS[-1] + len(_word) + 1)
_TEXT = " ".join(_LONG)


class CannotSay(Exception):
    """The form asked for is more than this server understands."""


def hashed(data: bytes) -> int:
    """64 bits of data."""
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")


def share(number: int) -> float:
    """A hash as a number from 0 to 1, both excluded."""
    return (number + 0.5) / 2.0**64


def lognormal_latency(text: str, median_s: float, sigma: float) -> float:
    """Seconds that an answer to a last message of this text takes: a table, the same for every client."""
    drawn = NormalDist().inv_cdf(min(share(hashed(b"latency " + text.encode())), 1 - 1e-12))
    return median_s * math.exp(sigma * drawn)


def words(number: int, count: int) -> str:
    """So many words of a hash; four of them alone tell 2⁴⁸ hashes apart."""
    first = [WORDS[number >> shift & 4095] for shift in (0, 12, 24, 36)[:count]]
    count = min(count - len(first), _RUN)
    if count <= 0:
        return " ".join(first)
    start = number >> 48 & _RUN - 1
    return " ".join(first) + " " + _TEXT[_STARTS[start] : _STARTS[start + count] - 1]


def choices(
    asked: Mapping[str, Json],
    number: int,
    count: int,
    tokens: int,
    structured: str,
    *,
    judges: bool = False,
    generates: bool = False,
) -> tuple[list[Json], int]:
    """Choices of an answer, and how many tokens they have together (a word is a token).

    A server that `judges` gives verdicts instead of words, one that `generates` items of translation.

    Raises:
        CannotSay: a structured form that this server does not understand.
    """
    form = wanted_form(asked) if structured == "honoured" else None
    most = asked.get("max_completion_tokens") or asked.get("max_tokens")
    stops = asked.get("stop") or ()
    stops = (stops,) if isinstance(stops, str) else stops
    made, total = [], 0
    for index in range(count):
        own = number if index == 0 else hashed(b"%d %d" % (number, index))
        if judges:
            text, finish = verdict(asked["messages"], own), "stop"
        elif generates:
            text, finish = item(asked["messages"][-1]["content"], own), "stop"
        elif form is None:
            text = words(own, tokens if most is None else min(tokens, most))
            finish = "length" if most is not None and most < tokens else "stop"
        else:
            text, finish = _shaped(form, own), "stop"
        for stop in stops:
            if stop in text:
                text, finish = text[: text.index(stop)], "stop"
        length = text.count(" ") + 1 if text else 0
        total += length
        logprobs = {"content": _logprobs(text, own)} if asked.get("logprobs") else None
        message = {"role": "assistant", "content": text}
        made.append({"index": index, "message": message, "logprobs": logprobs, "finish_reason": finish})
    return made, total


def wanted_form(asked: Mapping[str, Json]) -> tuple[str, Json] | None:
    """What form the answer is to have: `choice`, `regex`, `json` (a schema) or `object`, with its details."""
    constraint = asked.get("structured_outputs")
    if isinstance(constraint, dict):
        for kind in ("choice", "regex", "json"):
            if constraint.get(kind) is not None:
                told = constraint[kind]
                return kind, orjson.loads(told) if kind == "json" and isinstance(told, str) else told
        raise CannotSay(f"structured_outputs with {sorted(constraint)}: expected one of choice, json, regex")
    form = asked.get("response_format")
    kind = form.get("type", "text") if isinstance(form, dict) else "text"
    if kind == "json_schema":
        return "json", form["json_schema"].get("schema", {})
    if kind == "json_object":
        return "object", None
    if kind != "text":
        raise CannotSay(f"response_format of type {kind!r}")
    return None


def _shaped(form: tuple[str, Json], number: int) -> str:
    kind, told = form
    if kind == "choice":
        return str(told[number % len(told)])
    if kind == "regex":
        return "".join(_matching(regex_parser.parse(told), _Draws(number)))
    if kind == "object":
        return orjson.dumps({"answer": words(number, 3)}).decode()
    return orjson.dumps(_of_schema(told, _Draws(number))).decode()


class _Draws:
    """Numbers of a hash, one after another."""

    def __init__(self, number: int) -> None:
        self.number = number

    def below(self, end: int) -> int:
        self.number = hashed(b"%d" % self.number)
        return self.number % end


def _of_schema(schema: Mapping[str, Json], draws: _Draws) -> Json:
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][draws.below(len(schema["enum"]))]
    match schema.get("type", "object"):
        case "object":
            return {name: _of_schema(one, draws) for name, one in schema.get("properties", {}).items()}
        case "array":
            count = max(schema.get("minItems", 1), min(2, schema.get("maxItems", 2)))
            return [_of_schema(schema.get("items", {"type": "string"}), draws) for _ in range(count)]
        case "integer" | "number":
            least = schema.get("minimum", 0)
            return least + draws.below(int(schema.get("maximum", least + 100) - least) + 1)
        case "boolean":
            return draws.below(2) == 1
        case "string":
            return words(draws.below(2**63), 3)
        case "null":
            return None
        case other:
            raise CannotSay(f"a JSON schema of type {other!r}")


def _matching(parsed: Sequence[tuple[Json, Json]], draws: _Draws) -> list[str]:
    """A text that a simple regular expression matches, in pieces."""
    out: list[str] = []
    for operation, argument in parsed:
        match str(operation):
            case "LITERAL":
                out.append(chr(argument))
            case "ANY":
                out.append("x")
            case "IN":
                out.append(_one_of(argument[draws.below(len(argument))], draws))
            case "BRANCH":
                out += _matching(argument[1][draws.below(len(argument[1]))], draws)
            case "SUBPATTERN":
                out += _matching(argument[-1], draws)
            case "MAX_REPEAT" | "MIN_REPEAT":
                least, most, inner = argument
                for _ in range(least + draws.below(min(int(most) - least, 3) + 1)):
                    out += _matching(inner, draws)
            case "AT":
                pass
            case other:
                raise CannotSay(f"a regular expression with {other}")
    return out


def _one_of(item: tuple[Json, Json], draws: _Draws) -> str:
    match str(item[0]):
        case "LITERAL":
            return chr(item[1])
        case "RANGE":
            return chr(item[1][0] + draws.below(item[1][1] - item[1][0] + 1))
        case "CATEGORY":
            known = {"CATEGORY_DIGIT": "7", "CATEGORY_WORD": "w", "CATEGORY_SPACE": " "}
            if str(item[1]) in known:
                return known[str(item[1])]
    raise CannotSay(f"a regular expression with {item[0]} {item[1]}")


def _logprobs(text: str, number: int) -> list[Json]:
    return [
        {"token": token, "logprob": -share(hashed(b"%d %d" % (number, place))), "bytes": None, "top_logprobs": []}
        for place, token in enumerate(re.findall(r"\S+\s*", text))
    ]
