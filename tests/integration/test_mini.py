"""The miniature, killed again and again, comes to the models of one that was left alone."""

from __future__ import annotations

import json
import os
import random
import re
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


def start(folder: Path) -> subprocess.Popen[bytes]:
    """The pipeline in a process group of its own."""
    with log_of(folder).open("ab") as log:
        return subprocess.Popen(
            [ROOT / "recipes" / "mini" / "run.sh"],
            env={
                **os.environ,
                "SIZE": "tiny",
                "SEED": "3",
                "MINI": str(folder),
                "BIN": str(Path(sys.executable).parent),
            },
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def log_of(folder: Path) -> Path:
    """Where a pipeline says what it does."""
    return folder.with_name(f"{folder.name}.log")


def command_of(pipeline: subprocess.Popen[bytes]) -> str | None:
    """What the pipeline's shell runs now: a trainer's recipe, a dataset's, or a script."""
    told = subprocess.run(
        ["ps", "-ww", "-o", "args=", "--ppid", str(pipeline.pid)], capture_output=True, text=True, check=False
    )
    found = re.search(r"recipes/mini/\w+\.(?:yaml|py)", told.stdout)
    return found[0] if found else None


def killed_in(pipeline: subprocess.Popen[bytes], seen: set[str], draw: random.Random, log: Path) -> str | None:
    """Kill all of the pipeline in a command that it was not yet killed in; None where it ended first.

    A trainer is killed in the midst of its steps, all else some time after it began.
    """
    while pipeline.poll() is None:
        command = command_of(pipeline)
        if command is None or command in seen:
            time.sleep(0.05)
            continue
        begun = log.stat().st_size
        patience = time.monotonic() + draw.uniform(0.1, 1.5)
        trains = Path(command).stem in MODELS
        while pipeline.poll() is None and command_of(pipeline) == command:
            steps = b"step " in log.read_bytes()[begun:] if trains else time.monotonic() > patience
            if steps:
                time.sleep(draw.uniform(0, 0.5) if trains else 0)
                os.killpg(pipeline.pid, signal.SIGKILL)
                pipeline.wait()
                return command
            time.sleep(0.05)
    return None


def losses(folder: Path) -> dict[str, Any]:
    """Of each model, from its papers."""
    told = {name: json.loads((folder / "models" / name / "towerkit.json").read_text("utf-8")) for name in MODELS}
    return {name: paper["losses"] for name, paper in told.items()}


def test_kills_in_every_stage_change_no_loss(tmp_path: Path) -> None:
    alone, killed = tmp_path / "alone", tmp_path / "killed"
    assert start(alone).wait() == 0, log_of(alone).read_text("utf-8")[-3000:]
    draw, seen = random.Random(7), set[str]()
    while True:
        running = start(killed)
        command = killed_in(running, seen, draw, log_of(killed))
        if command is None:
            break
        seen.add(command)
    assert running.returncode == 0, log_of(killed).read_text("utf-8")[-3000:]
    trained = {Path(command).stem for command in seen} & set(MODELS)
    print(f"killed in {len(seen)} commands: {', '.join(sorted(seen))}")
    # One that is all but done when it tells of its first steps may end before the kill.
    assert len(trained) >= len(MODELS) - 1
    assert len(seen) >= len(MODELS) + 6
    assert losses(killed) == losses(alone)
    began = time.monotonic()
    assert start(killed).wait() == 0
    assert "trained already" in log_of(killed).read_text("utf-8")
    print(f"a run that finds all done takes {time.monotonic() - began:.1f} s")
