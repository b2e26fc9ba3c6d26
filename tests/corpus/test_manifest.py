"""Manifests: what is said when there is none, or one that cannot be trusted; and what is equal about two of them."""

import json
from pathlib import Path
from typing import Any

import pytest

import corpus
from corpus.errors import UserError
from corpus.manifest import FILE, Score, content_hash, read_manifest, write_manifest
from corpus.shards import Shard

ROWS = [{"text": "eins", "tgt_lang": "de"}, {"text": "одно", "tgt_lang": "ru"}, {"text": "둘"}]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return corpus.write(ROWS, "text", tmp_path / "numbers").path


def test_writing_and_reading_give_the_same_manifest(folder: Path) -> None:
    manifest = read_manifest(folder)
    text = (folder / FILE).read_bytes()
    write_manifest(folder, manifest)
    assert (folder / FILE).read_bytes() == text
    assert read_manifest(folder) == manifest


def test_a_manifest_counts_its_rows(folder: Path) -> None:
    manifest = read_manifest(folder)
    assert manifest.rows == 3
    assert manifest.languages == {"de": 1, "ru": 1, "und": 1}
    assert manifest.licenses == {"unknown": 3}
    assert manifest.models == {}


def test_scores_are_spread_over_a_histogram(tmp_path: Path) -> None:
    values = [None, 1.0, 3.0, 2.0, 2.0, None]
    rows = [{"text": str(n), "score_a": value, "label_b": "x"} for n, value in enumerate(values)]
    told = corpus.write(rows, "text", tmp_path / "x", scores={"score_a": Score(higher_is_better=False)}).manifest.scores
    score = told["score_a"]
    assert (score.scored, score.unjudged, score.mean, score.higher_is_better) == (4, 2, 2.0, False)
    assert score.histogram is not None
    assert (score.histogram.low, score.histogram.high, sum(score.histogram.counts)) == (1.0, 3.0, 4)
    assert (told["label_b"].scored, told["label_b"].histogram) == (6, None)


_UNIT = 2.0**-53


@pytest.mark.parametrize(
    ("values", "extent", "bins"),
    [
        ([0.0, 39.9, 1.0, 40.0], (0.0, 40.0), {0: 1, 1: 1, 39: 2}),
        ([1.0, 1.0], (1.0, 2.0), {0: 2}),
        ([-3.0, -3.0], (-3.0, 0.0), {0: 2}),
        ([1 - 20 * _UNIT, 1 + 40 * _UNIT], (1 - 20 * _UNIT, 2 - 20 * _UNIT), {0: 2}),  # fewer floats between than edges
        ([0.0, 5e-324], (0.0, 1.0), {0: 2}),
        ([-1e300, 1e300], (-1e300, 1e300), {0: 1, 39: 1}),
        ([-1.7e308, 1.7e308], None, {}),  # no float is their distance
        ([1e308, 1e308], None, {}),
        ([-1.7e308], (-1.7e308, 0.0), {0: 1}),
    ],
)
def test_every_finite_value_lies_in_a_bin(
    values: list[float], extent: tuple[float, float] | None, bins: dict[int, int], tmp_path: Path
) -> None:
    rows = [{"text": str(n), "score_a": value} for n, value in enumerate(values)]
    scores = {"score_a": Score(higher_is_better=True)}
    found = corpus.write(rows, "text", tmp_path / "x", scores=scores, rows_per_shard=1).manifest.scores["score_a"]
    if extent is None:
        assert found.histogram is None
        return
    assert found.histogram is not None
    assert (found.histogram.low, found.histogram.high) == extent
    assert {place: count for place, count in enumerate(found.histogram.counts) if count} == bins


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda raw: raw | {"schema_version": 2}, ["schema_version 2", "reads 1", "Make the dataset anew"]),
        (lambda raw: raw | {"schema_version": None}, ["schema_version None"]),
        (lambda raw: {k: v for k, v in raw.items() if k != "schema_version"}, ["schema_version None"]),
        (lambda raw: {k: v for k, v in raw.items() if k != "shards"}, ["damaged", "shards", "required"]),
        (lambda raw: raw | {"shards": "none"}, ["damaged", "shards"]),
        (lambda raw: raw | {"colour": "red"}, ["damaged", "colour"]),
        (lambda raw: [raw], ["damaged"]),
    ],
)
def test_a_manifest_that_cannot_be_trusted(damage: Any, words: list[str], folder: Path) -> None:
    path = folder / FILE
    path.write_text(json.dumps(damage(json.loads(path.read_text()))))
    with pytest.raises(UserError) as error:
        corpus.open(folder)
    assert [word for word in [str(path), *words] if word not in str(error.value)] == []


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'"text"', b"null"])
def test_a_manifest_that_is_none(content: bytes, folder: Path) -> None:
    (folder / FILE).write_bytes(content)
    with pytest.raises(UserError, match="damaged"):
        corpus.open(folder)


@pytest.mark.parametrize(("make", "words"), [(True, "it has no manifest.json"), (False, "there is no such folder")])
def test_a_folder_without_a_manifest_is_no_dataset(make: bool, words: str, tmp_path: Path) -> None:
    if make:
        (tmp_path / "x" / "data").mkdir(parents=True)
    with pytest.raises(UserError, match=words):
        corpus.open(tmp_path / "x")


def test_content_is_what_the_rows_are_and_nothing_else(tmp_path: Path) -> None:
    one = corpus.write(ROWS, "text", tmp_path / "a").manifest
    other = corpus.write(iter(ROWS), "text", tmp_path / "b").manifest
    changed = corpus.write([*ROWS[:2], {"text": "drei"}], "text", tmp_path / "c").manifest
    assert one.content == other.content != changed.content


def test_content_takes_in_names_and_checksums() -> None:
    shards = [Shard(name=f"0000{n}.parquet", rows=n, bytes=n, sha256=f"{n}") for n in range(3)]
    renamed = [shard.model_copy(update={"name": "x"}) for shard in shards]
    changed = [shard.model_copy(update={"sha256": "x"}) for shard in shards]
    hashes = [content_hash(some) for some in (shards, shards[::-1], shards[:2], renamed, changed)]
    assert len(set(hashes)) == 5
