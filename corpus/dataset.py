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
from corpus.chat import first_misfit
from corpus.current import newest
from corpus.cut import cut, cut_groups
from corpus.errors import Failure, UserError, nearest
from corpus.fit import column_fits, holes, misfit, no_object
from corpus.hashing import digest, row_ids
from corpus.languages import canonical
from corpus.manifest import Manifest, Score, Tally, content_hash, read_manifest, write_manifest
from corpus.schema import kind_of, schema, score_dtype
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
        """Paths of the shards in order, of one split or of all.

        Raises:
            UserError: there is no such split.
            Failure: a shard is missing.
        """
        names = [name for key, shards in self.manifest.splits.items() if split in (None, key) for name in shards]
        if split is not None and split not in self.manifest.splits:
            raise UserError(f"{self.path} has no split {split!r}; it has {', '.join(self.manifest.splits)}")
        files = [self.path / "data" / name for name in names]
        if missing := next((file for file in files if not file.is_file()), None):
            raise Failure(
                f"{missing} is missing; `datagen verify {self.path}` tells what else is wrong with the dataset"
            )
        return files

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
    """Open a dataset folder; `RUNFOLDER/STAGE` opens the newest dataset of that stage.

    Raises:
        UserError: the folder has no manifest, or one of another schema version; or the run has no such stage.
    """
    folder = newest(Path(path))
    return Dataset(folder, read_manifest(folder))


def finish(folder: Path, manifest: Manifest, tallies: Sequence[Tally]) -> Dataset:
    """Add up what was counted of the shards, write the card and last of all the manifest: it becomes a dataset.

    `tallies` are what `corpus.describe.tally` gives of each of the manifest's shards, in order.
    """
    from corpus.describe import tables

    files = [folder / "data" / shard.name for shard in manifest.shards]
    manifest = manifest.model_copy(
        update={"content": content_hash(manifest.shards), **tables(tallies, files, manifest.scores)}
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
        UserError: the folder exists, `rows_per_shard` is below 1, or a row does not fit: a column is unknown or of a
            wrong type, a required value is missing, `meta` is no JSON object, messages are no chat of their column's
            form, a language code is not in canonical form. Nothing is left behind.
    """
    from corpus.describe import tally

    folder = Path(path)
    if rows_per_shard < 1:
        raise UserError(f"rows_per_shard: found {rows_per_shard}, expected 1 or more")
    if folder.exists():
        raise UserError(f"{folder} exists already; datasets are never overwritten. Choose another name or remove it")
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    # A killed process may have had this one's number.
    shutil.rmtree(temporary, ignore_errors=True)
    grouped = "prompt_id" if kind == "response" else None
    frames = _frames(rows, kind, rows_per_shard, set(scores or {}))
    parts = cut_groups(pl.concat(frames), grouped, rows_per_shard) if grouped else cut(frames, rows_per_shard)
    try:
        shards: list[Shard] = []
        tallies: list[Tally] = []
        names: list[str] = sorted(scores or {})
        for frame in parts:
            names = [name for name in frame.columns if name not in kind_of(kind).columns]
            shards.append(write_parquet(temporary / "data" / shard_name(len(shards)), frame))
            tallies.append(tally(frame, names))
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
        finish(temporary, manifest, tallies)
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
    for number, chunk in enumerate(iter(lambda: list(islice(source, size)), [])):
        first = number * size + 1
        declared = declared or schema(kind, scores | _score_names(chunk))
        yield typed(_from_dicts(chunk, declared, first), kind, scores, first)
    if not declared:
        yield typed(pl.DataFrame(schema=schema(kind, scores)), kind, scores)


def _score_names(chunk: Sequence[object]) -> set[str]:
    """The columns of rows that are named like scores."""
    names = {name for row in chunk if isinstance(row, Mapping) for name in row}
    return {name for name in names if isinstance(name, str) and score_dtype(name) is not None}


def _from_dicts(chunk: Sequence[Mapping[str, Any]], declared: Mapping[str, pl.DataType], first: int) -> pl.DataFrame:
    """A frame of dicts; a row that does not fit the declared columns is named."""
    for number, row in enumerate(chunk, first):
        if not isinstance(row, Mapping):
            raise UserError(f"row {number}: found {type(row).__name__}, expected a mapping of columns to values")
        unknown = sorted(str(name) for name in row if name not in declared)
        if unknown:
            raise UserError(
                f"row {number}: the column {unknown[0]!r} is not declared.{nearest(unknown[0], declared)} "
                f"Known columns: {', '.join(declared)}. What has no column goes into `meta`"
            )
        for name, value in row.items():
            if wrong := misfit(value, declared[name]):
                raise UserError(f"row {number}: column {name!r}: {wrong}")
    columns = {name: [row.get(name) for row in chunk] for name in declared}
    try:
        return pl.DataFrame(columns, schema=declared)
    except (pl.exceptions.PolarsError, TypeError, OverflowError, UnicodeEncodeError) as error:
        for number, row in enumerate(chunk, first):
            try:
                pl.DataFrame({name: [row.get(name)] for name in declared}, schema=declared)
            except (pl.exceptions.PolarsError, TypeError, OverflowError, UnicodeEncodeError) as cause:
                raise UserError(f"row {number}: {cause}") from None
        raise UserError(f"rows {first} to {first + len(chunk) - 1}: {error}") from None


def typed(frame: pl.DataFrame, kind: str, scores: set[str], first: int = 1) -> pl.DataFrame:
    """A frame of this kind with declared columns and types, the named score columns, and ids.

    `first` is the number of the frame's first row, for messages.

    Raises:
        UserError: a column is unknown or of a wrong type, a required value is missing, `meta` holds no JSON object,
            messages do not fit their column (`corpus.chat.misfit`), or a language code is not in canonical form
            (`corpus.languages.canonical` gives it).
    """
    declared = schema(kind, scores | set(frame.columns))
    for name, found in frame.schema.items():
        if not column_fits(found, declared[name]):
            raise UserError(f"column {name!r}: found the type {found}, expected {declared[name]}")
    absent = [pl.lit(None).alias(name) for name in sorted(scores - set(frame.columns))]
    try:
        frame = conform(frame.with_columns(absent), kind)
    except pl.exceptions.PolarsError as error:
        raise UserError(f"rows of kind {kind!r} from row {first} on: {error}") from None
    for name in kind_of(kind).required:
        _refuse(frame, pl.col(name).is_null(), first, f"{name!r} is missing; rows of kind {kind!r} must have it")
    for name, dtype in declared.items():
        if (incomplete := holes(name, dtype)) is not None:
            _refuse(frame, incomplete, first, f"column {name!r}: null within a list; leave the part out")
        if dtype == pl.Float64():
            _refuse(frame, ~pl.col(name).is_finite(), first, f"column {name!r}: not a finite number; null means none")
    if (wrong := no_object(frame["meta"])) is not None:
        raise UserError(f"row {first + wrong[0]}: column 'meta': {wrong[1]}; it holds a JSON object as text, or null")
    if (wrong := first_misfit(frame)) is not None:
        raise UserError(f"row {first + wrong[0]}: {wrong[1]}")
    for name in ("src_lang", "tgt_lang"):
        for code in frame[name].unique(maintain_order=True).drop_nulls():
            _refuse_code(frame, name, code, first)
    return frame.with_columns(row_ids(kind, frame))


def _refuse(frame: pl.DataFrame, wrong: pl.Expr, first: int, words: str) -> None:
    """Refuse a frame of which a row is wrong, and name the row."""
    found = frame.select(wrong.fill_null(value=False).alias("wrong"))["wrong"].arg_true()
    if len(found):
        raise UserError(f"row {first + found[0]}: {words}")


def _refuse_code(frame: pl.DataFrame, name: str, code: str, first: int) -> None:
    """Refuse a language code that is not in the one form in which datasets hold it."""
    try:
        known = canonical(code)
    except UserError as error:
        known, advice = None, str(error)
    else:
        advice = f"write {known!r}"
    if known != code:
        _refuse(frame, pl.col(name) == code, first, f"column {name!r}: found {code!r}; {advice}")
