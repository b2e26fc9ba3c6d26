"""COMET's worker processes as seen from here: started once, one for each device, kept for all rows, repaired once."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

from corpus.errors import Failure, UserError
from filters.environments import last_lines

WORKER = Path(__file__).with_name("worker.py")
_REQUEST = 20_000
"""Rows in one request at most: so many are sorted by length together."""
_GRACE_S = 10.0
"""Seconds that a worker has to end after its input is closed."""


@dataclass(frozen=True)
class Load:
    """What workers load, and how they work."""

    checkpoint: Path
    encoder: Path
    hparams: Mapping[str, Any]
    sides: tuple[str, ...]
    """What a row consists of, in this order: some of `src`, `mt`, `ref`."""
    dtype: str = "float32"
    trust_pickle: bool = False
    batch_size: int = 32
    batch_tokens: int = 16_384


class Scored(NamedTuple):
    """Verdicts on some rows."""

    rows: list[int]
    """Their places in what was handed in."""
    scores: list[float | None]
    notes: list[str | None]
    spans: list[list[dict[str, Any]] | None]
    """Marked errors, from checkpoints that mark them."""


class _Died(Exception):
    """A worker's process is gone."""


class Workers:
    """Worker processes for one checkpoint; a context manager."""

    def __init__(
        self, python: Path, load: Load, devices: Sequence[str], folder: Path, tell: Callable[[Mapping[str, Any]], None]
    ) -> None:
        """Nothing is started yet.

        Args:
            python: the Python of COMET's environment.
            load: what they load.
            devices: one worker each; `auto` alone means every CUDA GPU, or else the CPU.
            folder: where their logs go.
            tell: takes facts for people who watch; called from the caller's thread alone.
        """
        self._python, self._load, self._devices = python, load, list(devices)
        self._folder, self._tell = folder, tell
        self._workers: list[_Worker] = []
        self.facts: dict[str, Any] = {}
        """What the first worker said of the model: its class, window, COMET's version."""

    def __enter__(self) -> Self:
        """Start them and wait until all have loaded.

        Raises:
            UserError: the checkpoint is none that COMET can use.
            Failure: a worker died.
        """
        self._tell({"state": "loading"})
        try:
            self._start()
        except BaseException:
            self._close()
            raise
        self._tell({"state": "scoring"})
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _start(self) -> None:
        first = self._worker(self._devices[0], max(1, len(self._devices)))
        self.facts = first.ready(self._tell)
        others = self._devices[1:]
        if self._devices == ["auto"]:
            others = [f"cuda:{number}" for number in range(1, int(self.facts["devices"]))]
        started = [self._worker(device, 1 + len(others)) for device in others]
        for worker in started:
            worker.ready(self._tell)

    def _worker(self, device: str, shares: int) -> _Worker:
        threads = max(1, len(os.sched_getaffinity(0)) // shares)
        log = self._folder / f"comet-{len(self._workers)}.log"
        self._workers.append(_Worker(self._python, self._load, device, threads, log))
        return self._workers[-1]

    def _close(self) -> None:
        for worker in self._workers:
            worker.end()

    def pids(self) -> list[int]:
        """Process ids of the workers."""
        return [worker.process.pid for worker in self._workers]

    def seconds(self) -> float:
        """Seconds that workers spent on their requests, without the way there and back."""
        return sum(worker.seconds for worker in self._workers)

    def score(self, rows: Sequence[tuple[str, ...]]) -> Iterator[Scored]:
        """Verdicts on rows, as they come; each row is judged once.

        Rows that share their first side should stand together: within a request each text is encoded once.

        Raises:
            Failure: a worker died for the second time.
        """
        waiting: queue.SimpleQueue[Sequence[int]] = queue.SimpleQueue()
        each = max(1, min(_REQUEST, -(-len(rows) // len(self._workers))))
        for start in range(0, len(rows), each):
            waiting.put(range(start, min(start + each, len(rows))))
        said: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threads = [
            threading.Thread(target=_serve, args=(worker, rows, waiting, said), daemon=True) for worker in self._workers
        ]
        for thread in threads:
            thread.start()
        running, done = len(threads), False
        try:
            while running:
                told = said.get()
                if isinstance(told, Scored):
                    yield told
                elif isinstance(told, BaseException):
                    raise told
                elif told is None:
                    running -= 1
                else:
                    self._tell(told)
            done = True
        finally:
            if not done:
                # Somebody stopped listening: what is still being computed is of no use.
                self._close()


def _serve(
    worker: _Worker, rows: Sequence[tuple[str, ...]], waiting: queue.SimpleQueue[Sequence[int]], said: Any
) -> None:
    """Let one worker answer requests until none is left; what it says goes into a queue, at last None or an error."""
    try:
        while True:
            try:
                places = waiting.get_nowait()
            except queue.Empty:
                break
            _ask(worker, rows, places, said)
        said.put(None)
    except BaseException as error:
        said.put(error)


def _ask(worker: _Worker, rows: Sequence[tuple[str, ...]], places: Sequence[int], said: Any) -> None:
    left = set(places)
    while left:
        owed = [place for place in places if place in left]
        try:
            for part in worker.ask([rows[place] for place in owed], said.put):
                told = part._replace(rows=[owed[at] for at in part.rows])
                said.put(told)
                left.difference_update(told.rows)
            return
        except _Died as error:
            if worker.restarted:
                raise Failure(
                    f"COMET's worker on {worker.device} died again ({error}). Its last lines (all are in {worker.log}):"
                    f"\n{worker.last_lines()}\nWhat was judged is kept; run again to go on"
                ) from None
            worker.restart(error, said.put)


class _Worker:
    """One process."""

    def __init__(self, python: Path, load: Load, device: str, threads: int, log: Path) -> None:
        self.device, self.log, self.restarted = device, log, False
        self._python, self._load, self._threads = python, load, threads
        self._asked = 0
        self.seconds = 0.0
        self._launch()

    def _launch(self) -> None:
        environment = {
            # Threads that wait go to sleep: where others use the cores too, those that spin cost ten times the work.
            "OMP_WAIT_POLICY": "PASSIVE",
            **os.environ,
            # All that is read lies on this machine, and no library need ask a hub about it.
            "HF_HUB_OFFLINE": "1",
            "TRANSFORMERS_OFFLINE": "1",
            "TOKENIZERS_PARALLELISM": "true",
            **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), str(self._threads)),
        }
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._since = self.log.stat().st_size if self.log.is_file() else 0
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [self._python, "-I", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=environment
            )
        load = self._load
        self._send(
            {
                "checkpoint": str(load.checkpoint),
                "encoder": str(load.encoder),
                "hparams": {name: load.hparams.get(name) for name in ("class_identifier", "layer_transformation")},
                "sides": load.sides,
                "dtype": load.dtype,
                "trust_pickle": load.trust_pickle,
                "device": self.device,
                "threads": self._threads,
            }
        )

    def ready(self, say: Callable[[Any], None]) -> dict[str, Any]:
        """Wait until it has loaded, anew after a first death, which is told; what it says of the model."""
        try:
            told = self._read()
        except _Died as error:
            if not self.restarted:
                return self.restart(error, say)
            raise Failure(
                f"COMET's worker on {self.device} died while it loaded ({error}). Its last lines (all are in "
                f"{self.log}):\n{self.last_lines()}"
            ) from None
        if "refused" in told:
            raise UserError(f"COMET cannot use the checkpoint {self._load.checkpoint}: {told['refused']}")
        facts: dict[str, Any] = told["ready"]
        return facts

    def restart(self, death: _Died, say: Callable[[Any], None]) -> dict[str, Any]:
        """Begin anew after a death, and tell it with the last lines; what the new process says of the model."""
        lines = " | ".join(line.strip() for line in self.last_lines().splitlines())
        say({"restarted": f"once, {death}", "last_lines": lines})
        self.end()
        self.restarted = True
        self._launch()
        return self.ready(say)

    def ask(self, rows: Sequence[tuple[str, ...]], say: Callable[[Any], None]) -> Iterator[Scored]:
        """Verdicts on rows, by their places, as they come.

        Raises:
            _Died: the process is gone, whatever it had answered.
            Failure: it could make nothing of the request.
        """
        self._asked += 1
        numbers: dict[str, int] = {}
        places = [[numbers.setdefault(text, len(numbers)) for text in row] for row in rows]
        limits = {"batch_size": self._load.batch_size, "batch_tokens": self._load.batch_tokens}
        self._send({"id": self._asked, "texts": list(numbers), "rows": places, **limits})
        while True:
            told = self._read()
            if "said" in told:
                say(told["said"])
            elif "error" in told:
                raise Failure(f"COMET's worker could not answer: {told['error']}. Its log is {self.log}")
            elif "done" in told:
                self.seconds += told["done"]["seconds"]
                say({"padding": f"{told['done']['padding']:.1%}"})
                return
            else:
                yield Scored(told["rows"], told["scores"], told["notes"], told["spans"])

    def last_lines(self) -> str:
        """What it wrote last to its log."""
        return last_lines(self.log, self._since)

    def end(self) -> None:
        """End the process, whatever it is doing."""
        with suppress(OSError):
            if self.process.stdin:
                self.process.stdin.close()
        try:
            self.process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()

    def _send(self, what: Mapping[str, Any]) -> None:
        """One line. Everything but ASCII is escaped: lone surrogates pass too."""
        assert self.process.stdin is not None
        # A worker that is gone is found out when it is read from.
        with suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(what).encode("ascii") + b"\n")
            self.process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line.endswith(b"\n"):
            code = self.process.wait()
            raise _Died(f"signal {-code}" if code < 0 else f"exit code {code}")
        try:
            told: dict[str, Any] = json.loads(line)
        except ValueError:
            raise Failure(
                f"COMET's worker said {line[:80]!r}, which is no answer. A Python that is given as `python:` must "
                "print nothing of its own"
            ) from None
        return told
