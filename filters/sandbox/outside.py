"""Runs programs that models wrote: shut in, under limits, judged by what comes out.

Linux only. Where the system grants no namespaces (or no filter of system calls), nothing is run.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from corpus.errors import UserError
from filters.sandbox.server import ask

_MACHINES = ("x86_64", "aarch64")
OUTPUT_BYTES = 1 << 20
"""Most bytes that a program may write."""
_START_SECONDS = 20.0
_OUT_OF_TIME = (-signal.SIGXCPU, -signal.SIGKILL)


class SandboxUnavailable(UserError):
    """This machine cannot shut a program in."""


R = TypeVar("R")


class _LostError(Exception):
    """Nobody can tell how a program ended."""


class Limits(NamedTuple):
    """What a program may use."""

    seconds: int = 5
    """CPU time; twice as much of wall time."""
    memory: int = 512 << 20
    """Bytes of address space."""
    threads: int = 16
    file_bytes: int = 1 << 20
    """Bytes of each file that it writes into its folder, which holds 16 MiB in all."""


class Ran(NamedTuple):
    """How a program ended."""

    output: str
    problem: str
    """Empty where it ended by itself without an error."""


def run_script(source: str, given: str, limits: Limits) -> Ran:
    """Run a program with a text as its input.

    Raises:
        SandboxUnavailable: nothing was run.
    """

    def ran() -> Ran:
        with _Run("script", limits) as run:
            run.begin({"source": source})
            output, problem = run.finish(given.encode("utf-8", "replace"))
        return Ran(output.decode("utf-8", "replace"), problem)

    return _told(ran)


def run_tests(source: str, setup: str, tests: Sequence[str], limits: Limits) -> list[str]:
    """The outcome of each test (a piece of Python that raises where it fails) of what a program defines.

    The program and its tests run in two sandboxes; see `checker.py`. The outcomes are `passed`, `failed` and, of the
    first that ends the run, `program fails` (when it is loaded), `program ends` (before its tests do), `unusable test`,
    `time limit` or `tests end`.

    Raises:
        SandboxUnavailable: nothing was run.
    """
    output, problem = _told(lambda: _checked(source, setup, tests, limits))
    outcomes = [str(json.loads(line)) for line in output.decode().splitlines()]
    ended = outcomes[-1] if outcomes else ""
    if len(outcomes) < len(tests) and ended in ("passed", "failed", ""):
        outcomes.append(problem if problem == "time limit" else "tests end")
    return outcomes


def _checked(source: str, setup: str, tests: Sequence[str], limits: Limits) -> tuple[bytes, str]:
    """What the checker writes of a program, and what kept it from more."""
    to_program, from_checker = os.pipe()
    to_checker, from_program = os.pipe()
    ours = {to_program, from_checker, to_checker, from_program}
    try:
        with (
            _Run("program", limits, {"incoming": to_program, "outgoing": from_program}) as program,
            _Run("checker", limits, {"incoming": to_checker, "outgoing": from_checker}) as checker,
        ):
            for fd in list(ours):
                os.close(fd)
                ours.discard(fd)
            program.begin({"source": source})
            checker.begin({"setup": setup, "tests": list(tests)})
            return checker.finish(b"")
    finally:
        _close_all(ours)


def _told(run: Callable[[], R]) -> R:
    """What a run gives. Where what watches it was killed, it is run once more."""
    try:
        return run()
    except _LostError:
        pass
    try:
        return run()
    except _LostError as error:
        raise SandboxUnavailable(f"a program was run twice without an outcome: {error}") from None


class _Run:
    """A process in a sandbox of its own."""

    def __init__(self, role: str, limits: Limits, channel: Mapping[str, int] | None = None) -> None:
        """`channel`: descriptors of this process by what they are inside (`incoming`, `outgoing`)."""
        _check_system()
        self._limits = limits
        self._files: dict[str, int] = {}
        self._told, told = socket.socketpair()
        inside = {"told": told.detach()}
        self._folder = ""
        try:
            self._folder = tempfile.mkdtemp(prefix="sandbox-")
            self._files["ready"], inside["ready"] = os.pipe()
            self._files["stderr"], inside["stderr"] = os.pipe()
            inside["config"], self._files["config"] = os.pipe()
            if role != "program":
                self._files["stdout"], inside["stdout"] = os.pipe()
            if role == "script":
                inside["stdin"], self._files["stdin"] = os.pipe()
            request = {"folder": self._folder, "role": role, "limits": limits._asdict()}
            ask(request, {**inside, **(channel or {})})
        except BaseException:
            _close_all(inside.values())
            self.close()
            raise
        _close_all(inside.values())

    def begin(self, given: object) -> None:
        """Wait until the process is shut in, then hand it what it shall run.

        Raises:
            SandboxUnavailable: it could not be shut in; it ran nothing.
        """
        ready = self._files["ready"]
        granted = bool(select.select([ready], [], [], _START_SECONDS)[0]) and os.read(ready, 1) == b"!"
        if not granted:
            self._kill()
            # What went wrong was said before the ready pipe ended.
            stderr = self._files["stderr"]
            # Nobody closes it where the server hangs.
            said = os.read(stderr, 10_000) if select.select([stderr], [], [], 1.0)[0] else b""
            told = said.decode(errors="replace").strip().rpartition("\n")[2]
            if not told:
                raise _LostError("it did not answer")
            raise SandboxUnavailable(
                f"this machine grants no sandbox ({told}), so programs are not run. Needed are "
                "Linux namespaces and seccomp: unprivileged user namespaces (kernel.unprivileged_userns_clone, "
                "AppArmor), or a container with CAP_SYS_ADMIN"
            )
        with contextlib.suppress(BrokenPipeError), os.fdopen(self._files.pop("config"), "wb") as file:
            file.write(json.dumps(given).encode())

    def finish(self, given: bytes) -> tuple[bytes, str]:
        """Feed the process and read its output until it ends or breaks a limit; gives output and problem."""
        deadline = time.monotonic() + 2 * self._limits.seconds
        output, problem = b"", ""
        for part in self._stream(given, deadline):
            if part is None:
                problem = "time limit"
                break
            output += part
            if len(output) > OUTPUT_BYTES:
                problem = "too much output"
                break
        if problem:
            self._kill()
        code = self._wait()
        if not problem and code is None:
            raise _LostError("what watched the program was killed")
        if not problem and code:
            problem = "time limit" if code in _OUT_OF_TIME else "an error"
        return output[:OUTPUT_BYTES], problem

    def _stream(self, given: bytes, deadline: float) -> Iterator[bytes | None]:
        """Parts of the output as they come; None when time is up."""
        out, inp = self._files["stdout"], self._files.get("stdin")
        if inp is not None:
            os.set_blocking(inp, False)
        while True:
            if inp is not None and not given:
                os.close(self._files.pop("stdin"))
                inp = None
            left = deadline - time.monotonic()
            if left <= 0:
                yield None
                return
            readable, writable, _ = select.select([out], [] if inp is None else [inp], [], left)
            if writable and inp is not None:
                try:
                    given = given[os.write(inp, given[:65536]) :]
                except (BrokenPipeError, BlockingIOError) as error:
                    given = given if isinstance(error, BlockingIOError) else b""
            if readable:
                part = os.read(out, 65536)
                if not part:
                    return
                yield part

    def _kill(self) -> None:
        """Have the process ended, if it has not ended by itself."""
        with contextlib.suppress(OSError):
            self._told.shutdown(socket.SHUT_WR)

    def _wait(self) -> int | None:
        """How the process ended: its exit code, or a signal below 0; None where nobody is left who knows."""
        told = b""
        self._told.settimeout(2 * self._limits.seconds + _START_SECONDS)
        with contextlib.suppress(ConnectionResetError, TimeoutError):
            while part := self._told.recv(64):
                told += part
        return int(told) if told else None

    def close(self) -> None:
        """End the process, and leave nothing of it."""
        self._kill()
        self._wait()
        self._told.close()
        _close_all(self._files.values())
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> _Run:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _close_all(files: Iterable[int]) -> None:
    for fd in files:
        os.close(fd)


def _check_system() -> None:
    machine = os.uname().machine if hasattr(os, "uname") else ""
    if sys.platform != "linux" or machine not in _MACHINES:
        raise SandboxUnavailable(
            f"programs are run in a sandbox of Linux namespaces on {' or '.join(_MACHINES)}; found {sys.platform} on "
            f"{machine or 'an unknown machine'}, so programs are not run"
        )
