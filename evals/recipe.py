"""Evaluation recipes: YAML that names models, benchmarks with their options, and what to look at together."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from corpus.config import Loaded, load, validate
from corpus.errors import UserError
from evals.benchmarks.base import Benchmark
from evals.benchmarks.names import benchmark_class

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")


class ModelSpec(BaseModel):
    """A model and how it is asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    engine: dict[str, dict[str, Any]] = Field(min_length=1, max_length=1)
    """An engine as `generate` takes it: `{transformers: {model: FOLDER}}`, `{openai: {model: NAME, base_url: URL}}`."""
    task: str = "translate_plain"
    """The wording of translation prompts that the model was made for; `datagen list tasks`. Tower+'s is `translate`."""
    stage: str = ""
    """Where in the making the model stands."""
    parents: tuple[str, ...] = ()
    """Names of the models that it was made of."""
    share: float | None = None
    """Of a merge of two: the share of the second parent."""

    @property
    def name(self) -> str:
        """The engine's name."""
        return next(iter(self.engine))

    @property
    def options(self) -> dict[str, Any]:
        """The engine's options."""
        return self.engine[self.name]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    seed: int = 0
    models: dict[str, ModelSpec] = {}
    benchmarks: dict[str, dict[str, dict[str, Any] | None]]
    pictures: tuple[tuple[str, ...], ...] = ()
    """Benchmarks whose headlines are looked at together, two or three each."""
    temperature: float | None = Field(default=None, ge=0)
    """Instead of a benchmark's own."""
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
    pictures: tuple[tuple[str, ...], ...]
    temperature: float | None
    workers: int

    def with_models(self, models: Mapping[str, ModelSpec]) -> Evaluation:
        """The evaluation of these models instead of its own."""
        for name in models:
            if not _NAME.fullmatch(name):
                raise UserError(f"model name {name!r}: expected small letters, digits, -, _ and .")
        return self.model_copy(update={"models": dict(models)})


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
    for picture in file.pictures:
        unknown = [name for name in picture if name not in benchmarks]
        if unknown or not 2 <= len(picture) <= 3:
            wrong = f"no benchmark is called {unknown[0]!r}" if unknown else f"found {len(picture)} axes"
            raise UserError(f"{path}: pictures: {wrong}; expected two or three of {', '.join(benchmarks)}")
    evaluation = Evaluation(
        file=path,
        name=file.name,
        seed=file.seed,
        models={},
        benchmarks=benchmarks,
        pictures=file.pictures,
        temperature=file.temperature,
        workers=file.workers,
    )
    return evaluation.with_models(file.models)


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
