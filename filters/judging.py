"""Ask a judge: chats are worded by a rubric, replies read, what cannot be read asked once more, orders put together."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import polars as pl

from corpus.chat import Chat, FormRefused, Generate, Message, Reply, assistant, user
from corpus.templates import fenced, fill
from filters.learned import FAILED, Judged, values_frame
from filters.rubric import TEXTS, Rubric
from filters.verdict_values import values_of
from filters.verdicts import Unreadable, clean, read_verdict, without_reasoning

UNREADABLE = "unreadable verdict"
FEWER = "fewer samples"
"""Beside a number: some of the samples could not be read even when asked again."""
HOPELESS = frozenset({"too_long", "content_filter", "bad_prompt", "bad_request"})
"""Problems that a request will have however often it is asked."""
_TOGETHER = 64
"""Verdicts that are handed on at once."""
_EVERY = 1.0
"""Seconds after which they are handed on if they are fewer."""
_SHOWN_AGAIN = 4_000
"""Characters, from its end, of a reply that a judge is shown again."""


class Question(NamedTuple):
    """One of the chats that an item's verdict is made of."""

    place: int
    """Of the item."""
    order: int
    """1 where the answers to compare stand the other way round."""
    sample: int

    @property
    def name(self) -> str:
        """The name of its chat."""
        return f"{self.place}.{self.order}.{self.sample}"

    @classmethod
    def of(cls, name: str) -> Question:
        """The question of a chat's name."""
        return cls(*map(int, name.split(".")))


@dataclass
class _Open:
    """What is known of an item whose verdict is not whole yet."""

    verdicts: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict)
    """By order and sample."""
    lost: dict[tuple[int, int], str] = field(default_factory=dict)
    """Notes on those that there will not be."""


class Judging:
    """A judge at work on items, which are rows of a frame: the rubric's placeholders, for comparisons also names."""

    def __init__(
        self,
        rubric: Rubric,
        samples: int,
        plain: Generate,
        shaped: Generate | None,
        tell: Callable[[Mapping[str, Any]], None],
    ) -> None:
        """`shaped` asks for JSON of the rubric's schema; where a server refuses that, `plain` is asked instead."""
        self._rubric, self._samples, self._tell = rubric, samples, tell
        self._plain, self._shaped = plain, shaped
        self._orders = (0, 1) if rubric.told.compares else (0,)
        self._unreadable = Counter[str]()

    def judge(self, items: pl.DataFrame) -> Iterator[Judged]:
        """Verdicts, as they come. What could not be read is asked again when all else is there."""
        parts = [(order, sample) for sample in range(self._samples) for order in self._orders]
        opened: dict[int, _Open] = {}
        again: dict[Question, tuple[str, str]] = {}
        settled: set[Question] = set()
        done: list[tuple[int, dict[str, Any], str | None]] = []
        handed = time.monotonic()

        def first() -> Iterator[Chat]:
            for place, row in enumerate(items.iter_rows(named=True)):
                for order, sample in parts:
                    question = Question(place, order, sample)
                    if question not in settled:
                        yield Chat(question.name, messages(self._rubric, row, swapped=bool(order)), sample)

        def second() -> Iterator[Chat]:
            for question, (reply, why) in again.items():
                if question not in settled:
                    row = items.row(question.place, named=True)
                    asked = messages(self._rubric, row, swapped=bool(question.order))
                    yield Chat(question.name, asked_again(self._rubric, asked, reply, why), question.sample)

        for chats in (first, second):
            settled.clear()
            for name, reply in self._ask(chats):
                question = Question.of(name)
                if question in settled:
                    continue
                settled.add(question)
                told = self._read(reply)
                if isinstance(told, Unreadable) and chats is first:
                    again[question] = (reply.text or "", str(told))
                    continue
                about = opened.setdefault(question.place, _Open())
                if isinstance(told, dict):
                    about.verdicts[question.order, question.sample] = told
                else:
                    about.lost[question.order, question.sample] = UNREADABLE if isinstance(told, Unreadable) else told
                if len(about.verdicts) + len(about.lost) == len(parts):
                    del opened[question.place]
                    done.append((question.place, *self._whole(about, items.row(question.place, named=True))))
                if len(done) >= _TOGETHER or (done and time.monotonic() - handed >= _EVERY):
                    yield self._judged(done)
                    done, handed = [], time.monotonic()
        if done:
            yield self._judged(done)

    def _ask(self, chats: Callable[[], Iterator[Chat]]) -> Iterator[tuple[str, Reply]]:
        if self._shaped is not None:
            try:
                yield from self._shaped(chats())
                return
            except FormRefused as refusal:
                self._shaped = None
                self._tell({"structured": "refused by the server"})
                del refusal
        yield from self._plain(chats())

    def _read(self, reply: Reply) -> dict[str, Any] | Unreadable | str:
        """The verdict, why it cannot be read, or the note on a reply that there is none of."""
        if reply.text is None:
            kind = (reply.problem or "no reply").partition(":")[0]
            return f"refused: {kind}" if kind in HOPELESS else f"{FAILED}{kind}"
        try:
            return read_verdict(reply.text, self._rubric.schema)
        except Unreadable as error:
            self._unreadable["unreadable"] += 1
            self._tell(dict(self._unreadable))
            return Unreadable(f"{error}; it was cut off for its length") if reply.finish_reason == "length" else error

    def _whole(self, about: _Open, row: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
        """The values of an item, and the note."""
        nothing = dict.fromkeys(self._rubric.told.columns)
        failed = [note for note in about.lost.values() if note != UNREADABLE]
        if failed:
            return nothing, failed[0]
        usable = [
            [about.verdicts[order, sample] for order in self._orders]
            for sample in range(self._samples)
            if all((order, sample) in about.verdicts for order in self._orders)
        ]
        if not usable:
            return nothing, UNREADABLE
        return values_of(self._rubric, usable, row), FEWER if len(usable) < self._samples else None

    def _judged(self, done: list[tuple[int, dict[str, Any], str | None]]) -> Judged:
        values = {name: [values[name] for _, values, _ in done] for name in self._rubric.told.columns}
        return Judged([place for place, _, _ in done], values_frame(values, [note for _, _, note in done]))


def messages(rubric: Rubric, row: Mapping[str, Any], *, swapped: bool = False) -> list[Message]:
    """What a judge is asked about an item. Texts stand in fences longer than any run of backticks in them."""
    texts = {name: row[name] for name in rubric.placeholders if name in TEXTS}
    if swapped:
        texts |= {"a": texts["b"], "b": texts["a"]}
    parts = fenced(texts)
    parts |= {name: row[name] for name in rubric.placeholders if name not in TEXTS}
    parts["schema"] = rubric.schema_text
    system: list[Message] = [{"role": "system", "content": fill(rubric.system, parts)}] if rubric.system else []
    return [*system, user(fill(rubric.user, parts))]


def asked_again(rubric: Rubric, asked: list[Message], reply: str, why: str) -> list[Message]:
    """The same chat once more, with the reply that cannot be used and why."""
    shown = clean(without_reasoning(reply).strip()[-_SHOWN_AGAIN:]) or "(nothing)"
    words = fill(rubric.told.retry, {"problem": clean(why), "schema": rubric.schema_text})
    return [*asked, assistant(shown), user(words)]
