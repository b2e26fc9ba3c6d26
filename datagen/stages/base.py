"""What a stage is: it reads finished datasets and writes one. Three kinds: shard, flow and dataset stages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol, Self

import polars as pl
from pydantic import BaseModel, ConfigDict

from corpus.errors import UserError
from corpus.manifest import Counts, Selection
from corpus.schema import schema
from corpus.shards import ASIDE
from filters.base import ScoreColumn


@dataclass(frozen=True)
class Header:
    """What is known of a dataset before any of its rows: enough to refuse a recipe that cannot work."""

    kind: str
    scores: Mapping[str, ScoreColumn] = field(default_factory=dict)
    grouped_by: str | None = None
    selected_by: tuple[Selection, ...] = ()
    splits: tuple[str, ...] = ("train",)

    @property
    def columns(self) -> list[str]:
        """Declared columns and score columns, in file order."""
        return list(schema(self.kind, self.scores))


class Result(NamedTuple):
    """What a shard becomes: the rows that stay, those set aside (columns of `corpus.shards.ASIDE`), and counts."""

    rows: pl.DataFrame
    aside: pl.DataFrame
    counts: Counts


@dataclass(frozen=True)
class Context:
    """What a stage may know beside its options and rows."""

    header: Header
    """Of the rows that come in."""
    out: Header
    """Of the rows that go out."""
    name: str
    """The stage's name in its recipe."""
    sources: tuple[str, ...]
    """Names of the stages that are read."""
    seed: int
    scratch: Path
    """Folder for what `prepare` leaves to the shards; removed when the stage is done."""
    run_folder: Path
    """Folder of the run, for what outlives the stage."""
    retry: int = 0
    """How often what failed is asked again; see `Stage.retries`."""
    tell: Callable[[Sequence[dict[str, Any]]], None] = print
    """Takes numbers for people who watch the stage work, from time to time."""


class Stage(BaseModel):
    """Options of a stage, as a recipe gives them; the class says what kind of stage it is."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, defer_build=True)

    version: ClassVar[int] = 1
    """Raised by hand when the meaning of the stage changes; enters the plan."""
    seeded: ClassVar[bool] = False
    """Whether the recipe's seed matters to the stage (then it enters the plan)."""
    retries: ClassVar[bool] = False
    """Whether what failed may be tried anew; how often it was is part of the plan."""
    names_sources: ClassVar[bool] = False
    """Whether the names of the stages that are read matter (then they enter the plan)."""
    locations: ClassVar[tuple[str, ...]] = ()
    """Options that hold paths: relative ones start at the recipe's folder, and none enters the plan."""
    models: ClassVar[tuple[str, ...]] = ()
    """Options that hold a hub id or a path: what lies in the recipe's folder under that name goes before the hub."""

    def check(self, sources: Sequence[str]) -> None:
        """Look at the names of the stages that are read.

        Raises:
            UserError: an option names another one.
        """

    def header(self, inputs: Sequence[Header], name: str) -> Header:
        """What goes out where `inputs` come in, by the stage named `name`.

        Raises:
            UserError: the inputs do not fit the stage.
        """
        raise NotImplementedError

    def options(self) -> dict[str, Any]:
        """Resolved options as the plan and the manifest hold them."""
        return self.model_dump(mode="json", by_alias=True, exclude=set(self.locations))

    def identity(self) -> object:
        """What enters the plan beside the options and the inputs' content."""
        return None

    def datasets(self) -> Sequence[Path]:
        """Datasets that the options name beside the inputs: folders, or names of earlier stages."""
        return ()

    def bound(self, stages: Mapping[str, Path]) -> Self:
        """The stage with names of other stages among its options replaced by the folders of their datasets."""
        del stages
        return self


class Piece(NamedTuple):
    """What makes one shard: a name, and the files whose rows it takes in, in order."""

    name: str
    files: tuple[Path, ...]
    split: str = "train"

    def load(self, header: Header) -> pl.DataFrame:
        """The rows, with every column that the header tells of; scores that a file lacks are null.

        Rows of equal id in different files are one row, scored apart: it stands once, with the scores of all.

        Raises:
            UserError: a file is of another kind, or two files score the same row differently.
        """
        frames = [_read(file, header) for file in self.files]
        whole = frames[0]
        for other in frames[1:]:
            whole = _joined(whole, other, header)
        return whole.rechunk()

    def scan(self, header: Header) -> pl.LazyFrame:
        """The rows that `load` gives, in its order, to take a few columns of: only these are read, and ids to join by.

        What is wrong with the files is found by `load`.
        """
        declared = schema(header.kind, header.scores)
        whole, *others = [pl.scan_parquet(file, missing_columns="insert", schema=declared) for file in self.files]
        for other in others:
            whole = _united(whole, other, list(header.scores))
        return whole

    def column(self, name: str) -> pl.Series:
        """One column, which every file must have."""
        return pl.concat([pl.read_parquet(file, columns=[name]) for file in self.files])[name]

    def height(self) -> int:
        """How many rows the files hold, by their footers; `load` gives fewer where it joins some."""
        return sum(int(pl.scan_parquet(file).select(pl.len()).collect().item()) for file in self.files)


def _read(file: Path, header: Header) -> pl.DataFrame:
    declared = schema(header.kind, header.scores)
    # In one chunk: polars calls functions of ours for each chunk of a column, and a file gives many.
    frame = pl.read_parquet(file).rechunk()
    missing = [name for name in declared if name not in frame.columns and name not in header.scores]
    if missing:
        raise UserError(f"{file} lacks the columns {', '.join(missing)} of kind {header.kind!r}: it is another file")
    return frame.select(
        pl.col(name) if name in frame.columns else pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in declared.items()
    )


def _joined(left: pl.DataFrame, right: pl.DataFrame, header: Header) -> pl.DataFrame:
    """Both files' rows; those of the right whose id the left has only add the scores that the left lacks."""
    scores = list(header.scores)
    fresh = right.join(left, on="id", how="anti", maintain_order="left")
    if fresh.height < right.height and scores:
        more = right.select("id", *scores).unique("id", keep="first", maintain_order=True)
        both = left.join(more, on="id", how="left", maintain_order="left", suffix="@right")
        for name in scores:
            if both.filter(pl.col(name) != pl.col(f"{name}@right")).height:
                raise UserError(f"rows of equal id have different values of {name!r}; rename one with `as:`")
        left = both.with_columns(pl.coalesce(name, f"{name}@right").alias(name) for name in scores).select(left.columns)
    return pl.concat([left, fresh])


def _united(left: pl.LazyFrame, right: pl.LazyFrame, scores: Sequence[str]) -> pl.LazyFrame:
    """As `_joined`, lazily and without a look at whether scores differ."""
    fresh = right.join(left.select("id"), on="id", how="anti", maintain_order="left")
    if scores:
        more = right.select("id", *scores).unique("id", keep="first", maintain_order=True)
        both = left.join(more, on="id", how="left", maintain_order="left", suffix="@right")
        left = both.with_columns(pl.coalesce(name, f"{name}@right").alias(name) for name in scores)
        left = left.drop(f"{name}@right" for name in scores)
    return pl.concat([left, fresh])


class ShardStage(Stage):
    """A pure function of one shard, on CPU."""

    native: ClassVar[bool] = False
    """Whether the work is done by polars, which uses all cores by itself: such stages need no worker processes."""

    def prepare(self, pieces: Sequence[Piece], context: Context) -> None:
        """Look at the whole input once and leave what the shards need in `context.scratch`."""

    def run(self, frame: pl.DataFrame, piece: str, context: Context) -> Result:
        """What the rows of one shard become. `piece` is the shard's name."""
        raise NotImplementedError


class Output(Protocol):
    """Where a dataset stage writes to."""

    def done(self, name: str) -> bool:
        """Whether this shard was written by an attempt before."""

    def write(self, name: str, result: Result, split: str = "train") -> None:
        """Write a shard and what was set aside with it, durably."""

    def count(self, counts: Counts) -> None:
        """Add counts that belong to no shard."""

    def discard(self) -> None:
        """Remove everything that was written: it is not what was asked for."""


class FlowStage(Stage):
    """One process that owns devices, limits and money: rows of all missing shards flow through it without a pause."""

    def flow(self, pieces: Sequence[Piece], out: Output, context: Context) -> None:
        """Write the shard of each piece that is not `done` as soon as it is whole, in any order.

        What was dear to make is kept in `context.run_folder` at once: a kill must not cost it.
        """
        raise NotImplementedError


class DatasetStage(Stage):
    """A stage that must see everything. Run again after a kill, it comes to the same shards."""

    def run_all(self, inputs: Sequence[Sequence[Piece]], headers: Sequence[Header], out: Output, ctx: Context) -> None:
        """Read the inputs (one list of pieces for each) and write every shard."""
        raise NotImplementedError


def only(inputs: Sequence[Header], verb: str, kinds: Sequence[str]) -> Header:
    """The header of the rows that come in where one kind of rows may.

    Several inputs must be of one kind; their score columns are united.

    Raises:
        UserError: no input, another kind, or kinds that differ.
    """
    if not inputs:
        raise UserError(f"{verb!r} reads a dataset, but no stage stands before it and it has no `from:`")
    found = list(dict.fromkeys(header.kind for header in inputs))
    if len(found) > 1:
        raise UserError(f"{verb!r} reads rows of one kind; the stages named in `from:` give {' and '.join(found)}")
    if found[0] not in kinds:
        raise UserError(f"{verb!r} reads rows of kind {' or '.join(kinds)}; the stage before it gives {found[0]!r}")
    if len(inputs) == 1:
        return inputs[0]
    unsplit(inputs, verb)
    scores: dict[str, ScoreColumn] = {}
    for header in inputs:
        for name, column in header.scores.items():
            if name in scores and scores[name] != column:
                raise UserError(
                    f"the stages named in `from:` both have {name!r}, but not the same one: "
                    f"{scores[name]} and {column}. Rename one with `as:`"
                )
            scores[name] = column
    grouped = {header.grouped_by for header in inputs}
    return Header(
        kind=found[0],
        scores=scores,
        grouped_by=grouped.pop() if len(grouped) == 1 else None,
        selected_by=tuple(dict.fromkeys(s for header in inputs for s in header.selected_by)),
    )


def unsplit(inputs: Sequence[Header], verb: str) -> None:
    """Refuse inputs that hold out rows, where the stage would deal them anew: held-out rows must stay held out.

    Raises:
        UserError: an input has another split than train.
    """
    for header in inputs:
        if header.splits != ("train",):
            raise UserError(
                f"{verb!r} cannot read rows of the splits {' and '.join(header.splits)} together; it would mix what "
                "was held out with the rest. Read one split: `read: {dataset: FOLDER, split: train}`"
            )


def no_rows_aside() -> pl.DataFrame:
    """An empty table of rows set aside."""
    return pl.DataFrame(schema=ASIDE)


def set_aside(frame: pl.DataFrame, reason: pl.Expr, value: pl.Expr | None = None) -> pl.DataFrame:
    """Rows of a dataset as rows set aside, with the reason and what made the verdict."""
    engine = pl.col("engine") if "engine" in frame.columns else pl.lit(None, pl.String)
    return frame.select(
        "id",
        reason.cast(pl.String).alias("reason"),
        (pl.lit(None) if value is None else value).cast(pl.String).alias("value"),
        "src_lang",
        "tgt_lang",
        "origin",
        engine.alias("engine"),
        pl.lit(None, pl.String).alias("file"),
        pl.lit(None, pl.Int64).alias("line"),
    )


def by_reason(aside: pl.DataFrame) -> dict[str, int]:
    """Rows set aside, counted by reason in name order."""
    return dict(aside["reason"].value_counts().sort("reason").iter_rows())


def add_counts(left: Counts, right: Counts) -> Counts:
    """Counts added, nested ones by reason."""
    total: Counts = dict(left)
    for key, value in right.items():
        have = total.get(key)
        if isinstance(value, dict):
            tallies = dict(have) if isinstance(have, dict) else {}
            for reason, number in value.items():
                tallies[reason] = tallies.get(reason, 0) + number
            total[key] = dict(sorted(tallies.items()))
        else:
            total[key] = (have if isinstance(have, int) else 0) + value
    return total
