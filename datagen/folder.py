"""A stage's folder while it is being made: finished shards are kept by a part file each, whatever happens next.

A part file is written after its shard and what was set aside with it, so its existence means that both are whole.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from corpus.manifest import Counts, Tally
from corpus.shards import Shard, conform, replacing, write_parquet
from datagen.stages.base import Header, Result, add_counts


class Part(BaseModel):
    """What is known of one finished shard."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    shard: Shard
    split: str = "train"
    counts: Counts
    tally: Tally


class Collected(NamedTuple):
    """All finished shards, in name order."""

    shards: list[Shard]
    splits: dict[str, list[str]]
    counts: Counts
    tallies: list[Tally]


class StageFolder:
    """Writes shards into a stage's folder and knows which are there. Can be sent to worker processes."""

    def __init__(self, path: Path, header: Header) -> None:
        """A folder for rows of `header`."""
        self.path = path
        self.header = header
        self.parts = path / ".parts"
        self.scratch = path / ".scratch"

    def begin(self) -> int:
        """Make the folder ready, drop what a killed attempt left half written, and count the attempt."""
        self.parts.mkdir(parents=True, exist_ok=True)
        self.scratch.mkdir(exist_ok=True)
        for torn in self.path.glob("**/.*.tmp"):
            torn.unlink()
        for path in self.parts.glob("*.json"):
            if _part(path) is None:
                path.unlink()
        counter = self.parts / "attempts"
        attempt = 1 + (int(counter.read_text()) if counter.is_file() else 0)
        with replacing(counter) as handle:
            handle.write(str(attempt).encode())
        return attempt

    def done(self, name: str) -> bool:
        """Whether this shard is whole."""
        return (self.parts / f"{name}.json").is_file()

    def write(self, name: str, result: Result, split: str = "train") -> None:
        """Write a shard, what was set aside with it, and last its part file."""
        from corpus.describe import tally

        rows = conform(result.rows, self.header.kind)
        shard = write_parquet(self.path / "data" / name, rows)
        if result.aside.height:
            write_parquet(self.path / "aside" / name, result.aside)
        self._keep(name, Part(shard=shard, split=split, counts=result.counts, tally=tally(rows, self.header.scores)))

    def count(self, counts: Counts) -> None:
        """Keep counts that belong to no shard; a later attempt's replace them."""
        with replacing(self.parts / "counts") as handle:
            handle.write(orjson.dumps(counts))

    def _keep(self, name: str, part: Part) -> None:
        # A part that is lost or torn with the power costs a shard made again; waiting for the disk costs every shard.
        with replacing(self.parts / f"{name}.json", durable=False) as handle:
            handle.write(part.model_dump_json().encode())

    def collect(self) -> Collected:
        """What the part files tell, added up in name order."""
        parts = [part for path in sorted(self.parts.glob("*.json")) if (part := _part(path))]
        counts: Counts = {}
        for part in parts:
            counts = add_counts(counts, part.counts)
        extra = self.parts / "counts"
        if extra.is_file():
            counts = add_counts(counts, orjson.loads(extra.read_bytes()))
        splits: dict[str, list[str]] = {split: [] for split in self.header.splits}
        for part in parts:
            splits[part.split].append(part.shard.name)
        return Collected([part.shard for part in parts], splits, counts, [part.tally for part in parts])

    def discard(self) -> None:
        """Remove the folder: what was made is not what was asked for."""
        shutil.rmtree(self.path)

    def clean(self) -> None:
        """Remove what only an unfinished stage needs."""
        shutil.rmtree(self.scratch, ignore_errors=True)
        shutil.rmtree(self.parts, ignore_errors=True)


def _part(path: Path) -> Part | None:
    """What a part file tells; None where it is torn."""
    try:
        return Part.model_validate_json(path.read_bytes())
    except ValidationError:
        return None
