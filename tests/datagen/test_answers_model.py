"""The answer store against a list of what was done: after any restart or damage, what the logs hold whole is there."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen.answers import store as store_module
from datagen.answers.store import Answers, Failed, Spent, Stored
from datagen.engines.completions import Usage

KEYS = [
    *(bytes(16), bytes(15) + b"\1", b"\1" + bytes(15), b"same head" + bytes(7), b"same head" + bytes(6) + b"\xff"),
    *(b"\xff" * 16, b"same head" + b"\xff" * 7),
]


class Put(NamedTuple):
    keys: Sequence[bytes]
    body: bytes
    latency_s: float


class Settle(NamedTuple):
    put: Put
    kept: Sequence[bool]
    usage: Usage | None


class Fail(NamedTuple):
    key: bytes
    retry: int
    told: Failed


class Written(NamedTuple):
    log: str
    begin: int
    end: int
    what: Put | Settle | Fail


class Model:
    """What a store knows that holds these records."""

    def __init__(self, records: Sequence[Written]) -> None:
        self.newest: dict[bytes, tuple[int, int, Put]] = {}
        self.settled: dict[int, Usage | None] = {}
        self.failures: dict[tuple[bytes, int], tuple[int, Failed]] = {}
        for number, (*_, what) in enumerate(records):
            if isinstance(what, Put):
                self.newest |= {key: (number, choice, what) for choice, key in enumerate(what.keys)}
            elif isinstance(what, Fail):
                self.failures[what.key, what.retry] = (number, what.told)
            else:
                self.settled[id(what.put)] = what.usage
                for key, kept in zip(what.put.keys, what.kept, strict=True):
                    if not kept:
                        self.newest.pop(key, None)

    def open_puts(self) -> list[Put]:
        """Those that are still the newest for all of their keys."""
        puts = {id(put): put for _, _, put in self.newest.values()}
        return [put for put in puts.values() if all(self.newest.get(key, (0, 0, None))[2] is put for key in put.keys)]

    def check(self, store: Answers) -> None:
        found = store.find(KEYS)
        assert [KEYS[index] for index in np.flatnonzero(found >= 0)] == [key for key in KEYS if key in self.newest]
        answers = [self.newest[key] for key in KEYS if key in self.newest]
        assert store.read(found[found >= 0]) == [
            Stored(put.body, choice, len(put.keys), put.latency_s) for _, choice, put in answers
        ]
        usages = {id(put): self.settled.get(id(put)) for _, _, put in answers}
        sums = np.sum([usage for usage in usages.values() if usage] or [(0, 0, 0)], axis=0).tolist()
        unknown = sum(usages[id(put)] is None for _, _, put in answers)
        assert store.spent(found) == Spent(len(answers), *sums, unknown)
        for key in KEYS:
            for retry in range(2):
                number, told = self.failures.get((key, retry), (-1, None))
                assert store.failure(key, retry) == (None if self.newest.get(key, (-1,))[0] > number else told)
        unsettled = [(list(put.keys), put.body) for put in self.open_puts() if id(put) not in self.settled]
        assert sorted(store.unsettled()) == sorted(unsettled)


keys = st.lists(st.sampled_from(KEYS), min_size=1, max_size=3, unique=True)
usages = st.none() | st.builds(Usage, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
steps = st.lists(
    st.tuples(st.just("put"), keys, st.binary(max_size=9), st.sampled_from([0.0, 0.125, 1e6]))
    | st.tuples(st.just("settle"), st.integers(0, 9), st.lists(st.booleans(), min_size=3, max_size=3), usages)
    | st.tuples(st.just("fail"), st.sampled_from(KEYS), st.integers(0, 1), st.text(max_size=5))
    | st.tuples(st.just("reopen"))
    | st.tuples(st.just("kill"))
    | st.tuples(st.sampled_from(["cut", "flip"]), st.integers(0, 9), st.floats(0, 1, exclude_max=True)),
    max_size=25,
)


@pytest.fixture(scope="module", autouse=True)
def _small_segments() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store_module, "SEGMENT_BODIES", 3)
        patch.setattr(store_module, "SYNC_S", 0.002)
        yield


@settings(max_examples=60)
@given(steps)
def test_a_store_knows_what_its_logs_hold(steps) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Run(Path(folder)).through(steps)


class Run:
    def __init__(self, folder: Path) -> None:
        self.folder = folder / "0"
        self.records: list[Written] = []
        self.store = Answers(self.folder)

    def through(self, steps) -> None:
        try:
            for name, *arguments in steps:
                getattr(self, name)(*arguments)
                Model(self.records).check(self.store)
        finally:
            self.store.close()

    def put(self, keys: Sequence[bytes], body: bytes, latency_s: float) -> None:
        self.store.put(keys, body, latency_s)
        self._wrote(Put(keys, body, latency_s))

    def settle(self, which: int, kept: Sequence[bool], usage: Usage | None) -> None:
        puts = Model(self.records).open_puts()
        if puts:
            put = puts[which % len(puts)]
            self.store.settle(put.keys, kept[: len(put.keys)], usage)
            self._wrote(Settle(put, kept[: len(put.keys)], usage))

    def fail(self, key: bytes, retry: int, message: str) -> None:
        self.store.fail(key, retry, "timeout", message)
        self._wrote(Fail(key, retry, Failed("timeout", message)))

    def reopen(self) -> None:
        self.store.close()
        self.store = Answers(self.folder)
        assert self.store.lost_bytes == 0

    def kill(self) -> None:
        """What another process would find if this one ended now."""
        copy = self.folder.with_name(str(int(self.folder.name) + 1))
        shutil.copytree(self.folder, copy, ignore=shutil.ignore_patterns(".*"))
        self.store.close()
        self.folder = copy
        self.store = Answers(copy)

    def cut(self, which: int, share: float) -> None:
        logs = sorted({record.log for record in self.records})
        if logs:
            name = logs[which % len(logs)]
            with self._damaged(name) as content:
                end = int(len(content) * share)
                del content[end:]
            self.records = [record for record in self.records if record.log != name or record.end <= end]
            self.store = Answers(self.folder)

    def flip(self, which: int, share: float) -> None:
        """Flip a bit of a whole record: the others are still there."""
        if self.records:
            record = self.records.pop(which % len(self.records))
            with self._damaged(record.log) as content:
                content[record.begin + int((record.end - record.begin) * share)] ^= 1 << which % 8
            self.store = Answers(self.folder)

    @contextlib.contextmanager
    def _damaged(self, log: str) -> Iterator[bytearray]:
        """The content of a log, to be changed while the store is closed."""
        self.store.close()
        path = self.folder / log
        content = bytearray(path.read_bytes())
        yield content
        path.write_bytes(content)
        path.with_suffix(".idx").unlink()

    def _wrote(self, what: Put | Settle | Fail) -> None:
        log = max(log for log in self.folder.glob("*.log") if log.stat().st_size)
        begin = max((record.end for record in self.records if record.log == log.name), default=0)
        self.records.append(Written(log.name, begin, log.stat().st_size, what))
