"""The side of the sandbox where a program is loaded and its functions wait for calls. It knows no test.

Run after `values.py` in the same namespace. Nothing here is trusted: the program may change it at will. What goes out
are claims, which the other side judges.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from filters.sandbox.values import Channel, decode, encode


def serve(given: dict[str, Any], incoming: int, outgoing: int) -> None:
    """Load the program, say what it defines, then answer until the other side ends."""
    channel = Channel(incoming, outgoing)
    kept: list[Any] = []

    def keep(value: Any) -> dict[str, int]:
        kept.append(value)
        return {"reference": len(kept) - 1}

    names: dict[str, Any] = {"__name__": "program"}
    exec(compile(given["source"], "<program>", "exec"), names)
    channel.send({name: _told(value, keep) for name, value in names.items() if not name.startswith("__")})
    while True:
        try:
            request = channel.receive()
        except EOFError:
            return
        channel.send(_answer(request, kept, keep))


def _told(value: Any, keep: Any) -> dict[str, Any]:
    """What a name stands for: a module, something of a module, or a value."""
    if isinstance(value, types.ModuleType):
        return {"module": value.__name__}
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    try:
        told = {"value": encode(value, keep)}
    except (TypeError, RecursionError, ValueError):
        told = {"value": keep(value)}
    if isinstance(module, str) and isinstance(name, str) and module != "program":
        told["origin"] = [module, name]
    return told


def _answer(request: dict[str, Any], kept: list[Any], keep: Any) -> dict[str, Any]:
    def given(sent: Any) -> Any:
        return decode(sent, kept.__getitem__)

    arguments: list[Any] = []
    try:
        target = kept[request["target"]]
        arguments = [given(part) for part in request["arguments"]]
        named = {name: given(part) for name, part in request["named"].items()}
        result = _OPERATIONS[request["operation"]](target, *arguments, **named)
        reply = {"value": encode(result, keep)}
    except BaseException as error:
        reply = {"error": type(error).__name__, "message": str(error)[:500]}
    if request["operation"] == "call":
        # Tests may look at what a call did to its arguments.
        reply["arguments"] = [encode(part, keep) if isinstance(part, list | dict | set) else None for part in arguments]
    return reply


def _call(target: Any, *arguments: Any, **named: Any) -> Any:
    return target(*arguments, **named)


_OPERATIONS: dict[str, Callable[..., Any]] = {
    "call": _call,
    "get": getattr,
    "set": setattr,
    "item": lambda target, key: target[key],
    "length": len,
    "text": str,
    "shown": repr,
    "truth": bool,
    "parts": lambda target: [part for _, part in zip(range(100_000), target)],  # noqa: B905
}
