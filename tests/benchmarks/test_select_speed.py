"""`select` with eight rules over sentence pairs, parquet to parquet: rate, memory, and the price of bookkeeping.

One pair in twenty is dropped: three in a hundred for a low score, two for a planted fault.
"""

import shutil
from pathlib import Path

import pytest
from harness import HERE, Recipe, Report, in_turns, median, run_job
from made_up import ROWS, MadeUp, relink, write_dataset

pytestmark = pytest.mark.bench

SELECT = """select: {filters: [empty, {too_long: {max: 500}}, {length_ratio: {max: 3}}, copied, wrong_script,
    numbers_differ, html, {threshold: {column: score_quality, min: 0.03}}]}"""
SECONDS = r"seconds ([\d.]+)"
RUNS = 3


@pytest.fixture(scope="module")
def million(folder: Path) -> Path:
    """A million pairs of 80 and 80 characters."""
    made_up = MadeUp(seed=1, characters=80)
    return write_dataset("pair", (made_up.pairs(ROWS, number) for number in range(1_000_000 // ROWS)), folder / "pairs")


def test_rate(million: Path, folder: Path, report: Report) -> None:
    recipe = Recipe(folder / "select", million, SELECT)
    ours, peers, cpu = [], [], []
    for _ in range(RUNS):
        rate, job = recipe.rate()
        ours.append(rate)
        cpu.append(job.cpu_seconds)
        out = folder / "datatrove"
        peers.append(1_000_000 / run_job(HERE / "peers.py", "lambda", million, out, 2).number(SECONDS))
        shutil.rmtree(out)
        shutil.rmtree(f"{out}-logs")
    report.add("select, 1,000,000 pairs, two cores", median(ours), "rows/s", least=350_000)
    report.add("select, CPU of the whole command", median(cpu), "µs/row")
    report.add("datatrove's reader, LambdaFilter (has it text?), writer, two workers", median(peers), "rows/s")
    report.add("select by datatrove", in_turns(ours, peers), "times", least=10)


def test_price_of_bookkeeping(million: Path, folder: Path, report: Report) -> None:
    recipe = Recipe(folder / "price", million, SELECT)
    ratios = []
    for _ in range(2 * RUNS + 1):
        ours = 1_000_000 / recipe.rate()[0]
        bare = run_job(HERE / "jobs.py", "bare_select", recipe.file, million, folder / "bare").number(SECONDS)
        ratios.append(100 * (ours - bare) / ours)
        shutil.rmtree(folder / "bare")
    report.add("manifest, checksums and drop log, of select's time", median(ratios), "%", most=5)


def test_memory(million: Path, folder: Path, report: Report) -> None:
    ten = relink(million, [number % 20 for number in range(200)], folder / "ten")
    recipe = Recipe(folder / "memory", ten, SELECT)
    rate, job = recipe.rate()
    report.add("select, 10,000,000 pairs, two cores", rate, "rows/s")
    report.add("select, 10,000,000 pairs, peak memory", job.peak_mib / 1024, "GiB", most=1.5)
    shutil.rmtree(recipe.folder)
