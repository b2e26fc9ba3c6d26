"""What a maker is: it turns rows into problems, each a prompt with the verifiers that can tell a right answer."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from corpus.chat import Message, user
from corpus.hashing import canonical_json
from filters.base import Part
from filters.verifier import Verifier


@dataclass(frozen=True)
class Problem:
    """A candidate for a `verifiable` row. The stage checks it before it becomes one."""

    prompt: Sequence[Message]
    verifiers: Sequence[Mapping[str, str]]
    """As the column holds them; `entry` writes one."""
    references: Sequence[str] = ()
    """Right answers, each of which must pass the verifiers."""
    checks: Sequence[str] = ()
    """What exactly is asked for, where the verifier's name does not say it all: constraints, families of rules."""
    difficulty: float | None = None
    """How hard, before any model tried: in the maker's own measure, more is harder."""
    tgt_lang: str | None = None
    """Language of the answer where it is not the row's."""


@dataclass(frozen=True)
class Rejected:
    """A candidate that came to nothing."""

    reason: str
    """Snake case, countable."""
    value: str = ""
    """What made the verdict, for people."""


Candidate = Problem | Rejected


class Maker(Part):
    """Makes problems of one family. Pure: the same row, options and seed give the same problems.

    Subclasses add their options and implement `problems`.
    """

    kinds: ClassVar[tuple[str, ...]]
    """Row kinds that problems can be made of."""
    runs_code: ClassVar[bool] = False
    """Whether the problems' right answers are programs that must be run."""

    def problems(self, row: Mapping[str, Any], rng: random.Random, place: int) -> Iterable[Candidate]:
        """Every candidate that a row gives, at least one.

        Args:
            row: its columns by name; `meta` is read already (an empty mapping where the row has none).
            rng: seeded by the recipe's seed, the row's id and the maker's name.
            place: the row's number in its shard, for what is to be balanced over rows.
        """
        raise NotImplementedError


def entry(verifier: Verifier) -> dict[str, str]:
    """A verifier as the column `verifiers` holds it: its name, and arguments other than the default ones."""
    dumped = verifier.model_dump(mode="json")
    # Defaults are left out of the verifier's own arguments alone: what lies within them is told apart by its fields.
    defaults = {
        name: field.get_default(call_default_factory=True) for name, field in type(verifier).model_fields.items()
    }
    args = {name: dumped[name] for name, default in defaults.items() if getattr(verifier, name) != default}
    return {"name": verifier.name(), "args": canonical_json(args).decode()}


def asked(row: Mapping[str, Any]) -> tuple[list[Message], list[str]]:
    """A row's prompt and its right answers: those of a `prompt` row, or a chat before its last turn, and that turn."""
    if row.get("messages"):
        return list(row["messages"][:-1]), [row["messages"][-1]["content"]]
    return list(row["prompt"]), [text for text in row.get("references") or () if text]


def with_instruction(prompt: Sequence[Message], instruction: str) -> list[Message]:
    """A prompt whose last turn goes on with an instruction; unchanged where there is none."""
    if not instruction:
        return list(prompt)
    last = prompt[-1]
    return [*prompt[:-1], {**last, "content": f"{last['content'].rstrip()}\n\n{instruction}"}]


def as_user(text: str) -> list[Message]:
    """A prompt of one turn."""
    return [user(text)]
