"""The scorer `langid` over documents, parquet to parquet, against fastText alone and against datatrove's filter."""

import shutil
from pathlib import Path

import pytest
from harness import HERE, Recipe, Report, in_turns, median, run_job
from made_up import MadeUp, relink, write_dataset

pytestmark = pytest.mark.bench

ROWS, SHARDS, FEW = 2_500, 120, 60
"""Rows of a shard, shards, and how many of them one core reads: a rate is no time to start."""
SECONDS = r"seconds ([\d.]+)"
RUNS = 3


def test_rate(folder: Path, report: Report) -> None:
    made_up = MadeUp(seed=3, characters=700)
    all_ = write_dataset("text", (made_up.texts(ROWS, number) for number in range(SHARDS)), folder / "documents")
    few = relink(all_, range(FEW), folder / "few")
    stage = "score: {scorers: [langid]}"
    on_one, on_two = (Recipe(folder / name, data, stage) for name, data in (("one", few), ("two", all_)))
    bare, one, two, peer = [], [], [], []
    for _ in range(RUNS):
        bare.append(ROWS * FEW / run_job(HERE / "jobs.py", "bare_fasttext", few, cores=1).number(SECONDS))
        one.append(on_one.rate(workers=1, cores=1)[0])
        two.append(on_two.rate(workers=2, cores=2)[0])
        out = folder / "datatrove"
        peer.append(ROWS * FEW / run_job(HERE / "peers.py", "language", few, out, 1, cores=1).number(SECONDS))
        shutil.rmtree(out)
        shutil.rmtree(f"{out}-logs")
    report.add("fastText alone, documents of 700 characters, one core", median(bare), "rows/s")
    report.add("langid, one core, by fastText alone", in_turns(one, bare), "times", least=0.9)
    report.add("langid, two cores, by fastText alone on one", in_turns(two, bare), "times", least=1.7)
    report.add("langid by datatrove's LanguageFilter, one core each", in_turns(one, peer), "times", least=2.7)
