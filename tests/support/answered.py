"""Evaluations whose answers are given: prompts and scores are made by the ledger, only the asking is left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson

import corpus
from corpus.dataset import Dataset
from datagen.progress import Silent
from datagen.recipe import recipe_of
from datagen.run import run
from evals.collect import results_of
from evals.recipe import Evaluation, load_evaluation
from evals.report.results import Results
from evals.runs import benchmark_recipe, prompts_stage, scored_stage

Answer = Callable[[dict[str, Any]], list[str]]
"""From a prompt's row to the answers of a model; none where it failed."""


def evaluation_of(folder: Path, benchmarks: Mapping[str, Any], models: Mapping[str, Any], **more: Any) -> Evaluation:
    """An evaluation of models by name, each with options of a `ModelSpec` beside an engine that is never asked."""
    engine = {"openai": {"model": "m", "base_url": "http://127.0.0.1:9/v1"}}
    told = {
        "name": "small",
        "benchmarks": dict(benchmarks),
        "models": {name: {"engine": engine, **spec} for name, spec in models.items()},
        **more,
    }
    file = folder / "evaluation.yaml"
    file.write_bytes(orjson.dumps(told))
    return load_evaluation(file)


def results_for(
    folder: Path,
    evaluation: Evaluation,
    answers: Mapping[str, Answer],
    *,
    workers: int = 1,
    rows_per_shard: int = 50_000,
) -> Results:
    """Results of models that answer so."""
    made = made_for(folder, evaluation, answers, workers=workers, rows_per_shard=rows_per_shard)
    return results_of(evaluation, made)


def made_for(
    folder: Path,
    evaluation: Evaluation,
    answers: Mapping[str, Answer],
    *,
    workers: int = 1,
    rows_per_shard: int = 50_000,
) -> dict[str, dict[str, Dataset]]:
    """The datasets of an evaluation whose models answer so; answers lie in shards of so many."""
    made: dict[str, dict[str, Dataset]] = {}
    for name, benchmark in evaluation.benchmarks.items():
        recipe = benchmark_recipe(evaluation, name)
        made[name] = {}
        for model, spec in evaluation.models.items():
            stage = prompts_stage(benchmark, spec)
            made[name] |= run(recipe, folder / "runs", until=stage, workers=workers, progress=Silent())
            rows = [
                _response(row, model, sample, text)
                for row in made[name][stage].rows()
                for sample, text in enumerate(answers[model](row))
            ]
            out = folder / f"answers-{name}-{model}"
            scores = made[name][stage].manifest.scores
            corpus.write(rows, "response", out, scores=scores, rows_per_shard=rows_per_shard)
            stages = {"read": {"read": {"dataset": str(out)}}, "scored": {"score": {"scorers": benchmark.scorers()}}}
            scoring = recipe_of({"name": f"{name}-{model}", "stages": stages}, folder / "scoring.yaml")
            done = run(scoring, folder / "runs", until=None, workers=workers, progress=Silent())
            made[name][scored_stage(model)] = done["scored"]
    return made


def _response(prompt: dict[str, Any], model: str, sample: int, text: str) -> dict[str, Any]:
    kept = {name: value for name, value in prompt.items() if name != "id"}
    told = {"engine": model, "model": model, "sample": sample, "response": text, "finish_reason": "stop"}
    return {**kept, "prompt_id": prompt["id"], **told, "sampling": '{"temperature":0}'}
