"""`select`: apply filters, the only stage that judges; every dropped row is kept aside with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

import polars as pl
from pydantic import Field

from corpus.manifest import Counts, Selection
from corpus.schema import KINDS, score_dtype
from datagen.stages.base import Context, Header, Result, ShardStage, by_reason, only, set_aside
from datagen.stages.parts import Filters
from filters.base import Filter, check_columns, reject_columns, with_roles


class Select(ShardStage):
    """Keep the rows that no filter rejects; a row's reason is the first rejecting filter in recipe order."""

    native: ClassVar[bool] = True

    filters: Filters = Field(min_length=1)
    """Filters by name, in the order in which they claim a row: `- empty`, `- length_ratio: {max: 3}`."""

    def header(self, inputs: Sequence[Header], name: str) -> Header:
        """The same rows, fewer; remembers which scores selected them."""
        header = only(inputs, "select", list(KINDS))
        for judge in self.filters:
            check_columns(judge, header.kind, header.columns)
        chosen = dict.fromkeys((*header.selected_by, *selections(self.filters, header, name)))
        return replace(header, selected_by=tuple(chosen))

    def run(self, frame: pl.DataFrame, piece: str, context: Context) -> Result:
        """All filters in one lazy pass."""
        del piece
        judged, reasons = judge_rows(frame, self.filters, context.header)
        stays = judged["@reason"].is_null()
        kept = frame.filter(stays)
        dropped = with_evidence(judged.filter(~stays), self.filters, context.header)
        aside = set_aside(dropped, pl.col("@reason"), pl.col("@value"))
        counts: Counts = {
            "in": frame.height,
            "rows": kept.height,
            "dropped": by_reason(aside),
            "alone": {reason: int(judged[f"@{n}"].sum()) for n, reason in enumerate(reasons)},
            "overlap": _overlaps(judged, reasons),
        }
        return Result(kept, aside, counts)


def judge_rows(frame: pl.DataFrame, filters: Sequence[Filter], header: Header) -> tuple[pl.DataFrame, list[str]]:
    """The frame with its roles, a column `@<n>` for each reason (true where it applies) and `@reason`, the first.

    Each filter gives two reasons, its own and `<own>:unjudged`; the list names them in column order.
    """
    fitted = [judge.for_columns(header.scores) for judge in filters]
    applies: list[pl.Expr] = []
    reasons: list[str] = []
    for n, (judge, reason) in enumerate(zip(fitted, reasons_of(filters), strict=True)):
        verdict = pl.col(f"@verdict{n}")
        applies += [verdict.fill_null(value=False), verdict.is_null() & pl.lit(judge.unjudged == "drop")]
        reasons += [reason, f"{reason}:unjudged"]
    # An enumeration: as texts, the reasons of all rows would take longer than most filters.
    enum = pl.Enum(reasons)
    first = pl.coalesce(
        *(pl.when(f"@{n}").then(pl.lit(reason, enum)) for n, reason in enumerate(reasons)), pl.lit(None, enum)
    )
    judged = (
        with_roles(frame.lazy(), header.kind)
        # A step of its own, so that no verdict is reached twice.
        .with_columns(judge.reject().alias(f"@verdict{n}") for n, judge in enumerate(fitted))
        .with_columns(expr.alias(f"@{n}") for n, expr in enumerate(applies))
        .with_columns(first.alias("@reason"))
    )
    # Cutting a shard into pieces for the streaming engine takes longer than it saves.
    return judged.collect(engine="in-memory"), reasons


def reasons_of(filters: Sequence[Filter]) -> list[str]:
    """What each filter's drops are counted under: its own reason, and from the second of one kind on its number too."""
    seen: Counter[str] = Counter()
    reasons = []
    for judge in filters:
        seen[judge.reason] += 1
        reasons.append(judge.reason if seen[judge.reason] == 1 else f"{judge.reason}#{seen[judge.reason]}")
    return reasons


def with_evidence(dropped: pl.DataFrame, filters: Sequence[Filter], header: Header) -> pl.DataFrame:
    """Rejected rows with a column `@value`: what made the filter reject, as text; null where the row itself tells."""
    found = zip(reasons_of(filters), (judge.for_columns(header.scores).evidence() for judge in filters), strict=True)
    told = {reason: value for reason, value in found if value is not None}
    # Without what only the verdict needed: a query of few rows takes the time that planning over its columns takes.
    rows = dropped.select(pl.exclude(r"^@(verdict)?\d+$")).with_row_index("@row")
    # Each on the rows of its own reason alone: evidence may take long.
    parts = [
        mine.lazy().select("@row", told[reason].cast(pl.String).alias("@value"))
        for (reason,), mine in rows.partition_by("@reason", as_dict=True).items()
        if reason in told
    ]
    values = pl.repeat(None, dropped.height, dtype=pl.String, eager=True).alias("@value")
    for part in pl.collect_all(parts, engine="in-memory", optimizations=pl.QueryOptFlags.none()):
        values = values.scatter(part["@row"], part["@value"])
    return dropped.with_columns(values)


def selections(filters: Sequence[Filter], header: Header, name: str) -> list[Selection]:
    """The score columns that filters look at, as a manifest remembers them."""
    columns = dict.fromkeys(c for judge in filters for c in reject_columns(judge) if score_dtype(c) is not None)
    return [selection(column, header, name) for column in columns]


def selection(column: str, header: Header, name: str) -> Selection:
    """A score column that decided which rows stay in the stage named `name`."""
    told = header.scores.get(column)
    if told is None:
        return Selection(column=column, stage=name)
    return Selection(column=column, stage=name, signature=told.signature, family=told.family)


def _overlaps(judged: pl.DataFrame, reasons: Sequence[str]) -> dict[str, int]:
    """Rows that two reasons share, `a & b`; pairs that share none are left out."""
    hit: list[Any] = [n for n in range(len(reasons)) if judged[f"@{n}"].any()]
    pairs = [(a, b) for place, a in enumerate(hit) for b in hit[place + 1 :]]
    if not pairs:
        return {}
    shared = judged.select((pl.col(f"@{a}") & pl.col(f"@{b}")).sum().alias(f"{a}&{b}") for a, b in pairs).row(0)
    return {f"{reasons[a]} & {reasons[b]}": n for (a, b), n in zip(pairs, shared, strict=True) if n}
