"""Hub datasets, through local folders that `datasets` loads as it does the hub's."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from corpus.errors import UserError
from datagen.progress import Silent
from datagen.readers.names import open_reader
from datagen.recipe import load_recipe
from datagen.run import run


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
    assert reader.identity() == {"folder": "flores", "names": names}


@pytest.mark.parametrize("base", ["recipes", "."])
def test_a_local_folder_lies_beside_the_recipe_and_its_path_is_in_no_file(
    base: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the run is started from and where all of it lies makes no difference."""
    made = []
    for place in (tmp_path / "here", tmp_path / "there"):
        (place / "recipes").mkdir(parents=True)
        shutil.copytree(folder, place / "recipes" / "flores")
        recipe = place / "recipes" / "hub.yaml"
        read = "{hub: ./flores, kind: pair, columns: {source: translation.de, target: translation.yo}}"
        recipe.write_text(f"stages:\n  rows: {{read: {read}}}\n", encoding="utf-8")
        monkeypatch.chdir(place / "recipes" if base == "." else place)
        loaded = load_recipe(Path("hub.yaml") if base == "." else Path("recipes/hub.yaml"))
        made.append(run(loaded, place / "runs", until=None, workers=1, progress=Silent())["rows"])
    here, there = (dataset.manifest for dataset in made)
    assert (here.plan, here.content, here.options) == (there.plan, there.content, there.options)
    assert here.origins == {"flores": 2}
    assert str(tmp_path) not in (made[0].path / "manifest.json").read_text("utf-8")


def test_an_id_that_is_a_folders_name_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    with pytest.raises(UserError, match=r"a folder here is called so too.* Write \./flores"):
        open_reader({"hub": "flores", "kind": "pair"}).files()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"there is no folder .*none"):
        open_reader({"hub": str(tmp_path / "none"), "kind": "pair"}).files()


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
