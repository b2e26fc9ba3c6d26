"""`mix` of long rows: what it holds in memory is bounded by bytes, however long rows and however large shards are."""

import shutil
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from harness import Recipe, Report
from made_up import write_texts

pytestmark = pytest.mark.bench


@pytest.fixture(scope="module")
def documents(folder: Path) -> Path:
    """Sixty thousand documents in two shards, two gigabytes of text.

    A process of its own makes them: the kernel tells of a job at least the memory that its parent had at its start.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        made = pool.submit(write_texts, folder / "documents", seed=3, characters=25_000, rows=30_000, shards=2)
        return made.result()


@pytest.mark.parametrize("options", ["validation: 0.02", "validation: 0.02, max_times: 1.25, total: 75000"])
def test_memory(options: str, documents: Path, folder: Path, report: Report) -> None:
    recipe = Recipe(folder / "long", documents, f"mix: {{{options}}}")
    rate, job = recipe.rate()
    report.add(f"mix {{{options}}} of long documents, peak memory", job.peak_mib, "MiB", most=1024)
    report.add(f"mix {{{options}}} of long documents", rate, "rows/s")
    shutil.rmtree(recipe.folder)
