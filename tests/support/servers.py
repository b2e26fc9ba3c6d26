"""Servers that tests start: processes of their own on loopback."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson
from chat_answers import hashed, lognormal_latency

HERE = Path(__file__).parent
__all__ = ["ChatServer", "lognormal_latency"]


class ChatServer:
    """A server that speaks the Chat Completions API and OpenAI's files and batches, and misbehaves on request.

        with ChatServer(latency_s=0.05, capacity=32) as server:
            ask(server.url)
            server.set(faults={"500": 0.05, "half_body": 0.01})
            assert server.stats()["answered_twice"] == 0

    What it can do is told by `chat_server.Behaviour`. Faults by share (`chat_server.FAULTS`) are decided by body and
    attempt; the same names as a marker in the last message (`[[500]]`, `[[hang]]`, `[[no_choices]]`) hit that request
    always, and `[[too long]]` and `[[filter]]` are refused with 400.

    Statistics: `total` requests; `by_status` of those that got a status; `answered` with everything asked for, written
    out whole; `choices` in them and in those with too few; `unique` bodies; `unique_answered`; `answered_twice` (bodies
    answered more than once: paid twice); `refused` with 429; `admitted`, the others that could be answered;
    `most_in_flight` and `in_flight` now; `abandoned` by the client before an answer; `faults` by name; tokens;
    `connections`; `first_at`, `last_at` (a request came) and `last_answer_at` in Unix seconds.
    """

    def __init__(self, *, core: int | None = None, **behaviour: Any) -> None:
        """`core`: the processor core to stay on."""
        self._core = core
        self._behaviour = behaviour
        self._process: subprocess.Popen[bytes] | None = None
        self._control = 0
        self.port = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    @property
    def url(self) -> str:
        """What an engine's `base_url` is to be."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def pid(self) -> int:
        """The server's process."""
        assert self._process is not None
        return self._process.pid

    def set(self, **behaviour: Any) -> None:
        """Change how it behaves; what is not named stays."""
        self._behaviour |= behaviour
        self._ask("/control", {"set": behaviour})

    def begin(self) -> None:
        """Let the schedule's time run from now, not from the first request."""
        self._ask("/control", {"start": True})

    def stats(self) -> dict[str, Any]:
        """What it counted since it started or was reset."""
        return dict(self._ask("/stats"))

    def counts(self) -> dict[str, dict[str, int]]:
        """How often each `key` was asked and answered: `{key: {"asked": 2, "answered": 1}}`."""
        return dict(self._ask("/counts"))

    @staticmethod
    def key(messages: list[dict[str, str]], seed: int | None = None) -> str:
        """The name of a request in `counts`."""
        return f"{hashed(orjson.dumps(messages, option=orjson.OPT_SORT_KEYS)):016x}/{seed}"

    def requests(self) -> list[dict[str, Any]]:
        """The last 10,000 bodies that were valid JSON requests, newest last."""
        return list(self._ask("/requests"))

    def reset(self) -> None:
        """Forget what was counted; behaviour stays, and a schedule starts anew with the next request."""
        self._ask("/control", {"reset": True})

    def stop(self) -> None:
        """Close the port and break all connections; the counts stay."""
        self._ask("/control", {"listen": False})

    def kill(self) -> None:
        """Kill the process; its counts are lost."""
        self._end()

    def start(self) -> None:
        """Serve, again at the same port if it did before, with the same behaviour."""
        if self._process is not None:
            self._ask("/control", {"listen": True})
            return
        command = [sys.executable, str(HERE / "chat_server.py"), "--port", str(self.port)]
        if self._core is not None:
            command += ["--core", str(self._core)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        ports = orjson.loads(self._process.stdout.readline())
        self.port, self._control = ports["port"], ports["control"]
        if self._behaviour:
            self._ask("/control", {"set": self._behaviour})

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _ask(self, path: str, told: object = None) -> Any:
        data = None if told is None else orjson.dumps(told)
        request = urllib.request.Request(f"http://127.0.0.1:{self._control}{path}", data)
        try:
            with _OPENER.open(request, timeout=60) as response:
                return orjson.loads(response.read())
        except urllib.error.HTTPError as error:
            with error:
                raise ValueError(error.read().decode()) from None


_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
