"""Ask engines for the answers that the store lacks: one thread for each engine, none of which waits for another."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

from corpus.chat import Message
from corpus.errors import Failure
from datagen.answers.engine_run import EVERY, GRACE, EngineRun, unaskable
from datagen.answers.keys import message_digests, sample_keys, seed_of
from datagen.answers.prompts import Prompts
from datagen.answers.store import Answers
from datagen.answers.watch import Watch
from datagen.engines.base import Engine, Request
from datagen.engines.completions import Answer
from datagen.engines.problems import Problem
from datagen.stages.base import Header

_SLICE = 512
"""Prompts that are looked up at once."""


@dataclass(frozen=True)
class Asked:
    """What is asked of every engine."""

    pieces: Sequence[Prompts]
    """Those whose rows are still to be made."""
    made: Sequence[Prompts]
    """Those whose rows are there; what they cost counts too."""
    header: Header
    samples: int
    retry: int
    """Round of asking again for what failed; what was given up in another round is asked again."""
    max_failed: float
    """Share of an engine's requests that may fail."""


class PieceRun(EngineRun):
    """One engine's way through all prompts of some pieces."""

    def __init__(self, engine: Engine, salt: bytes, store: Answers, asked: Asked, whole: Callable[[int], None]) -> None:
        """`whole` is called with the number of each piece whose answers are all there."""
        had = sum(piece.height() for piece in asked.made) * asked.samples
        total = sum(piece.height() for piece in asked.pieces) * asked.samples
        watch = Watch(engine.called, had + total, engine.price, had=had)
        super().__init__(engine, salt, store, watch, asked.max_failed)
        self._asked, self._whole = asked, whole
        self._waiting: dict[bytes, list[int]] = {}
        """Pieces that wait for each key that was handed to the engine."""
        self._missing: dict[int, int] = {}
        """Keys that each piece waits for, and one more until all of its rows were looked up."""

    def _requests(self) -> Iterator[Request]:
        """A request for each answer that is not there, in the order of the prompts."""
        asked = self._asked
        if self.engine.price or self.engine.max_tokens_total:
            for piece in (*asked.made, *asked.pieces):
                prompts = piece.load(asked.header)["prompt"]
                self._count_spent(sample_keys(self.salt, message_digests(prompts), asked.samples))
        for number, piece in enumerate(asked.pieces):
            self._missing[number] = 1
            prompts = piece.load(asked.header)["prompt"]
            for start in range(0, len(prompts), _SLICE):
                part = prompts[start : start + _SLICE]
                digests = message_digests(part)
                keys = sample_keys(self.salt, digests, asked.samples)
                places = self._find(keys)
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

    def _expect(self, key: bytes, piece: int, messages: Sequence[Message]) -> bool:
        """Note that a piece waits for a key; whether the engine must be asked."""
        wrong = unaskable(messages)
        if wrong:
            self.watch.failed["bad_prompt"] += 1
            self._store.fail(key, self._asked.retry, "bad_prompt", wrong)
            return False
        with self._lock:
            self._missing[piece] += 1
            waiting = self._waiting.setdefault(key, [])
            waiting.append(piece)
            if len(waiting) > 1:
                return False
        # What equal messages of another prompt were answered may have come since the look-up.
        if self._store.find([key])[0] < 0 and not self._store.failure(key, self._asked.retry):
            return True
        self.watch.had += 1
        with self._lock:
            del self._waiting[key]
        self._settle(piece)
        return False

    def _settle(self, piece: int) -> None:
        with self._lock:
            self._missing[piece] -= 1
            done = not self._missing[piece]
        if done:
            self._whole(piece)

    def _over(self, key: bytes, answer: Answer | Problem) -> None:
        if isinstance(answer, Problem):
            self._store.fail(key, self._asked.retry, answer.kind, answer.message)
        with self._lock:
            pieces = self._waiting.pop(key, [])
        for piece in pieces:
            self._settle(piece)

    def _ended(self) -> None:
        self._whole(-1)

    @property
    def _flying(self) -> int:
        return len(self._waiting)


def ask(
    engines: Sequence[Engine],
    salts: Sequence[bytes],
    store: Answers,
    asked: Asked,
    tell: Callable[[Sequence[dict[str, Any]]], None],
) -> Generator[Prompts]:
    """Run all engines at once, and give back each piece as soon as every engine is through with it.

    Raises:
        UserError: an engine cannot work as the recipe says.
        Failure: an engine ended for good, or a budget is used up; what was answered is kept.
    """
    events: SimpleQueue[int] = SimpleQueue()
    runs = [PieceRun(engine, salt, store, asked, events.put) for engine, salt in zip(engines, salts, strict=True)]
    waits = dict.fromkeys(range(len(asked.pieces)), len(runs))
    going = len(runs)
    for run in runs:
        run.thread.start()
    told = 0.0
    try:
        while going:
            if time.monotonic() - told >= EVERY:
                told = time.monotonic()
                tell([run.watch.told() for run in runs])
            try:
                number = events.get(timeout=EVERY)
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
            run.thread.join(GRACE)
        tell([run.watch.told() for run in runs])
    _end_if_broken(runs)
    ended = [f"{run.watch.name}: {run.watch.ended}" for run in runs if run.watch.ended]
    if ended:
        there, total = (sum(getattr(run.watch, name) for run in runs) for name in ("done", "total"))
        raise Failure(
            f"{'; '.join(ended)}. {there:,} of {total:,} answers are kept. Raise the limit and run again to go on"
        )


def _end_if_broken(runs: Sequence[PieceRun]) -> None:
    """What one engine cannot get over ends all of them: somebody must look at it."""
    for run in runs:
        if run.error is not None:
            raise run.error
