"""Run an evaluation: each benchmark is a recipe of the ledger, so whatever was asked or scored once is never again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from corpus.dataset import Dataset
from corpus.errors import UserError
from datagen.progress import Progress
from datagen.recipe import Recipe, recipe_of
from datagen.run import run
from datagen.stages.read import Sample
from evals.benchmarks.base import Benchmark
from evals.recipe import Evaluation, ModelSpec


def prompts_stage(benchmark: Benchmark, model: ModelSpec) -> str:
    """Name of the stage whose rows a model is asked."""
    return f"prompts-{model.task}" if benchmark.translates else "prompts"


def answers_stage(name: str) -> str:
    """Name of the stage that asks a model."""
    return f"answers-{name}"


def scored_stage(name: str) -> str:
    """Name of the stage that scores a model's answers."""
    return f"scored-{name}"


def benchmark_recipe(evaluation: Evaluation, name: str) -> Recipe:
    """The recipe of one benchmark: its prompts, and for each model answers and their scores.

    Raises:
        UserError: a model's engine, a benchmark's reader or a scorer cannot be had, named with the nearest spelling.
    """
    benchmark = evaluation.benchmarks[name]
    if benchmark.baseline not in (None, *evaluation.models):
        known = ", ".join(evaluation.models)
        raise UserError(f"benchmarks.{name}: against: no model {benchmark.baseline!r} is evaluated; there are {known}")
    stages: dict[str, Mapping[str, Any]] = {}
    for task in sorted({model.task for model in evaluation.models.values()}):
        last = prompts_stage(benchmark, ModelSpec(engine={"openai": {}}, task=task))
        named = benchmark.stages(task)
        before = ""
        for number, (stage, spec) in enumerate(named.items()):
            called = last if number == len(named) - 1 else stage
            stages[called] = {**({"from": before} if before else {}), **spec}
            before = called
    for model_name, model in evaluation.models.items():
        temperature = benchmark.temperature if evaluation.temperature is None else evaluation.temperature
        options = {"max_tokens": benchmark.max_tokens, "temperature": temperature, **model.options, "as": model_name}
        generate = {"n": benchmark.asked, "engines": [{model.name: options}]}
        stages[answers_stage(model_name)] = {"from": prompts_stage(benchmark, model), "generate": generate}
    for model_name in evaluation.models:
        compared = dict.fromkeys((benchmark.baseline or model_name, model_name))
        stages[scored_stage(model_name)] = {
            "from": [answers_stage(name) for name in compared],
            "score": {"scorers": list(benchmark.scorers())},
        }
    sample = Sample(count=benchmark.first) if benchmark.first else None
    return recipe_of({"name": name, "seed": evaluation.seed, "stages": stages}, evaluation.file, sample=sample)


def evaluate(
    evaluation: Evaluation, runs: Path, progress: Progress, *, retry_failed: bool = False
) -> dict[str, dict[str, Dataset]]:
    """Make all datasets of an evaluation, by benchmark and stage.

    Everything is built and checked before the first model is asked.
    """
    recipes = {name: benchmark_recipe(evaluation, name) for name in evaluation.benchmarks}
    for name, benchmark in evaluation.benchmarks.items():
        if type(benchmark).refuse is not Benchmark.refuse:
            _look(benchmark, recipes[name], evaluation, runs, progress)
    return {
        name: run(
            recipe,
            runs / evaluation.name,
            until=None,
            workers=evaluation.workers,
            progress=progress,
            retry_failed=retry_failed,
        )
        for name, recipe in recipes.items()
    }


def _look(benchmark: Benchmark, recipe: Recipe, evaluation: Evaluation, runs: Path, progress: Progress) -> None:
    """Make the items and let the benchmark look at them."""
    for stage in sorted({prompts_stage(benchmark, model) for model in evaluation.models.values()}):
        folder = runs / evaluation.name
        made = run(recipe, folder, until=stage, workers=evaluation.workers, progress=progress)
        benchmark.refuse(made[stage].rows())
