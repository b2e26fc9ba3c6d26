"""The part of JSON Schema that verdicts need: what values have a form, and why another one has not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

KEYWORDS = frozenset(
    {
        *("$schema", "title", "description", "type", "enum", "properties", "required", "additionalProperties"),
        *("items", "minItems", "maxItems", "minimum", "maximum", "maxLength", "minLength"),
    }
)
"""Keywords that are understood; the first three say nothing of values."""
_TYPES = ("object", "array", "string", "integer", "number", "boolean")


class Misfit(Exception):
    """A value has not the form; the message says where and why."""


def problems(schema: object, at: str = "") -> Iterator[str]:
    """What in a schema is not understood, each with its place."""
    where = at or "the schema"
    if not isinstance(schema, Mapping):
        yield f"{where}: expected an object"
        return
    unknown = sorted(set(schema) - KEYWORDS)
    if unknown:
        yield f"{where}: the keyword {unknown[0]!r} is not understood; known: {', '.join(sorted(KEYWORDS))}"
    if schema.get("type") not in _TYPES:
        yield f"{where}: found the type {schema.get('type')!r}, expected one of {', '.join(_TYPES)}"
    if "enum" in schema and not (isinstance(schema["enum"], list) and schema["enum"]):
        yield f"{where}: `enum` must be a list of values"
    for name, inner in dict(schema.get("properties", {})).items():
        yield from problems(inner, f"{at}.{name}".removeprefix("."))
    absent = sorted(set(schema.get("required", ())) - set(schema.get("properties", {})))
    if absent:
        yield f"{where}: requires {absent[0]!r}, which is none of its properties"
    if "items" in schema:
        yield from problems(schema["items"], f"{at}[]")


def fitted(value: Any, schema: Mapping[str, Any], at: str = "") -> Any:
    """The value as the schema wants it: models write numbers as texts and labels in another case.

    Properties that the schema does not name are left out.

    Raises:
        Misfit: the value has not the form.
    """
    where = at or "the verdict"
    match schema["type"]:
        case "object":
            return _object(value, schema, at, where)
        case "array":
            return _array(value, schema, at, where)
        case "string":
            return _string(value, schema, where)
        case "boolean":
            return _boolean(value, where)
        case _:
            return _number(value, schema, where)


def _object(value: Any, schema: Mapping[str, Any], at: str, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Misfit(f"{where} must be a JSON object")
    missing = [name for name in schema.get("required", ()) if name not in value]
    if missing:
        raise Misfit(f"{where} lacks {missing[0]!r}")
    known = schema.get("properties", {})
    return {
        name: fitted(value[name], inner, f"{at}.{name}".removeprefix("."))
        for name, inner in known.items()
        if name in value
    }


def _array(value: Any, schema: Mapping[str, Any], at: str, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise Misfit(f"{where} must be a list")
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
        raise Misfit(f"{where} has {len(value)} entries, which is out of bounds")
    return [fitted(one, schema["items"], f"{at}[{n}]") for n, one in enumerate(value)] if "items" in schema else value


def _string(value: Any, schema: Mapping[str, Any], where: str) -> str:
    if not isinstance(value, str):
        raise Misfit(f"{where} must be a text")
    if "enum" in schema:
        folded = {str(one).strip().casefold(): str(one) for one in schema["enum"]}
        if value.strip().casefold() not in folded:
            raise Misfit(f"{where} must be one of {', '.join(map(str, schema['enum']))}")
        return folded[value.strip().casefold()]
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        raise Misfit(f"{where} is too long or too short")
    return value


def _boolean(value: Any, where: str) -> bool:
    told = {"true": True, "false": False}.get(value.strip().lower()) if isinstance(value, str) else value
    if not isinstance(told, bool):
        raise Misfit(f"{where} must be true or false")
    return told


def _number(value: Any, schema: Mapping[str, Any], where: str) -> float | int:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            raise Misfit(f"{where} must be a number") from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Misfit(f"{where} must be a number")
    low, high = schema.get("minimum", float("-inf")), schema.get("maximum", float("inf"))
    if not low <= value <= high:  # also where it is NaN
        raise Misfit(f"{where} is {value:g}, outside of the scale from {low:g} to {high:g}")
    if schema["type"] == "integer" and value != int(value):
        raise Misfit(f"{where} must be a whole number")
    if "enum" in schema and value not in schema["enum"]:
        raise Misfit(f"{where} must be one of {', '.join(map(str, schema['enum']))}")
    return int(value) if schema["type"] == "integer" else value
