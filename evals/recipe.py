"""Evaluation recipes: YAML that names models, benchmarks with their options, and what to look at together."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from corpus.config import Loaded, load, validate
from corpus.errors import UserError, nearest
from corpus.model_manifest import FILE as PAPERS
from datagen.engines.names import engine_class
from evals.benchmarks.base import Benchmark
from evals.benchmarks.names import benchmark_class
from evals.families import Asking, family_of
from evals.published import Published

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")
_RESERVED = ("report", "papers")
"""Names under which other things lie beside the benchmarks of a run."""


class ModelSpec(BaseModel):
    """A model and how it is asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    engine: dict[str, dict[str, Any]] = Field(min_length=1, max_length=1)
    """An engine as `generate` takes it: `{transformers: {model: FOLDER}}`, `{openai: {model: NAME, base_url: URL}}`."""
    task: str = ""
    """The wording of translation prompts that the model was made for; `datagen list tasks`. Default: its family's."""
    papers: str | None = None
    """Folder with the model's papers (towerkit.json), which tell what it was made of and what chose its training data.
    Default: the model's own folder. Of a model behind a server: the folder that the server has it from."""
    stage: str = ""
    """Where in the making the model stands."""
    parents: tuple[str, ...] = ()
    """Names of the models that it was made of."""
    share: float | None = Field(default=None, ge=0, le=1)
    """Of a merge of two: the share of the second parent."""

    @property
    def name(self) -> str:
        """The engine's name."""
        return next(iter(self.engine))

    @property
    def options(self) -> dict[str, Any]:
        """The engine's options."""
        return self.engine[self.name]

    @property
    def model(self) -> str:
        """What the engine calls the model: a folder, a hub id, or a server's name for it."""
        return str(self.options.get("model", ""))

    @property
    def places(self) -> dict[str, str]:
        """The engine's options that name a folder or a hub id."""
        options = (option for option in engine_class(self.name).models if option in self.options)
        return {option: str(self.options[option]) for option in options}


def asking(spec: ModelSpec) -> Asking:
    """How models of this one's family are asked."""
    return family_of(spec.model)


class View(BaseModel):
    """A picture: axes that are looked at together, two or three."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    axes: tuple[str, ...]
    """Benchmarks, of which the headline is meant, or `BENCHMARK/METRIC`."""
    reference: tuple[float, ...] | None = None
    """By axis, the value from which the hypervolume counts; default: 0, where more is better on every axis."""

    @model_validator(mode="before")
    @classmethod
    def _axes_alone(cls, told: Any) -> Any:
        return {"axes": told} if isinstance(told, (list, tuple)) else told

    @model_validator(mode="after")
    def _fits(self) -> View:
        if not 2 <= len(self.axes) <= 3:
            raise ValueError(f"found {len(self.axes)} axes, expected two or three")
        if self.reference is not None and len(self.reference) != len(self.axes):
            raise ValueError(f"reference: found {len(self.reference)} values for {len(self.axes)} axes")
        return self


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    seed: int = 0
    models: dict[str, ModelSpec] = {}
    benchmarks: dict[str, dict[str, dict[str, Any] | None]]
    pictures: tuple[View, ...] = ()
    """What is looked at together: `[news, ifeval]`, or `{axes: [news/BLEU, ifeval], reference: [10, 0.2]}`."""
    published: dict[str, Published] = {}
    """Published figures that are drawn beside an axis: `news/xcomet: {benchmark: wmt24pp, metric: xcomet-xxl, set:
    …}`; see `evals/published.yaml`."""
    temperature: float | None = Field(default=None, ge=0)
    """At which answers are drawn, of benchmarks and families that do not say; default: 0, the likeliest."""
    workers: int = Field(default=2, ge=1)

    @field_validator("name")
    @classmethod
    def _plain(cls, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise ValueError(f"found {name!r}, expected small letters, digits, -, _ and .")
        return name


class Evaluation(BaseModel):
    """A checked evaluation recipe."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    file: Path
    name: str
    seed: int
    models: Mapping[str, ModelSpec]
    benchmarks: Mapping[str, Benchmark]
    pictures: tuple[View, ...]
    published: Mapping[str, Published]
    temperature: float | None
    workers: int

    def with_models(self, models: Mapping[str, ModelSpec]) -> Evaluation:
        """The evaluation of these models instead of its own."""
        for name in models:
            if not _NAME.fullmatch(name):
                raise UserError(f"model name {name!r}: expected small letters, digits, -, _ and .")
        return self.model_copy(update={"models": {name: self._placed(name, spec) for name, spec in models.items()}})

    def check_parents(self, known: Collection[str]) -> None:
        """Refuse parents that are none of the other models that are known.

        Raises:
            UserError: with the nearest right spelling.
        """
        for name, spec in self.models.items():
            others = [other for other in known if other != name]
            for parent in spec.parents:
                if parent not in others:
                    raise UserError(
                        f"{self.file}: models.{name}.parents: no other model is called {parent!r}."
                        f"{nearest(parent, others)} There are {', '.join(others) or 'none'}"
                    )

    def candidates(self, told: str) -> list[Path]:
        """Where a folder that is called so may lie: beside the recipe goes before where the command runs."""
        return [(self.file.parent / told).absolute(), Path(told).absolute()] if told else []

    def _placed(self, name: str, spec: ModelSpec) -> ModelSpec:
        """The model with its wording, and with whole paths of its folder and its papers, which may be read elsewhere.

        Raises:
            UserError: there is no such engine.
        """
        try:
            places = {option: self._found(told) or told for option, told in spec.places.items()}
        except UserError as error:
            raise UserError(f"{self.file}: models.{name}.engine: {error}") from None
        own = next((place for place in self.candidates(spec.model) if (place / PAPERS).is_file()), None)
        papers = (self._found(spec.papers) or spec.papers) if spec.papers else own and str(own)
        engine = {spec.name: {**spec.options, **places}}
        return spec.model_copy(update={"engine": engine, "task": spec.task or asking(spec).task, "papers": papers})

    def _found(self, told: str) -> str | None:
        """The whole path of a folder; None where there is none of that name."""
        return next((str(place) for place in self.candidates(told) if place.is_dir()), None)


def load_evaluation(path: Path, *, sets: Sequence[str] = ()) -> Evaluation:
    """Read an evaluation recipe and check it, benchmarks and their options included.

    Relative paths in it start at its folder.

    Raises:
        UserError: with file, line and the nearest right spelling.
    """
    loaded = load(path, sets=sets)
    file = validate(loaded.data, _File, loaded=loaded)
    benchmarks = {name: _benchmark(spec, loaded, name) for name, spec in file.benchmarks.items()}
    if not benchmarks:
        raise UserError(f"{path}: benchmarks: found none; `python -m evals list` tells which there are")
    for name in benchmarks:
        if not _NAME.fullmatch(name):
            raise UserError(f"{path}: benchmarks: found the name {name!r}, expected small letters, digits, -, _ and .")
        if name in _RESERVED:
            raise UserError(f"{path}: benchmarks: {name!r} is the name of a folder of the evaluation; take another")
    for axis in (*(axis for view in file.pictures for axis in view.axes), *file.published):
        _check_axis(axis, benchmarks, path)
    for view in file.pictures:
        _check_axes_differ(view, benchmarks, path)
    evaluation = Evaluation(
        file=path,
        name=file.name,
        seed=file.seed,
        models={},
        benchmarks=benchmarks,
        pictures=file.pictures,
        published=file.published,
        temperature=file.temperature,
        workers=file.workers,
    )
    return evaluation.with_models(file.models)


def _check_axis(axis: str, benchmarks: Mapping[str, Benchmark], path: Path) -> None:
    name, slash, metric = axis.partition("/")
    if name not in benchmarks:
        near = nearest(name, benchmarks)
        raise UserError(f"{path}: no benchmark is called {name!r}.{near} There are {', '.join(benchmarks)}")
    if not slash:
        return
    known = benchmarks[name].metrics()
    if metric not in known:
        raise UserError(
            f"{path}: benchmark {name!r} has no metric {metric!r}.{nearest(metric, known)} There are {', '.join(known)}"
        )


def _check_axes_differ(view: View, benchmarks: Mapping[str, Benchmark], path: Path) -> None:
    """A benchmark's name alone stands for its first metric."""
    seen: dict[tuple[str, str], str] = {}
    for axis in view.axes:
        name, _, metric = axis.partition("/")
        meant = (name, metric or benchmarks[name].measures()[0].name)
        if meant in seen:
            raise UserError(f"{path}: pictures: {seen[meant]} and {axis} are the same metric; give axes that differ")
        seen[meant] = axis


def _benchmark(spec: Mapping[str, Any], loaded: Loaded, name: str) -> Benchmark:
    at = ("benchmarks", name)
    if len(spec) != 1:
        found = " and ".join(spec) or "nothing"
        where = f"{loaded.where(at)}: benchmarks.{name}"
        raise UserError(f"{where}: found {found}, expected one benchmark with its options")
    kind, options = next(iter(spec.items()))
    try:
        model = benchmark_class(kind)
    except UserError as error:
        raise UserError(f"{loaded.where((*at, kind))}: {error}") from None
    benchmark = validate(options or {}, model, loaded=loaded, at=(*at, kind))
    files = {option: Path(loaded.file).parent / str(getattr(benchmark, option)) for option in benchmark.locations}
    return benchmark.model_copy(update={option: str(file) for option, file in files.items() if file.is_file()})


def model_of(text: str) -> tuple[str, ModelSpec]:
    """A model as the command line names it: `FOLDER`, a hub id, or `NAME=FOLDER`, run by the engine `transformers`."""
    name, equals, place = text.partition("=")
    if not equals:
        place, name = text, Path(text).name
    name = re.sub(r"[^a-z0-9_.-]+", "-", name.lower()).strip("-._") or "model"
    # A folder is told from a hub id by being there; its path is made whole, as recipes are read elsewhere.
    place = str(Path(place).absolute()) if Path(place).exists() else place
    return name, ModelSpec(engine={"transformers": {"model": place}})
