"""Which models an evaluation has evaluated: they stay in its report, also when a checkpoint's folder is gone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from corpus.current import read_current
from corpus.dataset import Dataset
from corpus.dataset import open as open_dataset
from corpus.manifest import FILE as MANIFEST
from corpus.model_manifest import FILE as PAPERS
from corpus.shards import replacing
from evals.recipe import Evaluation, ModelSpec
from evals.runs import answers_stage, prompts_stage, scored_stage

FILE = "evaluated.json"
Made = dict[str, dict[str, Dataset]]
"""Datasets by benchmark and stage."""


class Known(BaseModel):
    """A model that was evaluated."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    spec: ModelSpec
    """As it was asked."""
    made: dict[str, dict[str, str]]
    """By benchmark, the folders of its stages: what it answered, and the scores."""

    @property
    def gone(self) -> bool:
        """Whether the model was a folder that is there no more: it can be told of, not asked."""
        path = Path(str(self.spec.options.get("model", "")))
        return self.spec.name == "transformers" and path.is_absolute() and not path.exists()


def known_models(folder: Path) -> dict[str, Known]:
    """The models that were evaluated in the folder of an evaluation's run, by name."""
    file = folder / FILE
    told = json.loads(file.read_bytes()) if file.is_file() else {}
    return {name: Known.model_validate(entry) for name, entry in told.items()}


def remember(folder: Path, evaluation: Evaluation, made: Mapping[str, Mapping[str, Dataset]]) -> None:
    """Keep which models were evaluated, as they were asked, with their papers."""
    told = known_models(folder)
    for name, spec in evaluation.models.items():
        mine = (answers_stage(name), scored_stage(name))
        stages = {
            benchmark: {stage: found[stage].path.name for stage in mine if stage in found}
            for benchmark, found in made.items()
        }
        told[name] = Known(spec=spec, made=stages)
        # Another model may have had the name, and other papers.
        shutil.rmtree(_papers(folder, name), ignore_errors=True)
        if spec.papers and (file := Path(spec.papers) / PAPERS).is_file():
            _papers(folder, name).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, _papers(folder, name) / PAPERS)
    with replacing(folder / FILE) as handle:
        text = {name: entry.model_dump(mode="json") for name, entry in told.items()}
        handle.write(json.dumps(text, indent=2, ensure_ascii=False).encode() + b"\n")


def spec_of(folder: Path, name: str, known: Known) -> ModelSpec:
    """How a known model is told of: with the copy of its papers where its folder is gone."""
    papers = _papers(folder, name)
    if not known.gone:
        return known.spec
    return known.spec.model_copy(update={"papers": str(papers) if papers.is_dir() else None})


def add_gone(folder: Path, evaluation: Evaluation, gone: Mapping[str, Known], made: Made) -> list[str]:
    """Add to `made` what models answered whose folders are gone, where it answers the very items of now.

    Returns:
        For each such model a line that says what became of it.
    """
    lines = []
    for name, known in gone.items():
        left_out = []
        for benchmark, options in evaluation.benchmarks.items():
            found = {stage: folder / benchmark / own for stage, own in known.made.get(benchmark, {}).items()}
            asked = folder / benchmark / read_current(folder / benchmark).get(prompts_stage(options, known.spec), "")
            if len(found) < 2 or not all((path / MANIFEST).is_file() for path in (*found.values(), asked)):
                left_out.append(benchmark)
                continue
            answers = open_dataset(found[answers_stage(name)])
            if open_dataset(asked).manifest.content not in {read.content for read in answers.manifest.inputs}:
                left_out.append(benchmark)
                continue
            made[benchmark] |= {stage: open_dataset(path) for stage, path in found.items()}
            made[benchmark].setdefault(prompts_stage(options, known.spec), open_dataset(asked))
        without = f", but not in {', '.join(left_out)}, whose items or answers are others now" if left_out else ""
        lines.append(f"{name}: its folder is gone; it stays in the report with what it answered before{without}")
    return lines


def _papers(folder: Path, name: str) -> Path:
    return folder / "papers" / name
