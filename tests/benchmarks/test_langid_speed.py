"""The scorer `langid` over documents, parquet to parquet, against fastText alone and against datatrove's filter."""

import shutil
from pathlib import Path

import pytest
from harness import HERE, Recipe, Report, median, run_job
from made_up import MadeUp, write_dataset

pytestmark = pytest.mark.bench

ROWS, SHARDS = 5_000, 12
SECONDS = r"seconds ([\d.]+)"
RUNS = 3


def test_rate(folder: Path, report: Report) -> None:
    made_up = MadeUp(seed=3, characters=700)
    documents = write_dataset("text", (made_up.texts(ROWS, number) for number in range(SHARDS)), folder / "documents")
    recipe = Recipe(folder / "langid", documents, "score: {scorers: [langid]}")
    bare, one, two, peer = [], [], [], []
    for _ in range(RUNS):
        bare.append(ROWS * SHARDS / run_job(HERE / "jobs.py", "bare_fasttext", documents, cores=1).number(SECONDS))
        one.append(recipe.rate(workers=1, cores=1)[0])
        two.append(recipe.rate(workers=2, cores=2)[0])
        out = folder / "datatrove"
        job = run_job(HERE / "peers.py", "language", documents, out, 1, cores=1)
        peer.append(ROWS * SHARDS / job.number(SECONDS))
        shutil.rmtree(out)
        shutil.rmtree(f"{out}-logs")
    report.add("fastText alone, documents of 700 characters, one core", median(bare), "rows/s")
    report.add("langid by fastText alone, one core", median(one) / median(bare), "times", least=0.9)
    report.add("langid by fastText alone on one core, two cores", median(two) / median(bare), "times", least=1.7)
    report.add("langid by datatrove's LanguageFilter, one core", median(one) / median(peer), "times", least=2.7)
