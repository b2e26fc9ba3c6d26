"""`score`: add the columns of scorers to rows. Nothing is dropped; null means that a scorer could not judge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Self

import polars as pl
import polars.selectors as cs
from pydantic import Field

from corpus.errors import UserError
from corpus.manifest import Counts
from corpus.schema import KINDS, ROLES
from datagen.stages.base import Context, Header, Piece, Result, ShardStage, no_rows_aside, only
from datagen.stages.parts import Scorers
from filters.base import ScoreColumn, with_roles
from filters.learned import FAILED, NOTE, LearnedScorer, failed


class Score(ShardStage):
    """Add score columns; each is computed once and judged as often as one likes."""

    retries: ClassVar[bool] = True

    scorers: Scorers = Field(min_length=1)
    """Scorers by name: `- langid`, `- chrf: {word_order: 2}`; `as:` renames the columns."""

    def header(self, inputs: Sequence[Header], name: str) -> Header:
        """The same rows with more columns."""
        del name
        header = only(inputs, "score", list(KINDS))
        have = {*header.columns, *(f"@{role}" for role in ROLES[header.kind])}
        added: dict[str, ScoreColumn] = {}
        for scorer in self.scorers:
            missing = [column for column in scorer.needs(header.kind) if column not in have]
            if missing:
                raise UserError(
                    f"scorer {scorer.name()!r} needs {', '.join(c.removeprefix('@') for c in missing)}; "
                    f"rows of kind {header.kind!r} have none"
                )
            if scorer.compares_answers and header.grouped_by != "prompt_id":
                raise UserError(
                    f"scorer {scorer.name()!r} compares each answer with the others to its prompt, so it needs all of "
                    "them in one shard; the rows here are not grouped by prompt. Score them before the stage that "
                    "takes prompts apart (`mix`, or a `from:` that unites grouped rows with others)"
                )
            for column in scorer.columns(header.kind):
                if column.name in added or column.name in header.columns:
                    raise UserError(
                        f"scorer {scorer.name()!r} adds the column {column.name!r}, which is there already; "
                        "give it another name with `as:`"
                    )
                added[column.name] = column.model_copy(update={"family": column.family or scorer.name()})
        return replace(header, scores={**header.scores, **added})

    def identity(self) -> object:
        """Model files, word lists and datasets that the scorers name."""
        from corpus.dataset import open as open_dataset

        return [
            [scorer.identity(), [open_dataset(path).manifest.content for path in scorer.datasets()]]
            for scorer in self.scorers
        ]

    def datasets(self) -> Sequence[Path]:
        """Those that scorers name."""
        return [path for scorer in self.scorers for path in scorer.datasets()]

    def bound(self, stages: Mapping[str, Path]) -> Self:
        """With the datasets of stages that scorers name."""
        return self.model_copy(update={"scorers": tuple(scorer.bound(stages) for scorer in self.scorers)})

    def prepare(self, pieces: Sequence[Piece], context: Context) -> None:
        """Ask learned scorers, whose models serve all rows one after another; what they say is kept at once."""
        if self._learned:
            from datagen.scores.fill import fill
            from datagen.scores.services import services

            fill(self._learned, pieces, context, services(context))

    @property
    def _learned(self) -> list[LearnedScorer]:
        return [scorer for scorer in self.scorers if isinstance(scorer, LearnedScorer)]

    def run(self, frame: pl.DataFrame, piece: str, context: Context) -> Result:
        """Every scorer over the rows."""
        rows = with_roles(frame.lazy(), context.header.kind).collect()
        failures = Counter[str]()
        for scorer in self.scorers:
            added = self._said(scorer, piece, context) if isinstance(scorer, LearnedScorer) else scorer.score(rows)
            expected = [column.name for column in scorer.columns(context.header.kind)]
            if added.height != frame.height or sorted(added.columns) != sorted(expected):
                raise RuntimeError(
                    f"scorer {scorer.name()!r} gave {added.height} rows of {added.columns}, "
                    f"expected {frame.height} rows of {expected}"
                )
            frame = frame.hstack(added.select(expected).with_columns(cs.float().fill_nan(None)))
            if isinstance(scorer, LearnedScorer):
                failures.update(_failures(scorer, added))
        counts: Counts = {"in": frame.height, "rows": frame.height}
        if failures:
            counts["failed"] = dict(sorted(failures.items()))
        return Result(frame, no_rows_aside(), counts)

    def _said(self, scorer: LearnedScorer, piece: str, context: Context) -> pl.DataFrame:
        """What a learned scorer said of a shard's rows while the stage was prepared."""
        from datagen.scores.fill import left

        return pl.read_parquet(left(context.scratch, self._learned.index(scorer), piece))


def _failures(scorer: LearnedScorer, added: pl.DataFrame) -> list[str]:
    """Why a learned scorer has no verdict on rows for the moment, with its name."""
    notes = added.select(pl.col(scorer.column("label_note")).alias(NOTE)).filter(failed())[NOTE]
    return [f"{scorer.stem} {note.removeprefix(FAILED)}" for note in notes]
