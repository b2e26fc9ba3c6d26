"""The recipe of published sets, as far as the sets are there: references are right, and sources are not."""

from pathlib import Path
from typing import Any

import pytest
from answered import results_for

from evals.recipe import Evaluation, load_evaluation, model_of

RECIPE = Path(__file__).parents[2] / "recipes/eval/published.yaml"
FIRST = 200


@pytest.fixture
def published(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> Evaluation:
    monkeypatch.setenv("TOWERKIT_DATA", str(shared_data))
    return load_evaluation(RECIPE)


def only(evaluation: Evaluation, name: str) -> Evaluation:
    """One benchmark's first records, for two models that are not asked."""
    benchmark = evaluation.benchmarks[name].model_copy(update={"first": FIRST})
    models = dict(model_of(f"{model}=nowhere") for model in ("right", "wrong"))
    told = evaluation.model_copy(update={"benchmarks": {name: benchmark}, "pictures": ()})
    return told.with_models(models)


def right(row: dict[str, Any]) -> list[str]:
    return [row["references"][0]]


@pytest.mark.parametrize(
    ("name", "headline", "at_least", "wrong_at_most"),
    [
        ("terms", "rules kept", 20, 0.6),
        ("tags", "rules kept", 20, 1.0),
        ("formality", "rules kept", 100, 0.4),
        ("gender", "no wrong gender", 200, 1.0),
        ("mgsm-de", "accuracy", 50, 0.1),
        ("math", "accuracy", 100, 0.2),
        ("ntrex-de", "chrF++", 5, 40),
    ],
)
def test_right_answers_are_found_right(
    name: str, headline: str, at_least: int, wrong_at_most: float, tmp_path: Path, published: Evaluation
) -> None:
    """Tags of a source are those of its translation, and a source has no gendered German: they can be right."""
    evaluation = only(published, name)
    answers = {"right": right, "wrong": lambda row: [row["source"] or row["prompt"][-1]["content"]]}
    first = results_for(tmp_path, evaluation, answers).measured[0]
    assert first.metric.name == headline
    scored = first.numbers["right"].scored
    assert (scored.value, scored.unjudged) == (100 if headline == "chrF++" else 1, 0)
    assert scored.n >= at_least
    assert first.numbers["wrong"].scored.value <= wrong_at_most
