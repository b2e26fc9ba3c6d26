"""Datasets that a recipe names by the run and stage that made them."""

from pathlib import Path
from typing import Any

import pytest

import corpus
from datagen.progress import Silent
from datagen.recipe import load_recipe
from datagen.run import run
from datagen.verify import verify

AGAINST = "{score: {scorers: [{contamination: {against: [runs/other/texts], whole: 1}}]}}"


@pytest.mark.parametrize("text", ["{read: {dataset: runs/other/texts}}", AGAINST])
def test_a_stage_of_another_run_is_that_which_was_newest_when_the_recipe_was_read(
    text: str, recipe: Any, go: Any, tmp_path: Path
) -> None:
    def other(*texts: str) -> corpus.Dataset:
        corpus.write([{"text": one} for one in texts], "text", tmp_path / texts[0])
        made: corpus.Dataset = go(recipe(f"texts: {{read: {{dataset: {texts[0]}}}}}", name="other"))["texts"]
        return made

    first = other("eins", "zwei")
    loaded = load_recipe(recipe(f"rows: {{read: {{dataset: eins}}}}\nlast: {text}"))
    assert other("drei").path != first.path
    last = run(loaded, tmp_path / "runs", until=None, workers=1, progress=Silent())["last"]
    assert [row["text"] for row in last.rows()] == ["eins", "zwei"]
    assert (last.path / last.manifest.inputs[-1].path).resolve() == first.path.resolve()
    assert [check.what for check in verify(last.path) if check.problem] == []
