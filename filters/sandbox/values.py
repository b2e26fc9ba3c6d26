"""How values travel between a program and the tests of it: plain data as JSON, and anything else by number.

What arrives is rebuilt from built-in types, so that a class whose `__eq__` is always true, or a number that pretends,
cannot come across. Run inside the sandbox with the standard library alone.
"""

from __future__ import annotations

import builtins
import collections
import datetime
import decimal
import fractions
import json
import os
from collections.abc import Callable
from typing import Any

LONGEST = 4_000_000
"""Bytes of one message."""

Keep = Callable[[Any], Any]
"""Makes a reference of what is no plain data, or raises TypeError."""


def encode(value: Any, keep: Keep, depth: int = 0) -> Any:
    """A value as JSON can carry it; subclasses of plain types count as those types.

    Raises:
        TypeError: it is no plain data and `keep` takes it not.
        RecursionError: it is nested more than 200 deep.
    """
    if depth > 200:
        raise RecursionError("nested too deep")
    if value is None or value is True or value is False:
        return value
    kind = type(value)
    if issubclass(kind, str):
        return str.__str__(value)
    for plain, tag, taken in _PLAIN:
        if issubclass(kind, plain):
            return {tag: taken(value)}
    for plain, tag in ((dict, "dict"), (list, "list"), (tuple, "tuple"), (set, "set"), (frozenset, "frozenset")):
        if issubclass(kind, plain):
            tag = "counter" if issubclass(kind, collections.Counter) else tag
            parts = (
                [part for pair in dict.items(value) for part in pair] if plain is dict else list(plain.__iter__(value))
            )
            return {tag: [encode(part, keep, depth + 1) for part in parts]}
    if kind is type and value in vars(builtins).values():
        return {"type": str(value.__name__)}
    if kind is collections.deque:
        return {"deque": [encode(part, keep, depth + 1) for part in value]}
    return keep(value)


_PLAIN: tuple[tuple[Any, str, Callable[[Any], Any]], ...] = (
    (int, "int", lambda value: hex(int.__index__(value))),
    (float, "float", lambda value: float.hex(value)),
    (complex, "complex", lambda value: [float.hex(value.real), float.hex(value.imag)]),
    (bytes, "bytes", lambda value: bytes(value).hex()),
    (bytearray, "bytearray", lambda value: bytes(value).hex()),
    (range, "range", lambda value: [hex(value.start), hex(value.stop), hex(value.step)]),
    (decimal.Decimal, "decimal", str),
    (fractions.Fraction, "fraction", lambda value: [hex(value.numerator), hex(value.denominator)]),
    (datetime.datetime, "datetime", lambda value: value.isoformat()),
    (datetime.date, "date", lambda value: value.isoformat()),
    (datetime.timedelta, "timedelta", lambda value: [value.days, value.seconds, value.microseconds]),
)


def decode(sent: Any, refer: Callable[[int], Any], depth: int = 0) -> Any:
    """The value that was sent, of built-in types; `refer` makes something of a reference.

    Raises:
        ValueError, TypeError: what was sent is no value.
    """
    if depth > 250:
        raise ValueError("nested too deep")
    if sent is None or isinstance(sent, bool | str):
        return sent
    if not isinstance(sent, dict) or len(sent) != 1:
        raise ValueError("not a value")
    tag, content = next(iter(sent.items()))
    if tag == "reference":
        return refer(int(content))
    if tag == "type" and isinstance(vars(builtins).get(content), type):
        return vars(builtins)[content]
    if tag in _MADE:
        return _MADE[tag](content)
    parts = [decode(part, refer, depth + 1) for part in content]
    if tag in ("dict", "counter"):
        pairs = dict(zip(parts[::2], parts[1::2], strict=True))
        return collections.Counter(pairs) if tag == "counter" else pairs
    return _COLLECTED[tag](parts)


_MADE: dict[str, Callable[[Any], Any]] = {
    "int": lambda sent: int(sent, 16),
    "float": float.fromhex,
    "complex": lambda sent: complex(*map(float.fromhex, sent)),
    "bytes": bytes.fromhex,
    "bytearray": bytearray.fromhex,
    "range": lambda sent: range(*(int(part, 16) for part in sent)),
    "decimal": decimal.Decimal,
    "fraction": lambda sent: fractions.Fraction(int(sent[0], 16), int(sent[1], 16)),
    "datetime": datetime.datetime.fromisoformat,
    "date": datetime.date.fromisoformat,
    "timedelta": lambda sent: datetime.timedelta(*sent),
}
_COLLECTED: dict[str, Callable[[list[Any]], Any]] = {
    "list": list,
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "deque": collections.deque,
}


class Channel:
    """Messages as lines of JSON over two pipes."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        self._in, self._out, self._rest = incoming, outgoing, b""

    def send(self, message: Any) -> None:
        """Send a message.

        Raises:
            ValueError: it is too long.
        """
        line = json.dumps(message).encode() + b"\n"
        if len(line) > LONGEST:
            raise ValueError("too long to send")
        while line:
            line = line[os.write(self._out, line) :]

    def receive(self) -> Any:
        """The next message.

        Raises:
            EOFError: the other side is gone, or sends without end.
            ValueError: what it sends is no JSON.
        """
        while b"\n" not in self._rest:
            part = os.read(self._in, 1 << 16)
            if not part or len(self._rest) > LONGEST:
                raise EOFError
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\n")
        return json.loads(line)
