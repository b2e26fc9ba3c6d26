"""The datasets that a stage reads, as pieces that become shards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from corpus.dataset import Dataset
from corpus.errors import UserError
from corpus.schema import kind_of
from corpus.shards import shard_name
from datagen.recipe import Named
from datagen.stages.base import Header, Piece, only

_SAME_IDS = {
    "response": "One engine name stands for different answers: give the engines different names",
    "prompt": "One prompt has different references or the like: put all references into one row, or leave one out",
}
"""What to do about rows of equal ids with different content."""


@dataclass(frozen=True)
class Inputs:
    """Finished datasets in the order of `from:`, with what is known of each."""

    stage: Named
    datasets: list[Dataset]
    headers: list[Header]

    @staticmethod
    def of(stage: Named, made: Mapping[str, Dataset]) -> Inputs:
        """The inputs of a stage among the datasets made so far."""
        return Inputs(stage, [made[name] for name in stage.sources], list(stage.inputs))

    @property
    def contents(self) -> list[str]:
        """The inputs' content hashes: what the stage's plan takes in."""
        return [dataset.manifest.content for dataset in self.datasets]

    @property
    def header(self) -> Header:
        """Of the rows that come in, united where inputs are several; of those that go out where there are none."""
        if not self.headers:
            return self.stage.header
        return only(self.headers, self.stage.verb, [self.headers[0].kind])

    def pieces_of(self, dataset: Dataset) -> list[Piece]:
        """One dataset's shards, each a piece under its own name."""
        split = {name: key for key, names in dataset.manifest.splits.items() for name in names}
        return [
            Piece(shard.name, (dataset.path / "data" / shard.name,), split[shard.name])
            for shard in dataset.manifest.shards
        ]

    def pieces(self) -> list[Piece]:
        """All inputs as one: grouped datasets joined shard by shard, others one after another."""
        if len(self.datasets) == 1:
            return self.pieces_of(self.datasets[0])
        if self.header.grouped_by is None:
            files = [piece.files for dataset in self.datasets for piece in self.pieces_of(dataset)]
            return [Piece(shard_name(n), found) for n, found in enumerate(files)]
        joined: dict[str, tuple[Path, ...]] = {}
        for dataset in self.datasets:
            for piece in self.pieces_of(dataset):
                joined[piece.name] = (*joined.get(piece.name, ()), *piece.files)
        return [Piece(name, joined[name]) for name in sorted(joined)]

    def check(self) -> None:
        """Refuse inputs that cannot be united.

        Raises:
            UserError: equal ids with different content, or one group's rows in shards of different names.
        """
        if len(self.datasets) < 2:
            return
        self._check_ids()
        if self.header.grouped_by is not None:
            self._check_groups(self.header.grouped_by)
        elif self.stage.verb != "dedup" and len({tuple(sorted(header.scores)) for header in self.headers}) > 1:
            self._check_scored_apart()

    def _check_ids(self) -> None:
        # Where a row stood is no content: two corpora may hold the same sentence in documents of their own.
        own = [name for name in kind_of(self.header.kind).own if name not in ("doc_id", "segment")]
        frames = [
            dataset.scan().select("id", pl.struct(own).hash().alias("content"), pl.lit(name).alias("stage"))
            for dataset, name in zip(self.datasets, self.stage.sources, strict=True)
        ]
        clashes = (pl.concat(frames).group_by("id").agg(pl.col("content").n_unique(), pl.col("stage").unique())).filter(
            pl.col("content") > 1
        )
        found = clashes.sort("id").head(3).collect()
        if found.height:
            advice = _SAME_IDS.get(
                self.header.kind, "They would be one row; leave one of them out, by `select` or before"
            )
            raise UserError(
                f"stage {self.stage.name!r} unites {' and '.join(self.stage.sources)}, but rows with equal ids differ: "
                f"{', '.join(found['id'])}. {advice}"
            )

    def _check_scored_apart(self) -> None:
        """Rows that lie in one shard are joined by id; elsewhere a row that was scored twice would stand twice."""
        ids = pl.concat([dataset.scan().select(pl.col("id").unique()) for dataset in self.datasets])
        found = ids.filter(pl.col("id").is_duplicated()).sort("id").head(1).collect()
        if found.height:
            raise UserError(
                f"stage {self.stage.name!r} unites {' and '.join(self.stage.sources)}, which score the same rows (such "
                f"as {found['id'][0]}) differently. Let one score stage read the other instead"
            )

    def _check_groups(self, key: str) -> None:
        frames = [
            pl.scan_parquet(list(piece.files), missing_columns="insert", extra_columns="ignore")
            .select(pl.col(key).unique())
            .with_columns(shard=pl.lit(piece.name))
            for piece in self.pieces()
        ]
        split = pl.concat(frames).group_by(key).agg(pl.col("shard").sort()).filter(pl.col("shard").list.len() > 1)
        found = split.sort(key).head(1).collect()
        if found.height:
            raise UserError(
                f"stage {self.stage.name!r} unites {' and '.join(self.stage.sources)} shard by shard, but rows of "
                f"{key} {found[key][0]} lie in the shards {', '.join(found['shard'][0])}. Read both with the same "
                "sources in the same order and the same `rows_per_shard`"
            )
