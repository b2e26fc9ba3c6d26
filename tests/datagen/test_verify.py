"""`verify` finds whatever was changed after a dataset was made, and says what it is."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import corpus
from corpus.errors import UserError
from corpus.hashing import file_sha256
from corpus.manifest import content_hash, read_manifest, write_manifest
from datagen.verify import verify

ANSWERS = [
    {
        "prompt": [{"role": "user", "content": f"q{n}"}], "prompt_id": f"p{n}", "engine": engine, "sample": 0,
        "response": f"{engine} {n}" if n else "", "score_x": float(n), "license": "MIT", "tgt_lang": "de",
    }
    for n in range(6) for engine in "ab"
]  # fmt: skip
STAGES = "kept: {select: {filters: [empty, {threshold: {column: score_x, min: 2}}]}}"

Rows = Callable[[pl.DataFrame], pl.DataFrame]


@pytest.fixture
def kept(stages: Any) -> Path:
    """A selection of answers: two shards, four rows set aside."""
    folder: Path = stages(ANSWERS, "response", STAGES, rows_per_shard=3)["kept"].path
    return folder


def failing(folder: Path) -> list[str]:
    return [check.what for check in verify(folder) if check.problem]


def rewrite(folder: Path, change: Rows, name: str = "00000.parquet") -> None:
    """Change a shard's rows and make the manifest tell its new checksum, as a careful forger would."""
    path = folder / "data" / name
    change(pl.read_parquet(path)).write_parquet(path)
    manifest = read_manifest(folder)
    told = {"bytes": path.stat().st_size, "sha256": file_sha256(path), "rows": pl.read_parquet(path).height}
    shards = [shard.model_copy(update=told) if shard.name == name else shard for shard in manifest.shards]
    write_manifest(folder, manifest.model_copy(update={"shards": shards, "content": content_hash(shards)}))


def test_a_dataset_as_it_was_made(kept: Path) -> None:
    checks = list(verify(kept))
    assert [check.problem for check in checks] == [""] * len(checks)
    assert len(checks) > 10


FILES: list[tuple[Callable[[Path], Any], str]] = [
    (lambda folder: (folder / "data/00001.parquet").unlink(), "every shard is there"),
    (lambda folder: (folder / "data/00000.parquet").write_bytes(b"PAR1"), "every shard is there"),
    (lambda folder: (folder / "data/00009.parquet").write_bytes(b""), "every shard is there"),
]


@pytest.mark.parametrize(("damage", "what"), FILES, ids=["missing", "cut off", "one too many"])
def test_files_that_are_not_those_written(damage: Callable[[Path], Any], what: str, kept: Path) -> None:
    damage(kept)
    assert failing(kept)[0].startswith(what)


def test_one_flipped_bit(kept: Path) -> None:
    path = kept / "data/00000.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert failing(kept)[0].startswith("every shard is there")


MANIFEST: list[tuple[str, Any, str]] = [
    ("content", "0" * 64, "content is the hash"),
    ("shards.0.rows", 4, "every shard has as many rows"),
    ("splits", {"train": ["00000.parquet"]}, "splits name each shard once"),
    ("counts.rows", 7, "rows counted = rows in shards"),
    ("counts.in", 99, "law of select"),
    ("counts.dropped", {"empty": 3, "threshold:score_x": 1}, "rows set aside are those counted"),
    ("languages", {"de": 7}, "tables and histograms"),
    ("licenses", {"CC0-1.0": 8}, "tables and histograms"),
    ("scores.score_x.mean", 1.0, "tables and histograms"),
    ("inputs.0.content", "f" * 64, "inputs that are there"),
    ("kind", "prompt", "columns and types"),
]


@pytest.mark.parametrize(("key", "value", "what"), MANIFEST, ids=[key for key, *_ in MANIFEST])
def test_a_manifest_that_says_something_else(key: str, value: Any, what: str, kept: Path) -> None:
    path = kept / "manifest.json"
    manifest = json.loads(path.read_bytes())
    *around, last = key.split(".")
    inner: Any = manifest
    for part in around:
        inner = inner[int(part) if part.isdigit() else part]
    inner[last] = value
    path.write_text(json.dumps(manifest))
    assert any(what in one for one in failing(kept)), failing(kept)


ROWS: list[tuple[Rows, str]] = [
    (lambda frame: frame.with_columns(engine=pl.lit("c")), "every id is the hash of its row"),
    (lambda frame: frame.with_columns(id=pl.lit("0" * 32)), "every id is the hash of its row"),
    (lambda frame: frame.with_columns(response=pl.lit(None, pl.String)), "required columns are filled"),
    (lambda frame: frame.drop("meta"), "columns and types"),
    (lambda frame: frame.with_columns(meta=pl.lit("[1]")), "meta holds JSON objects"),
    (lambda frame: frame.with_columns(pl.col("prompt").list.head(0)), "messages are chats"),
    (lambda frame: frame.with_columns(sample=pl.col("sample").cast(pl.Int32)), "columns and types"),
    (lambda frame: frame.with_columns(extra=pl.lit(1)), "columns and types"),
    (lambda frame: frame.head(1), "law of select"),
    (lambda frame: frame.with_columns(score_x=pl.lit(9.0)), "tables and histograms"),
]


@pytest.mark.parametrize(("change", "what"), ROWS)
def test_rows_that_are_not_what_they_say(change: Rows, what: str, kept: Path) -> None:
    rewrite(kept, change)
    assert any(what in one for one in failing(kept)), failing(kept)


def test_a_group_in_two_shards(kept: Path) -> None:
    other = pl.read_parquet(kept / "data/00001.parquet")
    rewrite(kept, lambda frame: pl.concat([frame.head(frame.height - 1), other.head(1)]))
    assert "rows of one prompt_id lie in one shard" in failing(kept)


def test_rows_set_aside_that_are_gone(kept: Path) -> None:
    for path in (kept / "aside").glob("*.parquet"):
        path.unlink()
    assert failing(kept) == ["rows set aside are those counted, by reason"]


def test_an_input_that_was_changed(kept: Path) -> None:
    manifest = read_manifest(kept)
    source = (kept / manifest.inputs[0].path).resolve()
    write_manifest(source, read_manifest(source).model_copy(update={"content": "0" * 64}))
    assert any(one.startswith("inputs that are there") for one in failing(kept))


def test_repeats_that_were_not_counted(tmp_path: Path, recipe: Any, go: Any) -> None:
    (tmp_path / "x.jsonl").write_text('{"text": "a"}\n{"text": "b"}\n{"text": "a"}\n')
    folder = go(recipe("rows: {read: {jsonl: x.jsonl, kind: text}}"))["rows"].path
    assert failing(folder) == []
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace('"repeated": 1', '"repeated": 0'))
    assert failing(folder) == ["repeated rows are those counted"]


def test_what_corpus_write_makes_verifies_too(tmp_path: Path) -> None:
    assert failing(corpus.write([{"text": "a"}], "text", tmp_path / "x").path) == []


def test_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not a dataset"):
        list(verify(tmp_path))


def test_the_command_says_what_failed_and_exits_with_one(kept: Path, command: Any) -> None:
    good = command("verify", kept)
    assert (good.code, "FAIL" in good.out) == (0, False)
    (kept / "data/00000.parquet").unlink()
    bad = command("verify", kept)
    assert bad.code == 1
    assert "FAIL  every shard is there with its size and sha256: data/00000.parquet is missing" in bad.out
    assert "do not use this dataset" in bad.err
