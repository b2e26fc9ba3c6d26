"""Rank the candidates of a prompt: what `best` and `pair` share."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import polars as pl

from corpus.errors import UserError, nearest
from corpus.manifest import Selection
from corpus.shards import replacing
from datagen.stages.base import Context, Header, Piece, ShardStage, only, set_aside
from datagen.stages.parts import Filters
from datagen.stages.select import judge_rows, selection, selections, with_evidence
from filters.base import check_columns

Normalize = Literal["none", "zscore", "rank"]


class Candidates(NamedTuple):
    """Candidates that may be chosen, with their keys, and those that left their groups."""

    frame: pl.DataFrame
    """Columns `@key0` ... (higher is better), `@score` (what is reported, in the score's own units) and `@length`."""
    aside: pl.DataFrame
    keys: int


class Ranked(ShardStage):
    """A stage that ranks the answers to each prompt."""

    by: str | tuple[str, ...] | dict[str, float]
    """What ranks: a score column; a list of them (the next decides ties); or columns with weights, added up after
    `normalize`. Always in the scores' own directions."""
    normalize: Normalize = "none"
    """How scores of a weighted map are made comparable before they are added: `none`, `zscore`, or `rank` (0 to 1)."""
    within: Literal["prompt", "dataset"] = "prompt"
    """Over what `normalize` takes means, deviations and ranks."""
    gates: Filters = ()
    """Filters: a candidate that one rejects or cannot judge leaves its group and is counted by reason."""

    def ranked_header(self, inputs: Sequence[Header], name: str, verb: str) -> tuple[Header, tuple[Selection, ...]]:
        """The header of the candidates, after checks, and what selects among them."""
        header = only(inputs, verb, ["response"])
        if header.grouped_by != "prompt_id":
            raise UserError(f"{verb!r} needs all answers to a prompt in one shard; the rows here are not grouped")
        ranking = [c.name for c in header.scores.values() if c.higher_is_better is not None]
        for column in self.columns:
            if column not in ranking:
                raise UserError(
                    f"by: {column!r} is no score that ranks.{nearest(column, ranking)} "
                    f"Scores here: {', '.join(ranking) or 'none; a score stage must come before'}"
                )
        if not self.columns or not all(math.isfinite(weight) for weight in self.weights.values()):
            raise UserError("by: expected at least one column, and weights that are numbers")
        if self.normalize != "none" and not isinstance(self.by, dict):
            raise UserError("normalize: only a map of weights (`by: {score_a: 1, score_b: 2}`) is normalized")
        for gate in self.gates:
            check_columns(gate, header.kind, header.columns)
        chosen = [*selections(self.gates, header, name), *(selection(c, header, name) for c in self.columns)]
        return header, tuple(dict.fromkeys((*header.selected_by, *chosen)))

    @property
    def columns(self) -> list[str]:
        """The score columns that rank."""
        return [self.by] if isinstance(self.by, str) else list(self.by)

    @property
    def weights(self) -> Mapping[str, float]:
        """Weights of the columns that are added up; empty unless `by` is a map."""
        return self.by if isinstance(self.by, dict) else {}

    def prepare(self, pieces: Sequence[Piece], context: Context) -> None:
        """Means and deviations, or sorted values, over the whole dataset, where `within: dataset` asks for them."""
        if self.normalize == "none" or self.within == "prompt":
            return
        import numpy as np

        for column in self.columns:
            path = _spread_file(context.scratch, column)
            if not path.is_file():
                scores = (piece.scan(context.header).select(column).collect()[column] for piece in pieces)
                values = [found.drop_nulls() for found in scores]
                with replacing(path) as handle:
                    np.save(handle, np.sort(np.concatenate([v.to_numpy() for v in values])))

    def candidates(self, frame: pl.DataFrame, context: Context) -> Candidates:
        """Gate the rows and give those that stay their keys."""
        header = context.header
        judged, _ = judge_rows(frame, self.gates, header)
        stays = pl.col("@reason").is_null()
        gone = with_evidence(judged.filter(~stays), self.gates, header)
        gated = set_aside(gone, pl.lit("gate:") + pl.col("@reason"), pl.col("@value"))
        frame = judged.filter(stays).select(frame.columns)
        unscored = pl.any_horizontal(pl.col(c).is_null() for c in self.columns)
        missing = set_aside(frame.filter(unscored), pl.lit(f"unscored:{'+'.join(self.columns)}"))
        frame = frame.filter(~unscored)
        signs = {c: 1.0 if header.scores[c].higher_is_better else -1.0 for c in self.columns}
        if isinstance(self.by, dict):
            values = {c: self._normalized(c, signs[c], context) for c in self.columns}
            total = pl.sum_horizontal(weight * values[c] for c, weight in self.by.items())
            keys: list[pl.Expr] = [total]
            score = total
        else:
            keys = [pl.col(c) * signs[c] for c in self.columns]
            score = pl.col(self.columns[0])
        frame = frame.with_columns(
            **{f"@key{n}": key for n, key in enumerate(keys)},
            **{"@score": score.cast(pl.Float64), "@length": pl.col("response").str.len_chars().cast(pl.Int64)},
        )
        return Candidates(frame, pl.concat([gated, missing]), len(keys))

    def _normalized(self, column: str, sign: float, context: Context) -> pl.Expr:
        """A score made comparable with others; higher is better afterwards."""
        value = pl.col(column) * sign
        if self.normalize == "none":
            return value
        if self.within == "prompt":
            if self.normalize == "zscore":
                spread = value.std(ddof=0).over("prompt_id")
                return pl.when(spread > 0).then((value - value.mean().over("prompt_id")) / spread).otherwise(0.0)
            below = value.rank("average").over("prompt_id") - 1
            others = pl.len().over("prompt_id") - 1
            return pl.when(others > 0).then(below / others).otherwise(0.5)
        import numpy as np

        values = np.load(_spread_file(context.scratch, column))
        if self.normalize == "zscore":
            deviation, mean = (float(values.std()), sign * float(values.mean())) if len(values) else (0.0, 0.0)
            return (value - mean) / deviation if deviation > 0 else pl.lit(0.0)
        ordered = np.sort(sign * values)

        def rank(batch: pl.Series) -> pl.Series:
            numbers = batch.to_numpy()
            low, high = np.searchsorted(ordered, numbers, "left"), np.searchsorted(ordered, numbers, "right")
            return pl.Series((low + high - 1) / 2 / max(len(ordered) - 1, 1))

        return value.map_batches(rank, return_dtype=pl.Float64)


def best_first(frame: pl.DataFrame, keys: int) -> pl.DataFrame:
    """Candidates in order: prompts as they come, in each the best first; ties to the shorter, then the smaller id."""
    order = [f"@key{n}" for n in range(keys)]
    return (
        frame.with_row_index("@row")
        .with_columns(pl.col("@row").min().over("prompt_id").alias("@place"))
        .sort(["@place", *order, "@length", "id"], descending=[False, *[True] * keys, False, False])
        .drop("@row", "@place")
    )


def groups_without(frame: pl.DataFrame, prompts: pl.Series, reason: str) -> pl.DataFrame:
    """The first row of each of these prompts as a group set aside: its id is the prompt's."""
    first = frame.unique("prompt_id", keep="first", maintain_order=True)
    gone = first.filter(pl.col("prompt_id").is_in(prompts.implode())).with_columns(id=pl.col("prompt_id"))
    return set_aside(gone, pl.lit(reason)).with_columns(engine=pl.lit(None, pl.String))


def _spread_file(scratch: Path, column: str) -> Path:
    return scratch / f"values-{column}.npy"
