"""Equality of mathematical expressions by math-verify, in a process of its own under a hard limit of CPU time.

math-verify's own time limit is an alarm signal, which only the main thread of a process may set. Here a child process
works, so that any thread of any process may ask, and the kernel ends what hangs in the middle of a long multiplication.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import select
import subprocess
import sys
import threading
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

from corpus.errors import UserError
from filters.maths import latex

Comparison = Literal["equal", "different", "unreadable", "unreadable reference", "overrun"]
"""How a given expression stands to the right one; `overrun`: there was no telling within the limit."""

SECONDS = 0.4
"""CPU time for one comparison."""
LONGEST = 500
"""Characters of an expression that is compared."""
_DEEPEST = 30
_START_SECONDS = 120
_REPLY_SECONDS = 30


@lru_cache(maxsize=4096)
def compare(right: str, given: str) -> Comparison:
    """How an expression (LaTeX or plain) stands to the right one.

    Raises:
        UserError: math-verify does not run here.
    """
    if is_same_text(right, given):
        return "equal"
    if not _is_sane(right):
        return "unreadable reference"
    if not _is_sane(given):
        return "unreadable"
    return _POOL.ask(right, given)


def is_same_text(right: str, given: str) -> bool:
    """Whether two texts are equal but for spaces, case of words, and LaTeX that only sets type."""
    one, other = (re.sub(r"\s+|\\\s|[{}]", "", latex.plain(text)).casefold() for text in (right, given))
    words = bool(re.search(r"[^\W\d_]{2}", one))
    exact = [re.sub(r"\s+|\\\s|[{}]", "", latex.plain(text)) for text in (right, given)]
    return one == other != "" and (words or exact[0] == exact[1])


def _is_sane(text: str) -> bool:
    depth = deepest = 0
    for letter in text[: LONGEST + 1]:
        depth += (letter in "({[") - (letter in ")}]")
        deepest = max(deepest, depth)
    return 0 < len(text) <= LONGEST and deepest <= _DEEPEST and not re.search(r"\d{100}|[\ud800-\udfff]", text)


class _Server:
    """The process that compares, asked by one thread at a time."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("worker.py")
        # -P: modules of the script's folder must not hide others.
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        if self._read(_START_SECONDS) != "ready":
            self.close()
            raise UserError("the verifier 'math' needs math-verify, which does not run here; install towerkit anew")

    def ask(self, right: str, given: str) -> str | None:
        """The reply; None where the process is gone."""
        request = json.dumps({"right": right, "given": given, "seconds": SECONDS}).encode() + b"\n"
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(request)
        except (BrokenPipeError, ValueError):
            return None
        return self._read(_REPLY_SECONDS)

    def _read(self, seconds: float) -> str | None:
        assert self._process.stdout is not None
        line = b""
        while not line.endswith(b"\n"):
            if not select.select([self._process.stdout], [], [], seconds)[0]:
                return None
            part = self._process.stdout.read(4096)
            if not part:
                return None
            line += part
        return str(json.loads(line))

    def close(self) -> None:
        """End the process; its child ends with it."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()


class _Pool:
    """A server for each thread that asks, up to the number of cores. A forked process starts anew: pipes serve one."""

    def __init__(self) -> None:
        self._clear()
        os.register_at_fork(after_in_child=self._clear)
        atexit.register(self._close)

    def _clear(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[_Server] = []
        self._free = threading.BoundedSemaphore(os.cpu_count() or 1)

    def ask(self, right: str, given: str) -> Comparison:
        with self._free:
            return self._asked(right, given)

    def _asked(self, right: str, given: str) -> Comparison:
        for _ in range(2):
            with self._lock:
                server = self._idle.pop() if self._idle else None
            server = server or _Server()
            said = server.ask(right, given)
            for kind in get_args(Comparison):
                if said == kind:
                    with self._lock:
                        self._idle.append(server)
                    return kind  # type: ignore[no-any-return]
            server.close()
        return "overrun"

    def _close(self) -> None:
        for server in self._idle:
            server.close()


_POOL = _Pool()
