"""How stages are carried out: what is finished stays finished, and what a stage needs on its way is cleared away."""

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import corpus
import datagen.stages
import datagen.stages.mix
from corpus import laws
from corpus.errors import UserError
from corpus.filehash import CACHE
from corpus.hashing import row_ids
from datagen.filehash import file_hashes, versions
from datagen.locks import locked
from datagen.progress import Silent
from datagen.recipe import load_recipe
from datagen.run import run
from datagen.stages.base import Context, Header, Result, ShardStage, add_counts, no_rows_aside, only
from datagen.tokens import row_texts


class Shout(ShardStage):
    """Raises letters; dies at a shard when it is told to."""

    native: ClassVar[bool] = True
    dies_at: ClassVar[str] = ""
    error: ClassVar[Exception] = RuntimeError("the disk is full")
    made: ClassVar[list[str]] = []
    lock: ClassVar[Any] = threading.Lock()

    def header(self, inputs: Sequence[Header], name: str) -> Header:
        del name
        return only(inputs, "shout", ["text"])

    def run(self, frame: pl.DataFrame, piece: str, context: Context) -> Result:
        del context
        if piece == self.dies_at:
            raise self.error
        with self.lock:
            self.made.append(piece)
        raised = frame.with_columns(pl.col("text").str.to_uppercase())
        rows = raised.with_columns(row_ids("text", raised))
        return Result(rows, no_rows_aside(), {"in": frame.height, "rows": frame.height})


@pytest.fixture
def shout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recipe of twelve shards that are shouted."""
    monkeypatch.setitem(datagen.stages.STAGES, "shout", Shout)
    monkeypatch.setitem(laws.LAWS, "shout", laws.LAWS["score"])
    monkeypatch.setattr(Shout, "made", [])
    corpus.write(({"text": f"text {n}"} for n in range(24)), "text", tmp_path / "texts", rows_per_shard=2)
    path = tmp_path / "shout.yaml"
    path.write_text("stages:\n  texts: {read: {dataset: texts}}\n  loud: {shout: }\n", "utf-8")
    return path


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("error", [RuntimeError("the disk is full"), UserError("no such model"), KeyboardInterrupt()])
def test_finished_shards_are_not_made_again(
    workers: int, error: Exception, shout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Shout, "dies_at", "00007.parquet")
    monkeypatch.setattr(Shout, "error", error)
    with pytest.raises(type(error)):
        run(load_recipe(shout), tmp_path / "runs", until=None, workers=workers, progress=Silent())
    before = list(Shout.made)
    assert "00007.parquet" not in before
    (folder,) = (tmp_path / "runs" / "shout").glob("loud-*")
    with pytest.raises(UserError, match="is not a dataset"):
        corpus.open(folder)
    monkeypatch.setattr(Shout, "dies_at", "")
    made = run(load_recipe(shout), tmp_path / "runs", until=None, workers=workers, progress=Silent())["loud"]
    assert sorted(Shout.made) == [f"{n:05d}.parquet" for n in range(12)]
    assert [row["text"] for row in made.rows()] == [f"TEXT {n}" for n in range(24)]
    assert made.manifest.run["attempts"] == 2
    # Nothing that only an unfinished stage needs is left.
    assert sorted(path.name for path in made.path.iterdir()) == ["README.md", "data", "manifest.json"]


def test_what_a_kill_left_half_written_is_removed(shout: Path, tmp_path: Path) -> None:
    made = run(load_recipe(shout), tmp_path / "runs", until=None, workers=1, progress=Silent())["loud"]
    content = made.manifest.content
    for path in made.path.rglob("*"):
        if path.name in ("manifest.json", "README.md", "00003.parquet"):
            path.unlink()
    (made.path / ".parts").mkdir()
    (made.path / "data" / ".00003.parquet.4711.tmp").write_bytes(b"PAR1")
    (made.path / ".parts" / ".00003.parquet.json.4711.tmp").write_bytes(b"{")
    again = run(load_recipe(shout), tmp_path / "runs", until=None, workers=1, progress=Silent())["loud"]
    assert again.manifest.content == content
    assert [path for path in again.path.rglob("*") if path.name.startswith(".")] == []


def test_what_a_kill_left_behind_a_manifest_is_removed(shout: Path, tmp_path: Path) -> None:
    made = run(load_recipe(shout), tmp_path / "runs", until=None, workers=1, progress=Silent())["loud"]
    (made.path / ".scratch").mkdir()
    (made.path / ".scratch" / "large").write_bytes(b"0" * 1000)
    run(load_recipe(shout), tmp_path / "runs", until=None, workers=1, progress=Silent())
    assert not (made.path / ".scratch").exists()


def test_until_stops_after_a_stage(shout: Path, tmp_path: Path) -> None:
    made = run(load_recipe(shout), tmp_path / "runs", until="texts", workers=1, progress=Silent())
    assert list(made) == ["texts"]
    assert Shout.made == []


def test_many_buckets_give_the_same_mix_as_one(stages: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit into memory is dealt into buckets by hash; their number must not show."""
    given = {"a": [{"text": f"a {n}"} for n in range(200)], "b": [{"text": f"b {n}"} for n in range(50)]}
    text = "mix: {from: [a, b], mix: {max_times: 2.5, validation: 0.2, rows_per_shard: 100}}"
    one = stages(given, "text", text, seed=1)["mix"]
    monkeypatch.setattr(datagen.stages.mix, "_HELD", 400)
    one.path.rename(one.path.with_name("one"))  # else it is there already
    many = stages(given, "text", text, seed=1)["mix"]
    assert many.path != one.path.with_name("one")
    assert many.manifest.content == one.manifest.content
    assert len(many) == 551  # 250 rows 2.5 times, but what is held out once


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    """A second holder waits, says for whom, and goes on when the first is done, even if that failed."""
    said: list[str] = []
    order: list[str] = []
    inside = threading.Event()

    def second() -> None:
        inside.wait()
        with locked(tmp_path / "run" / ".lock", said.append):
            order.append("second")

    waiting = threading.Thread(target=second)
    waiting.start()

    def first() -> None:
        with locked(tmp_path / "run" / ".lock", said.append):
            inside.set()
            while not said:
                time.sleep(0.001)
            order.append("first")
            raise RuntimeError("failed")

    with pytest.raises(RuntimeError, match="failed"):
        first()
    waiting.join()
    assert order == ["first", "second"]
    assert said[0].startswith(f"{tmp_path / 'run'} is in use by process ")


def test_file_hashes_are_remembered_until_a_file_changes(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"one")
    (first,) = file_hashes(versions([str(file)]), tmp_path)
    assert (first.name, first.sha256[:6]) == ("x", "7692c3")
    assert file_hashes(versions([str(file)]), tmp_path) == [first]
    file.write_bytes(b"two!")
    assert file_hashes(versions([str(file)]), tmp_path) != [first]


@pytest.mark.parametrize("torn", ["", '{"a": ', "[]"])
def test_file_hashes_that_are_torn_are_found_anew(torn: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"one")
    first = file_hashes(versions([str(tmp_path / "x")]), tmp_path)
    (tmp_path / CACHE).write_text(torn)
    assert file_hashes(versions([str(tmp_path / "x")]), tmp_path) == first


COUNTS = st.dictionaries(
    st.sampled_from(["in", "rows"]), st.integers(0, 9)
) | st.fixed_dictionaries({"dropped": st.dictionaries(st.sampled_from("abc"), st.integers(1, 9))})  # fmt: skip


@given(COUNTS, COUNTS, COUNTS)
def test_counts_add_up_in_any_order(one: Any, two: Any, three: Any) -> None:
    left = add_counts(add_counts(one, two), three)
    assert left == add_counts(one, add_counts(two, three)) == add_counts(add_counts(three, two), one)


USER, ANSWER = {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}


@pytest.mark.parametrize(
    ("kind", "row", "text"),
    [
        ("text", {"text": "t"}, "t"),
        ("pair", {"source": "s", "target": "t"}, "s\nt"),
        ("prompt", {"prompt": [USER, ANSWER, USER]}, "q\na\nq"),
        ("response", {"prompt": [USER], "response": "r"}, "q\nr"),
        ("sft", {"messages": [USER, ANSWER]}, "q\na"),
        ("preference", {"prompt": [USER], "chosen": [ANSWER], "rejected": [{**ANSWER, "content": "b"}]}, "q\na\nb"),
        ("verifiable", {"prompt": [USER]}, "q"),
    ],
)
def test_what_tokens_are_counted_of(kind: str, row: dict[str, Any], text: str) -> None:
    assert row_texts(pl.DataFrame([row]), kind) == [text]
