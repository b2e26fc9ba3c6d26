"""What a learned scorer is: its numbers come from a model, so they are dear, and what was scored once is kept.

The work is cut in three. `items` says what the model is asked about each row, as texts. `open` loads the model and
gives a function that judges items. `gather` makes columns of what was judged. Whoever runs a scorer looks items up in
a store first, so that a model sees only what it never saw, each distinct item once, and is not even loaded where
nothing is new.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import polars as pl

from corpus.chat import Generate, Rate, RewardServer
from corpus.schema import score_dtype
from filters.base import ScoreColumn, Scorer
from filters.language_model import LanguageModel

ROW = "@row"
"""Column of items: the row that an item belongs to, counted from 0."""
NOTE = "@note"
"""Column of items and of values: why there is no number, or what is to be known of it (`truncated`)."""

FAILED = "failed: "
"""How a note begins where the reason is of the moment (a server that went away): such an item is asked again when
the stage is made anew, as `--retry-failed` does."""


def failed() -> pl.Expr:
    """Whether there is no verdict for a reason of the moment, by the note."""
    return pl.col(NOTE).str.starts_with(FAILED).fill_null(value=False)


class Judged(NamedTuple):
    """Verdicts on some items."""

    places: Sequence[int]
    """Which items, by their place in the frame that was handed in."""
    values: pl.DataFrame
    """One row for each of them: the scorer's `values` and `@note`. Null is what could not be judged; the note
    says why."""


Judge = Callable[[pl.DataFrame], Iterator[Judged]]
"""Judges distinct items (the columns of `items` without `@row` and `@note`), each once, in any order, handing verdicts
on as soon as they are there: they are kept at once."""


def _silent(told: Mapping[str, Any]) -> None:
    del told


@dataclass(frozen=True)
class Services:
    """What a learned scorer gets from whoever runs it."""

    folder: Path
    """Where it may keep files that help to go on after a kill, and logs of its processes."""
    generate: Mapping[str, Generate] = field(default_factory=dict)
    """How to ask the models that the scorer `asked` for, by the names that it gave them."""
    rate: Callable[[RewardServer], Rate] | None = None
    """How to ask a server for rewards."""
    tell: Callable[[Mapping[str, Any]], None] = _silent
    """Takes facts for people who watch, such as `{"state": "loading"}` or `{"padding": 0.07}`."""


class LearnedScorer(Scorer):
    """A scorer whose numbers come from a model. Subclasses implement `needs`, `values`, `signature`, `items`, `open`.

    Beside its values it always adds `label_<stem>_note`: null where there is nothing to say, `truncated` where a model
    read a part only, and for a null the reason.
    """

    engines: ClassVar[tuple[str, ...]] = ()
    """Options that hold an engine, written as a recipe writes engines: `{openai: {model: ...}}`."""

    def values(self) -> Mapping[str, bool | None]:
        """What is judged of an item, by column name without the stem, and whether higher is better.

        `score` becomes `score_<stem>`, `spans` `spans_<stem>`, `score_fluency` `score_<stem>_fluency`.
        """
        raise NotImplementedError

    def signature(self) -> str:
        """Settings that the numbers depend on, in sacreBLEU's style: model, revision or hash, dtype, window."""
        raise NotImplementedError

    def family(self) -> str:
        """What counts as the same judge: a metric of one family is no independent check on what it selected."""
        return self.name()

    def licence(self) -> str | None:
        """The model's licence, where it is known."""
        return None

    def items(self, frame: pl.DataFrame) -> pl.DataFrame:
        """What the model is asked about rows of `frame`: `@row`, columns of text that the verdict depends on, `@note`.

        A row may have several items, whose scores are averaged, and must have at least one. An item with a note is
        not asked; the note is the reason why it cannot be judged.
        """
        raise NotImplementedError

    def open(self, services: Services) -> AbstractContextManager[Judge]:
        """Load the model.

        Raises:
            UserError: it cannot be had or is of the wrong kind.
            Failure: it does not fit, or its process dies.
        """
        raise NotImplementedError

    def asked(self) -> Mapping[str, LanguageModel]:
        """Models that `open` asks through `Services.generate`, by name; by default those in the options `engines`."""
        held = {option: getattr(self, option) for option in self.engines}
        return {option: model for option, model in held.items() if model is not None}

    def kept_as(self) -> object:
        """What tells this scorer's verdicts on the same items from another's. By default all but the column name."""
        options = self.model_dump(mode="json", exclude={"as_", *self.locations, *self.models, *self.speed})
        return [self.name(), self.version, options, self.identity()]

    def column(self, value: str) -> str:
        """The column that a value goes into."""
        prefix, _, rest = value.partition("_")
        return "_".join((prefix, self.stem, rest) if rest else (prefix, self.stem))

    def columns(self, kind: str) -> list[ScoreColumn]:
        """One for each value, and the note."""
        del kind
        ranks: dict[str, bool | None] = {**self.values(), "label_note": None}
        signature, family, licence = self.signature(), self.family(), self.licence()
        return [
            ScoreColumn(
                name=self.column(name), higher_is_better=better, signature=signature, family=family, licence=licence
            )
            for name, better in ranks.items()
        ]

    def dtypes(self) -> dict[str, pl.DataType]:
        """Types of the values and of the note, as they are kept."""
        types = {name: score_dtype(f"{name}_") for name in self.values()}
        wrong = [name for name, dtype in types.items() if dtype is None]
        if wrong:
            raise TypeError(f"{type(self).__name__}.values: {wrong[0]!r} begins like no score column")
        return {**{name: dtype for name, dtype in types.items() if dtype is not None}, NOTE: pl.String()}

    def gather(self, judged: pl.DataFrame, rows: int) -> pl.DataFrame:
        """Columns of `rows` rows from their judged items (`@row`, values, `@note`), in the rows' order.

        Of several items the scores that could be judged are averaged; of the rest the first that is not null counts,
        and of notes one that says that an item may be asked again.
        """
        values = list(self.values())
        if judged.height != rows or not judged[ROW].is_sorted() or judged[ROW].n_unique() != rows:
            means = [pl.col(name).mean() if name.startswith("score") else _first(name) for name in values]
            judged = judged.group_by(ROW).agg(*means, pl.coalesce(pl.col(NOTE).filter(failed()).first(), _first(NOTE)))
            every = pl.DataFrame({ROW: pl.arange(rows, dtype=pl.Int64, eager=True)})
            judged = every.join(judged, on=ROW, how="left", maintain_order="left")
        return judged.select(
            *(pl.col(name).alias(self.column(name)) for name in values),
            pl.col(NOTE).alias(self.column("label_note")),
        )

    def score(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Refused: a learned scorer is run through the score store, by `datagen.scores`."""
        del frame
        raise TypeError(f"{self.name()} is a learned scorer; run it through datagen.scores")


def judged_rows(scorer: LearnedScorer, judge: Judge, frame: pl.DataFrame) -> pl.DataFrame:
    """The scorer's columns for rows with their roles, each distinct item judged once and nothing kept."""
    items = scorer.items(frame)
    if NOTE not in items.columns:
        items = items.with_columns(pl.lit(None, pl.String).alias(NOTE))
    columns = sorted(set(items.columns) - {ROW, NOTE})
    asked = items.filter(pl.col(NOTE).is_null()).drop(NOTE)
    distinct = asked.select(columns).unique(keep="first", maintain_order=True).with_row_index("@item")
    verdicts = [
        values.select(pl.col(name).cast(dtype) for name, dtype in scorer.dtypes().items()).with_columns(
            pl.Series("@item", places, dtype=pl.UInt32)
        )
        for places, values in (judge(distinct.select(columns)) if distinct.height else ())
    ]
    none = pl.DataFrame(schema={**scorer.dtypes(), "@item": pl.UInt32})
    known = asked.join(distinct, on=columns, how="left", nulls_equal=True, maintain_order="left")
    told = known.join(pl.concat([none, *verdicts]), on="@item", how="left", maintain_order="left")
    unasked = items.filter(pl.col(NOTE).is_not_null()).select(ROW, NOTE)
    told = pl.concat([told.drop("@item", *columns), unasked], how="diagonal")
    return scorer.gather(told.sort(ROW, maintain_order=True), frame.height)


def _first(name: str) -> pl.Expr:
    return pl.col(name).drop_nulls().first()


def rows_of(frame: pl.DataFrame) -> pl.Series:
    """Numbers of a frame's rows, as the column `@row`."""
    return pl.arange(frame.height, dtype=pl.Int64, eager=True).alias(ROW)


def values_frame(values: Mapping[str, Sequence[Any]], notes: Sequence[str | None]) -> pl.DataFrame:
    """Verdicts by value name, with the note of each."""
    typed = [pl.Series(name, column, dtype=score_dtype(f"{name}_")) for name, column in values.items()]
    return pl.DataFrame([*typed, pl.Series(NOTE, notes, dtype=pl.String)])
