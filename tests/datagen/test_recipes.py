"""Every recipe that ships with the project is right, and every part that can be built without options is."""

from pathlib import Path

import pytest

from datagen.recipe import load_recipe
from filters.names import filter_class, filter_names, scorer_class, scorer_names

ROOT = Path(__file__).parents[2]
RECIPES = sorted((ROOT / "recipes").glob("*.yaml"))


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Models as far as a check looks into them: what they are, and not their weights."""
    files = {
        "encoder/config.json": '{"max_position_embeddings": 514}',
        "qe/hparams.yaml": f"class_identifier: unified_metric\ninput_segments: [mt, src]\n"
        f"pretrained_model: {tmp_path / 'encoder'}\n",
        "qe/checkpoints/model.ckpt": "weights",
        "reward/config.json": "{}",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("QE_MODEL", str(tmp_path / "qe"))
    monkeypatch.setenv("REWARD_MODEL", str(tmp_path / "reward"))


@pytest.mark.usefixtures("models")
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
