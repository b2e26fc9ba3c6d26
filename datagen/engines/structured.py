"""Answers in a form that is given: how servers are told, and whether an answer has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import orjson
import regex

Style = Literal["vllm", "sglang"]
"""How a server is told of choices and expressions, which OpenAI's own API does not know."""


def fields(
    schema: Mapping[str, Any] | None, choices: Sequence[str], pattern: str | None, style: Style
) -> dict[str, Any]:
    """What a request's body says of the form; nothing where none is asked for.

    Sources: OpenAI API reference (`response_format`); vLLM documentation, Structured Outputs (`structured_outputs`,
    since 0.12); SGLang documentation, Structured Outputs (`regex`).
    """
    if schema is not None:
        named = {"name": "answer", "strict": True, "schema": dict(schema)}
        return {"response_format": {"type": "json_schema", "json_schema": named}}
    if not choices and pattern is None:
        return {}
    if style == "vllm":
        return {"structured_outputs": {"choice": list(choices)} if choices else {"regex": pattern}}
    return {"regex": pattern or "|".join(f"({regex.escape(choice, special_only=True)})" for choice in choices)}


def misfit(text: str, schema: Mapping[str, Any] | None, choices: Sequence[str], pattern: str | None) -> str | None:
    """Why an answer has not the form, None where it has.

    Of a schema only the outermost level is looked at: enough to tell a server that does not know it. White space
    around an answer is free.
    """
    text = text.strip()
    if schema is not None:
        return _no_such_json(text, schema)
    if choices and text not in choices:
        return "the answer is none of the choices"
    if pattern is not None and not regex.fullmatch(pattern, text, regex.DOTALL):
        return "the answer does not match the regular expression"
    return None


_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "null": type(None),
}


def _no_such_json(text: str, schema: Mapping[str, Any]) -> str | None:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return "the answer is no JSON"
    kind = _TYPES.get(str(schema.get("type")))
    if kind is not None and not isinstance(value, kind):
        return f"the answer is a JSON {type(value).__name__}, the schema says {schema['type']}"
    missing = [name for name in schema.get("required", ()) if isinstance(value, dict) and name not in value]
    return f"the answer lacks {', '.join(missing)}" if missing else None
