"""What benchmarks of generation share: prompts, runs as the server and the kernel saw them, and what is possible."""

from __future__ import annotations

import heapq
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import orjson
import pytest
from chat_answers import hashed, words
from harness import HERE, Recipe
from servers import ChatServer

import corpus

ROOT = HERE.parents[1]
CORES = sorted(os.sched_getaffinity(0))
CLIENT, SERVER = CORES[0], CORES[-1]
"""The client has one core to itself, the server another."""


def prompts(count: int) -> Iterator[str]:
    """Texts of 48 made-up words, each another."""
    return (words(hashed(b"prompt %d" % number), 48) for number in range(count))


@dataclass(frozen=True)
class Run:
    """What a command took."""

    stats: dict[str, Any]
    """Of the server."""
    wall: float
    """Seconds from the command's start to its end."""
    cpu_seconds: float
    memory: list[float]
    """MiB that it had in memory, every half second; only of the first process, where there are several."""

    @property
    def seconds(self) -> float:
        """From the first request to the last answer, as the server saw them."""
        return float(self.stats["last_answer_at"] - self.stats["first_at"])

    @property
    def rate(self) -> float:
        """Answers a second."""
        return float(self.stats["answered"] / self.seconds)


class Command:
    """A command that runs on the client's core while somebody looks at it, and does not outlive its block."""

    def __init__(self, words: Sequence[str | Path]) -> None:
        self._words = [str(word) for word in words]
        self._out = tempfile.TemporaryFile()  # noqa: SIM115
        self.memory: list[float] = []
        self.cpu_seconds = 0.0

    def __enter__(self) -> Self:
        self.started = time.time()
        self._process = subprocess.Popen(
            self._words,
            stdout=self._out,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "POLARS_MAX_THREADS": "1"},
            start_new_session=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {CLIENT}),
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._out.close()

    def kill(self) -> None:
        """Kill it and all that it started."""
        if self._process.returncode is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def look(self) -> bool:
        """Whether it runs still; notes its memory.

        Raises:
            AssertionError: it failed.
        """
        pid, status, usage = os.wait4(self._process.pid, os.WNOHANG)
        if not pid:
            pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
            self.memory.append(pages * os.sysconf("SC_PAGE_SIZE") / 2**20)
            return True
        self._process.returncode = os.waitstatus_to_exitcode(status)
        self.cpu_seconds = usage.ru_utime + usage.ru_stime
        if self._process.returncode:
            self._out.seek(0)
            told = self._out.read().decode(errors="replace")
            raise AssertionError(f"{' '.join(self._words)} ended with {self._process.returncode}:\n{told[-5000:]}")
        return False


def watched(server: ChatServer, words: Sequence[str | Path]) -> Run:
    """Run a command to its end, with the server's counts beginning at zero."""
    server.reset()
    with Command(words) as command:
        while command.look():
            time.sleep(0.5)
        return Run(server.stats(), time.time() - command.started, command.cpu_seconds, command.memory)


class Generation:
    """A recipe that asks one server for an answer to each prompt of a dataset."""

    def __init__(self, folder: Path, dataset: Path, server: ChatServer, in_flight: int) -> None:
        """Write the recipe and read the prompts, which is not measured."""
        self._server = server
        self._engine = f"openai: {{model: m, base_url: '{server.url}', max_concurrency: {in_flight}, max_tokens: 256}}"
        self._recipe = Recipe(folder, dataset, self._stage(1))
        self._runs = folder / "runs"

    def _stage(self, samples: int) -> str:
        return f"generate: {{n: {samples}, engines: [{{{self._engine}}}]}}"

    def ask_for(self, samples: int) -> None:
        """Ask for so many answers to each prompt from now on."""
        text = self._recipe.file.read_text()
        head = text[: text.index("generate:")]
        self._recipe.file.write_text(f"{head}{self._stage(samples)}}}\n")

    @property
    def command(self) -> list[str | Path]:
        return [sys.executable, "-m", "datagen.cli", "run", self._recipe.file, "--runs", self._runs]

    def anew(self) -> Run:
        """Run it with nothing answered yet."""
        for old in [*self._runs.glob("bench/made-*"), *self._runs.glob("bench/answers")]:
            shutil.rmtree(old)
        return watched(self._server, self.command)

    def check(self, rows: int) -> None:
        """Every prompt has exactly one answer."""
        [made] = self._runs.glob("bench/made-*")
        dataset = corpus.open(made)
        ids = dataset.scan().select("prompt_id", "response").collect()
        assert (ids.height, ids["prompt_id"].n_unique(), dataset.aside().collect().height) == (rows, rows, 0)
        assert ids["response"].str.len_bytes().min() > 0


def write_prompts(count: int, folder: Path) -> Path:
    """A dataset of so many prompts."""
    rows = ({"prompt": [{"role": "user", "content": text}], "tgt_lang": "de"} for text in prompts(count))
    corpus.write(rows, "prompt", folder)
    return folder


def peer(name: str, server: ChatServer, count: int, folder: Path, in_flight: int) -> Run:
    """Let a program of generate_peers.py ask, from its own environment where it has one."""
    python = Path(sys.executable) if name == "bare" else ROOT / f".venv-{name}/bin/python"
    if not python.exists():
        pytest.skip(f"needs {python.parents[1].name}, made of requirements/peer-{name}.txt: run `make bench`")
    with tempfile.TemporaryDirectory(dir=folder) as own:
        file = Path(own, "prompts.jsonl")
        file.write_bytes(b"".join(orjson.dumps({"text": text}) + b"\n" for text in prompts(count)))
        run = watched(server, [python, HERE / "generate_peers.py", name, server.url, file, own, str(in_flight)])
    assert run.stats["unique_answered"] == count
    return run


def list_schedule(latencies: Iterable[float], in_flight: int) -> float:
    """Seconds that requests take when each starts, in order, as soon as one of so many places is free."""
    free = [0.0] * in_flight
    for latency in latencies:
        heapq.heapreplace(free, free[0] + latency)
    return max(free)


def through_the_wall(requests: int, latency_s: float, schedule: Sequence[tuple[float, dict[str, Any]]]) -> float:
    """Seconds that requests take when each place that a server has at the time is always taken.

    `schedule` holds (from when on, {capacity, outage}) pairs, from 0 on.
    """
    capacity, out = 0, False
    ends = [at for at, _ in schedule[1:]] + [float("inf")]
    for (at, behaviour), end in zip(schedule, ends, strict=True):
        capacity, out = behaviour.get("capacity", capacity), bool(behaviour.get("outage", out))
        if not out:
            seconds = requests / (capacity / latency_s)
            if at + seconds <= end:
                return at + seconds
            requests -= round((end - at) * capacity / latency_s)
    raise AssertionError("the schedule ends with an outage")
