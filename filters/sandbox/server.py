"""The process that forks sandboxes: one for each process of ours, from its first program to its end."""

from __future__ import annotations

import atexit
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_PATIENCE = 5.0
"""Seconds that a server gets to end."""
_INSIDE = Path(__file__).with_name("inside.py")


class _Server:
    """`inside.py`, and the socket by which it is asked. It ends when nobody holds the socket any longer."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-B", str(_INSIDE), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={},
                cwd="/",
                # Ctrl-C is for us, who then end what runs.
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def ask(self, request: Mapping[str, Any], files: Mapping[str, int]) -> None:
        """Hand on a request with its descriptors. Raises OSError where the server is gone."""
        message = json.dumps({**request, "files": list(files)}).encode()
        socket.send_fds(self._socket, [message], list(files.values()))

    def leave(self) -> None:
        """Forget it, as a fork does, to whose parent it belongs."""
        self._socket.close()
        self._process.returncode = 0

    def close(self) -> None:
        """Let it end."""
        self._socket.close()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:  # A process that was forked meanwhile may hold the socket too.
            self._process.kill()
            self._process.wait()


_lock = threading.Lock()
_server: _Server | None = None


def ask(request: Mapping[str, Any], files: Mapping[str, int]) -> None:
    """Have a process forked for a request (see `inside.py`), with these descriptors by what they are to it.

    Raises:
        OSError: no process can be started.
    """
    with _lock:
        try:
            _running().ask(request, files)
        except (BrokenPipeError, ConnectionResetError):
            _end()
            _running().ask(request, files)


def server_pid() -> int:
    """The process whose children watch over sandboxes."""
    with _lock:
        return _running().pid


def close() -> None:
    """End the server; the next program starts another."""
    with _lock:
        _end()


def _running() -> _Server:
    global _server
    if _server is None:
        _server = _Server()
    return _server


def _end() -> None:
    global _server
    ended, _server = _server, None
    if ended is not None:
        ended.close()


def _forked() -> None:
    global _lock, _server
    _lock = threading.Lock()
    left, _server = _server, None
    if left is not None:
        left.leave()


os.register_at_fork(after_in_child=_forked)
atexit.register(close)
