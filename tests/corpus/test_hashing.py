"""Ids and hashes: what makes two rows the same row."""

import hashlib
from typing import Any

import orjson
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.hashing import canonical_json, digest, file_sha256, row_id, row_ids
from corpus.schema import KINDS, kind_of
from corpus.shards import conform

PAIR = {"source": "Guten Tag", "target": "صباح الخير", "src_lang": "de", "tgt_lang": "ar"}
CHAT = [{"role": "user", "content": "¿Qué?"}, {"role": "assistant", "content": "ไม่มีอะไร"}]


@pytest.mark.parametrize(
    ("kind", "row", "expected"),
    [
        # Written out, so that nothing changes them unseen: every dataset that lies on a disk has such ids.
        ("text", {"text": "a"}, "49f10f8ba8aa0b45cabbe87f4cb4ce5f"),
        ("pair", PAIR, "583a7bb965ffbf38ec008ed6b2b48235"),
        ("sft", {"messages": CHAT}, "33e595f48f62d1dfc366114e5578f24a"),
        ("response", {"prompt_id": "p", "engine": "e", "sample": 0}, "b06697c11f25fd4facc62d044b2652f9"),
    ],
)
def test_ids_stay_the_same_for_ever(kind: str, row: dict[str, Any], expected: str) -> None:
    assert row_id(kind, row) == expected


@pytest.mark.parametrize(
    ("kind", "row", "same"),
    [
        ("pair", PAIR, dict(reversed(PAIR.items()))),
        ("pair", PAIR, {**PAIR, "doc_id": None, "segment": None}),
        ("pair", PAIR, {**PAIR, "origin": "tatoeba", "license": "CC-BY-2.0", "meta": '{"n":1}', "context": "x"}),
        ("pair", PAIR, {**PAIR, "score_chrf": 50.0, "id": "whatever"}),
        ("sft", {"messages": CHAT}, {"messages": [dict(reversed(turn.items())) for turn in CHAT]}),
        ("response", {"prompt_id": "p", "engine": "e", "sample": 0}, {
            "prompt_id": "p", "engine": "e", "sample": 0, "response": "another text", "model": "m",
        }),
        ("preference", {"prompt": CHAT[:1], "chosen": CHAT[1:], "rejected": CHAT[1:]}, {
            "prompt": CHAT[:1], "chosen": CHAT[1:], "rejected": CHAT[1:], "score_chosen": 1.0, "score_rejected": 0.5,
        }),
    ],
)  # fmt: skip
def test_the_same_row(kind: str, row: dict[str, Any], same: dict[str, Any]) -> None:
    assert row_id(kind, row) == row_id(kind, same)


@pytest.mark.parametrize(
    ("kind", "row", "other"),
    [
        ("pair", PAIR, {**PAIR, "tgt_lang": "fa"}),
        ("pair", PAIR, {**PAIR, "doc_id": "d"}),
        ("pair", PAIR, {**PAIR, "segment": "3"}),
        ("pair", PAIR, {**PAIR, "source": PAIR["target"], "target": PAIR["source"]}),
        ("text", {"text": "é"}, {"text": "e\u0301"}),
        ("text", {"text": "a"}, {"text": "a "}),
        ("sft", {"messages": CHAT}, {"messages": CHAT[::-1]}),
        ("response", {"prompt_id": "p", "engine": "e", "sample": 0}, {"prompt_id": "p", "engine": "e", "sample": 1}),
    ],
)
def test_another_row(kind: str, row: dict[str, Any], other: dict[str, Any]) -> None:
    assert row_id(kind, row) != row_id(kind, other)


@pytest.mark.parametrize("kind", list(KINDS))
@settings(max_examples=40)
@given(data=st.data())
def test_a_frames_ids_are_its_rows_ids(kind: str, rows_of: Any, data: st.DataObject) -> None:
    rows = data.draw(st.lists(rows_of(kind), max_size=3))
    frame = conform(
        pl.DataFrame([{**dict.fromkeys(kind_of(kind).columns), **row} for row in rows], _columns(kind)), kind
    )
    ids = row_ids(kind, frame)
    assert (
        ids.to_list()
        == [row_id(kind, row) for row in rows]
        == [row_id(kind, row) for row in frame.iter_rows(named=True)]
    )
    assert ids.name == "id"
    assert ids.dtype == pl.String
    assert all(len(one) == 32 for one in ids)


@given(st.lists(st.text(), unique=True, max_size=20))
def test_different_texts_have_different_ids(texts: list[str]) -> None:
    assert row_ids("text", pl.DataFrame({"text": texts}, {"text": pl.String})).n_unique() == len(texts)


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(), lambda inner: (
    st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)))  # fmt: skip
def test_canonical_json_is_json_whatever_the_order_of_keys(value: Any) -> None:
    text = canonical_json(value)
    assert orjson.loads(text) == value
    assert canonical_json(_reversed(value)) == text
    assert digest(_reversed(value)) == digest(value) == hashlib.sha256(text).hexdigest()


def test_canonical_json_leaves_text_as_it_is() -> None:
    assert canonical_json({"b": "ß", "a": [1, None]}).decode() == '{"a":[1,null],"b":"ß"}'


def test_file_sha256(tmp_path: Any) -> None:
    (tmp_path / "x").write_bytes(b"\0" * 3_000_000)
    assert file_sha256(tmp_path / "x") == hashlib.sha256(b"\0" * 3_000_000).hexdigest()


def _columns(kind: str) -> Any:
    return kind_of(kind).columns


def _reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _reversed(part) for key, part in reversed(value.items())}
    return [_reversed(part) for part in value] if isinstance(value, list) else value
