"""The reader `wmt24pp` on rows of our own in the published layout."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from corpus.errors import UserError
from datagen.readers.names import open_reader
from datagen.readers.wmt24pp import TOWER_PLUS_TARGETS


def line(source: str, target: str, **more: Any) -> dict[str, Any]:
    told = {"lp": "en-de_DE", "domain": "news", "document_id": "d1", "segment_id": 3, "is_bad_source": False}
    return {**told, "source": source, "target": target, "original_target": target.lower(), **more}


def write(folder: Path, **files: list[Any]) -> Path:
    for name, rows in files.items():
        text = "".join((row if isinstance(row, str) else json.dumps(row, ensure_ascii=False)) + "\n" for row in rows)
        (folder / f"en-{name}.jsonl").write_text(text, "utf-8")
    return folder


def records(folder: Path, **options: Any) -> list[Any]:
    return list(open_reader({"wmt24pp": str(folder), **options}).records(Counter()))


def test_rows(tmp_path: Path) -> None:
    folder = write(tmp_path, de_DE=[line("A house.\u2028Yes.", "Ein Haus.")], zh_TW=[line("House", "房子")])
    first, second = records(folder)
    assert first.row == {
        "source": "A house.\u2028Yes.",
        "target": "Ein Haus.",
        "src_lang": "en",
        "tgt_lang": "de-DE",
        "doc_id": "d1",
        "segment": "3",
        "meta": {"domain": "news", "lp": "en-de_DE", "original_target": "ein haus."},
    }
    assert second.row["tgt_lang"] == "zh-Hant-TW"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (line("CANARY", "x", is_bad_source=True), "bad_source"),
        (line("A house.", " "), "no_texts"),
        ({"source": "A house."}, "no_texts"),
        (["no", "object"], "no_texts"),
        ("{broken", "broken_json"),
    ],
)
def test_what_is_set_aside(row: Any, reason: str, tmp_path: Path) -> None:
    folder = write(tmp_path, de_DE=[line("One.", "Eins."), row, line("Two.", "Zwei.")])
    assert [record.reason for record in records(folder)] == ["", reason, ""]


@pytest.mark.parametrize(
    ("targets", "names"),
    [
        ("all", ["en-de_DE.jsonl", "en-fr_CA.jsonl", "en-sw_KE.jsonl"]),
        (["fr_CA", "de_DE"], ["en-fr_CA.jsonl", "en-de_DE.jsonl"]),
    ],
)
def test_targets(targets: Any, names: list[str], tmp_path: Path) -> None:
    folder = write(tmp_path, de_DE=[line("a", "b")], fr_CA=[line("a", "b")], sw_KE=[line("a", "b")])
    (folder / "README.jsonl").write_text("{}\n")
    found = open_reader({"wmt24pp": str(folder), "targets": targets}).files()
    assert [Path(file).name for file in found] == names


@pytest.mark.parametrize("targets", ["tower_plus", ["is_IS"]])
def test_missing_targets(targets: Any, tmp_path: Path) -> None:
    folder = write(tmp_path, de_DE=[line("a", "b")])
    with pytest.raises(UserError, match=r"lacks en-\w+\.jsonl; it has de_DE"):
        open_reader({"wmt24pp": str(folder), "targets": targets}).files()


def test_no_files(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no files en-xx_YY"):
        open_reader({"wmt24pp": str(tmp_path)}).files()


def test_the_targets_of_tower_plus() -> None:
    assert len(set(TOWER_PLUS_TARGETS)) == 24
