"""Datasets as `datagen scorer` looks at them, and scorers run over rows that are no dataset."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from corpus.current import CURRENT, newest
from corpus.dataset import Dataset
from corpus.dataset import open as open_dataset
from corpus.errors import UserError, nearest
from corpus.manifest import Score
from corpus.schema import ROLES, schema
from datagen.locks import locked
from datagen.recipe import load_recipe, load_scorers
from datagen.stages.base import Context, Header, Piece
from datagen.stages.score import Score as ScoreStage
from filters.base import ScoreColumn, Scorer

Say = Callable[[str], None]
"""Tells a person something while the work goes on."""


def opened(path: Path) -> Dataset:
    """A dataset by its folder, or the newest one of a stage by `runs/RECIPE/STAGE`."""
    dataset = open_dataset(newest(path))
    if not dataset.manifest.rows:
        raise UserError(f"{path} has no rows")
    return dataset


def run_folder(dataset: Dataset) -> Path | None:
    """The folder of the run that a dataset belongs to; None where it belongs to none."""
    parent = dataset.path.resolve().parent
    return parent if (parent / CURRENT).is_file() else None


def header_of(dataset: Dataset) -> Header:
    """What the manifest says of the rows, as a stage sees it."""
    told = dataset.manifest
    columns = {
        name: ScoreColumn(name=name, **score.model_dump(include={"higher_is_better", "signature", "family", "licence"}))
        for name, score in told.scores.items()
    }
    return Header(told.kind, columns, told.grouped_by, tuple(told.selected_by), tuple(told.splits))


def direction(name: str, scores: Mapping[str, Score | ScoreColumn]) -> float:
    """1 where more of a score is better or nobody says, -1 where less is."""
    told = scores.get(name)
    return -1.0 if told is not None and told.higher_is_better is False else 1.0


def named_columns(dataset: Dataset, names: Sequence[str], what: str) -> list[str]:
    """Columns of a dataset as the command line names them: `score_chrf`, or `chrf`.

    Raises:
        UserError: there is no such column.
    """
    have = list(schema(dataset.manifest.kind, dataset.manifest.scores))
    found = []
    for name in names:
        column = name if name in have else f"score_{name}"
        if column not in have:
            scores = [other for other in have if other.startswith(("score_", "flag_", "label_"))]
            raise UserError(
                f"{dataset.path} has no {what} {name!r}.{nearest(name, scores)} Score columns there: "
                f"{', '.join(scores) or 'none; run a stage `score` first'}"
            )
        found.append(column)
    return found


def items_of(kind: str) -> pl.Expr:
    """What rows are compared within: the answers to one prompt, the translations of one source."""
    if kind == "response":
        return pl.col("prompt_id")
    if "source" in ROLES[kind]:
        return pl.concat_str("src_lang", "tgt_lang", ROLES[kind]["source"], separator="\x1f", ignore_nulls=True)
    return pl.col("id")


def scorers_named(what: str, stage: str | None, say: Say) -> tuple[Scorer, ...]:
    """Scorers from a recipe's file, or as a recipe writes them: `chrf`, `{comet: {model: ...}}`, a list.

    Raises:
        UserError: there is no such file, stage or scorer, or an option is wrong.
    """
    path = Path(what)
    if path.suffix not in (".yaml", ".yml"):
        if stage is not None:
            raise UserError(f"--stage {stage}: it names a stage of a recipe, and {what!r} is no recipe's file")
        return load_scorers(what)
    recipe = load_recipe(path)
    stages = {name: named.options for name, named in recipe.stages.items() if isinstance(named.options, ScoreStage)}
    if stage is not None and stage not in stages:
        raise UserError(
            f"--stage {stage}: {what} has no stage of that name that scores.{nearest(stage, stages)} "
            f"It has: {', '.join(stages) or 'none'}"
        )
    found = [scorer for name, options in stages.items() if stage in (None, name) for scorer in options.scorers]
    for scorer in found:
        if scorer.datasets():
            say(f"{scorer.stem} is left out: it compares with other datasets of the recipe")
    return tuple(scorer for scorer in found if not scorer.datasets())


def scored(
    frame: pl.DataFrame, header: Header, scorers: Sequence[Scorer], dataset: Dataset, say: Say
) -> tuple[pl.DataFrame, Mapping[str, ScoreColumn]]:
    """Rows of a dataset's kind with the columns of scorers, which replace those of the same name; and what they say.

    Scorers that compare answers see all rows at once: `frame` must then hold all answers to each of its prompts.

    What learned scorers judge is kept in the run's score store where the dataset belongs to a run.

    Raises:
        UserError: a scorer needs a column that the rows lack.
    """
    added = {column.name for scorer in scorers for column in scorer.columns(header.kind)}
    kept = {name: told for name, told in header.scores.items() if name not in added}
    bare = Header(header.kind, kept, grouped_by="prompt_id" if header.kind == "response" else None)
    stage = ScoreStage(scorers=tuple(scorers))
    out = stage.header([bare], "scorer")
    with _room(dataset, say) as (scratch, run):
        frame.select(list(schema(bare.kind, bare.scores))).write_parquet(scratch / "rows.parquet")
        piece = Piece("rows.parquet", (scratch / "rows.parquet",))
        context = Context(
            header=bare, out=out, name="scorer", sources=(), seed=0, scratch=scratch, run_folder=run, tell=_telling(say)
        )
        stage.prepare([piece], context)
        result = stage.run(piece.load(bare), piece.name, context)
    return result.rows, {name: out.scores[name] for name in added}


@contextmanager
def _room(dataset: Dataset, say: Say) -> Iterator[tuple[Path, Path]]:
    """A folder to work in that goes away, and the folder where verdicts are kept."""
    with ExitStack() as stack:
        scratch = Path(tempfile.mkdtemp(prefix="datagen-scorer-"))
        stack.callback(shutil.rmtree, scratch, ignore_errors=True)
        run = run_folder(dataset)
        if run is not None:
            stack.enter_context(locked(run / ".lock", say))
        yield scratch, run or scratch


def _telling(say: Say) -> Callable[[Sequence[dict[str, Any]]], None]:
    from datagen.scores.watch import line

    def tell(numbers: Sequence[dict[str, Any]]) -> None:
        for told in numbers:
            say(line(told))

    return tell
