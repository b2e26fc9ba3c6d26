"""`datagen check`: CPU time from the shell's view."""

from pathlib import Path

import pytest
from harness import HERE, Report, median, run_job

pytestmark = pytest.mark.bench

RUNS = 10


@pytest.mark.parametrize("name", ["quickstart", "wmt23_preferences"])
def test_cpu(
    name: str, request: pytest.FixtureRequest, tmp_path: Path, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name != "quickstart":
        monkeypatch.setenv("TOWERKIT_DATA", str(request.getfixturevalue("shared_data")))
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    recipe = HERE.parents[1] / "recipes" / f"{name}.yaml"
    jobs = [run_job("-m", "datagen.cli", "check", recipe, "--runs", tmp_path) for _ in range(RUNS + 1)]
    # The first run compiles what an installation would have compiled.
    report.add(f"datagen check {name}, CPU", median([job.cpu_seconds for job in jobs[1:]]), "s", most=0.5)


def test_yardstick(report: Report) -> None:
    jobs = [run_job("-c", "import polars") for _ in range(RUNS)]
    report.add("import polars and nothing else, CPU", median([job.cpu_seconds for job in jobs]), "s")
