"""The contract's column types, checked value by value.

Types are checked, never converted, but for five that lose nothing: a text where the contract has messages is one turn
(the user's in `prompt`, the assistant's in `chosen` and `rejected`), a text in `references` is one reference and a null
none, a number in `references` or a whole one in `doc_id` or `segment` is written as JSON has it, and where the contract
has JSON as text an object is written so.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

import orjson
import polars as pl

from corpus.hashing import canonical_json
from corpus.schema import MESSAGES, VERIFIERS
from datagen.readers._files import excerpt

Convert = Callable[[Any], object]
"""Takes a value as it was found and returns it as the contract has it, or raises `Unreadable`."""

Item = TypeVar("Item")


class Unreadable(Exception):
    """A value that the contract does not allow."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


def converter(name: str, dtype: pl.DataType, compose: Callable[[str], str] | None) -> Convert:
    """What checks the values of one column of ours; `compose` is applied to every text in it."""

    def text(value: Any) -> str:
        if type(value) is not str:
            raise wrong_type(value, "a string")
        if "\0" in value:
            raise Unreadable("nul_byte", f"NUL in {excerpt(value)}")
        return compose(value) if compose else value

    def texts(value: Any) -> list[str]:
        return [text(value)] if isinstance(value, str) else _each(value, "a list of strings", text)

    def message(value: Any) -> dict[str, str]:
        if not isinstance(value, dict):
            raise wrong_type(value, "a message {role, content}")
        others = [key for key, part in value.items() if key not in ("role", "content") and part is not None]
        if others:
            raise Unreadable(
                "wrong_type", f"found a message with {', '.join(map(repr, others))}, expected role, content"
            )
        return {part: _at(part, text, value.get(part)) for part in ("role", "content")}

    def messages(value: Any) -> list[dict[str, str]]:
        if name in _SPEAKERS and isinstance(value, str):
            return [{"role": _SPEAKERS[name], "content": text(value)}]
        return _each(value, "a list of messages {role, content}", message)

    def reference(value: Any) -> str:
        return str(value) if type(value) in (int, float) else text(value)

    def references(value: Any) -> list[str]:
        given = value if isinstance(value, list) else [value]
        return _each([item for item in given if item is not None], "a list of strings", reference)

    if name == "references":
        return references
    by_type: dict[pl.DataType, Convert] = {
        pl.String(): text,
        pl.Int64(): _whole,
        pl.Float64(): _number,
        pl.Boolean(): _flag,
        pl.List(pl.String): texts,
        MESSAGES: messages,
        VERIFIERS: _verifiers,
    }
    return _BY_NAME.get(name) or by_type[dtype]


def cell_converter(name: str, dtype: pl.DataType, compose: Callable[[str], str] | None, *, nullable: bool) -> Convert:
    """`converter` for a format that knows only text, such as CSV.

    Numbers and truth values are read from the text; chats, verifiers and `meta` are JSON; an empty cell is null where
    the column is nullable.
    """
    convert = converter(name, dtype, compose)
    parse: Callable[[str], object] = {pl.Int64(): _int, pl.Float64(): _float, pl.Boolean(): _bool}.get(dtype, str)
    if dtype == VERIFIERS or (dtype == MESSAGES and name not in _SPEAKERS):
        parse = _json

    def convert_cell(cell: str) -> object:
        return None if nullable and cell == "" else convert(parse(cell))

    return convert_cell


def wrong_type(value: object, expected: str) -> Unreadable:
    """The error for a value of another type."""
    found = {type(None): "null", dict: "object", str: "string"}.get(type(value), type(value).__name__)
    return Unreadable("wrong_type", f"found {found}, expected {expected}")


def plain(value: Any) -> Any:
    """A value as JSON has it: dates and times in ISO 8601, decimals and durations as text.

    Raises:
        Unreadable: JSON cannot hold it (bytes, images).
    """
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal | timedelta | UUID):
        return str(value)
    raise Unreadable(
        "wrong_type", f"found {type(value).__name__}, which `meta` cannot hold; name the columns to `keep`"
    )


_SPEAKERS = {"prompt": "user", "chosen": "assistant", "rejected": "assistant"}
"""Who speaks where a column of messages holds a text."""


def _each(value: Any, expected: str, convert: Callable[[Any], Item]) -> list[Item]:
    if not isinstance(value, list):
        raise wrong_type(value, expected)
    return [_at(f"item {number}", convert, item) for number, item in enumerate(value, 1)]


def _at(place: str, convert: Callable[[Any], Item], value: Any) -> Item:
    try:
        return convert(value)
    except Unreadable as error:
        raise Unreadable(error.reason, f"{place}: {error.detail}") from None


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise wrong_type(value, "a whole number")
    if not -(2**63) <= value < 2**63:
        raise Unreadable("wrong_type", f"found {value}, expected a whole number of 64 bits")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong_type(value, "a number")
    if not math.isfinite(value):
        raise Unreadable("wrong_type", f"found {value}, expected a number; write null where there is none")
    return float(value)


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise wrong_type(value, "true or false")
    return value


def _identifier(value: Any) -> str:
    if type(value) is int:
        return str(value)
    if type(value) is not str:
        raise wrong_type(value, "a string or a whole number")
    return value


def _document(value: Any) -> str | None:
    """A name of nothing but spaces is none; else all rows that have it would be one document."""
    return _identifier(value) if value != "" and not str(value).isspace() else None


def _object(value: Any) -> dict[str, Any]:
    found = _json(value) if isinstance(value, str) else value
    if not isinstance(found, dict):
        raise wrong_type(found, "an object")
    return found


def _object_as_text(value: Any) -> str:
    return as_json(_object(value)).decode()


def as_json(value: object) -> bytes:
    """A value as canonical JSON.

    Raises:
        Unreadable: it cannot be written so; what is nested some 250 deep cannot.
    """
    try:
        return canonical_json(value)
    except orjson.JSONEncodeError as error:
        raise Unreadable("wrong_type", f"cannot be written as JSON: {error}") from None


def _verifier(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or set(value) != {"name", "args"} or not isinstance(value["name"], str):
        raise wrong_type(value, "a verifier {name, args}")
    return {"name": value["name"], "args": _at("args", _object_as_text, value["args"])}


def _verifiers(value: Any) -> list[dict[str, str]]:
    return _each(value, "a list of verifiers {name, args}", _verifier)


_BY_NAME: dict[str, Convert] = {
    "doc_id": _document,
    "segment": _identifier,
    "sampling": _object_as_text,
    "meta": _object,
}


def _json(text: str) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Unreadable("wrong_type", f"found {excerpt(text)}, expected JSON ({error})") from None


def _int(cell: str) -> int:
    try:
        return int(cell)
    except ValueError:
        raise _wrong_cell(cell, "a whole number") from None


def _float(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        raise _wrong_cell(cell, "a number") from None


def _bool(cell: str) -> bool:
    if cell.lower() not in ("true", "false"):
        raise _wrong_cell(cell, "true or false")
    return cell.lower() == "true"


def _wrong_cell(cell: str, expected: str) -> Unreadable:
    return Unreadable("wrong_type", f"found {excerpt(cell)!r}, expected {expected}")
