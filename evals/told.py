"""Whether a report tells of these very answers already, so that a second run need not work its numbers out again."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from corpus.dataset import Dataset
from corpus.hashing import digest, file_sha256
from corpus.manifest import FILE as MANIFEST
from corpus.model_manifest import FILE as PAPERS
from corpus.shards import replacing
from evals.recipe import Evaluation, ModelSpec

KEY = "results.key"
_ROOT = Path(__file__).parents[1]
_CODE = ("corpus/**/*.py", "evals/**/*.py", "evals/*.yaml", "evals/report/explore.*", "filters/**/*.py")
_LIBRARIES = ("sacrebleu", "numpy", "polars", "matplotlib")


def key_of(evaluation: Evaluation, made: Mapping[str, Mapping[str, Dataset]]) -> str:
    """A hash of all that the numbers and the report depend on: datasets, options, papers, code and libraries."""
    return digest(
        {
            "code": [file_sha256(path) for pattern in _CODE for path in sorted(_ROOT.glob(pattern))],
            "libraries": [version(name) for name in _LIBRARIES],
            "evaluation": evaluation.model_dump(mode="json", include={"name", "seed", "pictures", "published"}),
            "models": {name: [spec.model_dump(), _papers(spec)] for name, spec in evaluation.models.items()},
            "benchmarks": {
                name: [type(benchmark).__name__, benchmark.model_dump(mode="json")]
                for name, benchmark in evaluation.benchmarks.items()
            },
            "datasets": {
                name: {stage: file_sha256(dataset.path / MANIFEST) for stage, dataset in stages.items()}
                for name, stages in made.items()
            },
        }
    )


def _papers(spec: ModelSpec) -> str | None:
    file = Path(spec.papers) / PAPERS if spec.papers else None
    return file_sha256(file) if file and file.is_file() else None


def is_told(folder: Path, key: str, page: Path) -> bool:
    """Whether the folder holds the results of this key, and their page is still there."""
    files = (folder / KEY, folder / "results.json", folder / "results.parquet", page)
    return all(file.is_file() for file in files) and (folder / KEY).read_text("utf-8") == key


def forget(folder: Path) -> None:
    """Before results are written: until all of them are there, they are nobody's."""
    (folder / KEY).unlink(missing_ok=True)


def remember(folder: Path, key: str) -> None:
    """After the report is written."""
    with replacing(folder / KEY) as handle:
        handle.write(key.encode())
