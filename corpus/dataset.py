"""Datasets: open a folder, or make one of rows."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from corpus.card import card
from corpus.cut import cut, cut_groups
from corpus.describe import describe
from corpus.errors import UserError
from corpus.hashing import digest, row_ids
from corpus.manifest import Manifest, Score, content_hash, read_manifest, write_manifest
from corpus.schema import kind_of, schema
from corpus.shards import ASIDE, Shard, conform, replacing, shard_name, write_parquet


class Dataset:
    """A finished dataset folder."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        """A dataset whose manifest has been read; use `corpus.open`."""
        self.path = path
        self.manifest = manifest

    def __repr__(self) -> str:
        """Kind, rows and folder."""
        return f"Dataset({self.manifest.kind}, {self.manifest.rows} rows, {str(self.path)!r})"

    def __len__(self) -> int:
        """Rows in all splits."""
        return self.manifest.rows

    def files(self, split: str | None = None) -> list[Path]:
        """Paths of the shards in order, of one split or of all."""
        names = [name for key, shards in self.manifest.splits.items() if split in (None, key) for name in shards]
        if split is not None and split not in self.manifest.splits:
            raise UserError(f"{self.path} has no split {split!r}; it has {', '.join(self.manifest.splits)}")
        return [self.path / "data" / name for name in names]

    def scan(self, split: str | None = None) -> pl.LazyFrame:
        """The rows as a polars LazyFrame."""
        files = self.files(split)
        declared = schema(self.manifest.kind, self.manifest.scores)
        return pl.scan_parquet(files) if files else pl.LazyFrame(schema=declared)

    def rows(self, split: str | None = None) -> Iterator[dict[str, Any]]:
        """The rows as dicts, one shard in memory at a time."""
        for file in self.files(split):
            yield from pl.read_parquet(file).iter_rows(named=True)

    def aside(self) -> pl.LazyFrame:
        """The rows set aside: id, reason, value and where they came from."""
        files = sorted((self.path / "aside").glob("*.parquet"))
        return pl.scan_parquet(files) if files else pl.LazyFrame(schema=ASIDE)


def open(path: str | Path) -> Dataset:
    """Open a dataset folder.

    Raises:
        UserError: the folder has no manifest, or one of another schema version.
    """
    folder = Path(path)
    return Dataset(folder, read_manifest(folder))


def finish(folder: Path, manifest: Manifest) -> Dataset:
    """Count what the shards hold, write the card and last of all the manifest: the folder becomes a dataset."""
    files = [folder / "data" / shard.name for shard in manifest.shards]
    manifest = manifest.model_copy(
        update={"content": content_hash(manifest.shards), **describe(files, manifest.scores)}
    )
    with replacing(folder / "README.md") as handle:
        handle.write(card(manifest).encode())
    write_manifest(folder, manifest)
    return Dataset(folder, manifest)


def write(
    rows: Iterable[Mapping[str, Any]] | pl.DataFrame,
    kind: str,
    path: str | Path,
    *,
    scores: Mapping[str, Score] | None = None,
    rows_per_shard: int = 50_000,
) -> Dataset:
    """Make a dataset folder of rows; `id` is computed, absent columns are null.

    Args:
        rows: dicts, or a frame, with the columns of the kind (see `corpus.schema`) and any score columns.
        kind: a row kind.
        path: folder to make; it must not exist. It appears under its name only when it is whole.
        scores: direction and signature of the score columns.
        rows_per_shard: rows in a shard; for `response` rows a prompt's rows stay together.

    Raises:
        UserError: the folder exists, a column is unknown, of a wrong type, or a required one is missing.
    """
    folder = Path(path)
    if folder.exists():
        raise UserError(f"{folder} exists already; datasets are never overwritten. Choose another name or remove it")
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    grouped = "prompt_id" if kind == "response" else None
    frames = _frames(rows, kind, rows_per_shard, set(scores or {}))
    parts = cut_groups(pl.concat(frames), grouped, rows_per_shard) if grouped else cut(frames, rows_per_shard)
    try:
        shards: list[Shard] = []
        names: list[str] = sorted(scores or {})
        for frame in parts:
            names = [name for name in frame.columns if name not in kind_of(kind).columns]
            shards.append(write_parquet(temporary / "data" / shard_name(len(shards)), frame))
        manifest = Manifest(
            kind=kind,
            stage="write",
            name=folder.name,
            plan=digest([kind, [shard.sha256 for shard in shards]]),
            content="",
            shards=shards,
            splits={"train": [shard.name for shard in shards]},
            grouped_by=grouped,
            counts={"rows": sum(shard.rows for shard in shards)},
            scores={name: (scores or {}).get(name, Score()) for name in names},
        )
        finish(temporary, manifest)
        temporary.rename(folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return open(folder)


def _frames(
    rows: Iterable[Mapping[str, Any]] | pl.DataFrame, kind: str, size: int, scores: set[str]
) -> Iterator[pl.DataFrame]:
    """Rows as frames of equal columns, typed and with ids. The first `size` rows tell which score columns there are."""
    if isinstance(rows, pl.DataFrame):
        yield typed(rows, kind, scores)
        return
    declared: dict[str, pl.DataType] = {}
    source = iter(rows)
    chunks = iter(lambda: list(islice(source, size)), [])
    for number, chunk in enumerate(chunks):
        declared = declared or schema(kind, scores | {name for row in chunk for name in row})
        yield typed(_from_dicts(chunk, declared, number * size + 1), kind, scores, number * size + 1)


def _from_dicts(chunk: Sequence[Mapping[str, Any]], declared: Mapping[str, pl.DataType], first: int) -> pl.DataFrame:
    """A frame of dicts; a row that does not fit the declared columns is named."""
    for number, row in enumerate(chunk):
        unknown = sorted(row.keys() - declared.keys())
        if unknown:
            raise UserError(
                f"row {first + number} has the columns {unknown}, which are not declared. "
                f"Known columns: {', '.join(declared)}"
            )
    try:
        return pl.DataFrame([dict(row) for row in chunk], schema=declared)
    except (pl.exceptions.PolarsError, TypeError) as error:
        for number, row in enumerate(chunk):
            try:
                pl.DataFrame([dict(row)], schema=declared)
            except (pl.exceptions.PolarsError, TypeError) as cause:
                raise UserError(f"row {first + number}: {cause}") from None
        raise UserError(f"rows {first} to {first + len(chunk) - 1}: {error}") from None


def typed(frame: pl.DataFrame, kind: str, scores: set[str], first: int = 1) -> pl.DataFrame:
    """A frame of this kind with declared columns and types, the named score columns, and ids.

    `first` is the number of the frame's first row, for messages.

    Raises:
        UserError: a column is unknown or of a wrong type, or a required value is missing.
    """
    absent = [pl.lit(None).alias(name) for name in sorted(scores - set(frame.columns))]
    try:
        frame = conform(frame.with_columns(absent), kind)
    except pl.exceptions.PolarsError as error:
        raise UserError(f"rows of kind {kind!r} from row {first} on: {error}") from None
    for name in kind_of(kind).required:
        missing = frame[name].is_null().arg_true()
        if len(missing):
            raise UserError(f"row {first + missing[0]}: {name!r} is missing; rows of kind {kind!r} must have it")
    return frame.with_columns(row_ids(kind, frame))
