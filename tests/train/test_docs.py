"""The recipes in the guides are ones that the trainers take."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from train.recipe import METHODS, Recipe, load_recipe

DOCS = Path(__file__).parents[2] / "docs"


def recipes(name: str) -> list[str]:
    """Fenced YAML of a guide that is a whole recipe."""
    found = re.findall(r"```yaml\n(.*?)```", (DOCS / name).read_text("utf-8"), flags=re.DOTALL)
    return [text for text in found if "\noutput:" in text and "\ndata:" in text]


@pytest.mark.parametrize(("guide", "method"), [("training.md", "sft"), ("grpo.md", "grpo")])
def test_the_recipes_of_a_guide_are_right(guide: str, method: str, tmp_path: Path) -> None:
    texts = recipes(guide)
    assert texts
    for text in texts:
        file = tmp_path / "recipe.yaml"
        file.write_text(text, "utf-8")
        assert load_recipe(file, method).method == method


def test_every_option_of_ours_is_told() -> None:
    guide = (DOCS / "training.md").read_text("utf-8")
    untold = [name for name in Recipe.model_fields if f"`{name}`" not in guide and name not in ("method",)]
    assert not untold
    assert all(f"python -m train.{method}" in guide for method in METHODS)
