"""JSON lines, and through them the column mapping that all tables share."""

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.errors import UserError
from datagen.readers.names import open_reader

DEEP: Any = functools.reduce(lambda inner, _: [inner], range(300), 0)
"""A list in a list in a list …; JSON is written some 250 deep at most."""
GOOD = '{"source": "Hallo", "target": "Hello"}'


@pytest.fixture
def jsonl(tmp_path: Path, read: Callable[..., Any]) -> Callable[..., Any]:
    """Read records, or lines of bytes, as JSON lines."""

    def reading(*records: object, **options: Any) -> Any:
        path = tmp_path / "x.jsonl"
        written = [
            r if isinstance(r, bytes) else r.encode() if isinstance(r, str) else json.dumps(r).encode() for r in records
        ]
        path.write_bytes(b"".join(line + b"\n" for line in written))
        return read(jsonl=str(path), **options)

    return reading


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"source": "a", "target": ', "broken_json"),
        (b'{"source": NaN, "target": "b"}', "broken_json"),
        (b'{"source": "a" "target": "b"}', "broken_json"),
        (b'"only a string"', "not_an_object"),
        (b"[1, 2]", "not_an_object"),
        (b'{"source": "\xff", "target": "b"}', "invalid_utf8"),
        (b'{"source": "\\ud800", "target": "b"}', "invalid_utf8"),
        (b'{"source": "\\udc00 x", "target": "b"}', "invalid_utf8"),
        (b'{"source": "\x00", "target": "b"}', "nul_byte"),
        (b'{"source": "\\u0000", "target": "b"}', "nul_byte"),
        (b'{"source": "a", "target": "b"}\r', "carriage_return"),
        (b'{"source": "a"}', "missing_column"),
        (b'{"source": "a", "target": 7}', "wrong_type"),
        (b'{"source": "a", "target": null}', "wrong_type"),
        (b'{"source": "a", "target": ["b"]}', "wrong_type"),
        (b'{"source": "a", "target": "b", "doc_id": true}', "wrong_type"),
        (b'{"source": "a", "target": "b", "meta": "no JSON"}', "wrong_type"),
    ],
)
def test_a_bad_line_is_set_aside_with_its_reason(jsonl: Callable[..., Any], line: bytes, reason: str) -> None:
    reading = jsonl(GOOD, line, GOOD, kind="pair")
    assert reading.aside == [(2, reason)]
    assert len(reading.rows) == 2
    assert all(0 < len(record.detail) <= 200 for record in reading.records if record.row is None)


@pytest.mark.parametrize("text", ["a\u2028b", "\U0001f600", "שלום", "e\u0301", "\ufffd", ""])
def test_texts_stay_as_they_are(jsonl: Callable[..., Any], text: str) -> None:
    (row,) = jsonl(json.dumps({"text": text}, ensure_ascii=False), kind="text").rows
    assert row == {"text": text}


def test_blank_lines_are_no_records(jsonl: Callable[..., Any]) -> None:
    assert [r.line for r in jsonl(GOOD, "", "  ", GOOD, "", kind="pair").records] == [1, 4]


def test_repairs_are_made_on_request_and_counted(jsonl: Callable[..., Any]) -> None:
    lines = [f"\ufeff{GOOD}\r", '{"source": "e\u0301", "target": "\u00e9"}\r']
    reading = jsonl(*lines, kind="pair", normalize=["line_ends", "byte_order_mark", "nfc"])
    assert reading.rows[1] == {"source": "\u00e9", "target": "\u00e9"}
    assert reading.counts == {"normalized:line_ends": 2, "normalized:byte_order_mark": 1, "normalized:nfc": 1}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[\n  {"text": "a"}\n]', "is a JSON array, expected JSON lines"),
        ('[{"text": "a"}]', "is a JSON array, expected JSON lines"),
        ('{\n  "text": "a"\n}', "is one JSON object over several lines"),
        ("", "is empty"),
    ],
)
def test_a_file_that_is_no_json_lines(tmp_path: Path, read: Callable[..., Any], content: str, message: str) -> None:
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(UserError, match=message):
        read(jsonl=str(tmp_path / "x.json"), kind="text")


# --- columns ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "options", "row"),
    [
        pytest.param(
            {"source": "a", "target": "b", "domain": "news"},
            {"kind": "pair"},
            {"source": "a", "target": "b", "meta": {"domain": "news"}},
            id="our names are ours, others are meta",
        ),
        pytest.param(
            {"translation": {"de": "a", "en": "b"}},
            {"kind": "pair", "columns": {"source": "translation.de", "target": "translation.en"}},
            {"source": "a", "target": "b"},
            id="nested",
        ),
        pytest.param(
            {"translation": {"de": "a", "en": "b", "fr": "c"}, "source": "europarl"},
            {"kind": "pair", "columns": {"source": "translation.de", "target": "translation.en"}},
            {"source": "a", "target": "b", "meta": {"translation": {"fr": "c"}, "source": "europarl"}},
            id="what is left of a nested record is meta",
        ),
        pytest.param(
            {"a.b": "x", "a": {"b": "y"}},
            {"kind": "text", "columns": {"text": "a.b"}},
            {"text": "x", "meta": {"a": {"b": "y"}}},
            id="a name with a dot goes before a path",
        ),
        pytest.param(
            {"turns": [{"content": "Hi"}]},
            {"kind": "prompt", "columns": {"prompt": "turns.0.content"}},
            {"prompt": [{"role": "user", "content": "Hi"}], "meta": {"turns": [{"content": "Hi"}]}},
            id="a number reaches into a list",
        ),
        pytest.param(
            {"prompt": "Hi", "source": "sharegpt"},
            {"kind": "prompt", "columns": {"source": None}},
            {"prompt": [{"role": "user", "content": "Hi"}], "meta": {"source": "sharegpt"}},
            id="null leaves a column of ours empty",
        ),
        pytest.param(
            {"text": "a", "id": 7, "meta": {"x": 1}, "y": 2},
            {"kind": "text"},
            {"text": "a", "meta": {"x": 1, "id": 7, "y": 2}},
            id="their id is no id of ours, their meta is",
        ),
        pytest.param(
            {"text": "a", "x": 1, "y": 2}, {"kind": "text", "keep": ["y"]}, {"text": "a", "meta": {"y": 2}}, id="keep"
        ),
        pytest.param(
            {"source": "a", "target": "b", "segment": 12, "doc_id": "d1", "src_lang": "de"},
            {"kind": "pair"},
            {"source": "a", "target": "b", "segment": "12", "doc_id": "d1", "src_lang": "de"},
            id="numbers of segments are written in digits",
        ),
        pytest.param(
            {"source": "a", "response": "b", "references": "c"},
            {"kind": "response", "engine": "gemma"},
            {"source": "a", "response": "b", "references": ["c"], "engine": "gemma"},
            id="the option names the engine",
        ),
        pytest.param(
            {"prompt": "q", "references": ["a", None, 12, 145.0]},
            {"kind": "prompt"},
            {"prompt": [{"role": "user", "content": "q"}], "references": ["a", "12", "145.0"]},
            id="a null is no reference, a number one as it is written",
        ),
        pytest.param(
            {"prompt": "q", "answer": 7, "more": {"second": "eight", "n": 1}, "third": None},
            {"kind": "prompt", "columns": {"references": ["answer", "more.second", "third"]}},
            {
                "prompt": [{"role": "user", "content": "q"}],
                "references": ["7", "eight"],
                "meta": {"more": {"n": 1}},
            },
            id="references of several columns",
        ),
        pytest.param(
            {"source": "a", "response": "b", "engine": "own", "sampling": {"top_p": 1, "seed": 2}, "latency_s": 2},
            {"kind": "response", "engine": "gemma"},
            {"source": "a", "response": "b", "engine": "own", "sampling": '{"seed":2,"top_p":1}', "latency_s": 2.0},
            id="rows that name their engine keep it; sampling is JSON",
        ),
        pytest.param(
            {"messages": [{"role": "user", "content": "q", "name": None}, {"role": "assistant", "content": "a"}]},
            {"kind": "sft"},
            {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]},
            id="messages",
        ),
        pytest.param(
            {"prompt": "q", "chosen": "good", "rejected": [{"role": "assistant", "content": "bad"}], "score_chosen": 1},
            {"kind": "preference"},
            {
                "prompt": [{"role": "user", "content": "q"}],
                "chosen": [{"role": "assistant", "content": "good"}],
                "rejected": [{"role": "assistant", "content": "bad"}],
                "score_chosen": 1.0,
            },
            id="texts become turns",
        ),
        pytest.param(
            {"prompt": "q", "verifiers": [{"name": "number", "args": {"b": 1, "a": 2}}], "references": ["7"]},
            {"kind": "verifiable"},
            {
                "prompt": [{"role": "user", "content": "q"}],
                "verifiers": [{"name": "number", "args": '{"a":2,"b":1}'}],
                "references": ["7"],
            },
            id="verifiers",
        ),
        pytest.param(
            {"source": "a", "target": "b", "da": 71.5, "label_domain": "news", "flag_old": False},
            {
                "kind": "pair",
                "columns": {"score_da": "da"},
                "scores": {"score_da": "higher", "label_domain": "none", "flag_old": "none"},
            },
            {"source": "a", "target": "b", "score_da": 71.5, "label_domain": "news", "flag_old": False},
            id="declared scores",
        ),
        pytest.param(
            {"turns": ["q", "a"], "id": 7},
            {"kind": "sft", "columns": {"user": "turns.0", "assistant": "turns.1"}},
            {
                "messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}],
                "meta": {"turns": ["q", "a"], "id": 7},
            },
            id="a chat of a question and an answer",
        ),
        pytest.param(
            {"source": "a", "target": "b", "doc_id": " "},
            {"kind": "pair"},
            {"source": "a", "target": "b", "doc_id": None},
            id="a blank name names no document",
        ),
    ],
)
def test_columns(jsonl: Callable[..., Any], record: object, options: dict[str, Any], row: dict[str, object]) -> None:
    assert jsonl(record, **options).rows == [row]


@pytest.mark.parametrize(
    ("kind", "record", "detail"),
    [
        ("text", {"text": 7}, "column 'text': found int, expected a string"),
        ("text", {"text": {"a": 1}}, "column 'text': found object, expected a string"),
        ("sft", {"messages": "Hi"}, "column 'messages': found string, expected a list of messages {role, content}"),
        (
            "sft",
            {"messages": [{"role": "user", "content": "q", "weight": 1}]},
            "column 'messages': item 1: found a message with 'weight', expected role, content",
        ),
        (
            "sft",
            {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": None}]},
            "column 'messages': item 2: content: found null, expected a string",
        ),
        ("prompt", {"prompt": [{"content": "q"}]}, "column 'prompt': item 1: role: found null, expected a string"),
        ("response", {"source": "a", "response": "b", "engine": "e", "sample": 1.5}, "column 'sample': found float"),
        ("response", {"source": "a", "response": "b", "engine": "e", "cost": True}, "column 'cost': found bool"),
        ("response", {"response": "b", "engine": "e"}, "no column 'prompt', nor a 'source' to make it of"),
        ("response", {"source": "a", "response": "b"}, "no column 'engine'"),
        (
            "response",
            {"source": "a", "response": "b", "engine": "e", "sampling": {"a": DEEP}},
            "column 'sampling': cannot be written as JSON: Recursion limit reached",
        ),
        ("pair", {"source": "a", "tgt": "b"}, "no column 'target'. Did you mean 'tgt'? Found: source, tgt. If"),
        (
            "verifiable",
            {"prompt": "q", "verifiers": [{"name": "number"}]},
            "column 'verifiers': item 1: found object, expected a verifier {name, args}",
        ),
    ],
)
def test_wrong_rows_say_what_was_expected(
    jsonl: Callable[..., Any], kind: str, record: dict[str, object], detail: str
) -> None:
    whole = {
        "text": {"text": "a"},
        "sft": {"messages": []},
        "prompt": {"prompt": "q"},
        "response": {"source": "a", "response": "b", "engine": "e"},
        "pair": {"source": "a", "target": "b"},
        "verifiable": {"prompt": "q", "verifiers": []},
    }[kind]
    assert jsonl(whole, record, kind=kind).records[1].detail.startswith(detail)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"kind": "pair", "columns": {"source": "sorce"}},
            r"no column 'sorce' \(.*our 'source'\). Did you mean 'source'",
        ),
        ({"kind": "pair", "columns": {"doc_id": "document"}}, "no column 'document' .*Found: source, target, domain"),
        ({"kind": "text"}, r"no column 'text'.* `columns: \{text: NAME\}`"),
        ({"kind": "pair", "key": "uid"}, r"no column 'uid' \(named in the recipe as the key\)"),
    ],
)
def test_a_column_that_no_record_has_is_an_error(
    jsonl: Callable[..., Any], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=f"in none of the records: {message}"):
        jsonl({"source": "a", "target": "b"}, {"source": "a", "target": "b", "domain": "c"}, **options)


def test_an_optional_column_may_be_absent_here_and_there(jsonl: Callable[..., Any]) -> None:
    reading = jsonl(
        {"text": "a", "doc": {"id": "1"}},
        {"text": "b"},
        {"text": "c", "doc": {}},
        kind="text",
        columns={"doc_id": "doc.id"},
    )
    assert [row.get("doc_id") for row in reading.rows] == ["1", None, None]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "'@group' has the name under which `meta` hands on the key"),
        ({"key": "@group", "keep": []}, "'@group' has the name"),
        ({"columns": {"doc_id": "@group"}}, [{"text": "a", "doc_id": "d"}]),
        ({"columns": {"doc_id": "@group.x"}}, "'@group' has the name"),
        ({"keep": []}, [{"text": "a"}]),
    ],
)
def test_the_name_of_a_groups_key_is_taken(
    jsonl: Callable[..., Any], options: dict[str, Any], expected: str | list[dict[str, Any]]
) -> None:
    group = {"x": "d", "y": 1} if options.get("columns") == {"doc_id": "@group.x"} else "d"
    row = {"text": "a", "@group": group}
    if isinstance(expected, str):
        with pytest.raises(UserError, match=expected):
            jsonl(row, kind="text", **options)
    else:
        assert jsonl(row, kind="text", **options).rows == expected


def test_a_score_that_is_not_declared_is_an_error(jsonl: Callable[..., Any]) -> None:
    with pytest.raises(UserError, match=r"'score_da' is named like a score.*scores: \{score_da: higher\}"):
        jsonl({"text": "a", "score_da": 1.0}, kind="text")
    assert jsonl({"text": "a", "score_da": 1.0}, kind="text", keep=["text"]).rows == [{"text": "a"}]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "pairs"}, "Did you mean 'pair'"),
        ({"kind": "pair", "columns": {"sorce": "x"}}, "'sorce' is no column of kind 'pair'. Did you mean 'source'"),
        ({"kind": "pair", "columns": {"id": "x"}}, "`id` is our hash"),
        ({"kind": "pair", "columns": {"user": "q"}}, "'user' is no column of kind 'pair'"),
        ({"kind": "sft", "columns": {"usr": "q"}}, "Did you mean 'user'"),
        ({"kind": "sft", "columns": {"user": "q"}}, "found user; a chat also needs `assistant: NAME`"),
        ({"kind": "sft", "columns": {"system": "s", "assistant": "a"}}, "a chat also needs `user: NAME`"),
        (
            {"kind": "sft", "columns": {"messages": "m", "user": "q", "assistant": "a"}},
            "read whole or made of its turns",
        ),
        ({"kind": "pair", "columns": {"score_da": "x"}}, r"scores: \{score_da: higher\}"),
        ({"kind": "pair", "scores": {"da": "higher"}}, "'da' is no score column"),
        ({"kind": "pair", "scores": {"label_x": "higher"}}, "`label_x: none`"),
        ({"kind": "pair", "scores": {"score_da": "up"}}, "expected 'higher', 'lower' or 'none'"),
        ({"kind": "pair", "engine": "gemma"}, "rows of kind 'pair' have none"),
        ({"kind": "pair", "column": {}}, "unknown option 'column'. Did you mean 'columns'"),
        ({}, "'kind' is missing"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_read(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        open_reader({"jsonl": "x.jsonl", **options})


def test_declared_scores_carry_their_direction() -> None:
    scores = {"score_da": "higher", "score_ter": "lower", "label_domain": "none"}
    columns = open_reader({"jsonl": "x", "kind": "pair", "scores": scores}).score_columns()
    assert [(c.name, c.higher_is_better) for c in columns] == [
        ("label_domain", None),
        ("score_da", True),
        ("score_ter", False),
    ]


# --- keys ------------------------------------------------------------------------------------------------------------


def test_a_key_stays_in_meta_and_repeats_are_no_conflict(jsonl: Callable[..., Any]) -> None:
    record = {"text": "a", "uid": "k1"}
    reading = jsonl(record, {"text": "a", "uid": "k2"}, record, kind="text", key="uid", keep=[])
    assert [row["meta"] for row in reading.rows] == [{"uid": "k1"}, {"uid": "k2"}, {"uid": "k1"}]


def test_what_cannot_be_written_is_no_record_with_a_key(jsonl: Callable[..., Any]) -> None:
    assert jsonl(
        {"text": "a", "uid": 1}, {"text": "b", "uid": 2, "meta": {"x": DEEP}}, kind="text", key="uid"
    ).aside == [(2, "wrong_type")]


def test_one_key_for_different_records_names_both(tmp_path: Path, read: Callable[..., Any]) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "a", "n": {"k": 1}}\n{"text": "b", "n": {"k": 2}}\n')
    (tmp_path / "b.jsonl").write_text('{"text": "c", "n": {"k": 3}}\n{"text": "d", "n": {"k": 2}}\n')
    with pytest.raises(UserError, match=r"the key n\.k = 2 .*a\.jsonl:2 and .*b\.jsonl:2"):
        read(jsonl=str(tmp_path / "*.jsonl"), kind="text", key="n.k")


@pytest.mark.parametrize(
    ("record", "reason"), [({"text": "b"}, "missing_column"), ({"text": "b", "k": None}, "wrong_type")]
)
def test_a_record_without_its_key_is_set_aside(jsonl: Callable[..., Any], record: object, reason: str) -> None:
    assert jsonl({"text": "a", "k": 1}, record, kind="text", key="k").aside == [(2, reason)]


# --- laws ------------------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(
    records=st.lists(st.dictionaries(st.text(min_size=1).filter(lambda n: "_" not in n), JSON, max_size=4), max_size=5)
)
def test_every_line_is_one_record_and_nothing_is_lost(
    tmp_path_factory: pytest.TempPathFactory, read: Callable[..., Any], records: list[dict[str, Any]]
) -> None:
    records = [{"text": "a"}, *records]
    path = tmp_path_factory.mktemp("law") / "x.jsonl"
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))
    found = read(jsonl=str(path), kind="text").records
    assert [record.line for record in found] == list(range(1, len(records) + 1))
    ours = {"text", "doc_id", "origin", "license", "task", "meta"}
    for record, given_ in zip(found, records, strict=True):
        if record.row is not None:
            assert record.row.get("text") == given_["text"]
            assert {k: v for k, v in given_.items() if k not in ours}.items() <= dict(
                record.row.get("meta") or {}
            ).items()
        else:
            assert record.reason in ("missing_column", "wrong_type", "nul_byte")
