"""Canonical JSON and the hashes that are made of it: row ids, plans, contents, files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import orjson
import polars as pl
import xxhash

from corpus.schema import kind_of


def canonical_json(value: object) -> bytes:
    """JSON with sorted keys, no spaces and UTF-8 unescaped: equal values give equal bytes whatever their key order."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)


def digest(value: object) -> str:
    """sha256 in hex over the canonical JSON of a value."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def file_sha256(path: Path) -> str:
    """sha256 in hex of a file's bytes."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def row_id(kind: str, row: Mapping[str, object]) -> str:
    """The `id` of one row: 32 hex digits of xxh3-128 over the canonical JSON of its identity columns.

    Columns that the row lacks count as null, so a row has the same id whether an optional column was given or not.
    """
    identity = {name: row.get(name) for name in kind_of(kind).identity}
    return xxhash.xxh3_128_hexdigest(canonical_json(identity))


def row_ids(kind: str, frame: pl.DataFrame) -> pl.Series:
    """The ids of a frame's rows (same values as `row_id`, row by row). Absent identity columns count as null."""
    names = sorted(kind_of(kind).identity)
    columns = [frame[name].to_list() if name in frame.columns else [None] * frame.height for name in names]
    dumps, hexdigest, sort = orjson.dumps, xxhash.xxh3_128_hexdigest, orjson.OPT_SORT_KEYS
    ids = [
        hexdigest(dumps(dict(zip(names, values, strict=True)), option=sort)) for values in zip(*columns, strict=True)
    ]
    return pl.Series("id", ids, dtype=pl.String)
