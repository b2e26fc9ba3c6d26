"""Scripts of the recipes tell what is wrong with what they are given in a line, as the commands do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

RECIPES = Path(__file__).parents[2] / "recipes"


@pytest.mark.parametrize(
    ("script", "options", "words"),
    [
        ("experiments/tiers.py", ["--run", "{there}", "--models", "base"], "scored-base is not a dataset"),
        ("mini/base.py", ["--texts", "{there}", "--out", "{there}/base"], "is not a dataset"),
        ("mini/report.py", ["--mini", "{there}"], "pareto-1.svg is not there; let recipes/mini/run.sh come to its end"),
    ],
)
def test_what_is_not_there_is_told(script: str, options: list[str], words: str, tmp_path: Path) -> None:
    given = [option.format(there=tmp_path) for option in options]
    done = subprocess.run([sys.executable, RECIPES / script, *given], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"error: {tmp_path}" in done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
