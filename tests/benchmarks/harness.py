"""How benchmarks run things: each job is a process of its own, whose CPU time and memory the kernel tells."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import distributions, version
from pathlib import Path

HERE = Path(__file__).parent
LIBRARIES = ("polars", "pyarrow", "fasttext-numpy2-wheel", "aiohttp", "datatrove", "torch", "transformers")
PEERS = "Bespoke Curator 0.1.31 (litellm's copy of its tokenizer's file; no telemetry), distilabel 1.5.3"


@dataclass(frozen=True)
class Job:
    """What a finished process took."""

    out: str
    cpu_seconds: float
    peak_mib: float

    def number(self, pattern: str) -> float:
        """The number that the first group of a pattern finds in the output."""
        found = re.search(pattern, self.out)
        if not found:
            raise AssertionError(f"no {pattern!r} in:\n{self.out}")
        return float(found[1].replace(",", ""))


def run_job(*command: str | Path, cores: int | None = None) -> Job:
    """Run a command to its end, on the first so many cores."""
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1])}
    if cores is not None:
        environment["POLARS_MAX_THREADS"] = str(cores)
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(
            [sys.executable, *map(str, command)],
            stdout=out,
            stderr=subprocess.STDOUT,
            env=environment,
            preexec_fn=lambda: os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores]),
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        told = out.read().decode(errors="replace")
    if process.returncode:
        raise AssertionError(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{told}")
    return Job(told, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


class Recipe:
    """A recipe of two stages: `rows` reads a dataset, `made` is what is measured."""

    def __init__(self, folder: Path, dataset: Path, stage: str) -> None:
        """Write the recipe and make its stage `rows`."""
        self.folder = folder
        self.file = folder / "recipe.yaml"
        folder.mkdir()
        self.file.write_text(f"name: bench\nstages:\n  rows: {{read: {{dataset: {dataset}}}}}\n  made: {{{stage}}}\n")
        self._run("--until", "rows")

    def rate(self, workers: int = 2, cores: int | None = None) -> tuple[float, Job]:
        """Make the stage `made` anew through the command line: rows a second as it tells them, and the job."""
        for old in self.folder.glob("runs/bench/made-*"):
            shutil.rmtree(old)
        job = self._run("--workers", str(workers), cores=cores)
        return job.number(r"made: .*, ([\d,]+) rows/s"), job

    def _run(self, *options: str, cores: int | None = None) -> Job:
        return run_job("-m", "datagen.cli", "run", self.file, "--runs", self.folder / "runs", *options, cores=cores)


@dataclass
class Report:
    """Measured numbers, each with what is asked of it."""

    rows: list[tuple[str, str, str]] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def add(self, what: str, value: float, unit: str, *, least: float | None = None, most: float | None = None) -> None:
        """A number, and the least or most that it may be."""
        asked = f"at least {_shown(least)}" if least is not None else ""
        asked = f"at most {_shown(most)}" if most is not None else asked
        met = (least is None or value >= least) and (most is None or value <= most)
        if not met:
            self.missed.append(f"{what}: {_shown(value)} {unit}, asked {asked}")
        self.rows.append((what, f"{_shown(value)} {unit}", asked + ("" if met else ": missed")))
        print(f"{what}: {_shown(value)} {unit} {f'({asked})' if asked else ''}")

    def markdown(self) -> str:
        """All numbers as a page."""
        installed = {found.name for found in distributions()}
        versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES if name in installed)
        lines = [
            "# Benchmarks",
            "",
            "Written by `make bench BENCH_REPORT=docs/reports/benchmarks.md`; the code is in tests/benchmarks. All "
            "data is made up from a seed. Each number is the median of several runs; what is compared ran in turns.",
            "",
            "Rates of `generate` and of what it is compared with run from the first request to the last answer as the "
            "server saw them; client and server have a core each. Peers, each in an environment of its own: "
            f"{PEERS}.",
            "",
            f"Machine: {os.cpu_count()} cores, {cpu_model()}. Python {platform.python_version()}, {versions}.",
            "",
            "| What | Measured | Asked |",
            "|---|---:|---|",
            *(f"| {' | '.join(row)} |" for row in self.rows),
            "",
        ]
        return "\n".join(lines)


def cpu_model() -> str:
    """The processor's name, as far as the system tells."""
    found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text()) if sys.platform == "linux" else None
    return found[1].strip() if found else platform.processor() or "unknown processor"


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return sorted(values)[len(values) // 2]


def in_turns(ours: Sequence[float], others: Sequence[float]) -> float:
    """The middle one of the ratios of each turn: a machine that is slow for a minute is so for both."""
    return median([one / other for one, other in zip(ours, others, strict=True)])


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
