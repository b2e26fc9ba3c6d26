"""What is seen of asking while it goes on: counts, rates, money, time left."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from datagen.engines.base import Price
from datagen.engines.completions import Usage

_WINDOW = 30.0
"""Seconds that rates are taken over."""


@dataclass
class Watch:
    """Counts of one engine. Written by its thread and read by another, so that a reader may be a moment behind."""

    name: str
    total: int
    """Answers that the stage asks of the engine."""
    price: Price | None
    clock: Callable[[], float] = time.monotonic
    had: int = 0
    """Answers, and requests given up, that earlier runs left."""
    answered: int = 0
    in_flight: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    spent: float = 0.0
    """Price of the answers of this stage, those of earlier runs included."""
    tokens: int = 0
    """Tokens of the answers of this stage, those of earlier runs included."""
    uncounted: int = 0
    """Answers whose server told no usage."""
    failed: Counter[str] = field(default_factory=Counter)
    troubles: Counter[str] = field(default_factory=Counter)
    ended: str = ""
    """Why the engine asks no more though answers are missing."""
    _past: deque[tuple[float, int, int, int]] = field(default_factory=deque)

    def came(self, choices: int, usage: Usage | None) -> None:
        """Answers that came in."""
        self.answered += choices
        if usage is None:
            self.uncounted += choices
            return
        self.prompt_tokens += usage.prompt_tokens
        self.completion_tokens += usage.completion_tokens
        self.spend(usage)

    def spend(self, usage: Usage) -> None:
        """Tokens that were paid for."""
        self.tokens += usage.prompt_tokens + usage.completion_tokens
        self.spent += self.price.of(*usage) if self.price else 0.0

    @property
    def done(self) -> int:
        """Answers that are there and requests that were given up."""
        return self.had + self.answered + self.failed.total()

    def told(self) -> dict[str, Any]:
        """All numbers, with rates over the last half minute. Read it every second or so."""
        now = self.clock()
        self._past.append((now, self.answered, self.prompt_tokens, self.completion_tokens))
        while len(self._past) > 2 and now - self._past[0][0] > _WINDOW:
            self._past.popleft()
        then, *before = self._past[0]
        seconds = max(1e-9, now - then)
        rates = [(n - old) / seconds for n, old in zip(self._past[-1][1:], before, strict=True)]
        left = self.total - self.done
        seen = self.had + self.answered
        return {
            "engine": self.name,
            "answers": self.total,
            "done": self.done,
            "answered": self.answered,
            "failed": dict(self.failed),
            "retried": dict(self.troubles),
            "in_flight": self.in_flight,
            "requests_per_s": round(rates[0], 2),
            "tokens_in_per_s": round(rates[1], 1),
            "tokens_out_per_s": round(rates[2], 1),
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "without_usage": self.uncounted,
            "cost": round(self.spent, 6) if self.price else None,
            "cost_projected": round(self.spent / seen * self.total, 4) if self.price and seen else None,
            "seconds_left": round(left / rates[0]) if rates[0] > 0 else None,
            "ended": self.ended or None,
        }


def line(told: dict[str, Any]) -> str:
    """The numbers of one engine for people."""
    parts = [f"{told['engine']}: {told['done']:,}/{told['answers']:,} answers"]
    if told["ended"]:
        return ", ".join([*parts, told["ended"]])
    parts += [
        f"{told['requests_per_s']:,.1f}/s",
        f"{told['tokens_in_per_s']:,.0f} tokens/s in, {told['tokens_out_per_s']:,.0f} out",
        f"{told['in_flight']} in flight",
    ]
    if told["failed"]:
        parts.append(f"{sum(told['failed'].values()):,} failed")
    if told["retried"]:
        parts.append(f"{sum(told['retried'].values()):,} retried")
    if told["cost"] is not None:
        parts.append(f"cost {told['cost']:,.2f} of about {told['cost_projected'] or 0:,.2f}")
    if told["seconds_left"] is not None:
        parts.append(f"{_duration(told['seconds_left'])} left")
    return ", ".join(parts)


def _duration(seconds: int) -> str:
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min" if minutes else f"{seconds} s"
