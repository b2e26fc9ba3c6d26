"""The answer store on bad days: kills, full and broken disks, damaged logs."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from corpus.errors import Failure
from datagen.answers import store as store_module
from datagen.answers.store import Answers

WRITER = """
import os, sys
from pathlib import Path
from datagen.answers import store
store.SEGMENT_BODIES, store.SYNC_S = 500, 0.01
with store.Answers(Path(sys.argv[1])) as answers:
    for number in range(int(sys.argv[2]), 1_000_000):
        answers.put([number.to_bytes(16, "little")], b"body %d " % number * (number % 50), number)
        os.write(1, b"%d\\n" % number)
"""

FULL_DISK = """
import os, resource, signal, sys
from pathlib import Path
from corpus.errors import Failure
from datagen.answers.store import Answers
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
store, number, told = Answers(Path(sys.argv[1])), 0, []
while len(told) < 3:
    try:
        store.put([number.to_bytes(16, "little")], b"x" * 777, 0)
        number += 1
    except Failure as error:
        told.append(str(error))
assert len(set(told)) == 1
found = store.find([index.to_bytes(16, "little") for index in range(number + 1)]) >= 0
assert found.tolist() == [True] * number + [False]
store.close()
print(number, told[0])
"""


def key(number: int) -> bytes:
    return number.to_bytes(16, "little")


def test_no_answer_that_was_put_is_lost_by_kills(tmp_path: Path) -> None:
    dice = random.Random(3)
    count = 0
    for _ in range(3):
        arguments = [sys.executable, "-c", WRITER, str(tmp_path), str(count)]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            first = writer.stdout.readline()
            time.sleep(dice.uniform(0, 0.3))
            writer.kill()
            acknowledged = (first + writer.stdout.read()).decode().splitlines()
        assert writer.returncode == -signal.SIGKILL
        assert int(acknowledged[0]) == count
        with Answers(tmp_path) as store:
            # One more may be kept than the process came to say.
            count = int(acknowledged[-1]) + 1
            found = store.find([key(number) for number in range(count + 2)])
            assert (found[:count] >= 0).all()
            assert found[count + 1] == -1
            for number, stored in enumerate(store.read(found[:count])):
                assert (stored.body, stored.latency_s) == (b"body %d " % number * (number % 50), number)
    assert count > 500


def test_a_torn_end_is_cut_off_and_counted(tmp_path: Path) -> None:
    with Answers(tmp_path) as store:
        store.put([key(0)], b"whole", 0)
        store.put([key(1)], b"torn", 0)
    (tmp_path / "00000.idx").unlink()
    log = tmp_path / "00000.log"
    size = log.stat().st_size
    os.truncate(log, size - 1)
    with Answers(tmp_path) as store:
        assert (store.find([key(0), key(1)]) >= 0).tolist() == [True, False]
        assert store.lost_bytes == size - 1 - log.stat().st_size > 0
    with Answers(tmp_path) as store:
        assert store.lost_bytes == 0


@pytest.mark.parametrize("end", [bytes(5000), b"\xffTK1", b"\xffTK1" + b"\xff" * 40, b"\xffTK1" * 100], ids=len)
def test_what_a_power_loss_leaves_at_the_end_is_no_answer(tmp_path: Path, end: bytes) -> None:
    with Answers(tmp_path) as store:
        store.put([key(0)], b"whole", 0)
    log = tmp_path / "00000.log"
    written = log.read_bytes()
    log.write_bytes(written + end)
    with Answers(tmp_path) as store:
        assert store.find([key(0)])[0] >= 0
        assert store.lost_bytes == len(end)
    assert log.read_bytes() == written


def test_a_damaged_answer_is_told_of_and_lost_alone(tmp_path: Path) -> None:
    with Answers(tmp_path) as store:
        for number in range(3):
            store.put([key(number)], b"body %d" % number, 0)
    log = tmp_path / "00000.log"
    log.write_bytes(log.read_bytes().replace(b"body 1", b"body 7"))
    with Answers(tmp_path) as store, pytest.raises(Failure, match=r"00000\.log: the record .* damaged.*00000\.idx"):
        store.read(store.find([key(1)]))
    (tmp_path / "00000.idx").unlink()
    with Answers(tmp_path) as store:
        found = store.find([key(0), key(1), key(2)])
        assert (found >= 0).tolist() == [True, False, True]
        assert [stored.body for stored in store.read(found[[0, 2]])] == [b"body 0", b"body 2"]


def test_a_full_disk_ends_the_run_and_nothing_kept_is_lost(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", FULL_DISK, str(tmp_path)]
    told = subprocess.run(arguments, capture_output=True, text=True, check=True)
    count, _, message = told.stdout.strip().partition(" ")
    assert int(count) == 100_000 // (777 + 43)
    assert message.startswith(f"cannot write an answer to {tmp_path}: [Errno 27] File too large")
    assert message.endswith(
        "No answer kept is lost. Make room on the disk or mend it, then run again: only what has no answer is asked."
    )
    with Answers(tmp_path) as store:
        assert store.lost_bytes == 0
        store.put([key(int(count))], b"room again", 0)
        assert (store.find([key(number) for number in range(int(count) + 1)]) >= 0).all()


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("/dev/full", "cannot write an answer to .*No space left"),
        ("/dev/null", "cannot bring answers in .*to the disk"),
    ],
)
def test_a_broken_disk_is_told_of(
    tmp_path: Path, device: str, message: str, monkeypatch: pytest.MonkeyPatch, put_until: Callable[[Answers], None]
) -> None:
    """The one device takes no byte, the other cannot sync."""
    if not Path(device).is_char_device():
        pytest.skip(f"needs {device}")
    monkeypatch.setattr(store_module, "SYNC_S", 0.01)
    (tmp_path / "00000.log").symlink_to(device)
    with Answers(tmp_path) as store:
        with pytest.raises(Failure, match=message):
            put_until(store)
        with pytest.raises(Failure, match=message):
            store.fail(key(0), 0, "timeout", "")


@pytest.fixture
def put_until() -> Callable[[Answers], None]:
    def put(store: Answers) -> None:
        for number in range(1000):
            store.put([key(number)], b"", 0)
            time.sleep(0.01)

    return put


def test_a_sync_that_failed_after_the_last_answer_is_told_of_at_the_end(tmp_path: Path) -> None:
    if not Path("/dev/null").is_char_device():
        pytest.skip("needs /dev/null")
    (tmp_path / "00000.log").symlink_to("/dev/null")
    store = Answers(tmp_path)
    store.put([key(0)], b"", 0)
    with pytest.raises(Failure, match=r"cannot bring answers in .*to the disk"):
        store.close()


def test_a_folder_that_cannot_be_made_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Failure, match=r"cannot open the answers in .*file"):
        Answers(tmp_path / "file" / "answers")
