"""Which options make another training, and which may change between two runs of one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import corpus
from train.plan import plan_of, told
from train.recipe import Recipe
from train.sft import SFT
from train.sources import open_sources

ROW = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
BEST = {"load_best_model_at_end": True, "eval_strategy": "steps"}
LOWERED = {"lr_scheduler_type": "reduce_lr_on_plateau"}


def plan(place: Path, trainer: dict[str, Any], **changes: Any) -> str:
    given: dict[str, Any] = {
        "method": "sft",
        "model": str(place / "model"),
        "data": {"made": {"path": str(place / "data")}},
        "output": "out",
        "trainer": trainer,
        **changes,
    }
    recipe = Recipe.model_validate(given)
    opened = [open_sources(each, "sft") for each in (recipe.data, recipe.validation)]
    return plan_of(told(SFT(recipe), recipe, *opened, 1))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}", "utf-8")
    corpus.write([ROW], "sft", tmp_path / "data")
    corpus.write([{"messages": [{"role": "user", "content": "c"}, *ROW["messages"][1:]]}], "sft", tmp_path / "held")
    return tmp_path


@pytest.mark.parametrize(
    ("trainer", "change", "same"),
    [
        ({}, {"save_steps": 5}, True),
        ({}, {"logging_steps": 5}, True),
        ({}, {"report_to": "none"}, True),
        ({}, {"dataloader_num_workers": 2}, True),
        # The last batch of each epoch is learned from, or is not.
        ({}, {"dataloader_drop_last": True}, False),
        ({}, {"gradient_accumulation_steps": 2}, False),
        # Where validation chooses the checkpoint, its steps decide which there are to choose from.
        (BEST, {"eval_steps": 5}, False),
        (BEST, {"save_steps": 5}, False),
        (BEST, {"logging_steps": 5}, True),
        (LOWERED, {"eval_steps": 5}, False),
    ],
)
def test_options_make_another_training_where_they_decide_the_weights(
    place: Path, trainer: dict[str, Any], change: dict[str, Any], same: bool
) -> None:
    held = {"validation": {"held": {"path": str(place / "held")}}}
    assert (plan(place, trainer, **held) == plan(place, {**trainer, **change}, **held)) == same


@pytest.mark.parametrize(("trainer", "same"), [({}, True), (BEST, False)])
def test_validation_rows_count_where_they_choose_the_checkpoint(
    place: Path, trainer: dict[str, Any], same: bool
) -> None:
    one, other = ({"validation": {"held": {"path": str(place / name)}}} for name in ("held", "data"))
    assert (plan(place, trainer, **one) == plan(place, trainer, **other)) == same
    assert (plan(place, trainer, **one) == plan(place, trainer, **one, validation_rows=1)) == same
