"""One engine at work on requests: what comes back is kept before anything looks into it, and budgets are held."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corpus.chat import Message, problem
from datagen.answers.store import Answers
from datagen.answers.watch import Watch
from datagen.engines.base import Engine, Request
from datagen.engines.completions import Answer, Completion, Usage, parse
from datagen.engines.problems import Problem

EVERY = 1.0
"""Seconds between two looks at the counts."""
GRACE = 3.5
"""Seconds that engines get to end when the run is stopped."""
_JUDGED_AMONG = 1_000
"""Requests that failures are a share of, until more are done: what fails is mostly known first."""
_WORD_OF_MOUTH = 20
"""Answers after which what the next ones will cost is told from those before."""


class EngineRun(ABC):
    """One engine's way through its requests, in a thread of its own; the sink of its answers."""

    def __init__(self, engine: Engine, salt: bytes, store: Answers, watch: Watch, max_failed: float) -> None:
        """`max_failed`: the share of requests that may fail before the engine is ended."""
        self.engine, self.salt, self.watch = engine, salt, watch
        self.stopped = False
        """Set to end early."""
        self.error: BaseException | None = None
        self._store, self._max_failed = store, max_failed
        self._lock = threading.Lock()
        self.thread = threading.Thread(target=self._run, name=f"engine {engine.called}", daemon=True)

    @property
    def folder(self) -> Path:
        """Where the engine may keep what it needs to go on after a kill."""
        return self._store.folder

    def _run(self) -> None:
        try:
            self.engine.answer(self._requests(), self)
        except BaseException as error:
            self.error = error
        self._ended()

    @abstractmethod
    def _requests(self) -> Iterator[Request]:
        """A request for each answer that is not there."""

    @abstractmethod
    def _over(self, key: bytes, answer: Answer | Problem) -> None:
        """A request is through: it has an answer, or was given up."""

    @abstractmethod
    def _ended(self) -> None:
        """The engine does no more."""

    @property
    @abstractmethod
    def _flying(self) -> int:
        """Requests handed to the engine that are not through."""

    def _over_budget(self, messages: Sequence[Message]) -> bool:
        """Whether what is there and what flies would cost more than allowed; then the engine gets no more requests."""
        watch, engine = self.watch, self.engine
        if engine.max_cost is None and engine.max_tokens_total is None:
            return False
        flying = self._flying
        if watch.answered >= _WORD_OF_MOUTH:
            usage = Usage(watch.prompt_tokens // watch.answered, watch.completion_tokens // watch.answered)
        else:
            # Characters by 3: few tokenizers need more tokens, whatever the language.
            usage = Usage(sum(len(turn["content"]) for turn in messages) // 3, engine.max_tokens or 1024)
        cost = watch.spent + flying * (engine.price.of(*usage) if engine.price else 0.0)
        tokens = watch.tokens + flying * (usage.prompt_tokens + usage.completion_tokens)
        if engine.max_cost is not None and cost > engine.max_cost:
            watch.ended = f"max_cost {engine.max_cost:g} is reached: {watch.spent:,.4f} spent"
        elif engine.max_tokens_total is not None and tokens > engine.max_tokens_total:
            watch.ended = f"max_tokens_total {engine.max_tokens_total:,} is reached: {watch.tokens:,} used"
        return bool(watch.ended)

    def _count_spent(self, keys: Sequence[bytes]) -> None:
        """Add up what the answers under these keys cost in earlier runs."""
        spent = self._store.spent(self._find(keys))
        self.watch.spend(Usage(spent.prompt_tokens, spent.completion_tokens, spent.cached_tokens))

    def answered(self, keys: Sequence[bytes], body: bytes, latency_s: float) -> Sequence[Problem | None]:
        """Keep first, look into it then."""
        self._store.put(keys, body, latency_s)
        found = self._settle_body(keys, body)
        self.watch.came(sum(isinstance(choice, Answer) for choice in found.choices), found.usage)
        for key, choice in zip(keys, found.choices, strict=True):
            if isinstance(choice, Answer):
                self._over(key, choice)
        return [choice if isinstance(choice, Problem) else None for choice in found.choices]

    def _settle_body(self, keys: Sequence[bytes], body: bytes) -> Completion:
        """Look into a body that was put: what is no answer, or not of the form that the engine was to keep, is void."""
        found = parse(body, len(keys))
        choices = [
            (self.engine.misfit(choice) or choice) if isinstance(choice, Answer) else choice for choice in found.choices
        ]
        self._store.settle(keys, [isinstance(choice, Answer) for choice in choices], found.usage)
        return found._replace(choices=choices)

    def _find(self, keys: Sequence[bytes]) -> NDArray[np.int64]:
        """Where the answers under these keys are, -1 where there is none.

        What was kept just before a kill is looked into here: it takes the engine to tell whether it is an answer.
        """
        left = self._store.left
        for key in [key for key in keys if key in left] if left else ():
            together, body = left.pop(key, ((), b""))
            if together:
                self._settle_body(together, body)
            for other in together:
                left.pop(other, None)
        return self._store.find(keys)

    def failed(self, key: bytes, problem: Problem) -> None:
        """Give up, and end the engine when too many were."""
        watch = self.watch
        watch.failed[problem.kind] += 1
        self._over(key, problem)
        among = max(watch.done, _JUDGED_AMONG)
        if watch.failed.total() > self._max_failed * among and not watch.ended:
            watch.ended = (
                f"{watch.failed.total():,} of {watch.done:,} requests failed, more than max_failed "
                f"({self._max_failed:g} of {among:,}) allows; the last: {problem.message}"
            )
            self.stopped = True

    def troubled(self, problem: Problem) -> None:
        """Count."""
        self.watch.troubles[problem.kind] += 1

    def flying(self, requests: int) -> None:
        """Note."""
        self.watch.in_flight = requests


def unaskable(messages: Sequence[Message]) -> str | None:
    """Why no model can be asked these messages, None where one can."""
    for message in messages:
        for part in ("role", "content"):
            if not isinstance(message[part], str):
                return f"a message has the {part} {message[part]!r}, expected a text"
    return problem(messages, answered=False)
