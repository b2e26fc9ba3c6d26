"""The side of the sandbox where tests run, with stand-ins for what the program defines.

Run after `values.py` in the same namespace. A stand-in carries a call to the program's process and gives back plain
data, so that comparisons are made here, between built-in values, where the program has no hand in them.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from filters.sandbox.values import Channel, decode, encode

_LIBRARY = frozenset(
    {
        *(
            "math",
            "cmath",
            "collections",
            "itertools",
            "functools",
            "operator",
            "heapq",
            "bisect",
            "string",
            "re",
            "copy",
        ),
        *(
            "fractions",
            "decimal",
            "statistics",
            "datetime",
            "typing",
            "numbers",
            "json",
            "calendar",
            "textwrap",
            "random",
        ),
    }
)
"""Modules of which tests get the real ones, whatever a program calls so."""


class CannotSend(Exception):
    """A test hands a program something that cannot travel."""


class _Link:
    """The way to the program's process."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    def ask(self, target: int, operation: str, *arguments: Any, **named: Any) -> Any:
        """What the program's side answers; its exceptions are raised here, as built-in ones."""
        request = {
            "target": target,
            "operation": operation,
            "arguments": [self._sent(part) for part in arguments],
            "named": {name: self._sent(part) for name, part in named.items()},
        }
        self.channel.send(request)
        reply = self.channel.receive()
        for argument, changed in zip(arguments, reply.get("arguments") or (), strict=False):
            if changed is not None:
                _change(argument, self.received(changed))
        if "error" in reply:
            kind = getattr(builtins, str(reply["error"]), RuntimeError)
            wrong = not (isinstance(kind, type) and issubclass(kind, Exception))
            raise (RuntimeError if wrong else kind)(str(reply.get("message")))
        return self.received(reply["value"])

    def _sent(self, value: Any) -> Any:
        def keep(part: Any) -> Any:
            if type(part) is Remote:
                return {"reference": object.__getattribute__(part, "_place")}
            raise CannotSend

        return encode(value, keep)

    def received(self, sent: Any) -> Any:
        """A value that was sent."""
        return decode(sent, lambda place: Remote(self, place))


class Remote:
    """Stands for something that a program holds. It equals nothing but itself."""

    def __init__(self, link: _Link, place: int) -> None:
        object.__setattr__(self, "_link", link)
        object.__setattr__(self, "_place", place)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call it."""
        return _ask(self, "call", *arguments, **named)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _ask(self, "get", name)

    def __setattr__(self, name: str, value: Any) -> None:
        _ask(self, "set", name, value)

    def __getitem__(self, key: Any) -> Any:
        return _ask(self, "item", key)

    def __len__(self) -> int:
        return int(_ask(self, "length"))

    def __str__(self) -> str:
        return str(_ask(self, "text"))

    def __repr__(self) -> str:
        return str(_ask(self, "shown"))

    def __bool__(self) -> bool:
        return _ask(self, "truth") is True

    def __iter__(self) -> Any:
        return iter(list(_ask(self, "parts")))

    def __contains__(self, value: Any) -> bool:
        # Not asked over there: the program would learn what is looked for.
        return value in list(_ask(self, "parts"))


def _ask(remote: Remote, operation: str, *arguments: Any, **named: Any) -> Any:
    link: _Link = object.__getattribute__(remote, "_link")
    return link.ask(object.__getattribute__(remote, "_place"), operation, *arguments, **named)


def _change(argument: Any, changed: Any) -> None:
    """Do to a test's own list, dict or set what the program did to its copy."""
    if type(argument) is list and type(changed) is list:
        argument[:] = changed
    elif type(argument) in (dict, set) and type(changed) is type(argument):
        argument.clear()
        argument.update(changed)


def serve(given: dict[str, Any], incoming: int, outgoing: int) -> None:
    """Run each test and say how it went, a line each on standard output."""
    link = _Link(Channel(incoming, outgoing))
    trees = []
    for test in (given["setup"], *given["tests"]):
        try:
            trees.append(ast.parse(test))
        except (SyntaxError, ValueError, RecursionError):
            _tell("unusable test")
            return
    try:
        names = _names(link, link.channel.receive(), trees)
    except (EOFError, ValueError, TypeError, KeyError, AttributeError):
        _tell("program fails")
        return
    for number, tree in enumerate(trees):
        outcome = _outcome(tree, names)
        if number or outcome != "passed":
            _tell(outcome)
        if outcome not in ("passed", "failed") or (not number and outcome != "passed"):
            return


def _outcome(tree: ast.Module, names: dict[str, Any]) -> str:
    try:
        exec(compile(tree, "<test>", "exec"), names)
    except CannotSend:
        return "unusable test"
    except EOFError:
        return "program ends"
    except BaseException:
        return "failed"
    return "passed"


def _tell(outcome: str) -> None:
    sys.stdout.write(json.dumps(outcome) + "\n")
    sys.stdout.flush()


def _names(link: _Link, told: dict[str, Any], trees: list[ast.Module]) -> dict[str, Any]:
    """What tests may speak of: the library's own, and stand-ins for what the program defines."""
    names: dict[str, Any] = {"__name__": "tests"}
    for name, of in told.items():
        if name in vars(builtins):
            # A program that defines `set` or `sorted` does so for itself.
            continue
        real = _real(of)
        if real is not None:
            names[name] = real
        elif "value" in of:
            names[name] = link.received(of["value"])
    for tree in trees:
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id in {*_LIBRARY, "sys"}
            ):
                names[node.value.id] = importlib.import_module(node.value.id)
    return names


def _real(of: dict[str, Any]) -> Any:
    """The library's own module or function that a name is said to be; None where it is none."""
    if "module" in of:
        return importlib.import_module(of["module"]) if of["module"] in _LIBRARY else None
    module, name = of.get("origin") or (None, None)
    if module == "_collections":
        module = "collections"
    if module not in _LIBRARY or not isinstance(name, str) or name.startswith("_"):
        return None
    return getattr(importlib.import_module(module), name, None)
