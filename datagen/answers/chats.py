"""Ask an engine chats that come as a stream; replies are answers of the store, in the order in which they come."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Self

import polars as pl

from corpus.chat import Chat, Reply
from corpus.errors import Failure
from corpus.schema import MESSAGES
from datagen.answers.engine_run import EVERY, GRACE, EngineRun, unaskable
from datagen.answers.key_log import KeyLog
from datagen.answers.keys import engine_salt, message_digests, sample_key, seed_of
from datagen.answers.store import Answers
from datagen.answers.watch import Watch
from datagen.engines.base import Engine, Request
from datagen.engines.completions import Answer, Usage, parse
from datagen.engines.problems import Problem

_SLICE = 256
"""Chats that are looked up at once."""
_UNREAD = 2_000
"""Replies that wait to be taken, from which on no more is asked: memory stays bounded, whatever the number of chats."""
MAX_FAILED = 0.1
"""Share of an engine's requests that may fail, as in the stage `generate`."""


class ChatEngine:
    """An engine that is asked one stream of chats after another: a `corpus.chat.Generate`.

    What it cost counts over all streams and all runs, by a log of the keys that were asked here.
    """

    def __init__(
        self,
        engine: Engine,
        store: Answers,
        folder: Path,
        tell: Callable[[Mapping[str, Any]], None],
    ) -> None:
        """`folder`: where the log of keys lies."""
        self._engine, self._store, self._tell = engine, store, tell
        # No seed of the recipe: a score does not depend on it.
        self._salt = engine_salt(engine.identity(), engine.sampling(), 0)
        self._log = KeyLog(folder / f"{self._salt.hex()[:16]}.keys")
        self._watch = Watch(engine.called, 0, engine.price)
        if engine.price or engine.max_tokens_total:
            spent = store.spent(store.find(self._log.keys()))
            self._watch.spend(Usage(spent.prompt_tokens, spent.completion_tokens, spent.cached_tokens))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._log.close()

    def __call__(self, chats: Iterable[Chat]) -> Iterator[tuple[str, Reply]]:
        """Replies by name, as they come.

        Raises:
            UserError: the engine cannot work as the recipe says.
            Failure: it ended for good, or a budget is used up; all that was answered was handed out before.
        """
        run = ChatRun(self._engine, self._salt, self._store, self._watch, iter(chats), self._log)
        told = 0.0
        run.thread.start()
        try:
            while True:
                if time.monotonic() - told >= EVERY:
                    told = time.monotonic()
                    self._speak()
                try:
                    came = run.replies.get(timeout=EVERY)
                except Empty:
                    continue
                if came is None:
                    break
                run.taken.set()
                yield came
        finally:
            run.stopped = True
            run.taken.set()
            run.thread.join(GRACE)
            self._speak()
        if run.error is not None:
            raise run.error
        if self._watch.ended:
            raise Failure(
                f"{self._watch.name}: {self._watch.ended}. What was answered is kept. Raise the limit and run again to "
                "go on"
            )

    def _speak(self) -> None:
        told = self._watch.told()
        facts = {name: told[name] for name in ("answered", "requests_per_s", "in_flight", "prompt_tokens")}
        facts |= {"completion_tokens": told["completion_tokens"], "failed": sum(told["failed"].values())}
        facts |= {"cost": told["cost"]} if told["cost"] is not None else {}
        self._tell(facts)


class ChatRun(EngineRun):
    """One engine's way through one stream of chats."""

    def __init__(
        self, engine: Engine, salt: bytes, store: Answers, watch: Watch, chats: Iterator[Chat], log: KeyLog
    ) -> None:
        """`watch` and `log` count on from earlier streams."""
        super().__init__(engine, salt, store, watch, MAX_FAILED)
        self.replies: SimpleQueue[tuple[str, Reply] | None] = SimpleQueue()
        """What came, each under its chat's name; None in the end."""
        self.taken = threading.Event()
        """Set whenever a reply was taken."""
        self._chats, self._log = chats, log
        self._waiting: dict[bytes, list[str]] = {}
        """Names of chats that wait for each key that was handed to the engine."""

    def _requests(self) -> Iterator[Request]:
        """A request for each distinct chat that has no answer yet."""
        while slice_ := list(itertools.islice(self._chats, _SLICE)):
            digests = message_digests(pl.Series("prompt", [list(chat.messages) for chat in slice_], dtype=MESSAGES))
            keys = [sample_key(self.salt, digest, chat.sample) for digest, chat in zip(digests, slice_, strict=True)]
            known = self._hand_out_known(slice_, keys)
            for chat, key in zip(slice_, keys, strict=True):
                if self.stopped:
                    return
                if key in known or not self._expect(key, chat):
                    continue
                if self._over_budget(chat.messages):
                    return
                yield Request(key, chat.messages, seed_of(key))
            while self.replies.qsize() > _UNREAD and not self.stopped:
                self.taken.wait(0.1)
                self.taken.clear()

    def _hand_out_known(self, chats: Sequence[Chat], keys: Sequence[bytes]) -> set[bytes]:
        """Give the replies that are kept; the keys of these."""
        places = self._find(keys)
        known = [number for number, place in enumerate(places.tolist()) if place >= 0]
        for number, kept in zip(known, self._store.read(places[known]), strict=True):
            answer = parse(kept.body, kept.choices).choices[kept.choice]
            if not isinstance(answer, Answer):
                raise RuntimeError(f"the answer {keys[number].hex()} is kept, but cannot be read: {answer.message}")
            self.replies.put((chats[number].name, _reply(answer)))
        self.watch.had += len(known)
        return {keys[number] for number in known}

    def _expect(self, key: bytes, chat: Chat) -> bool:
        """Note that a chat waits for a key; whether the engine must be asked."""
        wrong = unaskable(chat.messages)
        if wrong:
            self.watch.failed["bad_prompt"] += 1
            self.replies.put((chat.name, Reply(None, f"bad_prompt: {wrong}")))
            return False
        with self._lock:
            waiting = self._waiting.setdefault(key, [])
            waiting.append(chat.name)
            if len(waiting) > 1:
                return False
        # The answer to an equal chat may have come since the look-up.
        if not self._hand_out_known([chat], [key]):
            return True
        with self._lock:
            del self._waiting[key]
        return False

    def _over(self, key: bytes, answer: Answer | Problem) -> None:
        if isinstance(answer, Answer):
            self._log.add(key)
        with self._lock:
            names = self._waiting.pop(key, [])
        for name in names:
            self.replies.put((name, _reply(answer)))

    def _ended(self) -> None:
        self.replies.put(None)

    @property
    def _flying(self) -> int:
        return len(self._waiting)


def _reply(answer: Answer | Problem) -> Reply:
    if isinstance(answer, Problem):
        return Reply(None, f"{answer.kind}: {answer.message}")
    return Reply(answer.text, None, answer.finish_reason)
