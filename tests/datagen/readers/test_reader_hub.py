"""Hub datasets, through local folders that `datasets` loads as it does the hub's."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from corpus.errors import UserError
from datagen.readers.names import open_reader


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    folder = tmp_path / "flores"
    folder.mkdir()
    frame = pl.DataFrame({"translation": [{"de": "Hallo", "yo": "Ẹ n lẹ"}, {"de": "Danke", "yo": "E se"}], "n": [1, 2]})
    frame.write_parquet(folder / "train-00000-of-00001.parquet")
    frame.head(1).write_parquet(folder / "test-00000-of-00001.parquet")
    (folder / ".hidden").write_text("x")
    return folder


COLUMNS = {"source": "translation.de", "target": "translation.yo"}


def test_rows_of_a_split(folder: Path, read: Callable[..., Any]) -> None:
    reading = read(hub=str(folder), kind="pair", columns=COLUMNS)
    assert reading.rows == [
        {"source": "Hallo", "target": "Ẹ n lẹ", "meta": {"n": 1}},
        {"source": "Danke", "target": "E se", "meta": {"n": 2}},
    ]
    assert len(read(hub=str(folder), split="test", kind="pair", columns=COLUMNS).rows) == 1


def test_a_local_folder_is_its_files(folder: Path) -> None:
    reader = open_reader({"hub": str(folder), "kind": "pair"})
    names = ["test-00000-of-00001.parquet", "train-00000-of-00001.parquet"]
    assert reader.files() == [str(folder / name) for name in names]
    assert reader.identity() == {}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "dev"}, "(?i)split"),
        ({"config": "yor"}, "yor"),
        ({"columns": {"source": "translaton.de"}}, "no column 'translaton.de'"),
    ],
)
def test_what_is_not_there(folder: Path, read: Callable[..., Any], options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        read(**{"hub": str(folder), "kind": "pair", "columns": COLUMNS, **options})


def test_a_whole_commit_needs_no_network() -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    reader = open_reader({"hub": "some-name/some-set", "kind": "pair", "revision": commit})
    assert (reader.identity(), reader.files()) == ({"commit": commit}, [])


def test_an_id_that_the_hub_cannot_have() -> None:
    with pytest.raises(UserError, match=r"the hub cannot be asked for the commit of no such set.* \./no such set"):
        open_reader({"hub": "no such set", "kind": "pair"}).identity()


def test_json_lines_in_a_folder(tmp_path: Path, read: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    (tmp_path / "set").mkdir()
    messages = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    (tmp_path / "set" / "train.jsonl").write_text(json.dumps({"messages": messages}) + "\n")
    assert read(hub=str(tmp_path / "set"), kind="sft").rows == [{"messages": messages}]
