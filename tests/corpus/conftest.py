"""What tests of datasets share: rows of every kind, over all of Unicode."""

import json
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from corpus.chat import CHATS, ROLES
from corpus.schema import kind_of

LANGUAGES = ["de", "en", "zh", "zh-Hant", "pt-BR", "ar", "th", "ja"]

Rows = Callable[[str], SearchStrategy[dict[str, Any]]]


@pytest.fixture(scope="session")
def rows_of() -> Rows:
    """Strategy for rows of a kind: required columns always, every other one now and then, null or not."""

    def rows_of(kind: str) -> SearchStrategy[dict[str, Any]]:
        told = kind_of(kind)
        columns = {
            name: _chats(name) if name in CHATS else _values(name, dtype) for name, dtype in told.columns.items()
        }
        del columns["id"]
        return st.fixed_dictionaries(
            {name: columns[name] for name in told.required},
            optional={name: st.none() | columns[name] for name in columns if name not in told.required},
        )

    return rows_of


def _chats(name: str) -> SearchStrategy[Any]:
    """What a column of chats may hold."""
    said = {role: st.fixed_dictionaries({"role": st.just(role), "content": st.text(max_size=12)}) for role in ROLES}
    if name in ("chosen", "rejected"):
        return st.tuples(said["assistant"]).map(list)
    before = st.lists(st.one_of(*said.values()), max_size=2)
    last = said["user"] | said["tool"] if name == "prompt" else said["assistant"]
    return st.tuples(before, last).map(lambda turns: [*turns[0], turns[1]])


def _values(name: str, dtype: Any) -> SearchStrategy[Any]:
    if name in ("src_lang", "tgt_lang"):
        return st.sampled_from(LANGUAGES)
    if name == "meta":
        return st.dictionaries(st.text(max_size=3), st.none() | st.integers(0, 9), max_size=2).map(json.dumps)
    if isinstance(dtype, pl.List):
        return st.lists(_values("", dtype.inner), min_size=1, max_size=3)
    if isinstance(dtype, pl.Struct):
        return st.fixed_dictionaries({field.name: _values("", field.dtype) for field in dtype.fields})
    plain: dict[Any, SearchStrategy[Any]] = {
        pl.String(): st.text(max_size=12),
        pl.Int64(): st.integers(-(2**63), 2**63 - 1),
        pl.Float64(): st.floats(allow_nan=False, allow_infinity=False),
    }
    return plain[dtype() if isinstance(dtype, type) else dtype]
