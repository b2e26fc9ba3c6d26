"""A chat as a model reads it, and an answer as a model writes it; for engines that run a model in process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from corpus.chat import Message

_OPEN, _CLOSE = "<think>", "</think>"
_TAG_TOKENS = 16
"""A tag and the white space after it take no more."""


class Prompt(NamedTuple):
    """A chat, rendered by the model's template."""

    tokens: list[int]
    thinking: bool
    """Whether the template ends with an open `<think>`, so that the answer begins inside it."""


def encode(tokenizer: Any, messages: Sequence[Message]) -> Prompt:
    """The tokens of a chat up to where the answer begins.

    Raises:
        jinja2.TemplateError: the template refuses the chat (say, a system turn).
    """
    chat = [dict(message) for message in messages]
    tokens = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_dict=False)
    return Prompt(tokens, tokenizer.decode(tokens[-_TAG_TOKENS:]).rstrip().endswith(_OPEN))


def split_reasoning(text: str, *, thinking: bool) -> tuple[str, str | None]:
    """What a model wrote, as answer and reasoning: reasoning is what stands in `<think>…</think>` at its beginning.

    Where the end tag is missing, the tokens were spent before an answer began: all of it is reasoning.
    """
    begun = text.lstrip()
    if not thinking and not begun.startswith(_OPEN):
        return text, None
    reasoning, _, answer = begun.removeprefix(_OPEN).partition(_CLOSE)
    return answer.lstrip(), reasoning.strip() or None


def cut(text: str, stop: Sequence[str]) -> tuple[str, bool]:
    """A text up to the first of the stop texts in it, and whether there is one."""
    places = [place for place in (text.find(each) for each in stop) if place >= 0]
    return (text[: min(places)], True) if places else (text, False)
