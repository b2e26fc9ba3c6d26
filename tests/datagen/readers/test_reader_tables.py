"""CSV, TSV and parquet: tables with a header, and what it refuses."""

import datetime
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corpus.errors import UserError


@pytest.fixture
def table(tmp_path: Path, read: Callable[..., Any]) -> Callable[..., Any]:
    """Read a text as `csv` or `tsv`."""

    def reading(name: str, content: str | bytes, **options: Any) -> Any:
        path = tmp_path / f"x.{name}"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read(**{name: str(path)}, **options)

    return reading


@pytest.mark.parametrize(
    ("name", "content", "options", "rows"),
    [
        pytest.param("csv", "text\na\nb\n", {}, [{"text": "a"}, {"text": "b"}], id="plain"),
        pytest.param("csv", 'text\n"a ""b"", c"\n', {}, [{"text": 'a "b", c'}], id="quotes"),
        pytest.param("csv", 'text\n"a\nb"\n', {}, [{"text": "a\nb"}], id="a line end within quotes"),
        pytest.param(
            "csv", 'text;n\n"a;b";1\n', {"delimiter": ";"}, [{"text": "a;b", "meta": {"n": "1"}}], id="semicolon"
        ),
        pytest.param("csv", 'text,n\n5" disk,1\n', {}, [{"text": '5" disk', "meta": {"n": "1"}}], id="a quote inside"),
        pytest.param("csv", '"a" b\n', {"quoting": False, "header": ["text"]}, [{"text": '"a" b'}], id="no quoting"),
        pytest.param(
            "tsv", 'text\tn\n"a\tb\n', {}, [{"text": '"a', "meta": {"n": "b"}}], id="quotes are characters in TSV"
        ),
        pytest.param(
            "tsv", "a\tb\n", {"header": ["text", "n"]}, [{"text": "a", "meta": {"n": "b"}}], id="header given"
        ),
        pytest.param("tsv", "text\tn\n\na\t1\n\n", {}, [{"text": "a", "meta": {"n": "1"}}], id="blank lines"),
        pytest.param("tsv", "text\na\n\nb\n", {}, [{"text": "a"}, {"text": ""}, {"text": "b"}], id="one column"),
        pytest.param("tsv", "text\na\u2028b\n", {}, [{"text": "a\u2028b"}], id="U+2028"),
        pytest.param(
            "tsv",
            "text\tdoc_id\na\t\n\t7\n",
            {},
            [{"text": "a", "doc_id": None}, {"text": "", "doc_id": "7"}],
            id="empty",
        ),
    ],
)
def test_texts(table: Callable[..., Any], name: str, content: str, options: dict[str, Any], rows: list[object]) -> None:
    assert table(name, content, kind="text", **options).rows == rows


def test_cells_become_the_contracts_types(table: Callable[..., Any]) -> None:
    header = ["source", "response", "engine", "sample", "cost", "references", "meta", "score_da", "flag_ok"]
    cells = ["s", "r", "e", "2", "0.5", "[a] reference", '{"x":1}', "-1e-3", "True"]
    content = "\t".join(header) + "\n" + "\t".join(cells) + "\n"
    reading = table("tsv", content, kind="response", scores={"score_da": "higher", "flag_ok": "none"})
    assert reading.rows == [
        {
            "source": "s",
            "response": "r",
            "engine": "e",
            "sample": 2,
            "cost": 0.5,
            "references": ["[a] reference"],
            "score_da": -0.001,
            "flag_ok": True,
            "meta": {"x": 1},
        }
    ]


def test_messages_in_cells_are_json(table: Callable[..., Any]) -> None:
    assert table("tsv", 'messages\n[{"role":"user","content":"q"}]\nq\n', kind="sft").aside == [(3, "wrong_type")]


def test_chats_of_two_or_three_columns(table: Callable[..., Any]) -> None:
    columns = {"system": "rules", "user": "question", "assistant": "answer"}
    content = "rules,question,answer,messages\nBe brief.,¿Qué?,نعم,\n,何,是,x\n,q,,\n"
    asked, plain = ({"role": "user", "content": text} for text in ("¿Qué?", "何"))
    reading = table("csv", content, kind="sft", columns=columns, keep=())
    assert reading.rows[:2] == [
        {"messages": [{"role": "system", "content": "Be brief."}, asked, {"role": "assistant", "content": "نعم"}]},
        {"messages": [plain, {"role": "assistant", "content": "是"}]},
    ]
    del columns["system"]
    row = table("csv", content, kind="sft", columns=columns).rows[1]
    # A column that is no part of the chat stays in `meta`, whatever its name.
    assert (len(row["messages"]), row["meta"]) == (2, {"rules": "", "messages": "x"})


@pytest.mark.parametrize(
    ("name", "content", "aside"),
    [
        ("csv", b"text,n\na,1\nb\nc,3,4\nd,4\n", [(3, "wrong_field_count"), (4, "wrong_field_count")]),
        ("tsv", b"text\tn\na\t1\nb\n", [(3, "wrong_field_count")]),
        ("csv", b'text,n\n"a"b,1\nc,2\n', [(2, "broken_csv")]),
        ("csv", b"text,n\na\rb,1\nc,2\n", [(2, "broken_csv")]),
        ("csv", b"text,n\na,1\r\nb,2\n", [(2, "carriage_return")]),
        ("csv", b"text,n\na\xff,1\nb,2\n", [(2, "invalid_utf8")]),
        ("tsv", b"text\tn\na\0\t1\nb\t2\n", [(2, "nul_byte")]),
        # The quote that the bad line opens still holds for the next one.
        ("csv", b'text,n\n"a\xff\nb,c",1\nd,2\n', [(2, "invalid_utf8")]),
        ("csv", b'text,n\n"a\nb",1\nc\n', [(4, "wrong_field_count")]),
    ],
)
def test_a_bad_row_is_set_aside(
    table: Callable[..., Any], name: str, content: bytes, aside: list[tuple[int, str]]
) -> None:
    assert table(name, content, kind="text").aside == aside


@pytest.mark.parametrize(
    ("cell", "column", "detail"),
    [
        ("x", "sample", "column 'sample': found 'x', expected a whole number"),
        (
            "9223372036854775808",
            "sample",
            "column 'sample': found 9223372036854775808, expected a whole number of 64 bits",
        ),
        ("1.5", "sample", "column 'sample': found '1.5', expected a whole number"),
        ("high", "score_da", "column 'score_da': found 'high', expected a number"),
        ("nan", "score_da", "column 'score_da': found nan, expected a number"),
        ("yes", "flag_ok", "column 'flag_ok': found 'yes', expected true or false"),
    ],
)
def test_a_cell_that_is_no_such_value(table: Callable[..., Any], cell: str, column: str, detail: str) -> None:
    scores = {"score_da": "higher", "flag_ok": "none"} if column != "sample" else {}
    content = f"source\tresponse\tengine\t{column}\ns\tr\te\t{cell}\n"
    scores = {name: way for name, way in scores.items() if name == column}
    (record,) = table("tsv", content, kind="response", scores=scores).records
    assert (record.reason, record.detail.partition(";")[0]) == ("wrong_type", detail)


@pytest.mark.parametrize(
    ("name", "content", "options", "message"),
    [
        ("csv", "", {}, "is empty"),
        ("csv", "text\n", {}, "has a header and no rows"),
        ("csv", "txt,n\na,1\n", {}, r"no column 'text'.* Did you mean 'txt'\? Found: txt, n"),
        (
            "csv",
            "body,n\na,1\n",
            {"columns": {"text": "bdy"}},
            r"no column 'bdy' \(.*our 'text'\). Did you mean 'body'",
        ),
        ("csv", "text,n\na,1\n", {"key": "uid"}, r"no column 'uid' \(.*the key\)"),
        ("csv", "\n\n", {}, "the first line is blank, expected the names of the columns"),
        ("csv", "text,text\na,1\n", {}, "names 'text' more than once"),
        ("csv", "\ufefftext,n\na,1\n", {}, r"the header cannot be read: .*`normalize: \[byte_order_mark\]`"),
        ("csv", 'text,n\na,1\n"b,2\nc,3\n', {}, "the quote that is opened in the row on line 3 is never closed"),
        ("tsv", "source\tscore_da\na\t1\n", {"columns": {"text": "source"}}, "'score_da' is named like a score"),
    ],
)
def test_files_that_are_refused(
    table: Callable[..., Any], name: str, content: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        table(name, content, kind="text", **options)


def test_repairs_of_a_table(table: Callable[..., Any]) -> None:
    content = "\ufefftext\tn\r\ne\u0301\t1\r\n"
    reading = table("tsv", content, kind="text", normalize=["line_ends", "byte_order_mark", "nfc"])
    assert reading.rows == [{"text": "\u00e9", "meta": {"n": "1"}}]
    assert reading.counts == {"normalized:byte_order_mark": 1, "normalized:line_ends": 2, "normalized:nfc": 1}


def test_a_document_longer_than_the_csv_modules_limit(table: Callable[..., Any]) -> None:
    assert len(table("csv", "text\n" + "字" * 200_000 + "\n", kind="text").rows[0]["text"]) == 200_000


# --- parquet ---------------------------------------------------------------------------------------------------------


def test_parquet_rows_with_nested_columns_and_dates(tmp_path: Path, read: Callable[..., Any]) -> None:
    frame = pl.DataFrame(
        {
            "translation": [{"de": "Hallo", "en": "Hello", "n": 1}],
            "day": [datetime.date(2024, 2, 29)],
            "at": [datetime.datetime(2024, 2, 29, 12, 30)],
            "price": [Decimal("1.50")],
            "tags": [["a", "b"]],
        }
    )
    frame.write_parquet(tmp_path / "x.parquet")
    columns = {"source": "translation.de", "target": "translation.en"}
    assert read(parquet=str(tmp_path / "x.parquet"), kind="pair", columns=columns).rows == [
        {
            "source": "Hallo",
            "target": "Hello",
            "meta": {
                "translation": {"n": 1},
                "day": "2024-02-29",
                "at": "2024-02-29T12:30:00",
                "price": "1.50",
                "tags": ["a", "b"],
            },
        }
    ]


def test_references_of_several_cells(tmp_path: Path, read: Callable[..., Any]) -> None:
    (tmp_path / "x.csv").write_text("prompt,r1,r2\nq,a,b\np,,c\no,,\n", "utf-8")
    columns = {"references": ["r1", "r2"]}
    found = read(csv=str(tmp_path / "x.csv"), kind="prompt", columns=columns).rows
    assert [row["references"] for row in found] == [["a", "b"], ["c"], []]
    with pytest.raises(UserError, match=r"no column 'r3' .*our 'references'"):
        read(csv=str(tmp_path / "x.csv"), kind="prompt", columns={"references": ["r1", "r3"]})
    with pytest.raises(UserError, match=r"columns: 'prompt' is made of one column, found .*; only references have"):
        read(csv=str(tmp_path / "x.csv"), kind="prompt", columns={"prompt": ["r1", "r2"]})


def test_another_sign_between_columns_is_told(tmp_path: Path, read: Callable[..., Any]) -> None:
    (tmp_path / "x.csv").write_text("source;target\na;b\n", "utf-8")
    with pytest.raises(UserError, match="If ';' stands between columns: `delimiter: \";\"`"):
        read(csv=str(tmp_path / "x.csv"), kind="pair")


def test_parquet_faults(tmp_path: Path, read: Callable[..., Any]) -> None:
    texts = ["a", None, "b\0", "c"]
    pl.DataFrame({"text": texts, "n": [1, 2, 3, 4]}).write_parquet(tmp_path / "x.parquet")
    assert read(parquet=str(tmp_path / "x.parquet"), kind="text").aside == [(2, "wrong_type"), (3, "nul_byte")]
    image = read(parquet=str(tmp_path / "x.parquet"), kind="text", columns={"text": "n"})
    assert image.records[0].detail == "column 'text': found int, expected a string"


def test_parquet_rows_that_are_not_utf8(tmp_path: Path, read: Callable[..., Any]) -> None:
    """Arrow writes any bytes as text."""
    texts = pa.array([b"a", b"b", b"\xff\xfe", "ф".encode(), b"\xc3"], pa.binary())
    columns = {"text": pa.Array.from_buffers(pa.string(), 5, texts.buffers()), "n": [1, 2, 3, 4, 5]}
    pq.write_table(pa.table(columns), tmp_path / "x.parquet")
    reading = read(parquet=str(tmp_path / "x.parquet"), kind="text")
    assert reading.aside == [(3, "invalid_utf8"), (5, "invalid_utf8")]
    assert reading.records[2].detail == "column 'text'"
    assert [row["text"] for row in reading.rows] == ["a", "b", "ф"]


@pytest.mark.parametrize("shape", ["list", "struct", "list of structs"])
def test_one_bad_text_within_lists_or_structs_is_one_row(shape: str, tmp_path: Path, read: Callable[..., Any]) -> None:
    contents = pa.array([b"x" * (n % 5) for n in range(700)] + [b"\xff"] + [b"y"] * 299, pa.binary())
    texts = pa.Array.from_buffers(pa.string(), 1000, contents.buffers())
    inner = texts if shape == "list" else pa.StructArray.from_arrays([texts], ["content"])
    offsets = pa.array(range(1001), pa.int32())
    column = inner if shape == "struct" else pa.ListArray.from_arrays(offsets, inner)
    pq.write_table(pa.table({"text": [f"row {n}" for n in range(1000)], "more": column}), tmp_path / "x.parquet")
    reading = read(parquet=str(tmp_path / "x.parquet"), kind="text")
    assert reading.aside == [(701, "invalid_utf8")]
    assert [row["text"] for row in reading.rows] == [f"row {n}" for n in range(1000) if n != 700]


def test_faults_of_other_columns_are_no_damage(tmp_path: Path, read: Callable[..., Any]) -> None:
    times = pa.Array.from_buffers(pa.time32("ms"), 1, [None, pa.py_buffer((90_000_000).to_bytes(4, "little"))])
    pq.write_table(pa.table({"text": ["a"], "time": times}), tmp_path / "x.parquet")
    assert [row["text"] for row in read(parquet=str(tmp_path / "x.parquet"), kind="text").rows] == ["a"]


def test_categories_that_are_not_utf8_are_rows_set_aside(tmp_path: Path, read: Callable[..., Any]) -> None:
    words = pa.Array.from_buffers(pa.string(), 2, pa.array([b"ok", b"\xff"], pa.binary()).buffers())
    column = pa.DictionaryArray.from_arrays(pa.array([0, 1, 0], pa.int32()), words, safe=False)
    pq.write_table(pa.table({"text": ["a", "b", "c"], "kind": column}), tmp_path / "x.parquet")
    reading = read(parquet=str(tmp_path / "x.parquet"), kind="text")
    assert reading.aside == [(2, "invalid_utf8")]
    assert reading.records[1].detail == "column 'kind'"


def test_what_json_cannot_hold_is_no_meta(tmp_path: Path, read: Callable[..., Any]) -> None:
    pl.DataFrame({"text": ["a"], "image": [b"\x89PNG"]}).write_parquet(tmp_path / "x.parquet")
    (record,) = read(parquet=str(tmp_path / "x.parquet"), kind="text").records
    assert (record.reason, record.detail.partition(",")[0]) == ("wrong_type", "column 'meta': found bytes")
    assert read(parquet=str(tmp_path / "x.parquet"), kind="text", keep=[]).rows == [{"text": "a"}]


def test_parquet_files_share_a_schema_in_any_order(tmp_path: Path, read: Callable[..., Any]) -> None:
    pl.DataFrame({"text": ["a"], "n": [1], "x": [None]}).write_parquet(tmp_path / "a.parquet")
    pl.DataFrame({"n": [2], "text": ["b"], "x": ["known"]}).write_parquet(tmp_path / "b.parquet")
    assert [row["text"] for row in read(parquet=str(tmp_path / "*.parquet"), kind="text").rows] == ["a", "b"]


def test_a_parquet_file_of_another_schema_is_refused(tmp_path: Path, read: Callable[..., Any]) -> None:
    pl.DataFrame({"text": ["a"], "n": [1], "old": [1]}).write_parquet(tmp_path / "a.parquet")
    pl.DataFrame({"text": ["b"], "n": ["2"], "new": [1]}).write_parquet(tmp_path / "b.parquet")
    differences = "n: String, expected Int64; old: none, expected Int64; new: Int64, expected none"
    with pytest.raises(UserError, match=rf"b\.parquet has other columns than .*a\.parquet: {differences}"):
        read(parquet=str(tmp_path / "*.parquet"), kind="text")


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda content: content[: len(content) // 2], "is not a whole parquet file"),
        (lambda _: b"text\n", "is not a whole parquet file"),
        (lambda content: content[:4] + b"\0" * 200 + content[204:], "is damaged after row 0"),
    ],
    ids=["cut off", "another format", "corrupt"],
)
def test_a_damaged_parquet_file(
    tmp_path: Path, read: Callable[..., Any], harm: Callable[[bytes], bytes], message: str
) -> None:
    path = tmp_path / "x.parquet"
    pl.DataFrame({"text": [f"text {n}" for n in range(1000)]}).write_parquet(path)
    path.write_bytes(harm(path.read_bytes()))
    with pytest.raises(UserError, match=message):
        read(parquet=str(path), kind="text")


def test_a_parquet_file_without_rows(tmp_path: Path, read: Callable[..., Any]) -> None:
    pl.DataFrame({"text": pl.Series([], dtype=pl.String)}).write_parquet(tmp_path / "x.parquet")
    with pytest.raises(UserError, match="has no rows"):
        read(parquet=str(tmp_path / "x.parquet"), kind="text")
