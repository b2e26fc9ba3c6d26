"""What tests of recipes and stages share: running stages over rows of one's own, the way a recipe does."""

import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest

import corpus
from corpus.manifest import Score
from datagen.progress import Silent
from datagen.recipe import Recipe, load_recipe
from datagen.run import run
from datagen.stages.read import Sample
from datagen.verify import verify

Write = Callable[..., Path]
Run = Callable[..., dict[str, corpus.Dataset]]


@pytest.fixture
def recipe(tmp_path: Path) -> Write:
    """Write a recipe with these stages (YAML) and give its path."""

    def write(stages: str, *, name: str = "test", head: str = "") -> Path:
        path = tmp_path / f"{name}.yaml"
        body = textwrap.indent(textwrap.dedent(stages).strip(), "  ")
        path.write_text(f"name: {name}\n{head}stages:\n{body}\n", "utf-8")
        return path

    return write


@pytest.fixture
def go(tmp_path: Path) -> Run:
    """Run a recipe's file and verify every dataset that it makes: each test is a test of all laws as well."""

    def go(
        path: Path, *, workers: int = 1, sets: tuple[str, ...] = (), sample: str = "", runs: Path | None = None
    ) -> dict[str, corpus.Dataset]:
        loaded: Recipe = load_recipe(path, sets=sets, sample=Sample.parse(sample) if sample else None)
        made = run(loaded, runs or tmp_path / "runs", until=None, workers=workers, progress=Silent())
        broken = {(name, c.what): c.problem for name, one in made.items() for c in verify(one.path) if c.problem}
        assert broken == {}
        return made

    return go


@pytest.fixture
def stages(tmp_path: Path, recipe: Write, go: Run) -> Run:
    """Run stages (YAML) over rows, which the stage `rows` reads; give the datasets by stage name.

    `rows` are a dataset's; several may be given by name, each is then read by a stage of that name. A score column is
    better higher, unless its name is in `lower`.
    """
    number = 0

    def run_stages(
        rows: Iterable[Mapping[str, Any]] | dict[str, Iterable[Mapping[str, Any]]],
        kind: str,
        text: str,
        *,
        rows_per_shard: int = 50_000,
        lower: tuple[str, ...] = (),
        seed: int = 0,
        **options: Any,
    ) -> dict[str, corpus.Dataset]:
        nonlocal number
        given = rows if isinstance(rows, dict) else {"rows": rows}
        reads = []
        for name, some in given.items():
            number += 1
            some = list(some)
            scores = {
                column: Score(higher_is_better=None if not column.startswith("score_") else column not in lower)
                for row in some
                for column in row
                if column.startswith(("score_", "label_", "flag_", "spans_"))
                and column not in ("score_chosen", "score_rejected")
            }
            folder = tmp_path / f"in{number}-{name}"
            corpus.write(some, kind, folder, scores=scores, rows_per_shard=rows_per_shard)
            reads.append(f"{name}: {{read: {{dataset: '{folder}'}}}}")
        body = "\n".join([*reads, textwrap.dedent(text).strip()])
        return go(recipe(body, head=f"seed: {seed}\n"), **options)

    return run_stages


class Said(NamedTuple):
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Run `datagen` with these words, as the console command does."""
    from datagen.cli import main

    def command(*words: str | Path) -> Said:
        monkeypatch.setattr(sys, "argv", ["datagen", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        return Said(int(end.value.code or 0), *capsys.readouterr())

    return command


@pytest.fixture(scope="session")
def aside() -> Callable[[corpus.Dataset], list[dict[str, Any]]]:
    """Rows set aside, in file order, as dicts without the columns that are null."""

    def rows(dataset: corpus.Dataset) -> list[dict[str, Any]]:
        frame: pl.DataFrame = dataset.aside().collect()
        return [
            {name: value for name, value in row.items() if value is not None} for row in frame.iter_rows(named=True)
        ]

    return rows
