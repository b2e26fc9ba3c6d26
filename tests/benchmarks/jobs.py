"""What benchmarks compare with, beside peers: the same work with nothing around it. `python jobs.py JOB ARGUMENTS`.

Prints the seconds that the work took, without Python's start and imports.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import polars as pl

from corpus.dataset import open as open_dataset
from corpus.shards import conform, parquet_bytes, replacing
from datagen.folder import StageFolder
from datagen.inputs import Inputs
from datagen.progress import Silent
from datagen.recipe import load_recipe
from datagen.stages.base import Context, Result, no_rows_aside
from datagen.stages.select import Select, judge_rows
from filters.recognizer import lid176


class BareSelect(Select):
    """`select` that keeps no account: no evidence, no counts."""

    def run(self, frame: pl.DataFrame, piece: str, context: Context) -> Result:
        """The rows that stay."""
        del piece
        judged, _ = judge_rows(frame, self.filters, context.header)
        return Result(frame.filter(judged["@reason"].is_null()), no_rows_aside(), {})


class BareFolder(StageFolder):
    """A stage's folder of which nothing is told: no checksums, no parts."""

    def write(self, name: str, result: Result, split: str = "train") -> None:
        """Write a shard, whole or not at all."""
        del split
        with replacing(self.path / "data" / name) as handle:
            handle.write(parquet_bytes(conform(result.rows, self.header.kind)))


def bare_select(recipe: str, folder: str, out: str) -> float:
    """Read, filter and write as the stage `made` does, without manifest, checksums and drop log."""
    made = load_recipe(Path(recipe)).stages["made"]
    bare = replace(made, options=BareSelect(filters=made.options.filters))
    inputs = Inputs.of(bare, {"rows": open_dataset(folder)})
    started = time.perf_counter()
    from datagen.executors import execute

    target = BareFolder(Path(out), made.header)
    target.begin()
    header = inputs.header
    context = Context(header, made.header, "made", made.sources, 0, target.scratch, Path(out))
    execute(bare, inputs, target, context, 2, Silent())
    return time.perf_counter() - started


def bare_fasttext(folder: str) -> float:
    """Ask lid.176 for the likeliest language of each text, one after another."""
    import fasttext

    model = fasttext.load_model(str(lid176()))
    texts = pl.read_parquet(f"{folder}/data/*.parquet", columns=["text"])["text"].to_list()
    started = time.perf_counter()
    for text in texts:
        model.predict(text.replace("\n", " "))
    return time.perf_counter() - started


if __name__ == "__main__":
    job = {"bare_select": bare_select, "bare_fasttext": bare_fasttext}[sys.argv[1]]
    print(f"seconds {job(*sys.argv[2:]):.3f}")
