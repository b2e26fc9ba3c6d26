"""The training recipes that ship: every option of theirs is one of the installed TRL, whichever version that is."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from train.method import Method
from train.prepare import arguments
from train.recipe import load_recipe

pytest.importorskip("trl")
pytestmark = pytest.mark.filterwarnings("default")

RECIPES = Path(__file__).parents[2] / "recipes"
METHODS = {"control": "sft", "teacher_a": "sft", "teacher_b": "sft", "translation_only": "sft", "dpo": "wpo"}
CLASSES = {"cpt": "CPT", "sft": "SFT", "wpo": "WPO", "reward": "Reward", "grpo": "GRPO"}
MINI = ("cpt", "sft", "wpo", "reward", "grpo", "control", "teacher_a", "teacher_b")
NAMES = [*(f"mini/{name}" for name in MINI), *(f"experiments/{name}" for name in ("dpo", "translation_only", "wpo"))]


@pytest.mark.parametrize("name", NAMES)
def test_options_are_known(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in ("MINI", "MODEL", "OUT", "PREFERENCES", "TRANSLATIONS"):
        monkeypatch.setenv(variable, str(tmp_path))
    method = METHODS.get(Path(name).name, Path(name).name)
    recipe = load_recipe(RECIPES / f"{name}.yaml", method)
    made: Method = getattr(import_module(f"train.{method}"), CLASSES[method])(recipe)
    args = arguments(made, recipe)
    assert args.gradient_checkpointing == (not name.startswith("mini/"))
