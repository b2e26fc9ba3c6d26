"""Which models an evaluation has evaluated: they stay in its report, also when a checkpoint's folder is gone."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from corpus.dataset import Dataset
from corpus.errors import UserError
from corpus.hashing import digest
from corpus.model_manifest import FILE as PAPERS
from corpus.shards import replacing
from evals.recipe import Evaluation, ModelSpec
from evals.runs import answers_stage

FILE = "evaluated.json"


class Known(BaseModel):
    """A model that was evaluated."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    spec: ModelSpec
    """As it was asked."""
    made: dict[str, dict[str, str]]
    """By benchmark and stage, the folder of what it answered."""

    @property
    def gone(self) -> bool:
        """Whether the model was a folder that is there no more: it can be told of, not asked."""
        return any(Path(told).is_absolute() and not Path(told).exists() for told in self.spec.places.values())


def known_models(folder: Path) -> dict[str, Known]:
    """The models that were evaluated in the folder of an evaluation's run, by name."""
    file = folder / FILE
    told = json.loads(file.read_bytes()) if file.is_file() else {}
    return {name: Known.model_validate(entry) for name, entry in told.items()}


def remember(folder: Path, evaluation: Evaluation, made: Mapping[str, Mapping[str, Dataset]]) -> None:
    """Keep which models were evaluated, as they were asked, with their papers."""
    told = known_models(folder)
    for name, spec in evaluation.models.items():
        own = answers_stage(name)
        stages = {benchmark: {own: found[own].path.name} for benchmark, found in made.items()}
        papers = _papers(folder, evaluation, spec)
        told[name] = Known(spec=spec.model_copy(update={"papers": str(papers)}) if papers else spec, made=stages)
        if papers and (papers / PAPERS).is_file():
            copy = _copy(folder, papers)
            copy.mkdir(parents=True, exist_ok=True)
            with replacing(copy / PAPERS) as handle:
                handle.write((papers / PAPERS).read_bytes())
    with replacing(folder / FILE) as handle:
        text = {name: entry.model_dump(mode="json") for name, entry in told.items()}
        handle.write(json.dumps(text, indent=2, ensure_ascii=False).encode() + b"\n")


def gone_models(known: Mapping[str, Known], evaluation: Evaluation, given: Collection[str]) -> dict[str, Known]:
    """Those of the known models whose folders are gone, and whose names stand for no other model now.

    Args:
        known: all of them.
        evaluation: the recipe, which may name a model by the folder that is gone.
        given: names of the command line's models.
    """
    named = evaluation.models
    return {
        name: entry
        for name, entry in known.items()
        if entry.gone and name not in given and (name not in named or _same(entry.spec, named[name], evaluation))
    }


def _same(was: ModelSpec, now: ModelSpec, evaluation: Evaluation) -> bool:
    """Whether a recipe's model is one that was evaluated: it would lie where that lay."""
    return now.places.keys() == was.places.keys() and all(
        Path(was.places[option]) in evaluation.candidates(told) for option, told in now.places.items()
    )


def answers_of(folder: Path, known: Mapping[str, Known]) -> dict[str, dict[str, Path]]:
    """By model and benchmark, the folder of what each of them answered."""
    return {
        name: {benchmark: folder / benchmark / made[answers_stage(name)] for benchmark, made in entry.made.items()}
        for name, entry in known.items()
    }


def with_papers(folder: Path, evaluation: Evaluation) -> Evaluation:
    """The evaluation with each model's papers where they lie, else with the copy that was kept of them."""
    specs = {}
    for name, spec in evaluation.models.items():
        papers = _papers(folder, evaluation, spec)
        if papers and not (papers / PAPERS).is_file():
            papers = _copy(folder, papers).absolute()
        specs[name] = spec.model_copy(update={"papers": str(papers) if papers else None})
    return evaluation.with_models(specs)


def check_papers(folder: Path, evaluation: Evaluation) -> None:
    """Refuse a recipe whose `papers:` are not there: nothing would tell what chose the model's data.

    Raises:
        UserError: with the model's name.
    """
    for name, spec in evaluation.models.items():
        if spec.papers and _papers(folder, evaluation, spec) is None:
            raise UserError(
                f"{evaluation.file}: models.{name}.papers: there is no folder {spec.papers!r} with a {PAPERS}, here or "
                "beside the recipe"
            )


def _papers(folder: Path, evaluation: Evaluation, spec: ModelSpec) -> Path | None:
    """The folder where a model's papers lie, or lay when they were copied; None where it has none."""
    places = evaluation.candidates(spec.papers or spec.model)
    here = [place for place in places if (place / PAPERS).is_file()]
    kept = [place for place in places if (_copy(folder, place) / PAPERS).is_file()]
    return next(iter((*here, *kept)), None)


def _copy(folder: Path, papers: Path) -> Path:
    """Where a copy of the papers in a folder is kept.

    Another folder has another copy, whichever model bears the name; by the folder's own name parents are known.
    """
    return folder / "papers" / digest(str(papers))[:12] / papers.name
