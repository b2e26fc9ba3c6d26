"""Verify a dataset: recompute from its files all that its manifest says of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import polars as pl

from corpus.chat import CHATS, first_misfit
from corpus.dataset import Dataset
from corpus.dataset import open as open_dataset
from corpus.describe import describe
from corpus.fit import no_object
from corpus.hashing import file_sha256, row_ids
from corpus.laws import balances, plain, set_aside
from corpus.manifest import FILE, Manifest, content_hash
from corpus.schema import kind_of, schema
from filters.dedup.exact import id_keys, repeats


class Check(NamedTuple):
    """One thing that was recomputed."""

    what: str
    problem: str
    """Empty where it holds."""


def verify(path: Path) -> Iterator[Check]:
    """All checks of a dataset folder, one after another; cheap ones first.

    Raises:
        UserError: the folder is no dataset.
    """
    dataset = open_dataset(path)
    manifest = dataset.manifest
    damaged = _files(dataset)
    yield Check("every shard is there with its size and sha256", damaged)
    yield Check("content is the hash of the shards", _differs(content_hash(manifest.shards), manifest.content))
    yield Check("splits name each shard once", _splits(manifest))
    for balance in balances(manifest):
        problem = "" if balance.holds else f"{balance.left:,} is not {balance.right:,}"
        yield Check(f"law of {manifest.stage}: {balance.law}", problem)
    yield Check("rows set aside are those counted, by reason", _aside(dataset))
    yield Check("inputs that are there have the content that was read, and as many rows", _inputs(dataset))
    if damaged:
        return  # what the rows say is worth nothing, where they can be read at all
    typed = _columns(dataset)
    yield Check("columns and types are those of the kind", typed)
    if typed:
        return
    yield from _rows(dataset)
    yield Check("tables and histograms are those of the rows", _tables(dataset))


def _files(dataset: Dataset) -> str:
    for shard in dataset.manifest.shards:
        file = dataset.path / "data" / shard.name
        if not file.is_file():
            return f"data/{shard.name} is missing"
        if file.stat().st_size != shard.bytes or file_sha256(file) != shard.sha256:
            return f"data/{shard.name} is not the file that was written: size or sha256 differ"
    known = {shard.name for shard in dataset.manifest.shards}
    extra = {file.name for file in (dataset.path / "data").glob("*")} - known
    return f"data/ holds files that the manifest does not list: {', '.join(sorted(extra))}" if extra else ""


def _differs(found: object, told: object) -> str:
    return "" if found == told else f"found {found}, the manifest says {told}"


def _splits(manifest: Manifest) -> str:
    return _differs(sorted(n for names in manifest.splits.values() for n in names), [s.name for s in manifest.shards])


def _aside(dataset: Dataset) -> str:
    found = dict(dataset.aside().group_by("reason").len().collect().iter_rows())
    return _differs(dict(sorted(found.items())), dict(sorted(set_aside(dataset.manifest).items())))


def _inputs(dataset: Dataset) -> str:
    rows = 0
    for one in dataset.manifest.inputs:
        folder = Path(os.path.normpath(dataset.path / one.path))
        if not (folder / FILE).is_file():
            return ""
        if one.use == "compared":
            continue
        manifest = open_dataset(folder).manifest
        if manifest.content != one.content:
            return f"{one.path} has the content {manifest.content[:12]}, {one.content[:12]} was read"
        rows += manifest.rows
    if not dataset.manifest.inputs or "in" not in dataset.manifest.counts:
        return ""
    counts = dataset.manifest.counts
    return _differs(rows, plain(counts, "in") + plain(counts, "joined"))


def _columns(dataset: Dataset) -> str:
    declared = schema(dataset.manifest.kind, dataset.manifest.scores)
    for file in dataset.files():
        found = pl.read_parquet_schema(file)
        if found != declared:
            return f"data/{file.name} has {dict(found)}, expected {declared}"
    return ""


def _rows(dataset: Dataset) -> Iterator[Check]:
    """What is true of every row, looked at shard by shard."""
    manifest = dataset.manifest
    kind = kind_of(manifest.kind)
    told_rows = {shard.name: shard.rows for shard in manifest.shards}
    rows = ids = nulls = groups = metas = chats = ""
    keys = []
    seen: dict[str, str] = {}
    for file in dataset.files():
        frame = pl.read_parquet(file)
        if frame.height != told_rows[file.name]:
            rows = rows or f"data/{file.name}: {_differs(frame.height, told_rows[file.name])}"
        wrong = (row_ids(manifest.kind, frame) != frame["id"]).arg_true()
        if len(wrong):
            ids = ids or f"data/{file.name}: row {wrong[0]} has the id {frame['id'][wrong[0]]}"
        empty = [name for name in kind.required if frame[name].null_count()]
        if empty:
            nulls = nulls or f"data/{file.name}: {empty[0]} is null"
        if (found := no_object(frame["meta"])) is not None:
            metas = metas or f"data/{file.name}: row {found[0]}: {found[1]}"
        if (found := first_misfit(frame)) is not None:
            chats = chats or f"data/{file.name}: row {found[0]}: {found[1]}"
        keys.append(id_keys(frame["id"]))
        if manifest.grouped_by is not None:
            for key in frame[manifest.grouped_by].unique().to_list():
                if seen.setdefault(key, file.name) != file.name:
                    groups = groups or f"{manifest.grouped_by} {key} lies in {seen[key]} and {file.name}"
    yield Check("every shard has as many rows as the manifest says", rows)
    yield Check("every id is the hash of its row", ids)
    yield Check("required columns are filled", nulls)
    yield Check("meta holds JSON objects", metas)
    if not CHATS.isdisjoint(kind.columns):
        yield Check("messages are chats as their column holds them", chats)
    if manifest.grouped_by is not None:
        yield Check(f"rows of one {manifest.grouped_by} lie in one shard", groups)
    if manifest.stage == "prompt":
        yield Check("prompts are unique", _differs(repeats(keys), 0))
    if manifest.stage == "read":
        told = plain(manifest.counts, "repeated")
        yield Check("repeated rows are those counted", _differs(repeats(keys), told))


def _tables(dataset: Dataset) -> str:
    manifest = dataset.manifest
    files = [dataset.path / "data" / shard.name for shard in manifest.shards]
    for name, found in describe(files, manifest.scores).items():
        if found != getattr(manifest, name):
            return f"{name}: {_differs(found, getattr(manifest, name))}"
    return ""
