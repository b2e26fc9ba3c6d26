"""A server on loopback that speaks the Chat Completions API, and misbehaves as it is told to.

`python chat_server.py [--port PORT] [--core CORE]` prints one line of JSON with the ports it listens at, and ends when
its standard input closes. `servers.ChatServer` starts it; `Behaviour` says all that it can do wrong. At the API's port
and at a second port, which stays when the first one closes, it takes

- `POST /control` with `{"set": {...}}` (fields of `Behaviour`), `{"start": true}` (the schedule's time begins),
  `{"reset": true}` (forget what was counted), `{"listen": false}` (close the port and all connections to it);
- `GET /stats`, `GET /counts`, `GET /requests`.

Counts are what tests believe: an answer counts as given when its last byte was handed to the system.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import dataclasses
import email.utils
import functools
import gc
import http
import math
import os
import re
import socket
import struct
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson
from chat_answers import CannotSay, choices, hashed, lognormal_latency, share, wanted_form
from chat_batches import Batches
from chat_judge import RAW

Json = Any

FAULTS = (
    "500",
    "503",
    "504",
    "error_body",
    "reset",
    "reset_midway",
    "half_body",
    "invalid_json",
    "null_content",
    "no_choices",
    "fewer_choices",
    "more_choices",
    "no_usage",
    "negative_usage",
    "hang",
)
"""In `faults`, and as a marker in the last message: `[[500]]` is a request that gets 500 always."""
NO_ANSWER = {"error_body", "half_body", "invalid_json", "no_choices", "fewer_choices"}
"""Faults with status 200 that do not count as an answer: what was asked for is not in them."""
_MARKER = re.compile(r"\[\[([a-z0-9_ ]+)\]\]")
_NO_LINGER = struct.pack("ii", 1, 0)


@dataclasses.dataclass
class Behaviour:
    """What the server does. All of it combines, and may change at any time."""

    latency_s: float = 0.0
    """Seconds until an answer, or a fault, comes. Refusals come at once."""
    latency_median_s: float | None = None
    """Instead: lognormal, drawn by a hash of the last message, so the same for every client and attempt."""
    latency_sigma: float = 1.0
    """Standard deviation of the latency's logarithm."""
    tokens: int = 20
    """Words of an answer; a word is a token."""
    capacity: int | None = None
    """Requests in flight; above, it answers 429."""
    retry_after: float = 1.0
    """Seconds that a 429 asks to wait."""
    retry_after_form: str = "seconds"
    """`seconds`, `date`, `ms` (the header retry-after-ms), or `none`."""
    clock_off_s: float = 0.0
    """Seconds that this server's clock, in its Date and Retry-After headers, is ahead of the world's."""
    rpm: int | None = None
    """Requests that it takes in a minute; above, it answers 429."""
    rpm_window_s: float = 60.0
    """The time over which `rpm` is held: in any such time it takes no more than its share."""
    outage: int | None = None
    """The status that every request gets, in plain text as from a proxy, e.g. 503."""
    faults: dict[str, float] = dataclasses.field(default_factory=dict)
    """Share of requests by name of the fault, decided by a hash of body and attempt: a retry mostly succeeds."""
    schedule: list[tuple[float, dict[str, Json]]] = dataclasses.field(default_factory=list)
    """(seconds, behaviour) pairs: what is set so long after the first request, or after `start`."""
    api_key: str | None = None
    """Whoever brings another key is refused, in words that repeat that key."""
    models: list[str] | None = None
    """The models it has; default: any."""
    structured: str = "honoured"
    """What becomes of response_format and structured_outputs: `honoured`, `ignored` or `refused`."""
    judges: bool = False
    """Whether answers are verdicts on what stands in fences, by the rules of `chat_judge`."""
    generates: bool = False
    """Whether answers are items of translation, good and bad, by the rules of `chat_items`."""
    batch_s: float = 0.2
    """Seconds that a batch takes."""
    batch_failed: float = 0.0
    """Share of a batch's lines that fail with 500, by a hash of body and attempt."""
    batch_expired: float = 0.0
    """Share of a batch's lines, its last, that are not answered; the batch expires if there are any."""
    batch_max_lines: int = 50_000
    """Longer batches fail."""
    batch_max_queued: int | None = None
    """Lines in batches that have not ended; a batch above that fails with the code token_limit_exceeded."""

    def change(self, changes: Mapping[str, Json]) -> None:
        """Set some fields.

        Raises:
            ValueError: no such field, or fault.
        """
        unknown = set(changes) - {field.name for field in dataclasses.fields(self)}
        unknown |= set(changes.get("faults", ())) - set(FAULTS)
        if unknown:
            raise ValueError(f"no such behaviour: {', '.join(sorted(unknown))}")
        for name, value in changes.items():
            setattr(self, name, value)


class Counts:
    """What happened since the last reset."""

    def __init__(self) -> None:
        self.total = self.admitted = self.answered = self.choices = self.refused = self.abandoned = 0
        self.in_flight = self.most_in_flight = self.prompt_tokens = self.completion_tokens = 0
        self.connections = 0
        self.first_at: float | None = None
        self.last_at: float | None = None
        self.last_answer_at: float | None = None
        self.by_status: collections.Counter[int] = collections.Counter()
        self.faults: collections.Counter[str] = collections.Counter()
        self.seen: dict[int, int] = {}
        """Times that a body was asked, by its hash."""
        self.attempts: dict[int, int] = {}
        """Times that a body was taken on, not refused."""
        self.given: dict[int, int] = {}
        """Times that a body was answered, whole."""
        self.asked_keys: collections.Counter[tuple[int, Json]] = collections.Counter()
        self.given_keys: collections.Counter[tuple[int, Json]] = collections.Counter()
        self.bodies: collections.deque[bytes] = collections.deque(maxlen=10_000)

    def stats(self) -> dict[str, Json]:
        """All of it but what `keys` tells."""
        plain = {name: value for name, value in vars(self).items() if isinstance(value, int | float | None)}
        return {
            **plain,
            "unique": len(self.seen),
            "unique_answered": len(self.given),
            "answered_twice": sum(times > 1 for times in self.given.values()),
            "by_status": {str(status): times for status, times in self.by_status.items()},
            "faults": dict(self.faults),
        }

    def keys(self) -> dict[str, Json]:
        """Times that each (messages, seed) was asked and answered, by `MESSAGES_HASH/SEED`."""
        return {
            f"{messages:016x}/{seed}": {"asked": times, "answered": self.given_keys[messages, seed]}
            for (messages, seed), times in self.asked_keys.items()
        }


class Head(NamedTuple):
    """A request's first lines."""

    method: str
    path: str
    length: int
    chunked: bool
    close: bool
    key: str
    content_type: str


@functools.lru_cache(maxsize=8192)
def parse_head(head: bytes) -> Head:
    """Read a request's first lines; most requests of a client have equal ones."""
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, version = first.split(" ")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    close = fields.get("connection", "").lower() == "close" or version == "HTTP/1.0"
    return Head(
        method,
        path,
        int(fields.get("content-length", 0)),
        "chunked" in fields.get("transfer-encoding", "").lower(),
        close,
        fields.get("authorization", "").removeprefix("Bearer "),
        fields.get("content-type", ""),
    )


def unchunk(data: bytearray, start: int) -> tuple[bytes, int] | None:
    """A chunked body and where it ends; None while it is not whole."""
    parts = []
    while True:
        line = data.find(b"\r\n", start)
        if line < 0:
            return None
        size = int(data[start:line].split(b";")[0], 16)
        end = line + 2 + size
        if len(data) < end + 2:
            return None
        if size == 0:
            return b"".join(parts), end + 2
        parts.append(bytes(data[line + 2 : end]))
        start = end + 2


class Asked(NamedTuple):
    """A request that was read."""

    hash: int
    """Of the body."""
    key: tuple[int, Json]
    told: dict[str, Json]
    text: str
    """Of the last message."""
    fault: str | None = None


class Connection(asyncio.Protocol):
    """One client's connection: requests are answered one after another."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.transport: asyncio.Transport
        self.buffer = bytearray()
        self.head: Head | None = None
        self.start = 0
        self.timer: asyncio.TimerHandle | None = None
        self.busy = False
        """A request is being answered; the next one waits."""
        self.flying = False
        """That request was taken on and counts as in flight."""
        self.closing = False
        self.unsent: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        # So that `resume_writing` comes when everything was handed to the system, not earlier.
        self.transport.set_write_buffer_limits(high=0)
        self.server.connections.add(self)
        self.server.counts.connections += 1

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self.server.connections.discard(self)
        self.unsent = None
        if self.flying:
            self.server.abandoned(self)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.busy:
            self.next_request()

    def next_request(self) -> None:
        if self.head is None:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self.head, self.start = parse_head(bytes(self.buffer[:end])), end + 4
        if self.head.chunked:
            whole = unchunk(self.buffer, self.start)
            if whole is None:
                return
            body, end = whole
        else:
            end = self.start + self.head.length
            if len(self.buffer) < end:
                return
            body = bytes(self.buffer[self.start : end])
        del self.buffer[:end]
        head, self.head = self.head, None
        self.busy = True
        self.closing = head.close
        self.server.handle(self, head, body)

    def answer(
        self,
        status: int,
        body: bytes,
        headers: str = "",
        kind: str = "application/json",
        sent: Callable[[], None] | None = None,
    ) -> None:
        """Write a response; `sent` is called once all of it was handed to the system."""
        self.busy = False
        self.transport.write(self.server.head(status, len(body), headers, kind) + body)
        if sent is not None:
            if self.transport.get_write_buffer_size():
                self.unsent = sent
            elif not self.transport.is_closing():
                sent()
        if self.closing:
            self.transport.close()
        elif self.buffer:
            self.next_request()

    def resume_writing(self) -> None:
        if self.unsent is not None:
            sent, self.unsent = self.unsent, None
            sent()

    def reset(self) -> None:
        """Break the connection so that the client sees a reset."""
        self.busy = False
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.transport.abort()


class Server:
    """The behaviour, the counts, and what is answered."""

    def __init__(self) -> None:
        self.behaviour = Behaviour()
        self.counts = Counts()
        self.connections: set[Connection] = set()
        self.batches = Batches(self)
        self.listening: asyncio.Server | None = None
        self.port = 0
        self.schedule: list[asyncio.TimerHandle] = []
        self.scheduled = False
        self.taken: collections.deque[float] = collections.deque()
        self.date = (0, "")

    # How it runs

    async def run(self, port: int) -> None:
        """Serve until the standard input closes."""
        loop = asyncio.get_running_loop()
        self.port = port
        await self.listen()
        control = await loop.create_server(lambda: Connection(self), "127.0.0.1", 0)
        print(orjson.dumps({"port": self.port, "control": control.sockets[0].getsockname()[1]}).decode(), flush=True)
        ended = asyncio.Event()

        class Watch(asyncio.Protocol):
            def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
                ended.set()

        await loop.connect_read_pipe(Watch, sys.stdin)
        await ended.wait()
        os._exit(0)

    async def listen(self) -> None:
        loop = asyncio.get_running_loop()
        self.listening = await loop.create_server(lambda: Connection(self), "127.0.0.1", self.port, backlog=4096)
        self.port = self.listening.sockets[0].getsockname()[1]

    def close(self) -> None:
        if self.listening is not None:
            self.listening.close()
            self.listening = None
        for connection in list(self.connections):
            if connection.transport.get_extra_info("sockname")[1] == self.port:
                connection.transport.abort()

    # What it is asked

    def handle(self, connection: Connection, head: Head, body: bytes) -> None:
        """Answer a request of any kind."""
        path = head.path.partition("?")[0]
        try:
            if path == "/v1/chat/completions" and head.method == "POST":
                self.chat(connection, head, body)
            elif path.startswith("/v1/"):
                self.other(connection, head, path, body)
            elif path == "/control":
                self.control(connection, orjson.loads(body))
            elif path == "/stats":
                connection.answer(200, orjson.dumps(self.counts.stats()))
            elif path == "/counts":
                connection.answer(200, orjson.dumps(self.counts.keys()))
            elif path == "/requests":
                connection.answer(200, b"[" + b",".join(filter(is_json, self.counts.bodies)) + b"]")
            else:
                connection.answer(404, orjson.dumps(error_body(f"no such path: {path}", "")))
        except ValueError as error:
            if path == "/v1/chat/completions":
                self.counts.by_status[400] += 1
            connection.answer(400, orjson.dumps(error_body(str(error), "")))

    def control(self, connection: Connection, told: Mapping[str, Json]) -> None:
        if told.get("reset"):
            in_flight = self.counts.in_flight
            self.counts = Counts()
            self.counts.in_flight = self.counts.most_in_flight = in_flight
            self.taken.clear()
            self.plan()
        if "set" in told:
            self.behaviour.change(told["set"])
            if "schedule" in told["set"]:
                self.plan()
        if told.get("start"):
            self.begin()
        if told.get("listen") is False:
            self.close()
        if told.get("listen") and self.listening is None:
            task = asyncio.ensure_future(self.listen())
            task.add_done_callback(lambda done: connection.answer(200 if done.exception() is None else 500, b"{}"))
            return
        connection.answer(200, b"{}")

    def other(self, connection: Connection, head: Head, path: str, body: bytes) -> None:
        """Models, files and batches."""
        if self.behaviour.outage:
            connection.answer(self.behaviour.outage, b"upstream connect error", kind="text/plain")
        elif not self.knows(head.key):
            connection.answer(401, orjson.dumps(wrong_key(head.key)))
        elif path == "/v1/models":
            models = [{"id": name, "object": "model", "owned_by": "tests"} for name in self.behaviour.models or ["m"]]
            connection.answer(200, orjson.dumps({"object": "list", "data": models}))
        else:
            status, answer = self.batches.handle(head.method, head.path, head.content_type, body)
            connection.answer(status, answer)

    def chat(self, connection: Connection, head: Head, body: bytes) -> None:
        """Take a request on, or refuse it."""
        counts, behaviour = self.counts, self.behaviour
        if behaviour.schedule and not self.scheduled:
            self.begin()
        if behaviour.outage:
            self.see(body)
            self.say(connection, behaviour.outage, b"upstream connect error or disconnect", kind="text/plain")
            return
        if not self.knows(head.key):
            self.see(body)
            self.say(connection, 401, orjson.dumps(wrong_key(head.key)))
            return
        asked = self.note(body)
        wait = self.over_limit()
        if wait is not None:
            counts.refused += 1
            self.error(connection, 429, "Rate limit reached", "rate_limit_exceeded", headers=self.retry_after(wait))
            return
        status, message, code = self.mistake(asked.told, asked.text)
        if status:
            self.error(connection, status, message, code)
            return
        asked = asked._replace(fault=self.fault(asked.hash, self.admit(asked.hash), asked.text))
        counts.in_flight += 1
        counts.most_in_flight = max(counts.most_in_flight, counts.in_flight)
        connection.flying = True
        if asked.fault == "hang":
            counts.faults["hang"] += 1
            return
        latency = behaviour.latency_s
        if behaviour.latency_median_s is not None:
            latency = lognormal_latency(asked.text, behaviour.latency_median_s, behaviour.latency_sigma)
        if latency > 0:
            loop = asyncio.get_running_loop()
            connection.timer = loop.call_later(latency, self.finish, connection, asked)
        else:
            self.finish(connection, asked)

    def see(self, body: bytes) -> int:
        """Count a request that came, and give its hash."""
        counts = self.counts
        counts.total += 1
        counts.last_at = time.time()
        if counts.first_at is None:
            counts.first_at = counts.last_at
        number = hashed(body)
        counts.seen[number] = counts.seen.get(number, 0) + 1
        counts.bodies.append(body)
        return number

    def note(self, body: bytes) -> Asked:
        """Count a request that came, and read it."""
        number = self.see(body)
        told = orjson.loads(body)
        messages = told.get("messages") if isinstance(told, dict) else None
        if not isinstance(messages, list) or not messages:
            raise ValueError("Invalid 'messages': expected a list of at least one message")
        content = messages[-1].get("content") if isinstance(messages[-1], dict) else None
        if isinstance(content, list):
            content = "".join(part.get("text", "") for part in content)
        if not isinstance(content, str):
            raise ValueError("Invalid 'messages': expected content that is a string or a list of parts")
        key = (messages_hash(messages), told.get("seed"))
        self.counts.asked_keys[key] += 1
        return Asked(number, key, told, content)

    def admit(self, number: int) -> int:
        """Count a request that is taken on; its attempt, from 1."""
        self.counts.admitted += 1
        attempt = self.counts.attempts[number] = self.counts.attempts.get(number, 0) + 1
        return attempt

    def mistake(self, told: Mapping[str, Json], text: str) -> tuple[int, str, str]:
        """Status, message and code for a request that cannot be answered; status 0 for one that can."""
        behaviour = self.behaviour
        model = told.get("model")
        if not isinstance(model, str) or (behaviour.models is not None and model not in behaviour.models):
            return 404, f"The model `{model}` does not exist.", "model_not_found"
        if told.get("stream"):
            return 400, "Streaming is not supported", "unsupported_parameter"
        if not isinstance(told.get("n", 1), int) or not 1 <= told.get("n", 1) <= 128:
            return 400, "Invalid 'n': expected an integer from 1 to 128", "invalid_value"
        if "[[too long]]" in text:
            message = "This model's maximum context length is 8192 tokens. However, your messages have 9000 tokens."
            return 400, message, "context_length_exceeded"
        if "[[filter]]" in text:
            message = "The response was filtered: the prompt triggered the content management policy."
            return 400, message, "content_filter"
        try:
            if behaviour.structured == "refused" and wanted_form(told):
                return 400, "'response_format' is not supported by this server", "unsupported_parameter"
        except CannotSay as error:
            return 400, str(error), "invalid_value"
        return 0, "", ""

    def over_limit(self) -> float | None:
        """Seconds to wait where there is too much to do."""
        behaviour = self.behaviour
        if behaviour.capacity is not None and self.counts.in_flight >= behaviour.capacity:
            return behaviour.retry_after
        if behaviour.rpm is not None:
            now = time.monotonic()
            while self.taken and self.taken[0] <= now - behaviour.rpm_window_s:
                self.taken.popleft()
            if len(self.taken) >= behaviour.rpm * behaviour.rpm_window_s / 60:
                return self.taken[0] + behaviour.rpm_window_s - now if self.taken else behaviour.rpm_window_s
            self.taken.append(now)
        return None

    def fault(self, number: int, attempt: int, text: str) -> str | None:
        """What goes wrong with a request that was taken on."""
        if "[[" in text:
            found = _MARKER.search(text)
            if found and found[1] in FAULTS:
                return found[1]
        if self.behaviour.faults:
            drawn = share(hashed(b"fault %d %d" % (number, attempt)))
            for name, part in self.behaviour.faults.items():
                drawn -= part
                if drawn < 0:
                    return name
        return None

    # What it answers

    def finish(self, connection: Connection, asked: Asked) -> None:
        """Answer a request that was taken on."""
        self.counts.in_flight -= 1
        connection.flying = False
        connection.timer = None
        if asked.fault:
            self.counts.faults[asked.fault] += 1
        match asked.fault:
            case "500" | "503" | "504":
                self.error(connection, int(asked.fault), "The server had an error", "server_error")
                return
            case "error_body":
                self.say(connection, 200, orjson.dumps(error_body("The engine had an error", "server_error")))
                return
            case "reset":
                connection.reset()
                return
        try:
            body, count, tokens = self.completion(asked)
        except CannotSay as error:
            self.error(connection, 400, str(error), "invalid_value")
            return
        if asked.fault == "reset_midway":
            connection.transport.write(self.head(200, len(body), "", "application/json") + body[:1])
            asyncio.get_running_loop().call_later(0.01, connection.reset)
        elif asked.fault == "half_body":
            self.counts.by_status[200] += 1
            connection.busy = False
            connection.transport.write(self.head(200, len(body), "", "application/json") + body[: len(body) // 2])
            connection.transport.close()
        else:
            self.say(connection, 200, body, sent=functools.partial(self.given, asked, count, tokens))

    def completion(self, asked: Asked) -> tuple[bytes, int, tuple[int, int]]:
        """The body of an answer, its number of choices, and its tokens in and out."""
        told, fault = asked.told, asked.fault
        count = told.get("n") or 1
        count += {"fewer_choices": -1, "more_choices": 1}.get(fault or "", 0)
        behaviour = self.behaviour
        made, tokens = choices(
            told,
            asked.hash,
            count,
            behaviour.tokens,
            behaviour.structured,
            judges=behaviour.judges,
            generates=behaviour.generates,
        )
        prompt = sum(len(str(message.get("content"))) for message in told["messages"]) // 4 + 1
        answer: dict[str, Json] = {
            "id": f"chatcmpl-{asked.hash:016x}",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": told["model"],
            "choices": made,
            "usage": {"prompt_tokens": prompt, "completion_tokens": tokens, "total_tokens": prompt + tokens},
        }
        if fault == "null_content":
            for choice in made:
                choice["message"]["content"] = None
        elif fault == "no_choices":
            answer["choices"] = []
        elif fault == "no_usage":
            del answer["usage"]
        elif fault == "negative_usage":
            answer["usage"] = {"prompt_tokens": -1, "completion_tokens": -5, "total_tokens": -6}
        body = orjson.dumps(answer).replace(orjson.dumps(RAW)[1:-1], b"\\ud83d")
        return body[: len(body) - 20] if fault == "invalid_json" else body, len(answer["choices"]), (prompt, tokens)

    def given(self, asked: Asked, count: int, tokens: tuple[int, int]) -> None:
        """Count an answer that was written out whole."""
        counts = self.counts
        counts.last_answer_at = time.time()
        counts.prompt_tokens += tokens[0]
        counts.completion_tokens += tokens[1]
        if asked.fault != "invalid_json":
            counts.choices += count
        if asked.fault not in NO_ANSWER:
            counts.answered += 1
            counts.given[asked.hash] = counts.given.get(asked.hash, 0) + 1
            counts.given_keys[asked.key] += 1

    def abandoned(self, connection: Connection) -> None:
        """A client went away while it waited for its answer."""
        if connection.timer is not None:
            connection.timer.cancel()
        self.counts.in_flight -= 1
        self.counts.abandoned += 1

    def say(
        self,
        connection: Connection,
        status: int,
        body: bytes,
        headers: str = "",
        kind: str = "application/json",
        sent: Callable[[], None] | None = None,
    ) -> None:
        self.counts.by_status[status] += 1
        connection.answer(status, body, headers, kind, sent)

    def error(self, connection: Connection, status: int, message: str, code: str = "", headers: str = "") -> None:
        self.say(connection, status, orjson.dumps(error_body(message, code)), headers)

    def knows(self, key: str) -> bool:
        return self.behaviour.api_key is None or key == self.behaviour.api_key

    def retry_after(self, wait: float) -> str:
        match self.behaviour.retry_after_form:
            case "seconds":
                return f"retry-after: {wait:g}\r\n"
            case "ms":
                return f"retry-after-ms: {wait * 1000:.0f}\r\n"
            case "date":
                return f"retry-after: {http_date(math.ceil(self.now() + wait))}\r\n"
        return ""

    def head(self, status: int, length: int, headers: str, kind: str) -> bytes:
        now = int(self.now())
        if self.date[0] != now:
            self.date = (now, http_date(now))
        return (
            f"HTTP/1.1 {status} {_PHRASES.get(status, 'Unknown')}\r\ncontent-type: {kind}\r\n"
            f"content-length: {length}\r\ndate: {self.date[1]}\r\n{headers}\r\n"
        ).encode("latin-1")

    def now(self) -> float:
        return time.time() + self.behaviour.clock_off_s

    # What changes with time

    def plan(self) -> None:
        """Let the schedule wait for its start."""
        for timer in self.schedule:
            timer.cancel()
        self.schedule, self.scheduled = [], False

    def begin(self) -> None:
        """Let the schedule's time run from now."""
        self.plan()
        self.scheduled = True
        loop = asyncio.get_running_loop()
        for at, told in self.behaviour.schedule:
            if at > 0:
                self.schedule.append(loop.call_later(at, self.behaviour.change, told))
            else:
                self.behaviour.change(told)


_PHRASES = {status.value: status.phrase for status in http.HTTPStatus}


def error_body(message: str, code: str) -> dict[str, Json]:
    """An error as OpenAI's API writes it."""
    return {"error": {"message": message, "type": code or "invalid_request_error", "param": None, "code": code or None}}


def wrong_key(key: str) -> dict[str, Json]:
    """What providers say of a key that they do not know: they repeat it."""
    message = f"Incorrect API key provided: {key}. You can find your API key on your account's page."
    return error_body(message, "invalid_api_key")


def http_date(seconds: int) -> str:
    """A time as HTTP's headers write it."""
    return email.utils.formatdate(seconds, usegmt=True)


def is_json(body: bytes) -> bool:
    """Whether a body can be shown."""
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return True


def messages_hash(messages: Json) -> int:
    """What `/counts` knows messages by."""
    return hashed(orjson.dumps(messages, option=orjson.OPT_SORT_KEYS))


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--core", type=int)
    options = parser.parse_args()
    if options.core is not None:
        os.sched_setaffinity(0, {options.core})
    # Counts of a million requests are not to be walked through again and again.
    gc.disable()
    asyncio.run(Server().run(options.port))


if __name__ == "__main__":
    main()
