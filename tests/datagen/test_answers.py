"""The answer store: what is put is found, by any thread and after any restart; full segments get an index."""

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from corpus.errors import Failure
from datagen.answers import store as store_module
from datagen.answers.store import Answers, Failed, Spent, Stored
from datagen.engines.completions import Usage


def key(number: int) -> bytes:
    return number.to_bytes(16, "little")


def bodies(store: Answers, *keys: bytes) -> list[bytes | None]:
    found = store.find(keys)
    there = iter(store.read(found[found >= 0]))
    return [next(there).body if location >= 0 else None for location in found]


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def fill(folder: Path, count: int) -> None:
    with Answers(folder) as store:
        for number in range(count):
            store.put([key(number)], f"body {number}".encode(), number / 8)
            store.settle([key(number)], [True], Usage(number, 2 * number))


def test_an_answer_is_found_and_read(tmp_path: Path) -> None:
    with Answers(tmp_path / "answers") as store:
        store.put([key(1)], b"one", 0.25)
        store.settle([key(1)], [True], Usage(10, 20, 5))
        found = store.find([key(2), key(1)])
        assert (found >= 0).tolist() == [False, True]
        assert store.read(found[1:]) == [Stored(b"one", choice=0, choices=1, latency_s=0.25)]
        assert store.spent(found) == Spent(1, 10, 20, 5, unknown=0)


def test_a_body_of_several_choices_is_counted_once(tmp_path: Path) -> None:
    keys = [key(1), key(2), key(3)]
    with Answers(tmp_path) as store:
        store.put(keys, b"three choices", 1.0)
        store.settle(keys, [True, False, True], Usage(10, 60))
        found = store.find(keys)
        assert (found >= 0).tolist() == [True, False, True]
        assert [(stored.choice, stored.choices) for stored in store.read(found[[2, 0]])] == [(2, 3), (0, 3)]
        assert store.spent(found) == Spent(2, 10, 60, 0, unknown=0)


@pytest.mark.parametrize("usage", [None, Usage(1 << 40, 1), Usage(1, (1 << 32) - 1)])
def test_tokens_that_nobody_told_or_believes_are_unknown(tmp_path: Path, usage: Usage | None) -> None:
    with Answers(tmp_path) as store:
        store.put([key(1)], b"", 0)
        store.settle([key(1)], [True], usage)
        assert store.spent(store.find([key(1)])) == Spent(1, 0, 0, 0, unknown=1)
        assert store.unsettled() == []


def test_the_newest_answer_counts(tmp_path: Path) -> None:
    for body in (b"first", b"second"):
        with Answers(tmp_path) as store:
            store.put([key(1)], b"lost", 0)
            store.put([key(1)], body, 0)
            assert bodies(store, key(1)) == [body]
    with Answers(tmp_path) as store:
        assert bodies(store, key(1)) == [b"second"]


def test_a_failure_is_one_of_its_round_until_an_answer_comes(tmp_path: Path) -> None:
    with Answers(tmp_path) as store:
        store.fail(key(1), 0, "timeout", "no answer in 600 s")
        store.fail(key(1), 2, "bad_request", "مرفوض \ud800")
        assert store.find([key(1)]).tolist() == [-1]
    with Answers(tmp_path) as store:
        told = [store.failure(key(1), retry) for retry in range(3)]
        assert told == [Failed("timeout", "no answer in 600 s"), None, Failed("bad_request", "مرفوض ?")]
        store.put([key(1)], b"at last", 0)
        assert [store.failure(key(1), retry) for retry in range(3)] == [None, None, None]
        store.settle([key(1)], [False], None)
        assert store.failure(key(1), 0) == Failed("timeout", "no answer in 600 s")


def test_what_a_kill_left_unsettled_can_be_settled(tmp_path: Path) -> None:
    with Answers(tmp_path) as store:
        for number in range(3):
            store.put([key(number)], b"%d" % number, 0)
        store.settle([key(1)], [True], Usage(1, 1))
        store.put([key(2)], b"newer", 0)
        store.settle([key(2)], [True], None)
    with Answers(tmp_path) as store:
        assert store.unsettled() == [([key(0)], b"0")]
        store.settle([key(0)], [False], Usage(5, 0))
        assert store.unsettled() == []
    with Answers(tmp_path) as store:
        assert store.unsettled() == []
        assert bodies(store, key(0), key(1), key(2)) == [None, b"1", b"newer"]


def test_nothing_is_found_in_an_empty_store(tmp_path: Path) -> None:
    with Answers(tmp_path) as store:
        assert store.find([key(1)]).tolist() == [-1]
        assert store.find([]).tolist() == []
        assert store.read(np.array([], np.int64)) == []
        assert store.spent(np.array([-1])) == Spent(0, 0, 0, 0, 0)
        assert store.failure(key(1), 0) is None
    assert files(tmp_path) == []


@pytest.mark.parametrize("keys", [[], [b"short"], [b"k" * 15, b"k" * 17]])
def test_keys_have_sixteen_bytes(tmp_path: Path, keys: Sequence[bytes]) -> None:
    with Answers(tmp_path) as store, pytest.raises(ValueError, match="keys of 16 bytes"):
        store.put(keys, b"", 0)


def test_only_what_was_put_can_be_settled(tmp_path: Path) -> None:
    with Answers(tmp_path) as store, pytest.raises(KeyError):
        store.settle([key(1)], [True], None)


def test_a_closed_store_still_reads(tmp_path: Path) -> None:
    store = Answers(tmp_path)
    store.put([key(1)], b"one", 0)
    store.close()
    store.close()
    assert bodies(store, key(1)) == [b"one"]
    with pytest.raises(Failure, match="are closed"):
        store.put([key(2)], b"two", 0)


def test_full_segments_get_an_index_and_another_follows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "SEGMENT_BODIES", 10)
    fill(tmp_path, 25)
    assert files(tmp_path) == [f"0000{number}.{kind}" for number in range(3) for kind in ("idx", "log")]
    monkeypatch.setattr(store_module, "SEGMENT_BYTES", 1)
    with Answers(tmp_path) as store:
        for number in range(25, 28):
            store.put([key(number)], f"body {number}".encode(), 0)
        assert bodies(store, *map(key, range(28))) == [f"body {number}".encode() for number in range(28)]
    assert len(files(tmp_path)) == 2 * 6


def test_a_body_may_be_settled_after_its_segment_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "SEGMENT_BODIES", 1)
    with Answers(tmp_path) as store:
        for number in range(3):
            store.put([key(number)], b"", 0)
        for number in range(3):
            store.settle([key(number)], [number > 0], Usage(1, 10))
        expected = Spent(2, 2, 20, 0, unknown=0)
        assert store.spent(store.find([key(0), key(1), key(2)])) == expected
    for path in [None, *tmp_path.glob("*.idx")]:
        if path:
            path.unlink()
        with Answers(tmp_path) as store:
            assert store.spent(store.find([key(0), key(1), key(2)])) == expected
            assert store.unsettled() == []


def cut(index: Path) -> None:
    index.write_bytes(index.read_bytes()[:-1])


def flip(index: Path) -> None:
    written = bytearray(index.read_bytes())
    written[len(written) // 2] ^= 4
    index.write_bytes(written)


def swap(index: Path) -> None:
    index.write_bytes(index.with_name("00000.idx").read_bytes())


def empty(index: Path) -> None:
    index.write_bytes(b"")


@pytest.mark.parametrize("damage", [Path.unlink, cut, flip, swap, empty])
def test_an_index_that_does_not_fit_is_made_anew(tmp_path: Path, damage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "SEGMENT_BODIES", 11)
    fill(tmp_path, 25)
    index = tmp_path / "00001.idx"
    before = index.read_bytes()
    damage(index)
    with Answers(tmp_path) as store:
        found = store.find([key(number) for number in range(25)])
        assert [stored.body for stored in store.read(found)] == [f"body {number}".encode() for number in range(25)]
        assert store.spent(found) == Spent(25, 300, 600, 0, unknown=0)
        assert store.lost_bytes == 0
    assert index.read_bytes() == before


def test_leftovers_of_a_kill_do_no_harm(tmp_path: Path) -> None:
    fill(tmp_path, 3)
    (tmp_path / ".00001.idx.123.tmp").write_bytes(b"half an index")
    (tmp_path / "00001.log").touch()
    (tmp_path / "00001.idx").write_bytes((tmp_path / "00000.idx").read_bytes())
    with Answers(tmp_path) as store:
        assert bodies(store, key(0), key(3)) == [b"body 0", None]
        store.put([key(3)], b"body 3", 0)
    assert files(tmp_path) == ["00000.idx", "00000.log", "00001.idx", "00001.log"]
    with Answers(tmp_path) as store:
        assert bodies(store, key(0), key(3)) == [b"body 0", b"body 3"]


def test_several_threads_put_while_another_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "SEGMENT_BODIES", 50)
    monkeypatch.setattr(store_module, "SYNC_S", 0.001)
    each, threads = 300, 4
    keys = [key(number) for number in range(each * threads)]

    def write(store: Answers, first: int) -> None:
        for number in range(first, first + each):
            store.put([key(number)], f"body {number}".encode(), number)
            store.settle([key(number)], [True], Usage(1, 2, 1))

    with Answers(tmp_path) as store:
        writers = [threading.Thread(target=write, args=(store, each * number)) for number in range(threads)]
        for writer in writers:
            writer.start()
        while any(writer.is_alive() for writer in writers):
            found = store.find(keys)
            there = np.flatnonzero(found >= 0)
            assert [stored.latency_s for stored in store.read(found[there])] == there.tolist()
            assert store.spent(found).answers == len(there)
    with Answers(tmp_path) as store:
        found = store.find(keys)
        assert [stored.body for stored in store.read(found)] == [
            f"body {number}".encode() for number in range(len(keys))
        ]
        assert store.spent(found) == Spent(len(keys), len(keys), 2 * len(keys), len(keys), unknown=0)
