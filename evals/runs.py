"""Run an evaluation: each benchmark is a recipe of the ledger, so whatever was asked or scored once is never again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import orjson

from corpus.dataset import Dataset
from corpus.dataset import open as open_dataset
from corpus.errors import UserError
from corpus.hashing import canonical_json
from corpus.manifest import FILE as MANIFEST
from datagen.progress import Progress
from datagen.recipe import Recipe, recipe_of
from datagen.run import plan, run
from datagen.stages.generate import Generate
from datagen.stages.read import Sample
from evals.benchmarks.base import Benchmark
from evals.recipe import Evaluation, ModelSpec, asking
from filters.base import ScoreColumn

Made = dict[str, dict[str, Dataset]]
"""Datasets by benchmark and stage."""


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
    if benchmark.asked > 1 and any(not _temperature(evaluation, benchmark, m) for m in evaluation.models.values()):
        raise UserError(
            f"benchmarks.{name}: {benchmark.asked} answers to each prompt at temperature 0 are the same answer; "
            "give the benchmark a temperature, such as 0.8"
        )
    for task in sorted({model.task for model in evaluation.models.values()}):
        last = prompts_stage(benchmark, ModelSpec(engine={"openai": {}}, task=task))
        named = benchmark.stages(task)
        before = ""
        for number, (stage, spec) in enumerate(named.items()):
            called = last if number == len(named) - 1 else stage
            stages[called] = {**({"from": before} if before else {}), **spec}
            before = called
    for model_name, model in evaluation.models.items():
        temperature = _temperature(evaluation, benchmark, model)
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
    recipe = recipe_of({"name": name, "seed": evaluation.seed, "stages": stages}, evaluation.file, sample=sample)
    for model_name, model in evaluation.models.items():
        items = recipe.stages[prompts_stage(benchmark, model)].header.scores
        scored = recipe.stages[scored_stage(model_name)].header.scores
        _check_names(evaluation, name, {column: scored[column] for column in scored if column not in items})
    return recipe


def _check_names(evaluation: Evaluation, name: str, columns: Mapping[str, ScoreColumn]) -> None:
    """Refuse a benchmark of which two numbers would have one name.

    Raises:
        UserError: with the name.
    """
    benchmark = evaluation.benchmarks[name]
    times = Counter([*(measure.name for measure in benchmark.measured(columns)), *benchmark.rated])
    twice = [metric for metric, number in times.items() if number > 1]
    if twice:
        raise UserError(
            f"{evaluation.file}: benchmarks.{name}: two of its numbers would be called {twice[0]!r}; say each once, "
            "and give a scorer another name with `as:`"
        )


def _temperature(evaluation: Evaluation, benchmark: Benchmark, model: ModelSpec) -> float:
    """At which a model's answers are drawn: as it says itself, else the benchmark, the recipe, or its family."""
    said = (model.options.get("temperature"), benchmark.temperature, evaluation.temperature, asking(model).temperature)
    return next((float(told) for told in said if told is not None), 0.0)


def made_before(
    evaluation: Evaluation, runs: Path, kept: Mapping[str, Mapping[str, Path]]
) -> tuple[Made, dict[str, dict[str, str]]]:
    """All datasets of an evaluation that was run with these very options.

    Args:
        evaluation: the recipe with the models to tell of.
        runs: folder under which evaluations lie.
        kept: of models that can be asked no more, by model and benchmark, the folders of what they answered.

    Returns:
        The datasets, and by such a model the benchmarks that it is left out of, with the reason.

    Raises:
        UserError: a dataset of another model is not there.
    """
    found: Made = {}
    left_out: dict[str, dict[str, str]] = {model: {} for model in kept}
    for name, benchmark in evaluation.benchmarks.items():
        recipe = benchmark_recipe(evaluation, name)
        answers = {answers_stage(model): folders.get(name) for model, folders in kept.items()}
        found[name], misfits = _made_before(recipe, runs / evaluation.name / recipe.name, answers)
        for model, spec in evaluation.models.items():
            stages = (prompts_stage(benchmark, spec), answers_stage(model), scored_stage(model))
            missing = [stage for stage in stages if stage not in found[name]]
            if missing and model in kept:
                misfit = misfits.get(answers_stage(model), "")
                reasons = ("whose items are others now", misfit, "whose answers were scored otherwise than now")
                left_out[model][name] = reasons[stages.index(missing[0])]
            elif missing:
                raise UserError(
                    f"{evaluation.file}: benchmark {name!r} was not evaluated with these options (its stage "
                    f"{missing[0]!r} is not there); first: python -m evals run {evaluation.file}"
                )
    return found, left_out


def _made_before(
    recipe: Recipe, folder: Path, kept: Mapping[str, Path | None]
) -> tuple[dict[str, Dataset], dict[str, str]]:
    """Datasets of a recipe's stages that are there as they are planned now, and why answers of `kept` are not taken.

    A model that can be asked no more cannot be planned with. What it answered (`kept`, by stage) is taken where it
    answers the prompts of now, asked in the same way; its scores are then planned as any other's.
    """
    made: dict[str, Dataset] = {}
    misfits: dict[str, str] = {}
    for stage in recipe.stages.values():
        if any(source not in made for source in stage.sources):
            continue
        if stage.name in kept:
            answers = kept[stage.name]
            misfit = _misfit(answers, made[stage.sources[0]], cast(Generate, stage.options))
            place, misfits[stage.name] = (None, misfit) if misfit else (answers, "")
        else:
            planned = plan(stage, recipe, folder, made)
            place = planned.folder if planned.done else None
        if place is not None:
            made[stage.name] = open_dataset(place)
    return made, misfits


def _misfit(folder: Path | None, prompts: Dataset, generate: Generate) -> str:
    """Why a folder does not hold the answers that the prompts would be given now; nothing where it does."""
    if folder is None or not (folder / MANIFEST).is_file():
        return "which it did not answer"
    answers = open_dataset(folder)
    if prompts.manifest.content not in {read.content for read in answers.manifest.inputs}:
        return "whose items are others now"
    # A seed is the request's own.
    [now] = ({**engine.sampling(), "seed": None} for engine in generate.engines)
    told = answers.scan().select("sampling").head(1).collect()["sampling"].to_list()
    alike = all(canonical_json({**orjson.loads(text), "seed": None}) == canonical_json(now) for text in told)
    return "" if alike and answers.manifest.options["n"] == generate.n else "which is asked otherwise now"


def evaluate(evaluation: Evaluation, runs: Path, progress: Progress, *, retry_failed: bool = False) -> Made:
    """Make all datasets of an evaluation, by benchmark and stage.

    Everything is built and checked before the first model is asked.

    Raises:
        UserError: a benchmark has no items, an item twice, or items that it cannot use.
    """
    recipes = {name: benchmark_recipe(evaluation, name) for name in evaluation.benchmarks}
    for name in evaluation.benchmarks:
        _look(name, recipes[name], evaluation, runs, progress)
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


def _look(name: str, recipe: Recipe, evaluation: Evaluation, runs: Path, progress: Progress) -> None:
    """Make the items and let the benchmark look at them."""
    benchmark = evaluation.benchmarks[name]
    for stage in sorted({prompts_stage(benchmark, model) for model in evaluation.models.values()}):
        folder = runs / evaluation.name
        items = run(recipe, folder, until=stage, workers=evaluation.workers, progress=progress)[stage]
        if not items.manifest.rows:
            raise UserError(
                f"benchmarks.{name}: found no items; why rows were left out tells `datagen show {items.path} --aside "
                f"all`, or that of the stages before it in {items.path.parent}"
            )
        ids = Counter(items.scan().select("id").collect()["id"])
        twice = [item for item, times in ids.items() if times > 1]
        if twice:
            raise UserError(
                f"benchmarks.{name}: found the same item {ids[twice[0]]} times, expected each once: {twice[0]} "
                f"(`datagen show {items.path}`); remove repeats from what is read"
            )
        benchmark.refuse(items.rows())
