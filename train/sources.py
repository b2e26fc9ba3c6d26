"""Datasets as a recipe names them: of the right kind, whole, and with something in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

import corpus
from corpus.errors import UserError
from corpus.filehash import local_version, remembered_hashes
from filters.models import cache_folder
from train.recipe import Source

KIND_OF = {"cpt": "text", "sft": "sft", "wpo": "preference", "reward": "preference", "grpo": "verifiable"}
"""The row kind that each method learns from."""
_MADE_BY = {
    "text": "`read` from texts, or `render` from other kinds",
    "sft": "`best` from scored responses, or from prompts with references (`best: {chosen: reference}`), or `read`",
    "preference": "`pair` from scored responses, or `read`",
    "verifiable": "`verifiable`",
}


@dataclass(frozen=True)
class Opened:
    """A dataset that a recipe names, opened and checked."""

    name: str
    dataset: corpus.Dataset
    split: str
    weight: float | None
    first: int | None = None
    """How many of its rows; None for all."""

    @property
    def identity(self) -> list[str]:
        """What it is: its content and which part of it."""
        head = [] if self.first is None else [str(self.first)]
        return [self.dataset.manifest.content, self.split, *head]

    @property
    def rows(self) -> int:
        """How many rows there are."""
        heights = {shard.name: shard.rows for shard in self.dataset.manifest.shards}
        whole = sum(heights[file.name] for file in self.dataset.files(self.split))
        return whole if self.first is None else min(self.first, whole)

    def frames(self) -> Iterator[pl.DataFrame]:
        """Its rows, shard by shard."""
        left = self.rows
        for file in self.dataset.files(self.split):
            if left <= 0:
                return
            frame = pl.read_parquet(file, n_rows=left)
            left -= frame.height
            yield frame


def open_sources(sources: Mapping[str, Source], method: str) -> list[Opened]:
    """Open datasets and check them: kind, rows, and that every shard is the one the manifest names.

    Raises:
        UserError: one of them cannot be trained on by this method; it says which, why, and what would make a right one.
    """
    return [_opened(name, source, method) for name, source in sources.items()]


def _opened(name: str, source: Source, method: str) -> Opened:
    try:
        dataset = corpus.open(source.path)
        files = dataset.files(source.split)
    except (UserError, corpus.errors.Failure) as error:
        raise UserError(f"data: {name}: {error}") from None
    wanted, found = KIND_OF[method], dataset.manifest.kind
    if found != wanted:
        raise UserError(
            f"data: {name}: {source.path} holds rows of kind {found!r}, and `{method}` learns from {wanted!r}, which "
            f"stages of `datagen` make: {_MADE_BY[wanted]}"
        )
    rows = {shard.name: shard.rows for shard in dataset.manifest.shards}
    if not sum(rows[file.name] for file in files):
        raise UserError(f"data: {name}: {source.path} has no rows in its split {source.split!r}; leave it out")
    _check_shards(name, dataset, files)
    return Opened(name, dataset, source.split, source.weight)


def _check_shards(name: str, dataset: corpus.Dataset, files: list[Path]) -> None:
    """Refuse shards that changed since they were written; a file that was hashed before is not read again."""
    stated = {shard.name: shard.sha256 for shard in dataset.manifest.shards}
    hashed = remembered_hashes([local_version(str(file)) for file in files], cache_folder())
    for file, sha256 in zip(files, hashed, strict=True):
        if sha256 != stated[file.name]:
            raise UserError(
                f"data: {name}: {file} is not what its manifest says: sha256 {sha256[:12]}… found, "
                f"{stated[file.name][:12]}… stated. Make the dataset anew, or copy it again"
            )
