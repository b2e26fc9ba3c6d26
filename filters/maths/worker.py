"""A process that compares expressions by math-verify under limits; `filters.maths.expressions` starts and asks it.

Run as a script, it imports math-verify once and forks a child that does the work. The child dies by the kernel's hand
when it has used its CPU time, wherever it hangs, and the next one is there within milliseconds. Requests and replies
are lines of JSON; at the end of the input both processes end.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import resource
import select
import signal
import sys
from functools import lru_cache
from typing import Any

MEMORY = 2 << 30
"""Bytes of address space of the child."""
WALL_SECONDS = 5.0
"""When a child is killed that used little CPU time: it sleeps, or the machine is overloaded."""
RECYCLED_AFTER = 2000
"""Comparisons after which a child gives way to a new one: sympy's caches grow."""


def main() -> None:
    """Answer requests until the input ends."""
    logging.disable(logging.CRITICAL)
    # What is imported and built on first use is there before the first fork.
    for right, given in _WARM_UP:
        _compared(right, given)
    gc.freeze()
    child = _Child()
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin.buffer:
        reply = child.ask(line)
        if reply is None:
            child = _Child()
            reply = b'"overrun"\n'
        sys.stdout.buffer.write(reply)
        sys.stdout.buffer.flush()
        child.asked += 1
        if child.asked >= RECYCLED_AFTER:
            child.end()
            child = _Child()


_WARM_UP = (
    ("\\frac{\\sqrt{3}}{2}x^2+1", "\\frac{3x^2}{2\\sqrt{3}}+1"),
    ("x \\geq 3", "[3, \\infty)"),
    ("(1, 2)", "(2, 1)"),
    ("\\{1, \\pi\\}", "\\{2, e\\}"),
    ("\\sin(2x)", "2\\sin x\\cos x"),
    ("\\text{Ann}", "\\text{Bob}"),
    ("\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}", "\\begin{pmatrix} 1 \\\\ 3 \\end{pmatrix}"),
    ("x = 2", "\\log_2 8"),
    ("(5\\sqrt{2}, -\\frac{2}{3}]", "(-\\infty, 0) \\cup (0, \\infty)"),
    ("y = \\frac{1}{2}x + 2", "-8x^4 + 7(x - 1)"),
)


class _Child:
    """A forked process that compares."""

    def __init__(self) -> None:
        self.asked = 0
        down, self._down = os.pipe()
        self._up, up = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._down)
            os.close(self._up)
            _die_with_parent()
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            try:
                _serve(down, up)
            finally:
                os._exit(0)
        os.close(down)
        os.close(up)

    def ask(self, line: bytes) -> bytes | None:
        """The child's reply; None where it overran its limits and is gone."""
        reply = b""
        try:
            sent = 0
            while sent < len(line):
                sent += os.write(self._down, line[sent:])
            while not reply.endswith(b"\n"):
                if not select.select([self._up], [], [], WALL_SECONDS)[0]:
                    break
                part = os.read(self._up, 65536)
                if not part:
                    break
                reply += part
        except BrokenPipeError:
            pass
        if reply.endswith(b"\n"):
            return reply
        self.end()
        return None

    def end(self) -> None:
        """Kill the child."""
        os.close(self._down)
        os.close(self._up)
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)


def _die_with_parent() -> None:
    import ctypes

    set_death_signal = 1
    ctypes.CDLL(None, use_errno=True).prctl(set_death_signal, signal.SIGKILL)


def _serve(down: int, up: int) -> None:
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    with os.fdopen(down, "rb") as requests:
        for line in requests:
            request = json.loads(line)
            signal.setitimer(signal.ITIMER_PROF, request["seconds"])
            try:
                said = _compared(request["right"], request["given"])
            except (Exception, RecursionError, MemoryError):
                said = "unreadable"
            signal.setitimer(signal.ITIMER_PROF, 0)
            os.write(up, json.dumps(said).encode() + b"\n")


def _compared(right: str, given: str) -> str:
    from math_verify import verify

    gold = _parsed(right)
    if not gold:
        return "unreadable reference"
    found = _parsed(given)
    if not found:
        return "unreadable"
    if _differ_somewhere(gold[0], found[0]):
        return "different"
    return "equal" if verify(list(gold), list(found), timeout_seconds=None) else "different"


@lru_cache(maxsize=256)
def _parsed(text: str) -> tuple[Any, ...]:
    from math_verify import LatexExtractionConfig, parse

    settings = [LatexExtractionConfig()]
    return tuple(parse(f"${text}$", settings, fallback_mode="no_fallback", parsing_timeout=None))


def _differ_somewhere(one: Any, other: Any) -> bool:
    """Whether two expressions surely differ: their values at a point do.

    Most wrong answers are found so in a tenth of the time that it takes to simplify a difference.
    """
    import sympy

    if not (isinstance(one, sympy.Expr) and isinstance(other, sympy.Expr)):
        return False
    symbols = sorted(one.free_symbols | other.free_symbols, key=str)
    if len(symbols) > 4:
        return False
    try:
        point = {symbol: sympy.Rational(7 + 6 * place, 5) for place, symbol in enumerate(symbols)}
        values = [complex(side.subs(point).evalf(15)) for side in (one, other)]
    except (TypeError, ValueError, OverflowError, ArithmeticError, AttributeError, RecursionError):
        return False
    finite = all(abs(value) < 1e9 for value in values)
    return finite and abs(values[0] - values[1]) > 1e-4 * max(1.0, *map(abs, values))


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    main()
