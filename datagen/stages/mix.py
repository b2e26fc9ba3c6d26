"""`mix`: datasets become one, in stated shares, shuffled, with a validation split that no row ever leaves."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import polars as pl
from pydantic import Field, model_validator

from corpus.cut import cut
from corpus.errors import UserError, nearest
from corpus.manifest import Counts
from corpus.schema import KINDS, schema
from corpus.shards import shard_name
from datagen.groups import group_keys
from datagen.spool import Spool
from datagen.stages.base import Context, DatasetStage, Header, Output, Piece, Result, no_rows_aside, only, unsplit
from datagen.tokens import load_tokenizer, row_texts, token_counts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from corpus.mixing import Share

_BUCKET_BYTES = 64 * 2**20
"""Uncompressed size of what is sorted at once; a tenth or so of the memory that a mix may take."""


class Mix(DatasetStage):
    """Mix the datasets named in `from:`."""

    version: ClassVar[int] = 2
    seeded: ClassVar[bool] = True
    names_sources: ClassVar[bool] = True
    models: ClassVar[tuple[str, ...]] = ("tokenizer",)

    weights: dict[str, float] | None = None
    """Share of each stage in the mix, in any scale: `{translations: 0.22, chats: 0.78}`. Default: all of everything."""
    unit: Literal["rows", "tokens"] = "rows"
    """What weights and `total` count."""
    tokenizer: str | None = None
    """Where `unit` is tokens: a tokenizer.json, a model folder, or a hub id."""
    temperature: float | None = Field(default=None, gt=0)
    """Instead of weights: sizes to the power of 1/temperature (1 keeps proportions, larger values lift the small)."""
    total: int | None = Field(default=None, ge=1)
    """Units of the mix; default: as many as weights and `max_times` allow."""
    max_times: float = Field(default=1.0, gt=0)
    """How often a source may be repeated at most. Rows that are held out are taken once at most."""
    validation: float = Field(default=0.0, ge=0, lt=1)
    """Share of groups held out in a split `validation`, chosen by a hash of the group's key alone: growing data never
    moves a row across."""
    group: str | None = None
    """Column that is the group's key; default: the document where there is one, else the source or first user turn,
    also of what rows of other kinds were made from."""
    rows_per_shard: int = Field(default=50_000, ge=1)
    """Rows in a shard."""

    @model_validator(mode="after")
    def _fits(self) -> Mix:
        if (self.unit == "tokens") != (self.tokenizer is not None):
            raise ValueError("`unit: tokens` and `tokenizer:` go together: tokens are counted by a named tokenizer")
        if self.weights is not None and self.temperature is not None:
            raise ValueError("give `weights:` or `temperature:`, not both")
        return self

    def check(self, sources: Sequence[str]) -> None:
        """Weights are those of the stages that are read."""
        for name in self.weights or ():
            if name not in sources:
                raise UserError(
                    f"weights: {name!r} is not read here.{nearest(name, sources)} Read: {', '.join(sources)}"
                )
        for name in sources:
            if self.weights is not None and name not in self.weights:
                raise UserError(f"weights: {name!r} has none; give it one, or leave it out of `from:`")

    def header(self, inputs: Sequence[Header], name: str) -> Header:
        """Rows of one kind in the splits `train` and, where some are held out, `validation`."""
        del name
        header = only(inputs, "mix", list(KINDS))
        unsplit(inputs, "mix")
        if self.group is not None and self.group not in header.columns:
            raise UserError(f"group: no column {self.group!r}; columns here: {', '.join(header.columns)}")
        if self.tokenizer is not None:
            load_tokenizer(self.tokenizer)
        splits = ("train", "validation") if self.validation else ("train",)
        return Header(header.kind, header.scores, None, header.selected_by, splits)

    def options(self) -> dict[str, Any]:
        """A tokenizer's file by its name alone; its content is part of the identity."""
        told = super().options()
        if self.tokenizer is not None and Path(self.tokenizer).exists():
            told["tokenizer"] = Path(self.tokenizer).name
        return told

    def identity(self) -> object:
        """The tokenizer's content."""
        return load_tokenizer(self.tokenizer).identity if self.tokenizer else None

    def run_all(self, inputs: Sequence[Sequence[Piece]], headers: Sequence[Header], out: Output, ctx: Context) -> None:
        """Decide how often each row is taken, deal the copies into buckets by hash, and sort each bucket."""
        from corpus.mixing import plan_mix, temperature_weights

        del headers
        names = list(ctx.sources)
        sizes, lengths = self._sizes(inputs, names, ctx.header)
        weights = self.weights if self.temperature is None else temperature_weights(sizes, self.temperature)
        shares = plan_mix(sizes, weights, total=self.total, max_times=self.max_times)
        bits = _bits(inputs, shares, names)
        spools = {split: Spool(ctx.scratch / split) for split in ctx.out.splits}
        taken: dict[str, int] = {}
        for name, pieces, length in zip(names, inputs, lengths, strict=True):
            taken[name] = self._deal(name, pieces, shares[name], length, spools, bits, ctx)
        number = 0
        counts: Counts = {
            "in": {n: sum(map(Piece.height, p)) for n, p in zip(names, inputs, strict=True)},
            "taken": taken,
        }
        if self.unit == "tokens":
            counts["tokens"] = {name: share.units for name, share in shares.items()}
        for split, spool in spools.items():
            rows = 0
            empty = pl.DataFrame(schema=schema(ctx.out.kind, ctx.out.scores))
            for frame in cut(chain([empty], _sorted(spool)), self.rows_per_shard):
                out.write(shard_name(number), Result(frame, no_rows_aside(), {"rows": frame.height}), split)
                rows += frame.height
                number += 1
            counts[split] = rows
        out.count(counts)

    def _sizes(
        self, inputs: Sequence[Sequence[Piece]], names: Sequence[str], header: Header
    ) -> tuple[dict[str, int], list[NDArray[np.int64] | None]]:
        """Units of each source, and the units of its rows where they are tokens."""
        import numpy as np

        lengths: list[NDArray[np.int64] | None] = []
        sizes: dict[str, int] = {}
        if self.tokenizer is None:
            sizes = {name: sum(map(Piece.height, pieces)) for name, pieces in zip(names, inputs, strict=True)}
            return sizes, [None] * len(names)
        tokenizer = load_tokenizer(self.tokenizer)
        for name, pieces in zip(names, inputs, strict=True):
            counted = [token_counts(tokenizer, row_texts(piece.load(header), header.kind)) for piece in pieces]
            every = np.concatenate(counted) if counted else np.empty(0, dtype=np.int64)
            lengths.append(every)
            sizes[name] = int(every.sum())
        return sizes, lengths

    def _deal(
        self,
        name: str,
        pieces: Sequence[Piece],
        share: Share,
        lengths: NDArray[np.int64] | None,
        spools: dict[str, Spool],
        bits: int,
        ctx: Context,
    ) -> int:
        """Write each copy of each row into the bucket of its hash, train and validation apart; how many there were."""
        import numpy as np

        from corpus.mixing import hash64, is_validation, times_taken

        salt = f"mix:{ctx.seed}:{name}"
        hashes = [hash64(piece.column("id"), salt) for piece in pieces]
        times = times_taken(share, np.concatenate(hashes), lengths) if hashes else np.empty(0, dtype=np.int64)
        start = taken = 0
        for piece in pieces:
            frame = piece.load(ctx.header)
            mine = times[start : start + frame.height]
            start += frame.height
            held = is_validation(self._groups(frame, ctx.header.kind), self.validation)
            # What is held out measures; repeating it would only weigh some of it more.
            mine = np.where(held, np.minimum(mine, 1), mine)
            taken += int(mine.sum())
            rows = np.repeat(np.arange(frame.height), mine)
            copy = np.arange(len(rows)) - np.repeat(np.cumsum(mine) - mine, mine)
            copies = frame[rows].with_columns(pl.Series("@copy", copy))
            keys = hash64(copies.select(pl.concat_str("id", "@copy", separator=":"))["id"], salt)
            # A shift by all 64 bits is undefined, so one bucket is made by shifting in two steps.
            bucket = keys >> np.uint64(63 - bits) >> np.uint64(1)
            dealt = copies.drop("@copy").with_columns(pl.Series("@key", keys), pl.Series("@bucket", bucket))
            for split, spool in spools.items():
                mask = held[rows] if split == "validation" else ~held[rows]
                spool.add(dealt.filter(pl.Series(mask)), "@bucket")
        return taken

    def _groups(self, frame: pl.DataFrame, kind: str) -> pl.Series:
        """The key of each row's group; the row's own id where it has none."""
        if self.group is None:
            return group_keys(frame, kind)
        return frame.select(pl.coalesce(pl.col(self.group).cast(pl.String), "id").alias("key"))["key"]


def _bits(inputs: Sequence[Sequence[Piece]], shares: dict[str, Share], names: Sequence[str]) -> int:
    """How many bits of a hash name its bucket, so that a bucket is small enough to be sorted in memory."""
    import pyarrow.parquet

    size = 0.0
    for name, pieces in zip(names, inputs, strict=True):
        for piece in pieces:
            for file in piece.files:
                metadata = pyarrow.parquet.read_metadata(file)
                groups = (metadata.row_group(n).total_byte_size for n in range(metadata.num_row_groups))
                size += sum(groups) * shares[name].times
    return max(0, math.ceil(math.log2(max(size, 1) / _BUCKET_BYTES)))


def _sorted(spool: Spool) -> Iterator[pl.DataFrame]:
    for _, bucket in spool.shards():
        yield bucket.sort("@key", maintain_order=True).drop("@key", "@bucket")
