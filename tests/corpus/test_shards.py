"""Shards: the same bytes for the same rows, and files that are whole or not there."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.cut import cut, cut_groups
from corpus.hashing import file_sha256
from corpus.shards import ASIDE, aside_frame, replacing, shard_name, write_parquet

TEXTS = ["", "a", "äöü", "中文句子", "שלום עולם", "e\u0301", "x" * 2000, None]
FRAME = pl.DataFrame(
    {
        "text": [TEXTS[n % len(TEXTS)] for n in range(200)],
        "turns": [[{"role": "user", "content": TEXTS[n % 5]}] * (n % 4) for n in range(200)],
        "score_a": [None if n % 3 == 0 else n / 7 for n in range(200)],
        "flag_b": [None if n % 5 == 0 else n % 2 == 0 for n in range(200)],
        "sample": range(200),
    }
)


def sha256(frame: pl.DataFrame, folder: Path) -> str:
    return write_parquet(folder / "x.parquet", frame).sha256


@settings(max_examples=40)
@given(cuts=st.lists(st.integers(0, 200), max_size=6))
def test_how_a_frame_was_put_together_does_not_show(cuts: list[int], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp()
    edges = [0, *sorted(cuts), 200]
    pieces = [FRAME.slice(start, end - start) for start, end in pairwise(edges)]
    assert sha256(pl.concat(pieces, rechunk=False), folder) == sha256(FRAME, folder)


@settings(max_examples=30)
@given(start=st.integers(0, 199), size=st.integers(1, 200))
def test_a_slice_is_as_good_as_a_frame_of_its_own(
    start: int, size: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp()
    taken = FRAME.slice(start, size)
    fresh = pl.DataFrame(taken.to_dicts(), schema=taken.schema)
    assert sha256(taken, folder) == sha256(fresh, folder)
    assert sha256(FRAME.filter(pl.col("sample").is_between(start, start + size - 1)), folder) == sha256(fresh, folder)


def test_reading_and_writing_again_gives_the_same_file(tmp_path: Path) -> None:
    first = sha256(FRAME, tmp_path)
    assert sha256(pl.read_parquet(tmp_path / "x.parquet"), tmp_path) == first


def test_threads_do_not_show(tmp_path: Path) -> None:
    """A shard of several row groups, written by one thread and by seven."""
    code = (
        "import sys, polars as pl, pathlib; from corpus.shards import write_parquet;"
        "frame = pl.DataFrame({'n': range(25_000)}).with_columns(t=pl.format('text {} ü', 'n'));"
        "print(write_parquet(pathlib.Path(sys.argv[1]) / 'x.parquet', frame).sha256)"
    )
    found = set()
    for threads in ("1", "7"):
        environment = {**os.environ, "POLARS_MAX_THREADS": threads}
        command = [sys.executable, "-c", code, str(tmp_path)]
        found.add(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)
    assert len(found) == 1


def test_a_shard_says_what_it_is(tmp_path: Path) -> None:
    shard = write_parquet(tmp_path / "data" / "00000.parquet", FRAME)
    assert (shard.name, shard.rows) == ("00000.parquet", 200)
    assert shard.bytes == (tmp_path / "data" / "00000.parquet").stat().st_size
    assert shard.sha256 == file_sha256(tmp_path / "data" / "00000.parquet")


@pytest.mark.parametrize(("index", "name"), [(0, "00000.parquet"), (12, "00012.parquet"), (100_000, "100000.parquet")])
def test_shard_names(index: int, name: str) -> None:
    assert shard_name(index) == name


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "x.json"
    with replacing(path) as handle:
        handle.write(b"old")
        assert not path.exists()
    with replacing(path) as handle:
        handle.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert [file.name for file in path.parent.iterdir()] == ["x.json"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_failure_leaves_the_old_file_and_nothing_else(error: type[BaseException], tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(b"old")

    def fail() -> None:
        with replacing(path) as handle:
            handle.write(b"half")
            raise error

    with pytest.raises(error):
        fail()
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["x.json"]


def test_rows_set_aside_have_the_same_columns_always() -> None:
    assert dict(aside_frame([]).schema) == ASIDE
    row = {"reason": "broken_json", "file": "a.jsonl", "line": 3}
    assert aside_frame([row]).row(0, named=True) == {**dict.fromkeys(ASIDE), **row}


@given(sizes=st.lists(st.integers(0, 12), min_size=1, max_size=6), size=st.integers(1, 10))
def test_cut_is_by_rows_alone(sizes: list[int], size: int) -> None:
    total = sum(sizes)
    whole = pl.DataFrame({"n": range(total)}, schema={"n": pl.Int64})
    edges = [sum(sizes[:n]) for n in range(len(sizes) + 1)]
    frames = [whole.slice(start, end - start) for start, end in pairwise(edges)]
    shards = list(cut(frames, size))
    assert pl.concat(shards).equals(whole)
    assert [shard.height for shard in shards[:-1]] == [size] * (len(shards) - 1)
    # Without any row there is one empty shard, so that columns and types are known.
    assert (0 if total == 0 else 1) <= shards[-1].height <= size


@given(keys=st.lists(st.sampled_from("abcdefgh"), max_size=30), size=st.integers(1, 4))
def test_cut_groups_keeps_groups_together_in_order_of_appearance(keys: list[str], size: int) -> None:
    frame = pl.DataFrame({"key": keys, "n": range(len(keys))}, schema={"key": pl.String, "n": pl.Int64})
    shards = list(cut_groups(frame, "key", size))
    order = list(dict.fromkeys(keys))
    assert [key for shard in shards for key in shard["key"].unique(maintain_order=True)] == order
    assert [shard["key"].n_unique() for shard in shards[:-1]] == [size] * (len(shards) - 1)
    for shard in shards:
        for (key,), group in shard.group_by("key", maintain_order=True):
            assert group["n"].to_list() == [n for n, other in enumerate(keys) if other == key]


def test_threads_that_replace_one_file_leave_one_of_their_texts_whole(tmp_path: Path) -> None:
    file = tmp_path / "known.json"
    texts = [str(number).encode() * 100_000 for number in range(8)]

    def write(text: bytes) -> None:
        with replacing(file) as handle:
            handle.write(text)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, texts * 10))
    assert file.read_bytes() in texts
    assert [path.name for path in tmp_path.iterdir()] == ["known.json"]
