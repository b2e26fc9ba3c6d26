"""A model folder through the shipped evaluation of small sets, on all axes, by the engine `transformers`."""

import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from tiny_models import make_chat_model

from train.merge import Merge, merge

ROOT = Path(__file__).parents[2]


def test_a_local_checkpoint_on_all_axes(tmp_path: Path) -> None:
    """One command; a second model is compared with the first, and nothing is asked twice."""
    sets = [
        *("--set", "benchmarks.translation.parallel.first=12", "--set", "benchmarks.instructed.ifmt_rules.first=12"),
        *(f"--set=benchmarks.{name}.max_tokens=16" for name in (
            "translation.parallel", "mathematics.mathematics", "instructions.ifeval", "programs.programs",
            "instructed.ifmt_rules",
        )),
    ]  # fmt: skip
    recipe = str(ROOT / "recipes/eval/small.yaml")
    folders = [make_chat_model(tmp_path / f"model{seed}", seed=seed, context=2048) for seed in (1, 2)]
    sweep = Merge(models=(str(folders[0]), str(folders[1])), shares=(0.5,), output=str(tmp_path / "between"))
    merge(sweep)
    for folder in (*folders, sweep.folder(0.5)):
        command = [sys.executable, "-m", "evals", "run", recipe, "--model", str(folder), *sets]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr
    frame = pl.read_parquet(tmp_path / "runs/small/results.parquet")
    assert set(frame["model"]) == {"model1", "model2", "between-0.5"}
    assert set(frame["benchmark"]) == {"translation", "mathematics", "instructions", "programs", "instructed"}
    report = tmp_path / "runs/small/report"
    assert {path.name for path in report.iterdir()} >= {"README.md", "explore.html", "pareto-1.svg", "pareto-2.svg"}
    # The merge tells its parents and its share by its papers, and the picture has its curve.
    assert "model1, model2 | 0.5" in " ".join((report / "README.md").read_text("utf-8").split())
    assert "stroke-dasharray: 3.33,1.44" in (report / "pareto-1.svg").read_text("utf-8")
    # Random weights solve nothing, and that is told with the number of items behind it.
    # A checkpoint that was cleared away stays in the report; the others can be evaluated on.
    shutil.rmtree(folders[0])
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)
    assert "model1: its folder is gone; it stays in the report" in done.stdout, done.stdout + done.stderr
    again = pl.read_parquet(tmp_path / "runs/small/results.parquet")
    assert again.sort(pl.all()).equals(frame.sort(pl.all()))
    solved = frame.filter((pl.col("benchmark") == "mathematics") & (pl.col("metric") == "accuracy"))
    assert solved["value"].to_list() == [0.0] * 3
    assert (solved["n"] + solved["unjudged"]).to_list() == [20] * 3
