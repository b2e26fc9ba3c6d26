"""A sink that keeps answers in memory, for tests of one engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from corpus.chat import Message, user
from datagen.engines.base import Engine, Request
from datagen.engines.completions import Answer, Completion, parse
from datagen.engines.problems import Problem


class Kept:
    """What an engine gave: answers and bodies by key, and why requests failed. Stops after so many, where told to."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.answers: dict[bytes, Answer] = {}
        self.bodies: dict[bytes, Completion] = {}
        self.failures: dict[bytes, Problem] = {}
        self.troubles: list[Problem] = []
        self.most_in_flight = 0
        self.stop_after = stop_after

    def answered(self, keys: Sequence[bytes], body: bytes, latency_s: float) -> Sequence[Problem | None]:
        assert latency_s >= 0
        completion = parse(body, len(keys))
        problems: list[Problem | None] = []
        for key, choice in zip(keys, completion.choices, strict=True):
            assert key not in self.answers, "answered twice"
            assert key not in self.failures, "answered after it failed"
            problems.append(choice if isinstance(choice, Problem) else None)
            if not isinstance(choice, Problem):
                self.answers[key], self.bodies[key] = choice, completion
        return problems

    def failed(self, key: bytes, problem: Problem) -> None:
        assert key not in self.failures, "failed twice"
        assert key not in self.answers, "failed after it was answered"
        self.failures[key] = problem

    def troubled(self, problem: Problem) -> None:
        self.troubles.append(problem)

    def flying(self, requests: int) -> None:
        self.most_in_flight = max(self.most_in_flight, requests)

    @property
    def stopped(self) -> bool:
        return self.stop_after is not None and len(self.answers) + len(self.failures) >= self.stop_after


def requests_of(prompts: Sequence[str | Sequence[Message]], n: int = 1) -> Iterator[Request]:
    """`n` requests for each prompt. Keys tell prompt and sample, seeds are made of them."""
    for number, prompt in enumerate(prompts):
        messages = [user(prompt)] if isinstance(prompt, str) else prompt
        for sample in range(n):
            yield Request(key_of(number, sample), messages, (number * 7919 + sample * 104_729 + 1) % 2**31)


def key_of(prompt: int, sample: int = 0) -> bytes:
    """The key of a request that `requests_of` made."""
    return prompt.to_bytes(8, "big") + sample.to_bytes(8, "big")


def ask(engine: Engine, prompts: Sequence[str | Sequence[Message]], n: int = 1, kept: Kept | None = None) -> Kept:
    """What an engine answers."""
    kept = kept or Kept()
    engine.answer(requests_of(prompts, n), kept)
    return kept


def texts(kept: Kept) -> list[str]:
    """Answers in the order of their requests."""
    return [kept.answers[key].text for key in sorted(kept.answers)]
