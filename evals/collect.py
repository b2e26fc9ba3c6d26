"""From scored answers to results: numbers with intervals and signatures, models compared item by item."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson
import polars as pl

from corpus.dataset import Dataset
from corpus.laws import set_aside
from corpus.manifest import Manifest
from corpus.model_manifest import ModelManifest, read_model_manifest
from datagen.groups import FIELD as GROUP
from evals.benchmarks.base import Benchmark
from evals.measures import Answered, Counted, Measure, Together
from evals.paired import rank
from evals.recipe import Evaluation, ModelSpec, View
from evals.report.results import Measured, Metric, Model, Number, Picture, Results
from evals.runs import answers_stage, prompts_stage, scored_stage
from evals.statistics import Score, share, table
from filters.report.markdown import plural
from filters.statistics import Floats

_OF_PAIRS = ("translation", "instructed translation")
"""Abilities whose scores are means over language pairs."""
_MOST_ORIGINS = 3
"""More are told by their number."""


@dataclass(frozen=True)
class _Asked(Answered):
    """What one model was asked and what it said, and the datasets that it stands in."""

    scored: Manifest
    prompts: Manifest


def results_of(evaluation: Evaluation, made: Mapping[str, Mapping[str, Dataset]]) -> Results:
    """All numbers of an evaluation.

    Args:
        evaluation: the recipe with the models to tell of.
        made: its datasets, by benchmark and stage.
    """
    measured: list[Measured] = []
    axes: dict[str, Metric] = {}
    unmeasured: list[str] = []
    for name, benchmark in evaluation.benchmarks.items():
        asked = {
            model: _asked(
                made[name].get("pairs"),
                made[name][prompts_stage(benchmark, spec)],
                made[name][scored_stage(model)],
                model,
            )
            for model, spec in evaluation.models.items()
            if scored_stage(model) in made[name]
        }
        if not asked:
            unmeasured.append(name)
            continue
        found = [_measured(evaluation, name, benchmark, measure, asked) for measure in _measures(benchmark, asked)]
        found += [
            _together(evaluation, name, benchmark, told, asked) for told in benchmark.together(asked, evaluation.seed)
        ]
        axes |= {name: found[0].metric} | {f"{name}/{told.metric.name}": told.metric for told in found}
        measured += found
    models = tuple(lineages(evaluation.models))
    pictures = [_picture(view, axes) for view in evaluation.pictures if all(axis in axes for axis in view.axes)]
    left_out = [f"{name}: nothing was measured." for name in unmeasured]
    left_out += [told for name, datasets in made.items() for told in _items_left_out(name, datasets)]
    for view in evaluation.pictures:
        if missing := [axis for axis in view.axes if axis not in axes]:
            left_out.append(
                f"No picture of {' and '.join(view.axes)}: nothing was measured of {' and '.join(missing)}."
            )
    return Results(
        evaluation.name, models, tuple(measured), tuple(pictures), tuple(left_out), unmeasured=tuple(unmeasured)
    )


def _items_left_out(benchmark: str, made: Mapping[str, Dataset]) -> Iterator[str]:
    """What the stages that make a benchmark's items set aside, by reason."""
    for stage, dataset in made.items():
        if stage.startswith((answers_stage(""), scored_stage(""))):
            continue
        reasons = set_aside(dataset.manifest)
        if reasons:
            told = ", ".join(f"{reason} {number:,}" for reason, number in reasons.most_common())
            yield f"{benchmark}: {plural(reasons.total(), 'row')} set aside by the stage {stage} ({told})."


def _picture(view: View, axes: Mapping[str, Metric]) -> Picture:
    """A picture; its hypervolume counts from the recipe's reference, else from 0 where more is better on all axes."""
    metrics = tuple(axes[axis] for axis in view.axes)
    reference = view.reference
    if reference is None and all(metric.higher_is_better for metric in metrics):
        reference = (0.0,) * len(metrics)
    keys = [metric.key for metric in metrics]
    return Picture(metrics, dict(zip(keys, reference, strict=True)) if reference else {})


def lineages(models: Mapping[str, ModelSpec]) -> Iterator[Model]:
    """Models with those of their parents that are here: as the recipe says, or else as a model's own papers do.

    Papers name parents by their folders; where two models' folders are called alike, none of them is meant.
    """
    # A model behind a server is known by the folder of its papers, one whose folder is gone by the one it had.
    folders = {
        name: {Path(place).name for place in (spec.papers, str(spec.options.get("model", ""))) if place}
        for name, spec in models.items()
    }
    called = Counter(folder for own in folders.values() for folder in own)
    by_folder = {folder: name for name, own in folders.items() for folder in own if called[folder] == 1}
    for name, spec in models.items():
        stage, parents, second = spec.stage, spec.parents, spec.share
        papers = _papers(spec)
        if papers is not None and not parents:
            found = tuple(by_folder.get(parent, "") for parent in papers.parents)
            # A merge beside one of its two parents is no model that was trained on from it.
            parents = found if all(found) else ()
            second = papers.facts.get("share") if second is None else second
            stage = stage or papers.method
        yield Model(name, stage, tuple(parent for parent in parents if parent in models), second)


def _measures(benchmark: Benchmark, asked: Mapping[str, _Asked]) -> Sequence[Measure]:
    """The benchmark's measures, and those of scorers that the recipe added; scores of the items are none of answers."""
    before = {name for one in asked.values() for name in one.prompts.scores}
    scores = {name: score for one in asked.values() for name, score in one.scored.scores.items()}
    return benchmark.measured({name: score for name, score in scores.items() if name not in before})


def _asked(pairs: Dataset | None, prompts: Dataset, scored: Dataset, model: str) -> _Asked:
    items = prompts.scan().collect()
    meta = [orjson.loads(text) if text else {} for text in items["meta"].to_list()]
    # Wordings differ by model: what two models share is the row that the prompt was made of.
    names = [told.get("row_id") or own for told, own in zip(meta, items["id"].to_list(), strict=True)]
    times = Counter(names)
    names = [own if times[name] > 1 else name for name, own in zip(names, items["id"].to_list(), strict=True)]
    groups = [told.get(GROUP) or name for told, name in zip(meta, names, strict=True)]
    rows = pairs.scan().select("id", "meta").collect() if pairs is not None else None
    made_of = dict(rows.iter_rows()) if rows is not None else {}
    own = pl.Series("@meta", [made_of.get(told.get("row_id")) for told in meta], dtype=pl.String)
    items = items.with_columns(pl.Series("@item", names), pl.Series("@group", groups), own)
    responses = scored.scan().collect()
    # A baseline's answers stand among them where they are compared with.
    answers, others = (
        _by_prompt(items, responses.filter(rows)) for rows in (pl.col("engine") == model, pl.col("engine") != model)
    )
    return _Asked(items, answers, others, scored.manifest, prompts.manifest)


def _by_prompt(items: pl.DataFrame, responses: pl.DataFrame) -> list[pl.DataFrame]:
    by_prompt = {str(key[0]): rows for key, rows in responses.partition_by("prompt_id", as_dict=True).items()}
    none = responses.clear()
    return [by_prompt.get(own, none).sort("sample") for own in items["id"].to_list()]


def _measured(
    evaluation: Evaluation, name: str, benchmark: Benchmark, measure: Measure, asked: Mapping[str, _Asked]
) -> Measured:
    counted = {model: measure.count(one.items, one.answers) for model, one in asked.items()}
    places: dict[str, tuple[str, str]] = {}
    for one in asked.values():
        pairs = _strata(one.items)
        for item, group, pair in zip(one.items["@item"], one.items["@group"], pairs, strict=True):
            places.setdefault(item, (group, pair))
    names = sorted(places)
    values = {model: _at(names, asked[model].items["@item"].to_list(), one.values) for model, one in counted.items()}
    score: Score = next(iter(counted.values())).score
    found = rank(
        table(
            names,
            values,
            clusters=[places[item][0] for item in names],
            # A share is one of all answers; a score of translations is the mean of the pairs', whose points differ.
            strata=None if score is share or benchmark.ability not in _OF_PAIRS else [places[i][1] for i in names],
            score=score,
            higher_is_better=measure.higher_is_better,
        ),
        seed=evaluation.seed,
    )
    numbers = {
        model: Number(
            found.scores[model],
            _signature(counted[model], asked[model], evaluation.models[model], benchmark),
            _in_loop(evaluation.models[model], measure.family),
        )
        for model in asked
    }
    metric = _metric(evaluation, name, measure.name, measure.higher_is_better, score is share, asked)
    return Measured(metric, numbers, tuple(found.differences.values()))


def _metric(
    evaluation: Evaluation, name: str, measure: str, higher_is_better: bool, shares: bool, asked: Mapping[str, _Asked]
) -> Metric:
    benchmark = evaluation.benchmarks[name]
    axes = [f"{name}/{measure}", *([name] if measure == benchmark.headline else [])]
    published = next((evaluation.published[axis] for axis in axes if axis in evaluation.published), None)
    return Metric(name, measure, _set(benchmark, asked), higher_is_better, published, shares, benchmark.baseline)


def _together(
    evaluation: Evaluation, name: str, benchmark: Benchmark, found: Together, asked: Mapping[str, _Asked]
) -> Measured:
    numbers = {
        model: Number(
            scored,
            _signature(found, asked[model], evaluation.models[model], benchmark),
            _in_loop(evaluation.models[model], found.family),
        )
        for model, scored in found.scores.items()
    }
    return Measured(_metric(evaluation, name, found.name, found.higher_is_better, found.share, asked), numbers)


def _set(benchmark: Benchmark, asked: Mapping[str, _Asked]) -> str:
    """On what numbers are measured."""
    pairs = sorted({pair for one in asked.values() for pair in _strata(one.items)})
    told = ", ".join(pairs) if len(pairs) <= 3 else f"{len(pairs)} pairs"
    return f"{told}, first {benchmark.first}" if benchmark.first else told


def _strata(items: pl.DataFrame) -> list[str]:
    """Each item's language pair, or language."""
    pairs = zip(items["src_lang"].to_list(), items["tgt_lang"].to_list(), strict=True)
    return [f"{src}→{tgt}" if src and tgt and src != tgt else str(tgt or src or "any") for src, tgt in pairs]


def _at(names: list[str], own: list[str], values: Floats) -> Floats:
    """Values in the order of all items; NaN where a model was not asked."""
    places = {name: place for place, name in enumerate(own)}
    missing = np.full(values.shape[1:], np.nan)
    return np.array([values[places[name]] if name in places else missing for name in names], np.float64)


def _signature(measure: Counted | Together, asked: _Asked, model: ModelSpec, benchmark: Benchmark) -> str:
    """All that a number depends on, on one line."""
    response = next((rows for rows in asked.answers if rows.height), None)
    decoding = "" if response is None else str(response["sampling"][0])
    said = "" if response is None else str(response["model"][0])
    # An answer that the length limit ended is another answer than it would have been.
    cut = sum(int((rows["finish_reason"] == "length").sum()) for rows in asked.answers)
    # What scorers tell of themselves, their versions among it; columns of one scorer tell the same.
    scorers = [asked.scored.scores[column].signature for column in measure.columns]
    parts = {
        "measure": "|".join(filter(None, dict.fromkeys([measure.signature, *scorers]))),
        "items": _origins(asked.prompts),
        "prompts": asked.prompts.content[:12],
        "task": model.task if benchmark.translates else "",
        "model": said,
        "answers": asked.scored.content[:12],
        "decoding": decoding,
        "cut off": str(cut) if cut else "",
    }
    return "|".join(f"{name}:{value}" for name, value in parts.items() if value)


def _origins(prompts: Manifest) -> str:
    """Where items are from: what a set calls itself, with its version, else the files that were read."""
    named = sorted(origin for origin in prompts.origins if origin)
    return ",".join(named) if len(named) <= _MOST_ORIGINS else f"{len(named)} origins"


def _in_loop(model: ModelSpec, family: str) -> bool:
    """Whether a metric of this family chose the model's training data, as the model's own papers tell."""
    papers = _papers(model) if family else None
    return papers is not None and any(chosen.family == family for chosen in papers.selected_by)


def _papers(model: ModelSpec) -> ModelManifest | None:
    return read_model_manifest(Path(model.papers)) if model.papers else None
