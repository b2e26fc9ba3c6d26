"""What benchmarks share: made-up datasets, and a report of all numbers."""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness import Report


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A folder that is gone afterwards: several gigabytes pass through it."""
    with tempfile.TemporaryDirectory(prefix="towerkit-bench-") as name:
        yield Path(name)


@pytest.fixture(scope="session")
def report() -> Iterator[Report]:
    """The numbers of all benchmarks; printed at the end, and written to the file that BENCH_REPORT names."""
    report = Report()
    yield report
    print("\n" + report.markdown())
    if os.environ.get("BENCH_REPORT"):
        Path(os.environ["BENCH_REPORT"]).write_text(report.markdown(), "utf-8")


@pytest.fixture(autouse=True)
def all_met(report: Report) -> Iterator[None]:
    """A benchmark fails when a number misses what is asked of it."""
    report.missed.clear()
    yield
    assert report.missed == []
