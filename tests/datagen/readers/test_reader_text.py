"""Plain text: aligned files by language, and single ones."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from corpus.errors import UserError
from datagen.readers.names import open_reader


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "x.de").write_text("Guten Tag\nDanke\n")
    (tmp_path / "x.zh").write_text("你好\n谢谢\n")
    (tmp_path / "docs").write_text("d1\nd1\n")
    return tmp_path


def test_pairs_go_from_the_first_language_to_the_second(folder: Path, read: Callable[..., Any]) -> None:
    reading = read(text={"zh": f"{folder}/x.zh", "de": f"{folder}/x.de"})
    assert reading.rows == [
        {"source": "你好", "target": "Guten Tag", "src_lang": "zh", "tgt_lang": "de", "segment": "1"},
        {"source": "谢谢", "target": "Danke", "src_lang": "zh", "tgt_lang": "de", "segment": "2"},
    ]


def test_one_language_makes_texts(folder: Path, read: Callable[..., Any]) -> None:
    reading = read(text={"de": f"{folder}/x.de"}, doc_ids=f"{folder}/docs")
    assert reading.rows == [
        {"text": "Guten Tag", "tgt_lang": "de", "doc_id": "d1"},
        {"text": "Danke", "tgt_lang": "de", "doc_id": "d1"},
    ]


def test_a_blank_line_names_no_document(folder: Path, read: Callable[..., Any]) -> None:
    (folder / "docs").write_text("d1\n \n")
    assert [row["doc_id"] for row in read(text={"de": f"{folder}/x.de"}, doc_ids=f"{folder}/docs").rows] == ["d1", None]


@pytest.mark.parametrize(("languages", "kind"), [(("de",), "text"), (("de", "zh"), "pair")])
def test_the_kind_and_the_languages_are_known_without_reading(languages: tuple[str, ...], kind: str) -> None:
    reader = open_reader({"text": dict.fromkeys(languages, "no-such-file")})
    assert reader.row_kind() == kind
    assert reader.identity() == {"languages": list(languages)}


def test_several_files_are_aligned_one_by_one(folder: Path, read: Callable[..., Any]) -> None:
    (folder / "y.de.gz").write_bytes(gzip.compress(b"Bitte\n"))
    (folder / "y.zh").write_text("不客气\n")
    text = {"de": [f"{folder}/x.de", f"{folder}/y.de.gz"], "zh": f"{folder}/*.zh"}
    assert [row["segment"] for row in read(text=text).rows] == ["1", "2", "1"]
    assert open_reader({"text": text}).files() == [f"{folder}/{name}" for name in ("x.de", "y.de.gz", "x.zh", "y.zh")]


def test_a_bad_line_on_either_side_sets_the_segment_aside(folder: Path, read: Callable[..., Any]) -> None:
    (folder / "x.zh").write_bytes("你好\n".encode() + b"\xff\n")
    reading = read(text={"de": f"{folder}/x.de", "zh": f"{folder}/x.zh"})
    assert reading.aside == [(2, "invalid_utf8")]
    assert reading.records[1].file == f"{folder}/x.zh"


def test_repairs_are_counted_over_all_files(folder: Path, read: Callable[..., Any]) -> None:
    (folder / "x.de").write_text("\ufeffe\u0301\r\nDanke\r\n", newline="")
    reading = read(
        text={"de": f"{folder}/x.de", "zh": f"{folder}/x.zh"}, normalize=["nfc", "line_ends", "byte_order_mark"]
    )
    assert [row["source"] for row in reading.rows] == ["\u00e9", "Danke"]
    assert reading.counts == {"normalized:byte_order_mark": 1, "normalized:line_ends": 2, "normalized:nfc": 1}


def test_files_of_different_length_stop(folder: Path, read: Callable[..., Any]) -> None:
    (folder / "x.zh").write_text("你好\n谢谢\n不客气\n")
    with pytest.raises(UserError, match=r"(?s) 2 .*x\.de.* 3 .*x\.zh"):
        read(text={"de": f"{folder}/x.de", "zh": f"{folder}/x.zh"}, max_bad=1)


def test_different_numbers_of_files_stop(folder: Path) -> None:
    (folder / "y.de").write_text("Bitte\n")
    with pytest.raises(UserError, match=r"equally many: de: 2 .*; zh: 1 "):
        open_reader({"text": {"de": f"{folder}/*.de", "zh": f"{folder}/x.zh"}}).files()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"text": {"de": "a", "en": "b", "fr": "c"}}, "found 3 languages .* in a stage of its own"),
        ({"text": {}}, "found 0 languages"),
        ({"text": "a"}, "text: found 'a', expected a mapping"),
        ({"text": {"de": "a"}, "src_lang": "de"}, "the keys of `text` name the languages"),
        ({"text": {"de": "a"}, "columns": {"text": "x"}}, "unknown option 'columns'"),
    ],
)
def test_wrong_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        open_reader(options)


def test_real_files_with_crlf(shared_data: Path, read: Callable[..., Any]) -> None:
    text = {code: str(shared_data / f"ntrex128/newstest2019-ref.{code}.txt") for code in ("fin", "tha")}
    reading = read(text=text, normalize=["line_ends"])
    assert not reading.aside
    assert reading.counts == {"normalized:line_ends": 2 * len(reading.rows)}
