"""Ask engines for the answers that the store lacks: one thread for each engine, none of which waits for another."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from corpus.chat import Message, problem
from corpus.errors import Failure
from datagen.answers.keys import message_digests, sample_keys, seed_of
from datagen.answers.store import Answers
from datagen.answers.watch import Watch
from datagen.engines.base import Engine, Request
from datagen.engines.completions import Answer, Usage, parse
from datagen.engines.problems import Problem
from datagen.stages.base import Header, Piece

_SLICE = 512
"""Prompts that are looked up at once."""
_EVERY = 1.0
"""Seconds between two looks at the counts."""
_GRACE = 3.5
"""Seconds that engines get to end when the run is stopped."""
_JUDGED_AMONG = 1_000
"""Requests that failures are a share of, until more are done: what fails is mostly known first."""
_WORD_OF_MOUTH = 20
"""Answers after which what the next ones will cost is told from those before."""


@dataclass(frozen=True)
class Asked:
    """What is asked of every engine."""

    pieces: Sequence[Piece]
    """Those whose rows are still to be made."""
    made: Sequence[Piece]
    """Those whose rows are there; what they cost counts too."""
    header: Header
    samples: int
    retry: int
    """Round of asking again for what failed; what was given up in another round is asked again."""
    max_failed: float
    """Share of an engine's requests that may fail."""


class EngineRun:
    """One engine's way through all prompts; the sink of its answers."""

    def __init__(self, engine: Engine, salt: bytes, store: Answers, asked: Asked, whole: Callable[[int], None]) -> None:
        """`whole` is called with the number of each piece whose answers are all there."""
        self.engine, self.salt = engine, salt
        self.stopped = False
        """Set to end early."""
        self.error: BaseException | None = None
        self._store, self._asked, self._whole = store, asked, whole
        had = sum(piece.height() for piece in asked.made) * asked.samples
        total = sum(piece.height() for piece in asked.pieces) * asked.samples
        self.watch = Watch(engine.called, had + total, engine.price, had=had)
        self._lock = threading.Lock()
        self._waiting: dict[bytes, list[int]] = {}
        """Pieces that wait for each key that was handed to the engine."""
        self._missing: dict[int, int] = {}
        """Keys that each piece waits for, and one more until all of its rows were looked up."""
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
        self._whole(-1)

    def _requests(self) -> Iterator[Request]:
        """A request for each answer that is not there, in the order of the prompts."""
        asked = self._asked
        if self.engine.price or self.engine.max_tokens_total:
            self._count_spent()
        for number, piece in enumerate(asked.pieces):
            self._missing[number] = 1
            prompts = piece.load(asked.header)["prompt"]
            for start in range(0, len(prompts), _SLICE):
                part = prompts[start : start + _SLICE]
                digests = message_digests(part)
                keys = sample_keys(self.salt, digests, asked.samples)
                places = self._store.find(keys)
                self.watch.had += int((places >= 0).sum())
                missing = [index for index, place in enumerate(places.tolist()) if place < 0]
                messages: dict[int, list[Message]] = {}
                for index in missing:
                    if self._store.failure(keys[index], asked.retry):
                        self.watch.had += 1
                        continue
                    row = index // asked.samples
                    if row not in messages:
                        messages[row] = part[row].to_list() if part[row] is not None else []
                    if self._expect(keys[index], number, messages[row]):
                        if self._over_budget(messages[row]):
                            return
                        yield Request(keys[index], messages[row], seed_of(keys[index]))
            self._settle(number)

    def _count_spent(self) -> None:
        """Add up what the stage's answers cost so far, before anything is added to it."""
        for piece in (*self._asked.made, *self._asked.pieces):
            prompts = piece.load(self._asked.header)["prompt"]
            places = self._store.find(sample_keys(self.salt, message_digests(prompts), self._asked.samples))
            spent = self._store.spent(places)
            self.watch.spend(Usage(spent.prompt_tokens, spent.completion_tokens, spent.cached_tokens))

    def _expect(self, key: bytes, piece: int, messages: Sequence[Message]) -> bool:
        """Note that a piece waits for a key; whether the engine must be asked."""
        wrong = _unaskable(messages)
        if wrong:
            self.watch.failed["bad_prompt"] += 1
            self._store.fail(key, self._asked.retry, "bad_prompt", wrong)
            return False
        with self._lock:
            self._missing[piece] += 1
            waiting = self._waiting.setdefault(key, [])
            waiting.append(piece)
            return len(waiting) == 1

    def _settle(self, piece: int) -> None:
        with self._lock:
            self._missing[piece] -= 1
            done = not self._missing[piece]
        if done:
            self._whole(piece)

    def _over(self, key: bytes) -> None:
        with self._lock:
            pieces = self._waiting.pop(key, [])
        for piece in pieces:
            self._settle(piece)

    def _over_budget(self, messages: Sequence[Message]) -> bool:
        """Whether what is there and what flies would cost more than allowed; then the engine gets no more requests."""
        watch, engine = self.watch, self.engine
        if engine.max_cost is None and engine.max_tokens_total is None:
            return False
        flying = len(self._waiting)
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

    def answered(self, keys: Sequence[bytes], body: bytes, latency_s: float) -> Sequence[Problem | None]:
        """Keep first, look into it then."""
        self._store.put(keys, body, latency_s)
        found = parse(body, len(keys))
        choices = [
            (self.engine.misfit(choice) or choice) if isinstance(choice, Answer) else choice for choice in found.choices
        ]
        kept = [isinstance(choice, Answer) for choice in choices]
        self._store.settle(keys, kept, found.usage)
        self.watch.came(sum(kept), found.usage)
        for key, good in zip(keys, kept, strict=True):
            if good:
                self._over(key)
        return [choice if isinstance(choice, Problem) else None for choice in choices]

    def failed(self, key: bytes, problem: Problem) -> None:
        """Give up, and end the engine when too many were."""
        self._store.fail(key, self._asked.retry, problem.kind, problem.message)
        watch = self.watch
        watch.failed[problem.kind] += 1
        self._over(key)
        among = max(watch.done, _JUDGED_AMONG)
        if watch.failed.total() > self._asked.max_failed * among and not watch.ended:
            watch.ended = (
                f"{watch.failed.total():,} of {watch.done:,} requests failed, more than max_failed "
                f"({self._asked.max_failed:g} of {among:,}) allows; the last: {problem.message}"
            )
            self.stopped = True

    def troubled(self, problem: Problem) -> None:
        """Count."""
        self.watch.troubles[problem.kind] += 1

    def flying(self, requests: int) -> None:
        """Note."""
        self.watch.in_flight = requests


def ask(
    engines: Sequence[Engine],
    salts: Sequence[bytes],
    store: Answers,
    asked: Asked,
    tell: Callable[[Sequence[dict[str, Any]]], None],
) -> Generator[Piece]:
    """Run all engines at once, and give back each piece as soon as every engine is through with it.

    Raises:
        UserError: an engine cannot work as the recipe says.
        Failure: an engine ended for good, or a budget is used up; what was answered is kept.
    """
    for keys, body in store.unsettled():  # kept just before a kill: nobody looked into them
        found = parse(body, len(keys))
        store.settle(keys, [isinstance(choice, Answer) for choice in found.choices], found.usage)
    events: SimpleQueue[int] = SimpleQueue()
    runs = [EngineRun(engine, salt, store, asked, events.put) for engine, salt in zip(engines, salts, strict=True)]
    waits = dict.fromkeys(range(len(asked.pieces)), len(runs))
    going = len(runs)
    for run in runs:
        run.thread.start()
    told = 0.0
    try:
        while going:
            if time.monotonic() - told >= _EVERY:
                told = time.monotonic()
                tell([run.watch.told() for run in runs])
            try:
                number = events.get(timeout=_EVERY)
            except Empty:
                continue
            if number < 0:
                going -= 1
                _end_if_broken(runs)
                continue
            waits[number] -= 1
            if not waits[number]:
                yield asked.pieces[number]
    finally:
        for run in runs:
            run.stopped = True
        for run in runs:
            run.thread.join(_GRACE)
        tell([run.watch.told() for run in runs])
    _end_if_broken(runs)
    ended = [f"{run.watch.name}: {run.watch.ended}" for run in runs if run.watch.ended]
    if ended:
        there, total = (sum(getattr(run.watch, name) for run in runs) for name in ("done", "total"))
        raise Failure(
            f"{'; '.join(ended)}. {there:,} of {total:,} answers are kept. Raise the limit and run again to go on"
        )


def _end_if_broken(runs: Sequence[EngineRun]) -> None:
    """What one engine cannot get over ends all of them: somebody must look at it."""
    for run in runs:
        if run.error is not None:
            raise run.error


def _unaskable(messages: Sequence[Message]) -> str | None:
    for message in messages:
        for part in ("role", "content"):
            if not isinstance(message[part], str):
                return f"a message has the {part} {message[part]!r}, expected a text"
    return problem(messages, answered=False)
