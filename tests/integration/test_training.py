"""Trainers on small models: cut off and run again, and refusing what is wrong with datasets and recipes."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
import trainable

from train.run import run

pytest.importorskip("trl")
# TRL's trainers and what they import are not free of warnings of their own.
pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.timeout(300)]

STEPS = {"max_steps": 4, "save_steps": 2, "logging_steps": 1, "learning_rate": 1e-3, "gradient_checkpointing": False}
BATCH = {"per_device_train_batch_size": 4, "max_length": 128, "bf16": False, "disable_tqdm": True}
CLASSES = {"cpt": "CPT", "sft": "SFT", "wpo": "WPO", "reward": "Reward"}
KINDS: dict[str, tuple[str, Callable[[int], list[dict[str, Any]]]]] = {
    "cpt": ("text", trainable.texts),
    "sft": ("sft", trainable.chats),
    "wpo": ("preference", trainable.preferences),
    "reward": ("preference", trainable.preferences),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training")
    trainable.base_model(folder / "base")
    for kind, make in dict(KINDS.values()).items():
        trainable.dataset(folder / kind, kind, make(80))
        trainable.dataset(folder / f"{kind}-held", kind, make(120)[80:])
    return folder


def recipe(place: Path, method: str, output: str, **changes: Any) -> Path:
    kind = KINDS[method][0]
    told: dict[str, Any] = {
        "method": method,
        "model": str(place / "base"),
        "data": {"made": {"path": str(place / kind)}},
        "validation": {"held": {"path": str(place / f"{kind}-held")}},
        "output": str(place / output),
        **({} if method == "cpt" else {"template": "chatml"}),
        **changes,
        "trainer": {**STEPS, **BATCH, **changes.get("trainer", {})},
    }
    file = place / f"{output}.yaml"
    file.write_text(yaml.safe_dump(told, sort_keys=False), "utf-8")
    return file


def train(method: str, file: Path, **options: Any) -> None:
    run(getattr(importlib.import_module(f"train.{method}"), CLASSES[method]), file, **options)


def manifest(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder / "towerkit.json").read_text("utf-8"))
    return told


def assert_equal_weights(left: Path, right: Path) -> None:
    import torch
    from safetensors.torch import load_file

    one, other = load_file(left / "model.safetensors"), load_file(right / "model.safetensors")
    assert one.keys() == other.keys()
    for name in one:
        assert torch.equal(one[name], other[name]), name


@pytest.mark.parametrize("method", CLASSES)
def test_a_training_cut_off_after_two_steps_goes_on_to_the_same_weights(
    place: Path, method: str, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, cut = place / f"{method}-whole", place / f"{method}-cut"
    train(method, recipe(place, method, whole.name))
    train(method, recipe(place, method, cut.name))
    # As a kill right after the first checkpoint and within the next would have left it.
    (cut / "towerkit.json").unlink()
    (cut / "checkpoints" / "checkpoint-4" / "trainer_state.json").write_text('{"global_st', "utf-8")
    capsys.readouterr()
    train(method, cut.with_suffix(".yaml"))
    told = capsys.readouterr().out
    assert "checkpoint-4 was cut off while it was saved" in told
    assert "going on from step 2" in told
    assert_equal_weights(whole, cut)
    assert manifest(whole)["losses"] == manifest(cut)["losses"]
    assert manifest(whole)["method"] == method
    train(method, whole.with_suffix(".yaml"))
    assert "trained already" in capsys.readouterr().out
