"""Flow stages: one process makes all missing shards, in any order; they come out whole, and what is there stays."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import polars as pl
import pytest

import corpus
import datagen.stages
from corpus import laws
from corpus.manifest import Counts
from datagen.progress import Silent
from datagen.recipe import load_recipe
from datagen.run import run
from datagen.stages.base import Context, FlowStage, Header, Output, Piece, Result, only, set_aside
from datagen.verify import verify


class Reverse(FlowStage):
    """Turns texts round, shards in no order, as they come from an engine; texts with an x fail."""

    dies_after: ClassVar[int | None] = None
    loses: ClassVar[str] = ""
    seen: ClassVar[list[str]] = []

    def header(self, inputs: Sequence[Header], name: str) -> Header:  # noqa: ARG002
        return only(inputs, "reverse", ["text"])

    def flow(self, pieces: Sequence[Piece], out: Output, context: Context) -> None:
        for piece in reversed([piece for piece in pieces if not out.done(piece.name)]):
            rows = piece.load(context.header)
            for text in rows["text"]:
                if self.dies_after is not None and len(self.seen) >= self.dies_after:
                    raise RuntimeError("the device is gone")
                self.seen.append(text)
            failed = rows.filter(pl.col("text").str.contains("x"))
            turned = rows.filter(~pl.col("text").str.contains("x")).with_columns(pl.col("text").str.reverse())
            counts: Counts = {"in": rows.height, "rows": turned.height, "aside": {"failed": failed.height}}
            if piece.name != self.loses:
                out.write(piece.name, Result(turned, set_aside(failed, pl.lit("failed")), counts), piece.split)


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(datagen.stages.STAGES, "reverse", Reverse)
    monkeypatch.setitem(laws.LAWS, "reverse", laws.LAWS["score"])
    monkeypatch.setitem(laws.SET_ASIDE, "reverse", ("aside",))
    monkeypatch.setattr(Reverse, "seen", [])
    texts = [f"שלום {n}" if n % 10 else f"x{n}" for n in range(1, 51)]
    corpus.write(({"text": text} for text in texts), "text", tmp_path / "texts", rows_per_shard=9)
    path = tmp_path / "flow.yaml"
    path.write_text("stages:\n  texts: {read: {dataset: texts}}\n  turned: {reverse: }\n", encoding="utf-8")
    return path


def test_shards_are_whole_and_in_input_order(recipe: Path) -> None:
    made = run(load_recipe(recipe), recipe.parent / "runs", until=None, workers=2, progress=Silent())
    before, after = list(made["texts"].rows()), list(made["turned"].rows())
    assert [row["text"] for row in after] == [row["text"][::-1] for row in before if "x" not in row["text"]]
    assert made["turned"].aside().collect()["reason"].to_list() == ["failed"] * 5
    assert len(made["turned"].files()) == len(made["texts"].files()) == 6
    # The ids are those of the texts before: a stage that changes identity columns makes new ids itself.
    problems = [check.what for check in verify(made["turned"].path) if check.problem]
    assert problems == ["every id is the hash of its row"]


def test_what_was_closed_is_not_asked_again(recipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reverse, "dies_after", 30)
    with pytest.raises(RuntimeError, match="device is gone"):
        run(load_recipe(recipe), recipe.parent / "runs", until=None, workers=1, progress=Silent())
    monkeypatch.setattr(Reverse, "dies_after", None)
    made = run(load_recipe(recipe), recipe.parent / "runs", until=None, workers=1, progress=Silent())
    whole = run(load_recipe(recipe), recipe.parent / "others", until=None, workers=1, progress=Silent())
    assert [f.read_bytes() for f in made["turned"].files()] == [f.read_bytes() for f in whole["turned"].files()]
    assert len(Reverse.seen) < 30 + 50 + 50 - 20  # three shards of nine were closed before the device went


def test_a_stage_that_forgets_a_shard_is_found_out(recipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reverse, "loses", "00002.parquet")
    with pytest.raises(RuntimeError, match="left shards unmade: 00002"):
        run(load_recipe(recipe), recipe.parent / "runs", until=None, workers=1, progress=Silent())
