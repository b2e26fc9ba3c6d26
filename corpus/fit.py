"""Do values fit the declared types? Types are checked, never converted: a number is no text, and a chat turn is closed.

One widening loses nothing and is allowed: a whole number may stand where a number is declared.
"""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral, Real

import orjson
import polars as pl
from polars.datatypes import DataTypeClass

_PLAIN: dict[pl.DataType, tuple[type, str]] = {
    pl.String(): (str, "a string"),
    pl.Int64(): (Integral, "a whole number"),
    pl.Float64(): (Real, "a number"),
    pl.Boolean(): (bool, "true or false"),
}


def misfit(value: object, dtype: pl.DataType) -> str:
    """What is wrong with a value in a column of this type; empty where it fits. Null fits everywhere."""
    if value is None:
        return ""
    if isinstance(dtype, pl.List):
        if not isinstance(value, list | tuple):
            return _found(value, "a list")
        return next((wrong for item in value if (wrong := misfit(item, _inner(dtype)))), "")
    if isinstance(dtype, pl.Struct):
        types = _fields(dtype)
        if not isinstance(value, Mapping) or set(value) != set(types):
            found = f"an object with {', '.join(map(repr, value))}" if isinstance(value, Mapping) else repr(value)
            return f"found {found:.80}, expected an object with {' and '.join(types)} alone"
        return next((f"{name}: {wrong}" for name, part in value.items() if (wrong := misfit(part, types[name]))), "")
    wanted, words = _PLAIN[dtype]
    # Python counts True among the whole numbers.
    return "" if isinstance(value, wanted) and isinstance(value, bool) == (wanted is bool) else _found(value, words)


def column_fits(found: pl.DataType, declared: pl.DataType) -> bool:
    """Whether a frame's column of one type may stand for a declared one without a value being converted."""
    if found == declared or found == pl.Null():
        return True
    if isinstance(declared, pl.List):
        return isinstance(found, pl.List) and column_fits(_inner(found), _inner(declared))
    if isinstance(declared, pl.Struct):
        if not isinstance(found, pl.Struct):
            return False
        have, want = _fields(found), _fields(declared)
        return have.keys() == want.keys() and all(column_fits(have[name], want[name]) for name in want)
    return found.is_integer() if declared == pl.Int64() else declared == pl.Float64() and found.is_numeric()


def holes(name: str, dtype: pl.DataType) -> pl.Expr | None:
    """Whether a list has a null in it, or an object with a null part (a turn without a role). None: no list column."""
    if not isinstance(dtype, pl.List):
        return None
    inner, item = _inner(dtype), pl.element()
    missing = [item.struct.field(part).is_null() for part in _fields(inner)] if isinstance(inner, pl.Struct) else []
    return pl.col(name).list.eval(pl.any_horizontal(item.is_null(), *missing)).list.any().fill_null(value=False)


def no_object(texts: pl.Series) -> tuple[int, str] | None:
    """The first text that is no JSON object, by its place, and what it is instead. Null is none, so it fits."""
    for place, text in enumerate(texts):
        if text is None:
            continue
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            return place, f"found {text!r:.80}, which is no JSON ({error})"
        if not isinstance(value, dict):
            return place, f"found {text!r:.80}"
    return None


def _inner(dtype: pl.List) -> pl.DataType:
    return _whole(dtype.inner)


def _fields(dtype: pl.Struct) -> dict[str, pl.DataType]:
    return {field.name: _whole(field.dtype) for field in dtype.fields}


def _whole(dtype: pl.DataType | DataTypeClass) -> pl.DataType:
    """Polars lets a type be given by its class alone."""
    return dtype if isinstance(dtype, pl.DataType) else dtype()


def _found(value: object, expected: str) -> str:
    return f"found {type(value).__name__} {value!r:.60}, expected {expected}"
