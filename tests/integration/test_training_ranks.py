"""Two processes train as one does, at an equal global batch."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import trainable
import yaml

import corpus

pytest.importorskip("trl")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ranks")
    trainable.base_model(folder / "base")
    for kind, make in dict(trainable.KINDS.values()).items():
        trainable.dataset(folder / kind, kind, make(64))
    return folder


def trained(
    place: Path,
    method: str,
    ranks: int,
    *,
    name: str = "",
    data: str = "",
    module: Sequence[str] = (),
    trainer: Mapping[str, Any] = MappingProxyType({"max_steps": 3}),
    **more: Any,
) -> Path:
    output = place / f"{name or method}-{ranks}"
    told: dict[str, Any] = {
        "model": str(place / "base"),
        "data": {"made": {"path": str(place / (data or trainable.KINDS[method][0]))}},
        "output": str(output),
        "trainer": {
            **{"logging_steps": 1, "learning_rate": 1e-3, "save_strategy": "no"},
            **{"per_device_train_batch_size": 8 // ranks, "max_length": 128, "bf16": False, "disable_tqdm": True},
            "gradient_checkpointing": False,
            **trainer,
        },
        **({} if method == "cpt" else {"template": "chatml"}),
        **more,
    }
    file = place / f"{output.name}.yaml"
    file.write_text(yaml.safe_dump(told), "utf-8")
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={ranks}"]
    ran = subprocess.run(
        [*(launch if ranks > 1 else [sys.executable]), *(module or ["-m", f"train.{method}"]), str(file)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count(f"trained, {trainer['max_steps']} steps") == 1
    return output


@pytest.mark.parametrize("method", trainable.KINDS)
def test_two_processes_come_to_the_weights_of_one(place: Path, method: str) -> None:
    from safetensors.torch import load_file

    one = load_file(trained(place, method, 1) / "model.safetensors")
    two = load_file(trained(place, method, 2) / "model.safetensors")
    start = load_file(place / "base" / "model.safetensors")
    assert one.keys() == two.keys()
    moved = sum((one[name] - start[name]).abs().sum() for name in one if name in start)
    apart = sum((one[name] - two[name]).abs().sum() for name in one)
    # Adam's first steps are nearly of one size whatever the gradient's is: where that is next to nothing, rounding
    # decides the sign. So single weights may differ, and all together hardly do.
    assert apart < 0.02 * moved, (float(apart), float(moved))


@pytest.mark.parametrize(("method", "packing"), [("cpt", False), ("sft", False), ("sft", True)])
def test_two_processes_measure_each_row_once(place: Path, method: str, packing: bool) -> None:
    """Though rows of no group fill their batches."""
    kind, make = trainable.KINDS[method]
    held = trainable.dataset(place / f"{method}-held-{packing}", kind, make(101)[64:])
    options = {"packing": packing, "packing_strategy": "bfd", "learning_rate": 0.0, "max_steps": 1}
    told = {"validation": {"held": {"path": str(held)}}, "trainer": options}
    losses = []
    for ranks in (1, 2):
        folder = trained(place, method, ranks, name=f"{method}-measured-{packing}", **told)
        losses.append(json.loads((folder / "towerkit.json").read_text("utf-8"))["losses"])
        losses[-1].pop("train")
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    assert len(losses[0]) > 3


TELL_ROWS = """
import os, runpy, sys
from train.watch import Watched

take = Watched._take

def told(self, numbers):
    take(self, numbers)
    with open(os.path.join(os.path.dirname(__file__), "rows-" + os.environ["RANK"]), "a") as out:
        print(*self.rows, file=out)

Watched._take = told
runpy.run_module("train.sft", run_name="__main__", alter_sys=True)
"""


def test_two_processes_read_each_streamed_row_once_in_a_pass(place: Path) -> None:
    """However uneven the shards are."""
    kind, make = trainable.KINDS["sft"]
    corpus.write(make(64), kind, place / "uneven", rows_per_shard=60)
    (place / "tell.py").write_text(TELL_ROWS, "utf-8")
    told = {"data": "uneven", "stream": True, "module": [str(place / "tell.py")]}
    trained(place, "sft", 2, name="streamed", trainer={"max_steps": 8}, **told)
    rows = [[int(row) for row in (place / f"rows-{rank}").read_text().split()] for rank in (0, 1)]
    assert len(rows[0]) == len(rows[1]) == 32
    assert sorted(rows[0] + rows[1]) == list(range(64))


def test_two_processes_go_on_within_a_later_epoch(place: Path) -> None:
    """To the same weights, so with the rows that were not yet learned from."""
    # Two steps an epoch.
    options = {"train_sampling_strategy": "group_by_length", "per_device_train_batch_size": 16}
    told = {"trainer": {**options, "max_steps": 4, "save_strategy": "steps", "save_steps": 3}}
    folder = trained(place, "sft", 2, name="epochs", **told)
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "towerkit.json").unlink()
    shutil.rmtree(folder / "checkpoints" / "checkpoint-4")
    trained(place, "sft", 2, name="epochs", **told)
    assert (folder / "model.safetensors").read_bytes() == whole
