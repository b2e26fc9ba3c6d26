"""Run a recipe: for each stage compute its plan; where its manifest is there, go on; else make what is missing.

Nothing is overwritten: a stage's folder is named by its plan, so another threshold's result stays beside.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus.current import CURRENT, read_current
from corpus.dataset import Dataset, finish
from corpus.dataset import open as open_dataset
from corpus.hashing import digest
from corpus.laws import plain
from corpus.manifest import FILE, InputDataset, InputFile, Manifest, Score, read_manifest
from corpus.shards import replacing
from datagen.folder import StageFolder
from datagen.inputs import Inputs
from datagen.locks import locked
from datagen.recipe import Named, Recipe
from datagen.stages.base import Context, Header
from datagen.stages.read import Read

if TYPE_CHECKING:
    from datagen.progress import Progress

RETRIES = "retries.json"
"""How often what failed in a stage was asked again, by stage."""
STATUS = "status.json"
"""What the stage at work does, second by second."""


@dataclass(frozen=True)
class Planned:
    """A stage with its inputs at hand: what it is asked to make, and the folder where that lies or will lie."""

    stage: Named
    inputs: Inputs
    files: list[InputFile]
    plan: str
    folder: Path
    retry: int
    """How often what failed was asked again."""

    @property
    def done(self) -> bool:
        """Whether the dataset is there."""
        return (self.folder / FILE).is_file() and read_manifest(self.folder).plan == self.plan

    @property
    def failed(self) -> int:
        """Requests that were given up, rows without a verdict for that; 0 while the dataset is not there."""
        return plain(read_manifest(self.folder).counts, "failed") if self.stage.options.retries and self.done else 0


def run(
    recipe: Recipe,
    runs: Path,
    *,
    until: str | None,
    workers: int,
    progress: Progress,
    retry_failed: bool = False,
) -> dict[str, Dataset]:
    """Make every stage's dataset, in order, up to `until`; datasets that are there are taken as they are.

    Args:
        recipe: a checked recipe.
        runs: folder under which `<recipe>/<stage>-<plan>/` lie.
        until: name of the last stage to make; None for all.
        workers: processes (or threads, for stages that polars does) that make shards; changes speed alone.
        progress: is told what happens.
        retry_failed: ask again for what failed in stages that are done, and make anew what reads other rows for it.

    Returns:
        The datasets by stage name.
    """
    folder = runs / recipe.name
    folder.mkdir(parents=True, exist_ok=True)
    made: dict[str, Dataset] = {}
    with locked(folder / ".lock", progress.waiting):
        for name, stage in recipe.stages.items():
            planned = plan(stage, recipe, folder, made)
            if retry_failed and planned.failed:
                _raise_retry(folder, name, planned.retry + 1)
                planned = plan(stage, recipe, folder, made)
            if planned.done:
                made[name] = open_dataset(planned.folder)
                # What a kill left between the manifest and the clearing away.
                StageFolder(planned.folder, stage.header).clean()
                progress.skipped(stage, made[name])
            else:
                made[name] = _make(planned, recipe, workers, progress)
            _point(folder, recipe, made)
            if name == until:
                break
    return made


def plan(named: Named, recipe: Recipe, folder: Path, made: Mapping[str, Dataset]) -> Planned:
    """Plan a stage when all datasets that it reads are in `made`."""
    stage = replace(named, options=named.options.bound({name: dataset.path for name, dataset in made.items()}))
    inputs = Inputs.of(stage, made)
    files = stage.options.input_files(folder.parent) if isinstance(stage.options, Read) else []
    retry = _retries(folder).get(stage.name, 0) if stage.options.retries else 0
    asked = plan_hash(stage, inputs.contents, files, recipe.seed, retry)
    return Planned(stage, inputs, files, asked, folder / f"{stage.name}-{asked[:8]}", retry)


def states(recipe: Recipe, runs: Path) -> Iterator[tuple[Named, str]]:
    """Each stage with its state in words: done, begun, to do."""
    folder = runs / recipe.name
    made: dict[str, Dataset] = {}
    for stage in recipe.stages.values():
        if any(name not in made for name in (*stage.sources, *stage.uses)):
            yield stage, "to do, after the stages that it reads"
            continue
        planned = plan(stage, recipe, folder, made)
        if planned.done:
            made[stage.name] = open_dataset(planned.folder)
            yield stage, f"done, {made[stage.name].manifest.rows:,} rows in {planned.folder}"
        else:
            shards = len(list(planned.folder.glob(".parts/*.json")))
            yield stage, f"begun, {shards} shards in {planned.folder}" if shards else "to do"


def plan_hash(stage: Named, contents: Sequence[str], files: Sequence[InputFile], seed: int, retry: int = 0) -> str:
    """What a stage is asked to make: options, versions and inputs by content. Paths, hosts and speed never enter."""
    return digest(
        {
            "verb": stage.verb,
            "version": stage.options.version,
            "options": stage.options.options(),
            "identity": stage.options.identity(),
            "inputs": list(contents),
            "headers": [_header(header) for header in (*stage.inputs, stage.header)],
            "sources": list(stage.sources) if stage.options.names_sources else None,
            "files": [[file.name, file.sha256] for file in files],
            "seed": seed if stage.options.seeded else None,
            "retry": retry,
        }
    )


def _header(header: Header) -> object:
    """What rows are beside their bytes: directions of scores decide what is best, splits what is held out."""
    scores = {name: column.model_dump(exclude={"name"}) for name, column in header.scores.items()}
    selected = [selection.model_dump() for selection in header.selected_by]
    return [header.kind, scores, header.grouped_by, header.splits, selected]


def _make(planned: Planned, recipe: Recipe, workers: int, progress: Progress) -> Dataset:
    """Run the missing shards, then describe, then write the manifest."""
    from datagen.executors import execute

    stage, started = planned.stage, time.time()
    out = StageFolder(planned.folder, stage.header)
    attempt = out.begin()
    planned.inputs.check()
    header = planned.inputs.header
    context = Context(
        header=header,
        out=stage.header,
        name=stage.name,
        sources=stage.sources,
        seed=recipe.seed,
        scratch=out.scratch,
        run_folder=planned.folder.parent,
        retry=planned.retry,
        tell=_telling(stage, planned, progress),
    )
    execute(stage, planned.inputs, out, context, workers, progress)
    shards, splits, counts, tallies = out.collect()
    manifest = Manifest(
        kind=stage.header.kind,
        stage=stage.verb,
        name=stage.name,
        version=stage.options.version,
        options=stage.options.options(),
        plan=planned.plan,
        content="",
        inputs=_inputs(planned),
        files=planned.files,
        shards=shards,
        splits=splits,
        grouped_by=stage.header.grouped_by,
        counts=counts,
        scores={name: Score(**column.model_dump(exclude={"name"})) for name, column in stage.header.scores.items()},
        selected_by=list(stage.header.selected_by),
        run=_run_block(started, attempt, workers),
    )
    dataset = finish(planned.folder, manifest, tallies)
    out.clean()
    progress.finished(stage, dataset, time.time() - started)
    return dataset


def _telling(stage: Named, planned: Planned, progress: Progress) -> Callable[[Sequence[dict[str, Any]]], None]:
    """Hands numbers of a stage at work on to whoever watches, and to status.json in the run folder."""

    def tell(told: Sequence[dict[str, Any]]) -> None:
        status = {"stage": stage.name, "plan": planned.plan, "time": round(time.time(), 1), "engines": list(told)}
        with replacing(planned.folder.parent / STATUS, durable=False) as handle:
            handle.write(json.dumps(status, indent=2).encode() + b"\n")
        progress.told(stage, told)

    return tell


def _retries(folder: Path) -> dict[str, int]:
    path = folder / RETRIES
    return dict(json.loads(path.read_bytes())) if path.is_file() else {}


def _raise_retry(folder: Path, stage: str, retry: int) -> None:
    with replacing(folder / RETRIES) as handle:
        handle.write(json.dumps({**_retries(folder), stage: retry}, indent=2).encode() + b"\n")


def _inputs(planned: Planned) -> list[InputDataset]:
    """Every dataset that was read: for its rows, or to compare with."""
    named = [open_dataset(path) for path in planned.stage.options.datasets()]
    reads = planned.stage.verb == "read"

    def entry(dataset: Dataset, *, rows: bool) -> InputDataset:
        path = os.path.relpath(dataset.path, planned.folder)
        return InputDataset(path=path, content=dataset.manifest.content, use="rows" if rows else "compared")

    return [entry(one, rows=True) for one in planned.inputs.datasets] + [entry(one, rows=reads) for one in named]


def _run_block(started: float, attempt: int, workers: int) -> dict[str, Any]:
    return {
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
        "seconds": round(time.time() - started, 3),
        "attempts": attempt,
        "workers": workers,
        "host": platform.node(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("towerkit", "polars", "pyarrow")},
    }


def _point(folder: Path, recipe: Recipe, made: dict[str, Dataset]) -> None:
    """Name the newest folder of each of the recipe's stages; those not reached by this run stay as they were."""
    have = read_current(folder)
    known = {**have, **{name: dataset.path.name for name, dataset in made.items()}}
    newest = {name: known[name] for name in recipe.stages if name in known}
    if newest != have:
        with replacing(folder / CURRENT) as handle:
            handle.write(json.dumps(newest, indent=2).encode() + b"\n")
