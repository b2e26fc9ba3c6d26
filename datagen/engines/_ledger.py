"""Which batches were made at a provider and what they hold, on disk before and after each step: kills lose nothing."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from corpus.shards import replacing

_ID = 32
"""Hex digits of a key; a line of several is known by its first."""


class Slip(BaseModel):
    """One batch: a file of requests, and what has become of it. Beside it lie the requests and their keys."""

    model_config = ConfigDict(extra="forbid")

    number: int
    requests: int
    """Lines of the file."""
    sha256: str
    """Of the file; the provider keeps it as the batch's metadata."""
    base_url: str
    round: int
    """How often its requests were asked before."""
    file: str | None = None
    """What the provider calls the file."""
    batch: str | None = None
    """What the provider calls the batch; None where it may not have been made."""
    collecting: bool = False
    """Whether some of its answers may be kept already."""
    collected: bool = False


class Ledger:
    """The slips of one engine: `00000.json`, with `00000.jsonl` (requests) and `00000.keys` until it is collected."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        slips = [Slip.model_validate_json(path.read_bytes()) for path in sorted(folder.glob("[0-9]*.json"))]
        self.batches = {slip.batch for slip in slips}
        """What the provider calls all batches that were ever made, None aside."""
        self.open = [slip for slip in slips if not slip.collected]
        self._next = 1 + max((slip.number for slip in slips), default=-1)

    def new(self, base_url: str, round_: int) -> Draft:
        """A file to be filled."""
        self._next += 1
        return Draft(self, self._next - 1, base_url, round_)

    def requests(self, slip: Slip) -> Path:
        """The file of requests, as it goes to the provider."""
        return self._path(slip.number, "jsonl")

    def keys(self, slip: Slip) -> Iterator[tuple[str, list[bytes]]]:
        """Id and keys of each line."""
        with self._path(slip.number, "keys").open() as lines:
            for line in map(str.strip, lines):
                yield line[:_ID], [bytes.fromhex(line[start : start + _ID]) for start in range(0, len(line), _ID)]

    def save(self, slip: Slip) -> None:
        """Write down what is known of a batch; the requests of one that is collected go."""
        with replacing(self._path(slip.number, "json")) as file:
            file.write(slip.model_dump_json(indent=2).encode())
        self.batches.add(slip.batch)
        if slip.collected:
            self._forget(slip.number)

    def drop(self, slip: Slip) -> None:
        """Forget a batch that was never made."""
        self._path(slip.number, "json").unlink(missing_ok=True)
        self._forget(slip.number)

    def where(self, slip: Slip) -> Path:
        """The slip itself, for people."""
        return self._path(slip.number, "json")

    def _forget(self, number: int) -> None:
        for suffix in ("jsonl", "keys"):
            self._path(number, suffix).unlink(missing_ok=True)

    def _path(self, number: int, suffix: str) -> Path:
        return self._folder / f"{number:05d}.{suffix}"

    def finish(self, slip: Slip, keys: Iterable[str]) -> None:
        """Put a filled file's slip into the ledger."""
        with replacing(self._path(slip.number, "keys")) as file:
            file.write("\n".join(keys).encode())
        self.save(slip)


class Draft:
    """A file of requests that is being written."""

    def __init__(self, ledger: Ledger, number: int, base_url: str, round_: int) -> None:
        self.bytes = 0
        self.lines = 0
        self._slip = Slip(number=number, requests=0, sha256="", base_url=base_url, round=round_)
        self._ledger = ledger
        self._hash = hashlib.sha256()
        self._keys: list[str] = []
        self._file = ledger.requests(self._slip).open("wb")

    def add(self, keys: Sequence[bytes], body: bytes) -> None:
        """A request for a sample of each key."""
        line = b'{"custom_id":"%b","method":"POST","url":"/v1/chat/completions","body":%b}\n' % (
            keys[0].hex().encode(),
            body,
        )
        self._file.write(line)
        self._hash.update(line)
        self._keys.append("".join(key.hex() for key in keys))
        self.bytes += len(line)
        self.lines += 1

    def finish(self) -> Slip:
        """The slip of the file, now in the ledger."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        slip = self._slip.model_copy(update={"requests": self.lines, "sha256": self._hash.hexdigest()})
        self._ledger.finish(slip, self._keys)
        return slip

    def discard(self) -> None:
        """Nothing of it is wanted."""
        self._file.close()
        self._ledger.drop(self._slip)
