"""A stage of a run by its name, wherever a dataset is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import corpus
from corpus.current import CURRENT
from corpus.errors import Failure, UserError


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    corpus.write([{"text": "eins", "tgt_lang": "de"}], "text", folder / "texts-11111111")
    corpus.write([{"text": "δύο", "tgt_lang": "el"}], "text", folder / "texts-22222222")
    (folder / CURRENT).write_text(json.dumps({"texts": "texts-22222222"}), "utf-8")
    return folder


def test_a_stage_stands_for_its_newest_dataset_and_a_folder_for_itself(run: Path) -> None:
    assert [row["text"] for row in corpus.open(run / "texts").rows()] == ["δύο"]
    assert [row["text"] for row in corpus.open(run / "texts-11111111").rows()] == ["eins"]


def test_a_stage_that_was_not_made_is_told_with_the_nearest_name(run: Path) -> None:
    with pytest.raises(UserError, match=r"has made no stage 'text'\. Did you mean 'texts'\?"):
        corpus.open(run / "text")


def test_a_damaged_file_of_stages_says_what_to_do(run: Path) -> None:
    (run / CURRENT).write_text('{"texts":', "utf-8")
    with pytest.raises(Failure, match="Remove it"):
        corpus.open(run / "texts")
