"""What the stage `score` refuses: scorers that compare answers, where the answers to a prompt lie apart."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

import corpus
from corpus.errors import UserError
from corpus.manifest import Score
from datagen.recipe import load_recipe

ENGINE = "engine: {openai: {model: judge, base_url: 'http://127.0.0.1:1/v1'}}"
COMPARING = [
    "agreement: {}",
    "diversity: {}",
    "pass_rate: {by: score_x}",
    f"judge: {{{ENGINE}, rubric: pairwise, against: one}}",
    "comet: {model: ./metric, references: siblings}",
]
ALONE = [
    "chrf: {}",
    f"judge: {{{ENGINE}, rubric: pairwise, against: reference}}",
    f"judge: {{{ENGINE}}}",
    "comet: {model: ./metric}",
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with answers of two engines and a COMET checkpoint whose weights are none."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    row = {"prompt": [{"role": "user", "content": "?"}], "prompt_id": "p", "sample": 0, "score_x": 1.0}
    answers = [{**row, "engine": engine, "response": engine, "references": ["one"]} for engine in ("one", "two")]
    corpus.write(answers, "response", tmp_path / "answers", scores={"score_x": Score(higher_is_better=True)})
    (tmp_path / "metric" / "checkpoints").mkdir(parents=True)
    (tmp_path / "metric" / "checkpoints" / "model.ckpt").write_bytes(b"weights")
    (tmp_path / "metric" / "encoder").mkdir()
    (tmp_path / "metric" / "encoder" / "config.json").write_text("{}")
    hparams = {"class_identifier": "regression_metric", "pretrained_model": "encoder"}
    (tmp_path / "metric" / "hparams.yaml").write_text(yaml.safe_dump(hparams))
    return tmp_path


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("scorer", COMPARING + ALONE)
def test_answers_are_compared_only_where_a_prompt_is_whole(scorer: str, recipe: Callable[..., Path]) -> None:
    read, score = "answers: {read: {dataset: ./answers}}", f"scored: {{score: {{scorers: [{{{scorer}}}]}}}}"
    load_recipe(recipe(f"{read}\n{score}"))
    mixed = recipe(f"{read}\nmixed: {{mix: {{}}}}\n{score}")
    if scorer in ALONE:
        load_recipe(mixed)
        return
    with pytest.raises(UserError) as error:
        load_recipe(mixed)
    name = scorer.partition(":")[0]
    assert f"scorer '{name}' compares each answer with the others to its prompt" in str(error.value)
    assert "the rows here are not grouped by prompt. Score them before" in str(error.value)
