"""Chat words: what a message is, and how prompts and answers are put together from messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypedDict

import polars as pl

from corpus.errors import UserError
from corpus.schema import MESSAGES

ROLES = ("system", "user", "assistant", "tool")
"""Roles that a message may have."""


class Message(TypedDict):
    """One turn of a chat."""

    role: str
    content: str


def user(content: str) -> Message:
    """A user's turn."""
    return {"role": "user", "content": content}


def assistant(content: str) -> Message:
    """An assistant's turn."""
    return {"role": "assistant", "content": content}


def problem(messages: Sequence[Message], *, answered: bool) -> str | None:
    """Why a list of messages is no chat, or None where it is one.

    `answered` chats end with the assistant's turn (`sft` rows), the others with another's (prompts).
    """
    if not messages:
        return "no messages"
    for message in messages:
        if message["role"] not in ROLES:
            return f"role {message['role']!r}, expected one of {', '.join(ROLES)}"
    last = messages[-1]["role"]
    if answered and last != "assistant":
        return f"the last turn is the {last}'s, expected the assistant's"
    if not answered and last == "assistant":
        return "the last turn is the assistant's; a prompt ends before the answer"
    return None


CHATS = frozenset({"prompt", "messages", "chosen", "rejected"})
"""Columns that hold chats, in any kind of rows."""


def misfit(column: str, messages: Sequence[Message]) -> str | None:
    """Why a list of messages does not fit one of `CHATS`, None where it does.

    A prompt ends before the answer and `messages` with it; `chosen` and `rejected` are the assistant's turn alone.
    """
    if column in ("chosen", "rejected") and len(messages) > 1:
        return f"{len(messages)} turns, expected the assistant's alone; what comes before it is the prompt"
    return problem(messages, answered=column != "prompt")


def first_misfit(frame: pl.DataFrame) -> tuple[int, str] | None:
    """The first row, by its place, of which a chat does not fit its column, and why. Null fits."""
    found = []
    for column in sorted(CHATS.intersection(frame.columns)):
        roles = pl.col(column).list.eval(pl.element().struct.field("role"))
        answered = roles.list.last() == "assistant"
        right = roles.list.eval(pl.element().is_in(ROLES)).list.all() & (~answered if column == "prompt" else answered)
        if column in ("chosen", "rejected"):
            right &= roles.list.len() == 1
        wrong = frame.select((pl.col(column).is_not_null() & ~right.fill_null(value=False)).alias("wrong"))["wrong"]
        if len(places := wrong.arg_true()):
            place = int(places[0])
            found.append((place, f"column {column!r}: {misfit(column, frame[column][place].to_list())}"))
    return min(found, default=None)


def assistant_turn(content: pl.Expr) -> pl.Expr:
    """A column of texts as a column of one-message lists spoken by the assistant."""
    message = pl.struct(role=pl.lit("assistant"), content=content)
    return pl.concat_list(message).cast(MESSAGES)


class Reply(NamedTuple):
    """What a model said to a chat; no text where it could not be had, with the reason."""

    text: str | None
    problem: str | None = None
    """Why there is no text, beginning with a kind such as `bad_prompt` or `server_error`."""
    finish_reason: str | None = None


class Chat(NamedTuple):
    """A chat that a model is asked to answer."""

    name: str
    """Under which the reply comes back."""
    messages: Sequence[Message]
    sample: int = 0
    """Which of several answers to equal messages is meant: 0 is the first."""


class FormRefused(UserError):
    """The server does not take the form that answers were to have; without it, it may well answer."""


Generate = Callable[[Iterable[Chat]], Iterator[tuple[str, Reply]]]
"""Asks a model: takes chats and gives a reply to each under its name, in the order in which they come. A name stands
once. Replies are kept, so that a chat which was answered once is not asked again; equal chats are asked once. Chats are
taken, from a thread of its own, as they are needed.

Raises `FormRefused` before the first request is answered, if at all; `UserError` and `Failure` where the model cannot
be asked (any more): what was answered is kept."""


class Rating(NamedTuple):
    """What a served reward model said of a chat; no reward where it could not be had, with the reason."""

    reward: float | None
    problem: str | None = None
    """Why there is no reward; begins with `failed` where another time may bring one."""


Rate = Callable[[Iterable[tuple[int, Sequence[Message]]]], Iterator[tuple[int, Rating]]]
"""Asks a served reward model: takes whole chats, each with a number, and gives a rating to each under its number, in
the order in which they come."""


class RewardServer(NamedTuple):
    """Where a reward model is served."""

    model: str
    """What the server calls it."""
    base_urls: Sequence[str]
    """Addresses of servers of the same model, without a path."""
    api_key_env: str | None
    """Environment variable that holds the key, where one is needed."""
    max_concurrency: int
    """Requests in flight at most, at all addresses together."""
