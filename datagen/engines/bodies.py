"""Bodies of requests to an OpenAI-compatible server."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from corpus.chat import Message

OWN = ("model", "messages", "n", "seed", "stream")
"""Fields that requests are made of, or that would change what an answer is here."""
_REFUSING = re.compile(r"unrecogni[sz]ed|unknown|unexpected|unsupported|not supported|extra|not permitted|not allowed")
_FORM = re.compile(r"response_format|structured|guided|grammar|json_schema|regex|schema")


class Bodies:
    """Makes bodies: what all requests share is serialized once, a prompt once for its samples."""

    def __init__(self, fields: Mapping[str, Any], extra: Mapping[str, Any]) -> None:
        """`extra` fields go before `fields`; those that are null are left out, `seed` too."""
        told = {name: value for name, value in {**fields, **extra}.items() if value is not None}
        self._start = orjson.dumps({**told, "stream": False})[:-1] + b',"messages":'
        self._seeded = "seed" not in extra
        self._names = sorted({*told, *(["seed"] if self._seeded else [])} - {"model"})
        self._last: tuple[Sequence[Message] | None, bytes] = (None, b"")

    def prompt(self, messages: Sequence[Message]) -> bytes:
        """All of a body but its end.

        Raises:
            TypeError: the messages are no JSON.
        """
        if messages is not self._last[0]:
            self._last = (messages, self._start + orjson.dumps(messages))
        return self._last[1]

    def whole(self, prompt: bytes, seed: int, count: int) -> bytes:
        """A body for `count` samples."""
        end = b',"seed":%d' % seed if self._seeded else b""
        return b'%b%b,"n":%d}' % (prompt, end, count) if count > 1 else b"%b%b}" % (prompt, end)

    def prefix(self, prompt: bytes) -> bytes:
        """The first characters of the messages; prompts that share them share a good part of their tokens."""
        start = len(self._start)
        return prompt[start : start + 1000]

    def refused_field(self, message: str) -> str | None:
        """The field that a server's refusal is about, None where it is about the prompt."""
        message = message.lower()
        if not _REFUSING.search(message):
            return None
        return next((name for name in self._names if re.search(rf"\b{re.escape(name)}\b", message)), None)


def is_about_form(message: str) -> bool:
    """Whether a server's refusal is about the form that answers shall have."""
    return bool(_FORM.search(message.lower()))
