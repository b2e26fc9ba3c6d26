"""The answer store: append-only files that hold each answer from the moment it comes in, and find it by its key.

A folder holds segments: `00000.log` with the records and, once the segment is full, `00000.idx` with its index. The
log is the truth: an index that is missing or does not fit is made from it. Of a key's records the newest counts.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from corpus.errors import Failure
from corpus.shards import sync_folder
from datagen.answers.index import NOWHERE, Bodies, Index, Table, halves, key_array
from datagen.answers.log import (
    CHOICE_BITS,
    CHOICES,
    OFFSET_BITS,
    UNTOLD,
    Answered,
    GivenUp,
    Record,
    Settled,
    Tokens,
    location_of,
    offset_of,
    read_record,
    segment_of,
)
from datagen.answers.segment import Segment, check_keys, failure_key, index_path, log_path
from datagen.engines.completions import Usage

SEGMENT_BODIES = 100_000
"""Bodies in a segment."""
SEGMENT_BYTES = 256 << 20
"""A log of this length gets no more records."""
SYNC_S = 1.0
"""So often what was written is brought to the disk: a power loss takes the answers of this time and of one sync."""


class Failed(NamedTuple):
    """Why a request was given up."""

    kind: str
    message: str


class Stored(NamedTuple):
    """An answer as it came in."""

    body: bytes
    choice: int
    """Which of the body's choices it is."""
    choices: int
    """How many the body was to have."""
    latency_s: float


class Spent(NamedTuple):
    """What answers took; a body that holds several of them counts once."""

    answers: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    unknown: int
    """Answers in bodies whose tokens are not known: the server did not tell, or a kill came between."""


class Answers:
    """Answers by key, in a folder that no other process may have open. Any thread may call."""

    def __init__(self, folder: Path) -> None:
        """Open the store, or begin one.

        Raises:
            Failure: the folder cannot be read or written.
        """
        self.folder = folder
        self.lost_bytes = 0
        """Bytes in no whole record: the torn end that a kill or a power loss left. Counted once, when it is found."""
        self._lock = threading.Lock()
        self._segments: list[Segment] = []
        """Those without an index, oldest first. The last one takes records."""
        self._tables: list[Table] = []
        self._bodies: dict[int, Bodies] = {}
        self._failures: dict[bytes, int] = {}
        self._next = 0
        self._trouble: Failure | None = None
        self._trouble_told = False
        try:
            self._recover()
        except OSError as error:
            raise Failure(f"cannot open the answers in {folder}: {error}. Nothing in it is lost. {_TO_DO}") from error
        self.left = {key: (keys, body) for keys, body in self.unsettled() for key in keys}
        """What kills left unsettled, under each of its keys: whoever asks for one settles the body first."""
        self._unsynced, self._closing = threading.Event(), threading.Event()
        self._keeper = threading.Thread(target=self._keep, name=f"answers {folder.name}", daemon=True)
        self._keeper.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def find(self, keys: Sequence[bytes]) -> NDArray[np.int64]:
        """The location of each key's answer, -1 where there is none. Some thousand keys at once are quickest."""
        with self._lock:
            tables, segments = self._tables, tuple(self._segments)
        return _found(keys, tables, segments)

    def put(self, keys: Sequence[bytes], body: bytes, latency_s: float) -> None:
        """Keep a body, which is to have a choice for each key, as it is. From now on it is their answer.

        Raises:
            Failure: it cannot be written; what was kept before is not touched, and nothing more can be put.
        """
        check_keys(keys)
        with self._lock:
            self._write(Answered(keys, latency_s, body), self._with_room())

    def settle(self, keys: Sequence[bytes], kept: Sequence[bool], usage: Usage | None) -> None:
        """Say what was found in the body that was put last for these keys: which choices are answers, what it took.

        Raises:
            KeyError: there is no such body.
            Failure: as `put`.
        """
        tokens, voided = _tokens(usage), [key for key, keep in zip(keys, kept, strict=True) if not keep]
        with self._lock:
            location = self._latest(keys[0]) & -CHOICES
            if location < 0:
                raise KeyError(f"no answer was put for {keys[0].hex()}")
            # In the newest segment even if it is full: there, with few exceptions, the body is.
            segment = self._segments[-1] if self._segments else self._with_room()
            self._write(Settled(location, tokens, voided), segment)
            if segment_of(location) != segment.number:
                self._bodies[segment_of(location)].settle(offset_of(location), tokens)

    def unsettled(self) -> list[tuple[Sequence[bytes], bytes]]:
        """Keys and body of each `put` without a `settle`, as kills leave it; to be settled before it is read."""
        with self._lock:
            places = [
                location_of(segment, offset)
                for segment, bodies in self._bodies.items()
                for offset in bodies.unsettled()
            ]
        return [
            (record.keys, record.body)
            for place, record in zip(places, self._read(places), strict=True)
            # Not where a newer answer is there: it is what a `settle` would mean.
            if isinstance(record, Answered) and (self.find(record.keys) & -CHOICES == place).all()
        ]

    def fail(self, key: bytes, retry: int, kind: str, message: str) -> None:
        """Say that a request was given up in this round.

        Raises:
            Failure: as `put`.
        """
        check_keys([key])
        with self._lock:
            location = self._write(GivenUp(key, retry, kind, message), self._with_room())
            self._failures[failure_key(key, retry)] = location

    def failure(self, key: bytes, retry: int) -> Failed | None:
        """Why a request was given up in exactly this round; None where it was not, or an answer came later."""
        location = self._failures.get(failure_key(key, retry))
        if location is None or self.find([key])[0] > location:
            return None
        [record] = self._read([location])
        if not isinstance(record, GivenUp):
            raise _damaged(log_path(self.folder, segment_of(location)), offset_of(location))
        return Failed(record.kind, record.message)

    def spent(self, locations: NDArray[np.int64]) -> Spent:
        """What the answers at these locations took, each counted once; places without an answer do not count."""
        # Not by np.unique, whose hashing takes ten times as long as a sort.
        bodies, answers = _runs(_runs(np.sort(locations[locations >= 0]))[0] >> CHOICE_BITS)
        segments, offsets = bodies >> OFFSET_BITS, bodies & (1 << OFFSET_BITS) - 1
        tokens = np.empty((len(bodies), 3), np.int64)
        for segment in _runs(segments)[0].tolist():
            rows = slice(*np.searchsorted(segments, [segment, segment + 1]).tolist())
            with self._lock:
                tokens[rows] = self._bodies[segment].tokens_of(offsets[rows])
        unknown = tokens[:, 0] >= UNTOLD[0]
        prompt, completion, cached = tokens[~unknown].sum(axis=0).tolist()
        return Spent(int(answers.sum()), prompt, completion, cached, int(answers[unknown].sum()))

    def read(self, locations: NDArray[np.int64]) -> list[Stored]:
        """The answers at these locations, in this order. All are in memory at once: take some ten thousand a time.

        Raises:
            Failure: a log was damaged since it was written.
        """
        wanted = locations.tolist()
        stored = []
        for location, record in zip(wanted, self._read(wanted), strict=True):
            if not isinstance(record, Answered):
                raise _damaged(log_path(self.folder, segment_of(location)), offset_of(location))
            stored.append(Stored(record.body, location & CHOICES - 1, len(record.keys), record.latency_s))
        return stored

    def close(self) -> None:
        """Bring all to the disk and write the index. Answers can still be found and read, none be put.

        Raises:
            Failure: the disk does not take it, and no call said so before.
        """
        if self._closing.is_set():
            return
        self._closing.set()
        self._unsynced.set()
        self._keeper.join()
        with self._lock:
            segments = tuple(self._segments)
            trouble, self._trouble = self._trouble, self._trouble or Failure(f"the answers in {self.folder} are closed")
        try:
            if trouble is None:
                for segment in segments:
                    self._seal(segment)
        except OSError as error:
            raise self._unsafe(error) from error
        finally:
            for segment in self._segments:
                segment.close()
        if trouble is not None and not self._trouble_told:
            raise trouble

    def _recover(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        sync_folder(self.folder.parent)
        for left in self.folder.glob(".*.tmp"):
            left.unlink()
        numbers = sorted(int(log.stem) for log in self.folder.glob("*.log") if log.stem.isdecimal())
        indexes = []
        for number in numbers:
            index = self._index(number)
            if index is not None:
                indexes.append(index)
                self._bodies[number] = index.bodies
                self._failures |= index.failures
                self._next = number + 1
        for location, *tokens in itertools.chain.from_iterable(index.late.tolist() for index in indexes):
            bodies = self._bodies.get(segment_of(location))
            if bodies is not None:
                bodies.settle(offset_of(location), (tokens[0], tokens[1], tokens[2]))
        self._tables = [
            Table(
                np.concatenate([key_array([]), *(index.keys for index in indexes)]),
                np.concatenate([np.empty(0, np.int64), *(index.locations for index in indexes)]),
            )
        ]

    def _index(self, number: int) -> Index | None:
        """The index of a log, made again where it does not fit; None for a log without a whole record."""
        log = log_path(self.folder, number)
        size = log.stat().st_size
        if size == 0:
            return None
        index = Index.load(index_path(log), size)
        if index is None:
            segment = Segment.recovered(self.folder, number)
            try:
                self.lost_bytes += segment.lost_bytes
                index = segment.seal() if segment.size else None
            finally:
                segment.close()
        return index

    def _with_room(self) -> Segment:
        """The segment that takes the next record."""
        segment = self._segments[-1] if self._segments else None
        if segment is None or segment.size >= SEGMENT_BYTES or len(segment.bodies.offsets) >= SEGMENT_BODIES:
            self._refuse_in_trouble()
            try:
                index_path(log_path(self.folder, self._next)).unlink(missing_ok=True)
                segment = Segment(self.folder, self._next)
            except OSError as error:
                raise self._full(error) from error
            self._next += 1
            self._segments.append(segment)
            self._bodies[segment.number] = segment.bodies
        return segment

    def _write(self, record: Record, segment: Segment) -> int:
        self._refuse_in_trouble()
        try:
            location = segment.append(record)
        except OSError as error:
            raise self._full(error) from error
        if not self._unsynced.is_set():
            self._unsynced.set()
        return location

    def _latest(self, key: bytes) -> int:
        for segment in reversed(self._segments):
            if (location := segment.latest.get(key)) is not None:
                return location
        return int(_found([key], self._tables, ())[0])

    def _read(self, locations: list[int]) -> list[Record | None]:
        """Records at locations, in their order; read in that of their places, each once."""
        places: dict[int, Record | None] = dict.fromkeys(sorted(location & -CHOICES for location in locations))
        for segment, group in itertools.groupby(places, segment_of):
            descriptor = os.open(log_path(self.folder, segment), os.O_RDONLY | os.O_CLOEXEC)
            try:
                for place in group:
                    places[place] = read_record(descriptor, offset_of(place))
            finally:
                os.close(descriptor)
        return [places[location & -CHOICES] for location in locations]

    def _keep(self) -> None:
        """In a thread of its own: bring to the disk what was written, and write the index of full segments."""
        while self._unsynced.wait():
            # Cleared first: `close` sets it last, so it is either seen here or wakes the next wait.
            self._unsynced.clear()
            if self._closing.wait(SYNC_S):
                return
            with self._lock:
                segments = tuple(self._segments)
            try:
                for segment in segments:
                    segment.sync()
                for segment in segments[:-1]:
                    self._seal(segment)
            except Exception as error:  # whatever it is, who puts the next answer must know
                with self._lock:
                    self._trouble = self._trouble or self._unsafe(error)
                return

    def _seal(self, segment: Segment) -> None:
        index = segment.seal()
        tables = [*self._tables, Table(index.keys, index.locations)]
        # Tables at least halve from one to the next: a search goes through few, and no key is moved often.
        while len(tables) > 1 and 2 * len(tables[-1].heads) > len(tables[-2].heads):
            tables[-2:] = [Table.merged(tables[-2:])]
        with self._lock:
            self._tables = tables
            self._segments.remove(segment)
        segment.close()

    def _refuse_in_trouble(self) -> None:
        if self._trouble is not None:
            self._trouble_told = True
            raise self._trouble

    def _full(self, error: OSError) -> Failure:
        self._trouble_told = True
        self._trouble = Failure(f"cannot write an answer to {self.folder}: {error}. No answer kept is lost. {_TO_DO}")
        return self._trouble

    def _unsafe(self, error: Exception) -> Failure:
        return Failure(
            f"cannot bring answers in {self.folder} to the disk: {error}. Those of the last seconds may be lost if the "
            f"machine goes down; none of those before. {_TO_DO}"
        )


_ABSENT = NOWHERE - 1
_TO_DO = "Make room on the disk or mend it, then run again: only what has no answer is asked."


def _found(keys: Sequence[bytes], tables: Sequence[Table], segments: Sequence[Segment]) -> NDArray[np.int64]:
    """Newer tables and segments come later, and win."""
    heads, tails = halves(key_array(keys))
    order = np.argsort(heads)
    heads, tails = heads[order], tails[order]
    sorted_found = np.full(len(keys), NOWHERE, np.int64)
    for table in tables:
        table.find(heads, tails, sorted_found)
    found = np.empty_like(sorted_found)
    found[order] = sorted_found
    for segment in segments:
        newer = np.fromiter(map(segment.latest.get, keys, itertools.repeat(_ABSENT)), np.int64, len(keys))
        np.copyto(found, newer, where=newer != _ABSENT)
    return found


def _runs(numbers: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sorted numbers, each once, and how often each is there."""
    first = np.flatnonzero(np.append(True, numbers[1:] != numbers[:-1])[: len(numbers)])
    return numbers[first], np.diff(first, append=len(numbers))


def _tokens(usage: Usage | None) -> Tokens:
    """The tokens of a body; absurd numbers count as not told."""
    return UNTOLD if usage is None or max(usage) >= UNTOLD[0] else (*usage,)


def _damaged(log: Path, offset: int) -> Failure:
    return Failure(
        f"{log}: the record at byte {offset:,} is damaged. Remove {index_path(log)} and run again: the log is read "
        "anew, and only what is damaged is asked again"
    )
