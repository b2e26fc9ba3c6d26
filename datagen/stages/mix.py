"""`mix`: datasets become one, in stated shares, shuffled, with a validation split that no row ever leaves."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import polars as pl
from pydantic import Field, model_validator

from corpus.cut import cut, row_bytes
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

_HELD = 64 * 2**20
"""Bytes of rows that are read, dealt or sorted at once; a tenth or so of the memory that a mix may take."""
_SHARD_BYTES = 128 * 2**20
"""Bytes of rows in a shard at most."""
_FAN = 8
"""Bits of a hash that name buckets at most, at once: every slice of the input may leave a file in each bucket."""
_KEY, _BUCKET = "@key", "@bucket"


class Mix(DatasetStage):
    """Mix the datasets named in `from:`."""

    version: ClassVar[int] = 3
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
    """Rows in a shard; fewer where so many would take more than 128 MiB of memory."""

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
        bits = _bits(
            sum(
                size * shares[name].times
                for name, pieces in zip(names, inputs, strict=True)
                for piece in pieces
                for _, size in _row_groups(piece, ctx.header)
            )
        )
        spools = {split: Spool(ctx.scratch / split) for split in ctx.out.splits}
        taken: dict[str, int] = {}
        units: dict[str, int] = {}
        for name, pieces, length in zip(names, inputs, lengths, strict=True):
            taken[name], units[name] = self._deal(name, pieces, shares[name], length, spools, bits, ctx)
        number = 0
        counts: Counts = {
            "in": {n: sum(map(Piece.height, p)) for n, p in zip(names, inputs, strict=True)},
            "taken": taken,
        }
        if self.unit == "tokens":
            counts["tokens"] = units
        for split, spool in spools.items():
            rows = 0
            empty = pl.DataFrame(schema=schema(ctx.out.kind, ctx.out.scores))
            for frame in cut(chain([empty], _sorted(spool, bits)), self.rows_per_shard, _SHARD_BYTES):
                out.write(shard_name(number), Result(frame, no_rows_aside(), {"rows": frame.height}), split)
                rows += frame.height
                number += 1
                del frame  # else it would be held while the next one is gathered
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
            slices = chain.from_iterable(_slices(piece, header) for piece in pieces)
            counted = [token_counts(tokenizer, row_texts(frame, header.kind)) for frame in slices]
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
    ) -> tuple[int, int]:
        """Write each copy of each row into the bucket of its hash, train and validation apart.

        Returns:
            How many copies there were, and how many units: less than planned where rows are held out, which are taken
            once at most.
        """
        import numpy as np

        from corpus.mixing import hash64, is_validation, times_taken

        salt = f"mix:{ctx.seed}:{name}"
        hashes = [hash64(piece.column("id"), salt) for piece in pieces]
        times = times_taken(share, np.concatenate(hashes), lengths) if hashes else np.empty(0, dtype=np.int64)
        start = taken = units = 0
        for frame in chain.from_iterable(_slices(piece, ctx.header) for piece in pieces):
            mine = times[start : start + frame.height]
            weight = 1 if lengths is None else lengths[start : start + frame.height]
            start += frame.height
            held = is_validation(self._groups(frame, ctx.header.kind), self.validation)
            # What is held out measures; repeating it would only weigh some of it more.
            mine = np.where(held, np.minimum(mine, 1), mine)
            taken += int(mine.sum())
            units += int((mine * weight).sum())
            for copies in _copies(frame.with_columns(pl.Series("@held", held)), mine):
                keys = hash64(copies.select(pl.concat_str("id", "@copy", separator=":"))["id"], salt)
                dealt = copies.drop("@copy").with_columns(pl.Series(_KEY, keys))
                for split, spool in spools.items():
                    rows = dealt.filter(pl.col("@held") == (split == "validation")).drop("@held")
                    spool.add(rows.with_columns(_bucket(rows[_KEY], bits)), _BUCKET)
        return taken, units

    def _groups(self, frame: pl.DataFrame, kind: str) -> pl.Series:
        """The key of each row's group; the row's own id where it has none."""
        if self.group is None:
            return group_keys(frame, kind)
        return frame.select(pl.coalesce(pl.col(self.group).cast(pl.String), "id").alias("key"))["key"]


def _slices(piece: Piece, header: Header) -> Iterator[pl.DataFrame]:
    """A piece's rows in order, so few at a time that they take `_HELD` bytes or so."""
    # The heaviest rows set the pace.
    heaviest = max((size / rows for rows, size in _row_groups(piece, header)), default=1)
    step = max(1, int(_HELD / heaviest))
    for start in range(0, piece.height(), step):
        yield piece.scan(header).slice(start, step).collect()


def _copies(frame: pl.DataFrame, times: NDArray[np.int64]) -> Iterator[pl.DataFrame]:
    """Each row as often as `times` says, its copies numbered in `@copy`, in frames of `_HELD` bytes or so."""
    import numpy as np

    rows = np.repeat(np.arange(frame.height), times)
    copy = np.arange(len(rows)) - np.repeat(np.cumsum(times) - times, times)
    part = np.cumsum(row_bytes(frame).to_numpy()[rows]) // _HELD
    edges = np.flatnonzero(np.diff(part)) + 1
    for mine, number in zip(np.split(rows, edges), np.split(copy, edges), strict=True):
        yield frame[mine].with_columns(pl.Series("@copy", number))


def _bucket(keys: pl.Series, bits: int) -> pl.Series:
    """The bucket of each key: its first `bits` bits."""
    import numpy as np

    # A shift by all 64 bits is undefined, so one bucket is made by shifting in two steps.
    return pl.Series(_BUCKET, keys.to_numpy() >> np.uint64(63 - bits) >> np.uint64(1))


def _bits(size: float) -> int:
    """How many bits of a hash name its bucket, so that most buckets of rows of this size can be sorted in memory."""
    return min(_FAN, max(0, math.ceil(math.log2(max(size, 1) / _HELD))))


def _row_groups(piece: Piece, header: Header) -> Iterator[tuple[int, int]]:
    """Rows of each row group, and the bytes that they take in memory, about: 16 for each value beside its own."""
    import pyarrow.parquet

    for file in piece.files:
        metadata = pyarrow.parquet.read_metadata(file)
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            if group.num_rows:
                yield group.num_rows, group.total_byte_size + 16 * len(header.columns) * group.num_rows


def _sorted(spool: Spool, bits: int) -> Iterator[pl.DataFrame]:
    """Rows in the order of their keys, a bucket at a time; one that is too large is dealt anew by the bits that follow.

    Sizes are told by files before the mix, but a file tells nothing of what repeats in it.
    """
    for number in sorted(spool.sizes):
        if spool.sizes[number] <= 2 * _HELD or bits + _FAN >= 64:
            bucket = pl.concat(spool.take(number))
            yield bucket.sort(_KEY, maintain_order=True).drop(_KEY, _BUCKET)
            continue
        inner, more = Spool(spool.folder / str(number)), bits + _bits(spool.sizes[number])
        for frame in _gathered(spool.take(number)):
            inner.add(frame.with_columns(_bucket(frame[_KEY], more)), _BUCKET)
        yield from _sorted(inner, more)


def _gathered(frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Small frames put together to some of `_HELD` bytes: each that is dealt may leave a file in every bucket."""
    some: list[pl.DataFrame] = []
    size = 0
    for frame in frames:
        some.append(frame)
        size += int(row_bytes(frame).sum())
        if size >= _HELD:
            yield pl.concat(some)
            some, size = [], 0
    if some:
        yield pl.concat(some)
