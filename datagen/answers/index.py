"""Indexes of answers: which location a key has, what a body took; compact arrays, in memory as in `.idx` files."""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import xxhash
from numpy.typing import NDArray

from corpus.shards import replacing
from datagen.answers.log import KEY_BYTES, UNSETTLED, Tokens

NOWHERE = -1
"""The location of a key whose answer was voided, or that never had one."""
_MAGIC = b"TKindex1"
# Magic, bytes of the log, numbers of keys, bodies, late tokens and failures. A checksum of the rest stands before.
_HEAD = struct.Struct("<8sQQQQQ")
_CHECKSUM = struct.Struct("<Q")
_KEY = f"S{KEY_BYTES}"
ROUND_BYTES = 4
"""A failure's key is the request's key with the number of the round after it."""


class Bodies:
    """Tokens of the bodies of one segment, in the order of their offsets; 16 bytes a body."""

    def __init__(self, offsets: bytes = b"", tokens: bytes = b"") -> None:
        self.offsets = array("I", offsets)
        self.tokens = array("I", tokens)

    def add(self, offset: int) -> None:
        """Take in the next body."""
        self.offsets.append(offset)
        self.tokens.extend(UNSETTLED)

    def settle(self, offset: int, tokens: Tokens) -> None:
        """Note what a body took; one that the log has lost is passed over."""
        row = bisect_left(self.offsets, offset)
        if row < len(self.offsets) and self.offsets[row] == offset:
            self.tokens[3 * row], self.tokens[3 * row + 1], self.tokens[3 * row + 2] = tokens

    def tokens_of(self, offsets: NDArray[np.int64]) -> NDArray[np.int64]:
        """A row of tokens for each of these bodies. Nothing may be added meanwhile: arrays in view cannot grow."""
        rows = np.searchsorted(np.frombuffer(self.offsets, np.uint32), offsets)
        return np.frombuffer(self.tokens, np.uint32).reshape(-1, 3)[rows].astype(np.int64)

    def unsettled(self) -> list[int]:
        """Offsets of the bodies that nobody has looked into. Nothing may be added meanwhile."""
        rows = np.frombuffer(self.tokens, np.uint32)[::3] == UNSETTLED[0]
        return list(np.frombuffer(self.offsets, np.uint32)[rows].tolist())


class Index(NamedTuple):
    """What is known of a segment that gets no more records: the content of its `.idx` file."""

    keys: NDArray[np.bytes_]
    """In order, each once."""
    locations: NDArray[np.int64]
    """One for each key, `NOWHERE` where it was voided."""
    bodies: Bodies
    late: NDArray[np.int64]
    """Rows of location, prompt, completion and cached tokens of bodies that lie in earlier segments."""
    failures: dict[bytes, int]
    """Locations by `ROUND_BYTES` longer keys."""

    @classmethod
    def of(
        cls,
        latest: Mapping[bytes, int],
        bodies: Bodies,
        late: Sequence[tuple[int, int, int, int]],
        failures: dict[bytes, int],
    ) -> Self:
        """The index of what was gathered in dictionaries and lists."""
        keys = key_array(latest)
        order = np.argsort(keys, kind="stable")
        locations = np.fromiter(latest.values(), np.int64, len(latest))
        return cls(keys[order], locations[order], bodies, np.array(late, np.int64).reshape(-1, 4), failures)

    def save(self, path: Path, log_bytes: int) -> None:
        """Write the file, whole or not at all."""
        parts = (
            _HEAD.pack(
                *(_MAGIC, log_bytes, len(self.keys), len(self.bodies.offsets), len(self.late), len(self.failures))
            ),
            self.keys.tobytes(),
            self.locations.tobytes(),
            self.bodies.offsets.tobytes(),
            self.bodies.tokens.tobytes(),
            self.late.tobytes(),
            b"".join(self.failures),
            np.fromiter(self.failures.values(), np.int64).tobytes(),
        )
        content = b"".join(parts)
        with replacing(path) as handle:
            handle.write(_CHECKSUM.pack(xxhash.xxh3_64_intdigest(content)))
            handle.write(content)

    @classmethod
    def load(cls, path: Path, log_bytes: int) -> Self | None:
        """The index in a file; None where there is none, it is damaged, or it is that of another log."""
        try:
            written = path.read_bytes()
        except FileNotFoundError:
            return None
        checksum, content = written[: _CHECKSUM.size], memoryview(written)[_CHECKSUM.size :]
        if checksum != _CHECKSUM.pack(xxhash.xxh3_64_intdigest(content)) or len(content) < _HEAD.size:
            return None
        magic, told, keys, bodies, late, failures = _HEAD.unpack_from(content)
        if magic != _MAGIC or told != log_bytes:
            return None
        at = _HEAD.size

        def take(count: int) -> memoryview[int]:
            nonlocal at
            at += count
            return content[at - count : at]

        return cls(
            np.frombuffer(take(KEY_BYTES * keys), _KEY),
            np.frombuffer(take(8 * keys), np.int64),
            Bodies(bytes(take(4 * bodies)), bytes(take(12 * bodies))),
            np.frombuffer(take(32 * late), np.int64).reshape(-1, 4),
            _failures(bytes(take((KEY_BYTES + ROUND_BYTES) * failures)), np.frombuffer(take(8 * failures), np.int64)),
        )


class Table:
    """Locations by key, for many keys at once; 24 bytes a key.

    A key is two numbers, as a search in numbers is several times quicker than one in strings.
    """

    def __init__(self, keys: NDArray[np.bytes_], locations: NDArray[np.int64]) -> None:
        """Of keys that are there several times, the last counts."""
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        last = np.append(keys[1:] != keys[:-1], True)[: len(keys)]
        self.heads, self.tails = halves(keys[last])
        self.locations: NDArray[np.int64] = locations[order][last]

    @classmethod
    def merged(cls, tables: Sequence[Self]) -> Self:
        """One table for several, oldest first."""
        heads, tails = (np.concatenate([getattr(table, half) for table in tables]) for half in ("heads", "tails"))
        keys = np.stack([heads, tails], axis=1).astype(">u8").view(_KEY).reshape(-1)
        return cls(keys, np.concatenate([table.locations for table in tables]))

    def find(self, heads: NDArray[np.uint64], tails: NDArray[np.uint64], found: NDArray[np.int64]) -> None:
        """Write the locations of keys that the table knows to their places in `found`. Sorted keys are found faster."""
        rows = np.searchsorted(self.heads, heads)
        places = np.arange(len(heads))
        # Once, as keys are hashes; more often only for keys with equal heads, which lie side by side.
        while len(places):
            near = rows < len(self.heads)
            near[near] = self.heads[rows[near]] == heads[places[near]]
            rows, places = rows[near], places[near]
            same = self.tails[rows] == tails[places]
            found[places[same]] = self.locations[rows[same]]
            rows, places = rows[~same] + 1, places[~same]


def halves(keys: NDArray[np.bytes_]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Keys as two numbers each, which sort as the keys do."""
    numbers = keys.view(">u8").reshape(-1, 2)
    return numbers[:, 0].astype(np.uint64), numbers[:, 1].astype(np.uint64)


def key_array(keys: Iterable[bytes]) -> NDArray[np.bytes_]:
    """Keys as an array."""
    return np.frombuffer(b"".join(keys), _KEY)


def _failures(keys: bytes, locations: NDArray[np.int64]) -> dict[bytes, int]:
    length = KEY_BYTES + ROUND_BYTES
    return {keys[length * row : length * (row + 1)]: at for row, at in enumerate(locations.tolist())}
