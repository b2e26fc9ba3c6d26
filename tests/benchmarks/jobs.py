"""What benchmarks compare with, beside peers: the same work with nothing around it. `python jobs.py JOB ARGUMENTS`.

Prints the seconds that the work took, without Python's start and imports.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl

from corpus.shards import COMPRESSION_LEVEL, ROW_GROUP_ROWS, replacing
from datagen.recipe import load_recipe
from filters.base import with_roles
from filters.recognizer import lid176


def bare_select(recipe: str, folder: str, out: str) -> float:
    """Read, filter and write, each file whole or not at all: no reasons, counts, checksums, manifest, drop log."""
    filters = load_recipe(Path(recipe)).stages["made"].options.filters
    verdicts = [judge.reject().fill_null(value=True).alias(judge.name()) for judge in filters]
    names = [judge.name() for judge in filters]

    def shard(file: Path) -> None:
        frame = pl.read_parquet(file)
        judged = with_roles(frame.lazy(), "pair").with_columns(verdicts).collect(engine="in-memory")
        kept = judged.filter(~pl.any_horizontal(names)).select(frame.columns)
        with replacing(Path(out) / file.name) as handle:
            kept.rechunk().write_parquet(
                handle, compression="zstd", compression_level=COMPRESSION_LEVEL, row_group_size=ROW_GROUP_ROWS
            )

    Path(out).mkdir()
    started = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(shard, sorted(Path(folder, "data").glob("*.parquet"))))
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
