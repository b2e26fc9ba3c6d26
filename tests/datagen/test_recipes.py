"""Every recipe that ships with the project is right, and every part that can be built without options is."""

from pathlib import Path

import pytest

from datagen.recipe import load_recipe
from filters.names import filter_class, filter_names, scorer_class, scorer_names

ROOT = Path(__file__).parents[2]
RECIPES = sorted((ROOT / "recipes").glob("*.yaml"))


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_shipped_recipe_is_right(recipe: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "TOWERKIT_DATA" in recipe.read_text(encoding="utf-8"):
        monkeypatch.setenv("TOWERKIT_DATA", str(request.getfixturevalue("shared_data")))
    loaded = load_recipe(recipe)
    assert loaded.name == recipe.stem
    assert loaded.stages


@pytest.mark.parametrize("name", filter_names())
def test_filter_says_what_it_drops(name: str) -> None:
    model = filter_class(name)
    assert model.__doc__
    if not any(field.is_required() for field in model.model_fields.values()):
        assert model().reject().meta.root_names()


@pytest.mark.parametrize("name", scorer_names())
def test_scorer_says_what_it_adds(name: str) -> None:
    model = scorer_class(name)
    assert model.__doc__
    if not any(field.is_required() for field in model.model_fields.values()):
        assert all(column.signature for column in model().columns("response"))
