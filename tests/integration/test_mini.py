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


def commands() -> set[str]:
    """All that the pipeline runs without COMET."""
    text = (
        (ROOT / "recipes" / "mini" / "run.sh")
        .read_text("utf-8")
        .replace("recipes/mini/$text", "recipes/mini/phrasebook.py")
    )
    return set(re.findall(r"^(?:python|datagen) .*?(recipes/mini/\w+\.(?:yaml|py))", text, re.MULTILINE))


def killed_in(pipeline: subprocess.Popen[bytes], seen: set[str], draw: random.Random, folder: Path) -> str | None:
    """Kill all of the pipeline in a command that it was not yet killed in; None where it ended first.

    A trainer is killed between its first checkpoint and its last step, all else some time after it began.
    """
    while pipeline.poll() is None:
        command = command_of(pipeline)
        if command is None or command in seen:
            time.sleep(0.05)
            continue
        patience = time.monotonic() + draw.uniform(0.05, 0.4)
        stem = Path(command).stem
        while pipeline.poll() is None and command_of(pipeline) == command:
            saved = (folder / "models" / stem / "checkpoints").glob("checkpoint-*/trainer_state.json")
            if any(saved) if stem in MODELS else time.monotonic() > patience:
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
        command = killed_in(running, seen, draw, killed)
        if command is None:
            break
        seen.add(command)
    told = log_of(killed).read_text("utf-8")
    assert running.returncode == 0, told[-3000:]
    assert seen == commands()
    # Each trainer went on from a checkpoint.
    assert told.count("going on from step") >= len(MODELS)
    assert losses(killed) == losses(alone)
    began = time.monotonic()
    assert start(killed).wait() == 0
    assert "trained already" in log_of(killed).read_text("utf-8")
    took = time.monotonic() - began
    print(f"a run that finds all done takes {took:.1f} s")
    assert took < 20
