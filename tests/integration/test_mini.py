"""The miniature, killed again and again, comes to the models of one that was left alone."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

ROOT = Path(__file__).parents[2]
MODELS = ("cpt", "teacher_a", "teacher_b", "reward", "sft", "control", "wpo", "grpo")


def start(folder: Path) -> subprocess.Popen[str]:
    """The pipeline in a process group of its own."""
    return subprocess.Popen(
        [ROOT / "recipes" / "mini" / "run.sh"],
        env={**os.environ, "SIZE": "tiny", "SEED": "3", "MINI": str(folder), "BIN": str(Path(sys.executable).parent)},
        stdout=(folder.parent / f"{folder.name}.log").open("a"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
    )


def losses(folder: Path) -> dict[str, Any]:
    told = {name: json.loads((folder / "models" / name / "towerkit.json").read_text("utf-8")) for name in MODELS}
    return {name: paper["losses"] for name, paper in told.items()}


def test_kills_in_every_stage_change_no_loss(tmp_path: Path) -> None:
    alone, killed = tmp_path / "alone", tmp_path / "killed"
    assert start(alone).wait() == 0, (tmp_path / "alone.log").read_text("utf-8")[-3000:]
    draw = random.Random(7)
    kills = 0
    while True:
        running = start(killed)
        try:
            # Far enough to come a little further each time: Python alone takes seconds to import TRL.
            code = running.wait(timeout=draw.uniform(10, 60))
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
            kills += 1
            continue
        assert code == 0, (tmp_path / "killed.log").read_text("utf-8")[-3000:]
        break
    assert kills >= 5
    assert losses(killed) == losses(alone)
    began = time.monotonic()
    assert start(killed).wait() == 0
    assert "trained already" in (tmp_path / "killed.log").read_text("utf-8")
    print(f"{kills} kills; a run that finds all done takes {time.monotonic() - began:.1f} s")
