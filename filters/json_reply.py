"""Whether a text is JSON, and valid under a schema, told within a second whatever the text is."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from corpus.errors import UserError

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

MOST_VALUES = 10_000
"""Values in a reply that are checked against a schema; a reply of more fails."""
DEEPEST = 100
_PATTERN_SECONDS = 0.2


class _Refused(ValueError):
    """JSON that two readers may understand differently."""


def problem(text: str, schema: Mapping[str, Any]) -> str:
    """Why a text is not JSON under a schema, in a few words; empty where it is."""
    try:
        value = orjson.loads(text)
        json.loads(text, object_pairs_hook=_without_repeats, parse_float=_finite)
    except _Refused as error:
        return str(error)
    except (ValueError, RecursionError):
        return "not JSON"
    values, depth = _size(value)
    if values > MOST_VALUES or depth > DEEPEST:
        return "too large to check"
    if not schema:
        return ""
    try:
        found = next(iter(validator(schema).iter_errors(value)), None)
    except (RecursionError, TimeoutError):
        return "too large to check"
    return f"schema: {found.validator}" if found else ""


def validator(schema: Mapping[str, Any]) -> Validator:
    """A validator of a schema (draft 2020-12 unless it names another) whose patterns cannot run away.

    Raises:
        UserError: the schema itself is wrong.
    """
    import jsonschema
    from jsonschema.validators import extend, validator_for

    kind = validator_for(schema, default=jsonschema.Draft202012Validator)
    try:
        kind.check_schema(schema)
    except jsonschema.SchemaError as error:
        raise UserError(f"found a wrong JSON schema: {error.message}") from None
    made: Validator = extend(kind, {"pattern": _pattern, "uniqueItems": _unique_items})(schema)
    return made


def _pattern(_: object, pattern: str, value: object, __: object) -> Iterator[Any]:
    """The keyword `pattern`, under a time limit."""
    import jsonschema
    import regex

    if isinstance(value, str) and not regex.search(pattern, value, timeout=_PATTERN_SECONDS):
        yield jsonschema.ValidationError("does not match the pattern")


def _unique_items(_: object, unique: bool, value: object, __: object) -> Iterator[Any]:
    """The keyword `uniqueItems`, without comparing each with each."""
    import jsonschema

    if unique and isinstance(value, list):
        distinct = {orjson.dumps(part, option=orjson.OPT_SORT_KEYS) for part in value}
        if len(distinct) < len(value):
            yield jsonschema.ValidationError("has repeats")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise _Refused("a name twice in one object")
    return dict(pairs)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _Refused("a number out of range")
    return number


def _size(value: Any) -> tuple[int, int]:
    """How many values a value holds, and how deep."""
    count, depth, level = 0, 0, [value]
    while level and count <= MOST_VALUES and depth <= DEEPEST:
        count, depth = count + len(level), depth + 1
        inner: list[Any] = []
        for part in level:
            if isinstance(part, dict):
                inner.extend(part.values())
            elif isinstance(part, list):
                inner.extend(part)
        level = inner
    return count, depth
