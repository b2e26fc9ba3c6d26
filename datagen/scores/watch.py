"""What is seen of scoring while it goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_EVERY = 1.0
"""Seconds between two words."""


class ScoreWatch:
    """Counts of one scorer, told to whoever watches at most every second."""

    def __init__(self, name: str, rows: int, tell: Callable[[Sequence[dict[str, Any]]], None]) -> None:
        """`rows`: how many there are to score."""
        self._facts: dict[str, Any] = {"scorer": name, "rows": rows, "done": 0, "asked": 0, "known": 0, "judged": 0}
        self._tell = tell
        self._began = self._last = time.monotonic()

    def begins(self, rows: int, items: int, new: int) -> None:
        """Some rows come: so many items, of which so many must be judged."""
        del rows
        self._facts["asked"] += new
        self._facts["known"] += items - new
        self._speak()

    def judges(self, items: int) -> None:
        """Verdicts came."""
        self._facts["judged"] += items
        self._speak()

    def advances(self, rows: int) -> None:
        """Rows have all their verdicts."""
        self._facts["done"] += rows
        self._speak()

    def told(self, facts: Mapping[str, Any]) -> None:
        """Facts from the scorer itself."""
        self._facts.update(facts)
        self._speak(now=True)

    def ended(self) -> None:
        """The last word."""
        self._speak(now=True)

    def _speak(self, *, now: bool = False) -> None:
        if now or time.monotonic() - self._last >= _EVERY:
            self._last = time.monotonic()
            seconds = max(1e-9, self._last - self._began)
            self._tell([{**self._facts, "items_per_s": round(self._facts["judged"] / seconds, 1)}])


def line(told: Mapping[str, Any]) -> str:
    """The numbers of one scorer for people."""
    parts = [f"{told['scorer']}: {told['done']:,}/{told['rows']:,} rows"]
    parts.append(f"{told['judged']:,}/{told['asked']:,} judged, {told['items_per_s']:,.1f}/s")
    if told["known"]:
        parts.append(f"{told['known']:,} known")
    shown = ("scorer", "rows", "done", "judged", "asked", "known", "items_per_s")
    parts += [f"{name} {value}" for name, value in told.items() if name not in shown]
    return ", ".join(parts)
