"""`datasets.load_dataset(folder)` and polars open every dataset folder as it is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

import corpus
from corpus.card import card
from corpus.dataset import finish
from corpus.describe import tally
from corpus.manifest import Manifest
from corpus.schema import KINDS
from corpus.shards import aside_frame, conform, write_parquet

USER, ASSISTANT = {"role": "user", "content": "什么？"}, {"role": "assistant", "content": "لا شيء"}
TURNS = {"prompt": [USER], "references": ["eins", "zwei"], "verifiers": [{"name": "equal", "args": '{"a":1}'}]}
ROWS: dict[str, dict[str, Any]] = {
    "text": {"text": "Ein Text"},
    "pair": {"source": "Ein Text", "target": "نص", "src_lang": "de", "tgt_lang": "ar"},
    "prompt": {**TURNS, "source": "x", "doc_id": "d", "segment": "1"},
    "response": {**TURNS, "prompt_id": "p", "engine": "e", "sample": 0, "response": "r", "latency_s": 0.5},
    "sft": {"messages": [USER, ASSISTANT], "tgt_lang": "no"},
    "preference": {"prompt": [USER], "chosen": [ASSISTANT], "rejected": [{**ASSISTANT, "content": ""}]},
    "verifiable": TURNS,
}


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """`datasets.load_dataset` without a network and with a cache of its own, as a user calls it."""
    import datasets
    from datasets import config

    monkeypatch.setattr(config, "HF_HUB_OFFLINE", True)
    datasets.disable_progress_bars()
    yield lambda folder, **options: datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"), **options)
    datasets.enable_progress_bars()


def opened_by_both(load: Any, made: corpus.Dataset, split: str = "train") -> None:
    """Both libraries read the rows that are in the dataset's files."""
    rows = list(made.rows(split))
    assert load(made.path)[split].to_list() == rows
    assert pl.read_parquet(made.path / "data" / "*.parquet").height == len(made)


def test_every_kind_has_an_example() -> None:
    assert list(ROWS) == list(KINDS)


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_opens(kind: str, load: Any, tmp_path: Path) -> None:
    row = {**ROWS[kind], "origin": "own: #1 'x'", "license": "CC-BY-4.0", "meta": '{"n": 1}'}
    scores: dict[str, Any] = {"score_a": 0.5, "label_b": "x", "flag_c": True, "spans_d": "[]"}
    nothing: dict[str, Any] = dict.fromkeys(scores)
    made = corpus.write([{**row, **scores}, {**ROWS[kind], **nothing}], kind, tmp_path / "x", rows_per_shard=1)
    # What was set aside has other columns and lies beside.
    write_parquet(made.path / "aside" / "00000.parquet", aside_frame([{"reason": "empty", "line": 3}]))
    opened_by_both(load, made)


def test_splits_are_those_of_the_manifest(load: Any, tmp_path: Path) -> None:
    """File names tell nothing: a shard whose number is in no split's name, one with the word test in it."""
    made = _dataset(tmp_path / "test-set", {"train": [["a", "b"], ["c"]], "validation": [["d"]]})
    opened = load(made.path)
    assert {split: opened[split]["text"] for split in opened} == {"train": ["a", "b", "c"], "validation": ["d"]}
    opened_by_both(load, made, "validation")


def test_shards_without_rows_do_no_harm(load: Any, tmp_path: Path) -> None:
    made = _dataset(tmp_path / "x", {"train": [[], ["a"], [], ["b"], []]})
    opened_by_both(load, made)


def test_a_split_without_rows_is_left_out(load: Any, tmp_path: Path) -> None:
    """`datasets` loads no empty split; the other one must not suffer from it."""
    made = _dataset(tmp_path / "x", {"train": [["a"]], "validation": [[]]})
    assert list(load(made.path)) == ["train"]
    assert made.scan("validation").collect().height == 0
    opened_by_both(load, made)


def test_a_dataset_without_rows_opens_as_a_stream(load: Any, tmp_path: Path) -> None:
    """`datasets` cannot hold zero rows in a table of its own, but it can stream them."""
    made = corpus.write([], "pair", tmp_path / "x")
    assert list(load(made.path, split="train", streaming=True)) == []
    assert pl.read_parquet(made.path / "data" / "*.parquet").schema == made.scan().collect_schema()


@pytest.mark.parametrize("text", ["MIT", "other: see LICENSE", "# none", "'", '"', "no", "[a]", "ä\\n", "a\nb", "{x}"])
def test_any_licence_or_origin_makes_a_card(text: str, tmp_path: Path) -> None:
    made = corpus.write([{"text": "a", "license": text, "origin": text, "tgt_lang": "no"}], "text", tmp_path / "x")
    _, front, body = (made.path / "README.md").read_text("utf-8").split("---\n", 2)
    told = yaml.safe_load(front)
    assert told["license"] == text.lower()
    assert told["language"] == ["no"]
    table = [line for line in body.splitlines() if line.startswith("|")]
    assert all(line.count("|") - line.count("\\|") == 3 for line in table)


def test_the_card_says_what_the_rows_are(tmp_path: Path) -> None:
    rows = [ROWS["pair"] | {"license": licence} for licence in ("MIT", "CC0-1.0")]
    made = corpus.write(rows, "pair", tmp_path / "set")
    told = yaml.safe_load(card(made.manifest).split("---\n")[1])
    assert told["language"] == ["ar", "de"]
    assert told["size_categories"] == ["n<1K"]
    assert told["tags"] == ["towerkit", "pair"]
    assert "license" not in told  # two of them
    assert "| de>ar | 2 |" in card(made.manifest)


def _dataset(folder: Path, splits: dict[str, list[list[str]]]) -> corpus.Dataset:
    """A dataset of texts with the given shards in each split."""
    shards, tallies, names = [], [], {}
    for split, parts in splits.items():
        names[split] = [f"{len(shards) + n:05d}.parquet" for n in range(len(parts))]
        for name, texts in zip(names[split], parts, strict=True):
            frame = pl.DataFrame({"id": texts, "text": texts}, {"id": pl.String, "text": pl.String})
            shards.append(write_parquet(folder / "data" / name, conform(frame, "text")))
            tallies.append(tally(conform(frame, "text"), []))
    told = Manifest(kind="text", stage="mix", name="x", plan="", content="", shards=shards, splits=names, counts={})
    return finish(folder, told, tallies)
