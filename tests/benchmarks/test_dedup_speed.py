"""Exact `dedup` of texts, parquet to parquet: rate by normalization, and memory by rows."""

import shutil
from pathlib import Path

import pytest
from harness import Recipe, Report, median
from made_up import ROWS, MadeUp, relink, write_dataset

pytestmark = pytest.mark.bench

RUNS = 3


@pytest.fixture(scope="module")
def texts(folder: Path) -> Path:
    """Five million texts of 80 characters."""
    made_up = MadeUp(seed=2, characters=80)
    return write_dataset("text", (made_up.texts(ROWS, number) for number in range(5_000_000 // ROWS)), folder / "texts")


@pytest.mark.parametrize(("normalize", "least"), [("[trim, lower]", 1_000_000), ("[nfc, spaces]", 350_000)])
def test_rate_and_memory(normalize: str, least: int, texts: Path, folder: Path, report: Report) -> None:
    stage = f"dedup: {{normalize: {normalize}}}"
    small = relink(texts, range(20), folder / "small")
    one, five = (Recipe(folder / name, data, stage) for name, data in (("one", small), ("five", texts)))
    results = [five.rate() for _ in range(RUNS)]
    peaks = [min(job.peak_mib for _, job in some) for some in ([one.rate() for _ in range(RUNS)], results)]
    rate = median([rate for rate, _ in results])
    report.add(f"dedup {normalize}, 5,000,000 texts, two cores", rate, "rows/s", least=least)
    cpu = median([job.cpu_seconds for _, job in results]) / 5
    report.add(f"dedup {normalize}, CPU of the whole command", cpu, "µs/row")
    grown = (peaks[1] - peaks[0]) * 2**20 / 4_000_000
    report.add(f"dedup {normalize}, what memory grows by from one to five million rows", grown, "bytes/row", most=40)
    for used in (small, one.folder, five.folder):
        shutil.rmtree(used)
