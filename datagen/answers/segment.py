"""A segment of the answer store that still grows: its log, and in memory what the log says."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Self

from corpus.shards import sync_folder
from datagen.answers.index import NOWHERE, ROUND_BYTES, Bodies, Index
from datagen.answers.log import (
    CHOICES,
    KEY_BYTES,
    Answered,
    GivenUp,
    Record,
    framed,
    location_of,
    offset_of,
    packed,
    records,
    segment_of,
)

_LENGTHS = {KEY_BYTES}


class Segment:
    """One log, open for writing. Not thread-safe, but for `sync` and `seal`."""

    def __init__(self, folder: Path, number: int) -> None:
        self.number = number
        self.path = log_path(folder, number)
        self.size = 0
        """Length of the log, up to the end of its last whole record."""
        self.lost_bytes = 0
        """Those that lay between or after whole records when the log was read."""
        self.latest: dict[bytes, int] = {}
        self.bodies = Bodies()
        self._late: list[tuple[int, int, int, int]] = []
        self._failures: dict[bytes, int] = {}
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._named = False

    @classmethod
    def recovered(cls, folder: Path, number: int) -> Self:
        """The segment of a log that has no index. The torn record at its end is cut off."""
        segment = cls(folder, number)
        written = os.fstat(segment._descriptor).st_size
        with mmap(segment._descriptor, written, access=ACCESS_READ) as log:
            for begin, end, record in records(log):
                segment._note(record, begin)
                segment.lost_bytes += begin - segment.size
                segment.size = end
        segment.lost_bytes += written - segment.size
        os.ftruncate(segment._descriptor, segment.size)
        return segment

    def append(self, record: Record) -> int:
        """Write a record; gives its location. A process killed after this loses nothing.

        Raises:
            OSError: it cannot be written, the log is as it was.
        """
        offset = self.size
        frame = framed(packed(record), offset)
        try:
            # At a place, so that the rest of an interrupted write is written over.
            written = os.pwrite(self._descriptor, frame, offset)
            while written < len(frame):
                written += os.pwrite(self._descriptor, frame[written:], offset + written)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, offset)
            raise
        self.size += written
        return self._note(record, offset)

    def sync(self) -> None:
        """Bring to the disk what was written so far.

        Raises:
            OSError: the disk does not take it.
        """
        os.fsync(self._descriptor)
        if not self._named:
            sync_folder(self.path.parent)
            self._named = True

    def seal(self) -> Index:
        """Sync a log that gets no more records, and write its index.

        Raises:
            OSError: the disk does not take it.
        """
        self.sync()
        index = Index.of(self.latest, self.bodies, self._late, self._failures)
        index.save(index_path(self.path), self.size)
        return index

    def close(self) -> None:
        """Write no more."""
        os.close(self._descriptor)

    def _note(self, record: Record, offset: int) -> int:
        """Keep in memory what a record says: the same whether it was just written or read again."""
        location = location_of(self.number, offset)
        if isinstance(record, Answered):
            for choice, key in enumerate(record.keys):
                self.latest[key] = location + choice
            self.bodies.add(offset)
        elif isinstance(record, GivenUp):
            self._failures[failure_key(record.key, record.retry)] = location
        else:
            for key in record.voided:
                self.latest[key] = NOWHERE
            if segment_of(record.location) == self.number:
                self.bodies.settle(offset_of(record.location), record.tokens)
            else:
                self._late.append((record.location, *record.tokens))
        return location


def log_path(folder: Path, number: int) -> Path:
    """The log of a segment."""
    return folder / f"{number:05d}.log"


def index_path(log: Path) -> Path:
    """The index beside a log."""
    return log.with_suffix(".idx")


def failure_key(key: bytes, retry: int) -> bytes:
    """The key of what was given up in a round."""
    return key + retry.to_bytes(ROUND_BYTES, "little")


def check_keys(keys: Sequence[bytes]) -> None:
    """Refuse keys that would shift all that follows them in a record."""
    if not 0 < len(keys) <= CHOICES or {len(key) for key in keys} != _LENGTHS:
        raise ValueError(f"expected 1 to {CHOICES:,} keys of {KEY_BYTES} bytes for an answer, got {keys!r:.200}")
