"""Folders of WMT system outputs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from corpus.errors import UserError
from datagen.readers.names import open_reader

FILES = {
    "sources/generaltest2022.en-ja.src.en": "One\nTwo\n",
    "references/generaltest2022.en-ja.ref.B.ja": "一\n二\n",
    "references/generaltest2022.en-ja.ref.A.ja": "いち\nに\n",
    "system-outputs/generaltest2022.en-ja.hyp.Online-B.ja": "ひとつ\nふたつ\n",
    "system-outputs/generaltest2022.en-ja.hyp.Lan-Bridge.v2.ja": "1つ\n2つ\n",
    "sources/generaltest2022.de-fr.src.de": "Eins\n",
    "references/generaltest2022.de-fr.ref.A.fr": "Un\n",
    "sources/biotest2022.de-fr.src.de": "Zelle\n",
    "system-outputs/biotest2022.de-fr.hyp.Online-A.fr": "Cellule\n",
    "sources/README.md": "no test set",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        path = tmp_path / "wmt22" / "txt" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return tmp_path / "wmt22"


def test_answers_to_one_segment_stand_together(folder: Path, read: Callable[..., Any]) -> None:
    reading = read(wmt=str(folder), pairs=["en-ja"])
    assert [(row["segment"], row["engine"], row["response"]) for row in reading.rows] == [
        ("1", "Lan-Bridge.v2", "1つ"),
        ("1", "Online-B", "ひとつ"),
        ("2", "Lan-Bridge.v2", "2つ"),
        ("2", "Online-B", "ふたつ"),
    ]
    assert reading.rows[0] == {
        "source": "One",
        "references": ["いち", "一"],
        "engine": "Lan-Bridge.v2",
        "response": "1つ",
        "segment": "1",
        "src_lang": "en",
        "tgt_lang": "ja",
        "origin": "wmt22/en-ja",
        "meta": {"test_set": "generaltest2022", "references": ["A", "B"]},
    }
    assert reading.records[0].file == "txt/system-outputs/generaltest2022.en-ja.hyp.Lan-Bridge.v2.ja"


def test_by_default_every_pair_with_outputs(folder: Path, read: Callable[..., Any]) -> None:
    rows = read(wmt=str(folder), origin="mine").rows
    assert [(row["src_lang"], row["origin"]) for row in rows] == [("de", "mine")] + [("en", "mine")] * 4
    assert rows[0]["references"] == []


def test_references_may_be_answers(folder: Path, read: Callable[..., Any]) -> None:
    rows = read(wmt=str(folder), pairs=["en-ja"], references_as_candidates=True).rows
    humans = {row["engine"]: row for row in rows if row["segment"] == "1" and row["engine"] in ("A", "B")}
    assert (humans["A"]["response"], humans["A"]["references"]) == ("いち", ["一"])
    assert len(rows) == 8


def test_names_are_part_of_the_plan(folder: Path) -> None:
    reader = open_reader({"wmt": str(folder), "pairs": ["de-fr"]})
    names = ["txt/sources/biotest2022.de-fr.src.de", "txt/system-outputs/biotest2022.de-fr.hyp.Online-A.fr"]
    assert reader.identity() == {"folder": "wmt22", "names": names}
    assert reader.files() == [str(folder / name) for name in names]
    assert reader.row_kind() == "response"


@pytest.mark.parametrize(
    ("name", "content", "aside"),
    [
        ("sources/generaltest2022.en-ja.src.en", b"One\n\xff\n", [(2, "invalid_utf8")] * 2),
        ("references/generaltest2022.en-ja.ref.A.ja", b"\0\nni\n", [(1, "nul_byte")] * 2),
        ("system-outputs/generaltest2022.en-ja.hyp.Online-B.ja", b"a\r\nb\n", [(1, "carriage_return")]),
        ("system-outputs/generaltest2022.en-ja.hyp.Online-B.ja", b"\xef\xbb\xbfa\nb\n", [(1, "byte_order_mark")]),
    ],
)
def test_a_bad_line_takes_along_what_depends_on_it(
    folder: Path, read: Callable[..., Any], name: str, content: bytes, aside: list[tuple[int, str]]
) -> None:
    (folder / "txt" / name).write_bytes(content)
    reading = read(wmt=str(folder), pairs=["en-ja"])
    assert reading.aside == aside
    assert len(reading.records) == 4
    assert {record.file for record in reading.records if record.row is None} == {f"txt/{name}"}


def test_an_output_of_another_length_stops(folder: Path, read: Callable[..., Any]) -> None:
    (folder / "txt/system-outputs/generaltest2022.en-ja.hyp.Online-B.ja").write_text("a\n")
    with pytest.raises(UserError, match=r"(?s) 2 .*src\.en.* 1 .*Online-B"):
        read(wmt=str(folder))


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (
            ["en-jp"],
            r"no system outputs for 'en-jp'. Did you mean 'en-ja'\? It has: de-fr \(1 systems\), en-ja \(2 systems\)",
        ),
        ([], "has no file of the form SET.PAIR.hyp.SYSTEM.LANG"),
    ],
)
def test_pairs_that_are_not_there(folder: Path, pairs: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        open_reader({"wmt": str(folder), "pairs": pairs}).files()


def test_other_folders(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(UserError, match="has no folder txt/sources"):
        open_reader({"wmt": str(tmp_path)}).files()
    (folder / "txt/sources/generaltest2022.en-ja.src.en").unlink()
    with pytest.raises(UserError, match=r"no source generaltest2022\.en-ja"):
        open_reader({"wmt": str(folder)}).files()


def test_real_outputs(shared_data: Path, read: Callable[..., Any]) -> None:
    reading = read(wmt=str(shared_data / "wmt23_news"), pairs=["de-en"])
    assert (len(reading.rows), reading.aside) == (13 * 549, [])
    assert len({(row["segment"], row["engine"]) for row in reading.rows}) == 13 * 549
