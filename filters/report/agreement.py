"""How far scores agree with each other: over rows, and in how they rank the answers to one prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import polars as pl

from filters.report.books import Step
from filters.report.folder import Folder
from filters.report.markdown import code, count, plural, real, table
from filters.report.scores import Column, Scored

_ENOUGH = 1_000_000
"""Rows from which on a sample by hash tells the same: a correlation over a million rows is known to 0.002."""
_SHOWN = 15


@dataclass(frozen=True)
class Agreement:
    """Correlations of two scores, signed so that 1 means that they call the same rows good."""

    left: Column
    right: Column
    rows: int
    """Rows that both judged."""
    pearson: float | None
    spearman: float | None
    prompts: int
    """Prompts with several answers among which both scores differ."""
    within: float | None
    """Mean over these prompts of Spearman's correlation among a prompt's answers."""

    leading: bool
    """Whether both are among the scores to look at first."""

    @property
    def ranks(self) -> bool:
        """Whether the run ranks by one of the two."""
        return self.left.ranks or self.right.ranks


def agreements(run: Sequence[Step], found: Sequence[Scored]) -> list[Agreement]:
    """Every two scores that stand in one dataset and come from different scorers or settings."""
    columns = [column for one in found for column in one.columns if column.numeric and not column.constant]
    pairs: dict[str, list[tuple[Column, Column]]] = {}
    for left, right in combinations(columns, 2):
        if left.scorer == right.scorer and left.step is right.step:
            continue
        step = _together(run, left, right)
        if step is not None:
            pairs.setdefault(step.name, []).append((left, right))
    steps = {step.name: step for step in run}
    leading = [column for one in found for column in one.leading]
    told = [one for name, some in pairs.items() for one in _measured(steps[name], some, leading)]
    return sorted(told, key=lambda one: (not one.ranks, not (one.left.selects or one.right.selects)))


def _together(run: Sequence[Step], left: Column, right: Column) -> Step | None:
    """The first stage that has both, the same as when they were added."""
    for step in run:
        scores = step.manifest.scores
        if all(c.name in scores and scores[c.name].signature == c.told.signature for c in (left, right)):
            return step
    return None


def _measured(step: Step, pairs: Sequence[tuple[Column, Column]], leading: Sequence[Column]) -> list[Agreement]:
    grouped = step.manifest.kind == "response"
    key = "prompt_id" if grouped else "id"
    names = sorted({column.name for pair in pairs for column in pair})
    frame = step.dataset.scan().select(key, *names)
    if step.manifest.rows > _ENOUGH:
        # Ids are hashes, so their first digits choose at random; prompts stay whole.
        last = int(0x10000 * _ENOUGH / step.manifest.rows)
        frame = frame.filter(pl.col(key).str.head(4) < f"{last:04x}")
    rows = frame.with_columns(pl.col(key).rank("dense").cast(pl.UInt32)).collect(engine="streaming")
    return [
        _agreement(rows, key if grouped else None, left, right, both=left in leading and right in leading)
        for left, right in pairs
    ]


def _agreement(frame: pl.DataFrame, key: str | None, left: Column, right: Column, *, both: bool) -> Agreement:
    judged = frame.lazy().select(
        *([pl.col(key).alias("key")] if key else []),
        left=pl.col(left.name) * left.sign,
        right=pl.col(right.name) * right.sign,
    )
    judged = judged.filter(pl.col("left").is_not_null() & pl.col("right").is_not_null())
    rows, pearson, spearman = (
        judged.select(
            pl.len(),
            pl.corr("left", "right").alias("pearson"),
            pl.corr("left", "right", method="spearman").alias("spearman"),
        )
        .collect()
        .row(0)
    )
    prompts, within = 0, None
    if key:
        ranks = (pl.col(side).rank().over("key").alias(side) for side in ("left", "right"))
        correlation = pl.corr("left", "right").alias("r")
        prompts, within = (
            judged.with_columns(ranks)
            .group_by("key")
            .agg(correlation)
            .filter(pl.col("r").is_finite())
            .sort("key")
            .select(pl.len(), pl.col("r").mean())
            .collect()
            .row(0)
        )
    return Agreement(left, right, rows, _finite(pearson), _finite(spearman), prompts, _finite(within), both)


def _finite(number: float | None) -> float | None:
    return None if number is None or number != number else float(number)


def section(found: Sequence[Agreement], folder: Folder) -> str:
    """A table of all pairs, those first by which the run ranks."""
    if not found:
        return "There are no two scores of different scorers that judged the same rows."
    frame = pl.DataFrame(
        [(a.left.name, a.right.name, a.rows, a.pearson, a.spearman, a.prompts, a.within) for a in found],
        schema={
            "score": pl.String,
            "with": pl.String,
            "rows": pl.Int64,
            "pearson": pl.Float64,
            "spearman": pl.Float64,
            "prompts": pl.Int64,
            "within_prompts": pl.Float64,
        },
        orient="row",
    )
    rows = [
        [
            code(a.left.name),
            code(a.right.name),
            count(a.rows),
            _rounded(a.pearson),
            _rounded(a.spearman),
            _rounded(a.within),
            count(a.prompts),
        ]
        for a in found
        if a.leading
    ]
    header = ["score", "with", "rows", "Pearson", "Spearman", "within prompts", "prompts"]
    return "\n\n".join(
        [
            "Correlations over the rows that both scores judged, signed so that 1 means that they call the same rows "
            "good. *Within prompts* is the mean of Spearman's correlation among the answers to one prompt, over the "
            "prompts where both scores tell answers apart: choosing among answers depends on this one.",
            table("llrrrrr", header, rows, limit=_SHOWN),
            f"All {plural(len(found), 'pair')} of scores: {folder.csv('agreement.csv', frame)}.",
        ]
    )


def _rounded(number: float | None) -> str:
    return real(None) if number is None else f"{number:.3f}"
