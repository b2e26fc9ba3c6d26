"""Say what a run does: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from corpus.dataset import Dataset
from corpus.laws import plain
from corpus.manifest import Manifest

if TYPE_CHECKING:
    from datagen.recipe import Named


class Progress(Protocol):
    """What a run tells while it works."""

    def waiting(self, why: str) -> None:
        """Another process holds the run folder."""

    def skipped(self, stage: Named, dataset: Dataset) -> None:
        """A stage's dataset is there already."""

    def started(self, stage: Named, shards: int | None) -> None:
        """A stage begins, with this many shards to make (None where that is not known)."""

    def advanced(self, rows: int) -> None:
        """A shard is done, of this many rows."""

    def told(self, stage: Named, numbers: Sequence[dict[str, Any]]) -> None:
        """Numbers of a stage that asks engines or models, for each of them, every second."""

    def finished(self, stage: Named, dataset: Dataset, seconds: float) -> None:
        """A stage's dataset is there."""


class Told(Progress):
    """Progress on a console."""

    def __init__(self, console: Console, *, quiet_after: float = 5.0) -> None:
        """`quiet_after`: seconds between two plain lines where the console is no terminal."""
        self.console = console
        self._bars: Bars | None = None
        self._rows = self._shards = 0
        self._told = 0.0
        self._every = quiet_after
        self._name = ""

    def waiting(self, why: str) -> None:
        """One line."""
        self.console.print(why)

    def skipped(self, stage: Named, dataset: Dataset) -> None:
        """One line, and what failed and may be asked for again."""
        self.console.print(
            f"{stage.name}: done already, {dataset.manifest.rows:,} rows in {dataset.path}", highlight=False
        )
        for line in losses(dataset.manifest, ("failed",)):
            self.console.print(f"  {line}", highlight=False)

    def started(self, stage: Named, shards: int | None) -> None:
        """A bar, or nothing until there is something to tell."""
        self._rows = self._shards = 0
        self._told, self._name = time.monotonic(), f"{stage.name} ({stage.verb})"
        if self.console.is_terminal:
            self._bars = Bars(
                TextColumn("{task.description}", markup=False),  # what a worker said last may hold brackets
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("shards, {task.fields[rows]:,} rows"),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                console=self.console,
                transient=True,
            )
            self._bars.add_task(self._name, total=shards, rows=0)
            self._bars.start()

    def advanced(self, rows: int) -> None:
        """The bar moves; elsewhere a line now and then."""
        self._rows += rows
        self._shards += 1
        if self._bars:
            self._bars.update(self._bars.task_ids[0], advance=1, rows=self._rows)
        elif time.monotonic() - self._told >= self._every:
            self._told = time.monotonic()
            self.console.print(f"{self._name}: {self._shards} shards, {self._rows:,} rows", highlight=False)

    def told(self, stage: Named, numbers: Sequence[dict[str, Any]]) -> None:
        """Lines beside the bar; elsewhere JSON, now and then and when it ends."""
        if self._bars:
            described = "\n".join([self._name, *(f"  {_line(one)}" for one in numbers)])
            self._bars.update(self._bars.task_ids[0], description=described)
        elif time.monotonic() - self._told >= self._every:
            self._told = time.monotonic()
            for one in numbers:
                self.console.print(json.dumps({"stage": stage.name, **one}), highlight=False, markup=False)

    def finished(self, stage: Named, dataset: Dataset, seconds: float) -> None:
        """One line with what came out."""
        self.close()
        manifest = dataset.manifest
        rate = f", {self._rows / seconds:,.0f} rows/s" if seconds > 0 and self._rows else ""
        self.console.print(
            f"{stage.name}: {manifest.rows:,} {manifest.kind} rows in {seconds:.1f} s{rate} -> {dataset.path}",
            highlight=False,
        )
        for line in losses(manifest):
            self.console.print(f"  {line}", highlight=False)

    def close(self) -> None:
        """Take the bar away."""
        if self._bars:
            self._bars.stop()
            self._bars = None


_LOST = {
    "aside": "records set aside",
    "failed": "requests failed",
    "dropped": "rows dropped",
    "left": "candidates out",
    "without": "prompts that give nothing",
    "rejected": "candidates rejected",
}
_NAMED = 6


def losses(manifest: Manifest, ways: Sequence[str] = tuple(_LOST)) -> list[str]:
    """What did not come through a stage, one line for each way, the commonest reasons first."""
    lines = []
    for name in ways:
        words = "verdicts failed" if (manifest.stage, name) == ("score", "failed") else _LOST[name]
        reasons = _reasons(manifest, name)
        if not reasons:
            continue
        common = sorted(reasons.items(), key=lambda one: (-one[1], one[0]))
        told = ", ".join(f"{reason} {n:,}" for reason, n in common[:_NAMED])
        more = f", {len(common) - _NAMED} more reasons" if len(common) > _NAMED else ""
        again = "; --retry-failed asks for them again" if name == "failed" else ""
        lines.append(f"{sum(reasons.values()):,} {words}: {told}{more}{again}")
    if manifest.stage == "generate" and (repeated := plain(manifest.counts, "repeated")):
        lines.append(f"{repeated:,} prompts not asked: each is the same as an earlier one")
    if not manifest.rows and manifest.stage == "pair" and set(_reasons(manifest, "without")) == {"single_candidate"}:
        lines.append("no group has two candidates: pairs need at least two answers to a prompt")
    return lines


def _reasons(manifest: Manifest, name: str) -> dict[str, int]:
    counts = manifest.counts.get(name)
    return counts if isinstance(counts, dict) else {}


class Silent(Progress):
    """Says nothing."""

    def waiting(self, why: str) -> None:
        """Nothing."""

    def skipped(self, stage: Named, dataset: Dataset) -> None:
        """Nothing."""

    def started(self, stage: Named, shards: int | None) -> None:
        """Nothing."""

    def advanced(self, rows: int) -> None:
        """Nothing."""

    def told(self, stage: Named, numbers: Sequence[dict[str, Any]]) -> None:
        """Nothing."""

    def finished(self, stage: Named, dataset: Dataset, seconds: float) -> None:
        """Nothing."""


def _line(told: dict[str, Any]) -> str:
    """The numbers of an engine or of a scorer, for people."""
    from datagen.answers import watch as answers
    from datagen.scores import watch as scores

    return scores.line(told) if "scorer" in told else answers.line(told)
