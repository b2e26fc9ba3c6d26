"""What a filter and a scorer are: a scorer adds columns and may be slow, a filter judges columns and never is.

Both are found by file name (`filters/rules/empty.py` is the filter `empty`), both are pydantic models whose fields are
their options in a recipe, and both speak of two roles, `source` and `output`, that every row kind resolves for itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

import polars as pl
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from corpus.errors import UserError
from corpus.schema import KINDS, ROLES

SOURCE = pl.col("@source")
"""What the output was made from: a pair's source, the source of a response, the last user turn."""
OUTPUT = pl.col("@output")
"""What is judged: a pair's target, a response, the last assistant turn, the chosen answer, a text."""


def with_roles(frame: pl.LazyFrame, kind: str) -> pl.LazyFrame:
    """The frame with the roles that its kind has as columns `@source` and `@output`."""
    return frame.with_columns(**{f"@{role}": expr for role, expr in ROLES[kind].items()})


def _numeric(column: str) -> str:
    numbers = {name for kind in KINDS.values() for name, dtype in kind.columns.items() if dtype.is_numeric()}
    if column.startswith("score_") or column in numbers:
        return column
    listed = ", ".join(sorted(name for name in numbers if not name.startswith("score_")))
    raise ValueError(f"column {column!r} holds no numbers; expected one that starts with score_, or one of {listed}")


NumericColumn = Annotated[str, AfterValidator(_numeric)]
"""Name of a column that holds numbers: a score, or a number that a row kind declares."""


class ScoreColumn(BaseModel):
    """What a manifest tells of a score column."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    name: str
    higher_is_better: bool | None = None
    """None where the column does not rank (labels, flags, spans)."""
    signature: str = ""
    """Settings that the number depends on, in sacreBLEU's style; travels with the number everywhere."""
    family: str = ""
    """What counts as the same judge; a stage `score` fills in the scorer's name where nothing is said."""
    licence: str | None = None
    """The licence of the model that the number comes from, where there is one."""


class Part(BaseModel):
    """Options of a filter or scorer, as a recipe gives them."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, defer_build=True)

    version: ClassVar[int] = 1
    """Raised by hand when the meaning of the part changes; enters the plan."""
    locations: ClassVar[tuple[str, ...]] = ()
    """Options that hold paths: relative ones start at the recipe's folder. What lies there enters plans, not they."""
    models: ClassVar[tuple[str, ...]] = ()
    """Options that hold a hub id or a path: what lies in the recipe's folder under that name goes before the hub."""
    speed: ClassVar[tuple[str, ...]] = ()
    """Options that change where and how fast results come, never what they are: not in any plan."""

    @classmethod
    def name(cls) -> str:
        """The name in recipes and reports: the file's name."""
        return cls.__module__.rpartition(".")[2]


class Filter(Part):
    """Judges rows by a polars expression over columns.

    Subclasses implement `reject`. Columns that the expression reads are found in it, so nothing else is declared.
    """

    unjudged: Literal["drop", "keep"] = "drop"
    """What happens to a row that the filter cannot judge (a null verdict); drops are counted as `NAME:unjudged`."""

    @property
    def reason(self) -> str:
        """What a drop is counted under; the filter's name unless two of one kind must be told apart."""
        return self.name()

    def reject(self) -> pl.Expr:
        """Boolean expression by row: true drops the row, false keeps it, null means that it cannot be judged."""
        raise NotImplementedError

    def evidence(self) -> pl.Expr | None:
        """What made the filter reject, kept as text beside the dropped row; None where the row's text itself tells."""
        return None

    def for_columns(self, columns: Mapping[str, ScoreColumn]) -> Self:
        """The filter fitted to a dataset's score columns (say, to a score's direction)."""
        del columns
        return self


class Scorer(Part):
    """Adds score columns to rows. Pure: the same rows and options give the same numbers."""

    as_: str | None = Field(default=None, alias="as", pattern=r"^[a-z][a-z0-9_]*$")
    """Name to use in the columns instead of the scorer's own: `score_<as>`."""

    @property
    def stem(self) -> str:
        """What follows the prefix in column names."""
        return self.as_ or self.name()

    @property
    def compares_answers(self) -> bool:
        """Whether a row's numbers depend on the other answers to its prompt; all of them must then lie in one shard."""
        return False

    def needs(self, kind: str) -> Sequence[str]:
        """Columns (`@source` and `@output` included) that rows of this kind must have for `score`."""
        raise NotImplementedError

    def columns(self, kind: str) -> list[ScoreColumn]:
        """The columns that `score` adds to rows of this kind."""
        raise NotImplementedError

    def identity(self) -> object:
        """What enters the plan beside the options: the hash of a model file, of a word list, of datasets named here."""
        return None

    def datasets(self) -> Sequence[Path]:
        """Dataset folders that the scorer reads; their `content` enters the plan."""
        return ()

    def bound(self, stages: Mapping[str, Path]) -> Self:
        """The scorer with names of a recipe's stages replaced by the folders where their datasets lie."""
        del stages
        return self

    def score(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The added columns, one row for each row of `frame` and in its order. Null where it cannot judge."""
        raise NotImplementedError


def reject_columns(judge: Filter) -> list[str]:
    """Columns that a filter reads, roles as `@source` and `@output`."""
    roots = set(judge.reject().meta.root_names())
    evidence = judge.evidence()
    if evidence is not None:
        roots |= set(evidence.meta.root_names())
    return sorted(roots)


def check_columns(judge: Filter, kind: str, columns: Sequence[str]) -> None:
    """Refuse a filter that reads a column which rows of this kind do not have here.

    Raises:
        UserError: with the missing column and what adds it.
    """
    have = {*columns, *(f"@{role}" for role in ROLES[kind])}
    for column in reject_columns(judge):
        if column in have:
            continue
        if column.startswith("@"):
            raise UserError(
                f"filter {judge.name()!r} looks at the {column[1:]} of a row; rows of kind {kind!r} have none"
            )
        stem = column.partition("_")[2]
        scores = [name for name in columns if name.startswith(("score_", "label_", "flag_"))]
        raise UserError(
            f"filter {judge.name()!r} reads the column {column!r}, which the rows do not have here. "
            f"A score stage before it must add it (scorer {stem!r} or one with `as: {stem}`). "
            f"Score columns here: {', '.join(scores) or 'none'}"
        )
