"""The chat server's batch API: files of requests go up, a batch answers them, files of answers come down.

Follows OpenAI's: a batch is `validating`, `in_progress`, `finalizing`, then `completed`, `expired`, `failed` (nothing
was answered) or `cancelled`; answers stand in no order; requests that failed or got no answer are in the error file.
Each line counts as a request when its batch ends, and as answered when it stands in the output file.
"""

from __future__ import annotations

import asyncio
import dataclasses
import re
import time
import urllib.parse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import orjson
from chat_answers import CannotSay, hashed, share

if TYPE_CHECKING:
    from chat_server import Server

Json = Any

ENDPOINT = "/v1/chat/completions"
_STAMPS = ("in_progress", "finalizing", "completed", "failed", "expired", "cancelling", "cancelled")
_FAILING = ("500", "503", "504")
_ANSWERING = ("null_content", "no_choices", "fewer_choices", "more_choices", "no_usage", "negative_usage")


class Refused(Exception):
    """A request that gets an error: status, message, code."""


@dataclasses.dataclass
class Batch:
    """A batch as the API shows it, and what it is made of."""

    shown: dict[str, Json]
    lines: list[dict[str, Json]]
    started: float
    seconds: float
    timers: list[asyncio.TimerHandle] = dataclasses.field(default_factory=list)


class Batches:
    """The files and batches of a server."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.files: dict[str, tuple[dict[str, Json], bytes]] = {}
        self.batches: dict[str, Batch] = {}

    def handle(self, method: str, path: str, content_type: str, body: bytes) -> tuple[int, bytes]:
        """Answer a request to /v1/files or /v1/batches."""
        path, _, query = path.partition("?")
        asked = dict(urllib.parse.parse_qsl(query))
        try:
            match method, path.strip("/").split("/")[1:]:
                case "POST", ["files"]:
                    return 200, orjson.dumps(self.upload(*form(content_type, body)))
                case "GET", ["files"]:
                    return 200, orjson.dumps(page([shown for shown, _ in self.files.values()], asked))
                case "GET", ["files", name]:
                    return 200, orjson.dumps(self.file(name)[0])
                case "DELETE", ["files", name]:
                    self.file(name)
                    del self.files[name]
                    return 200, orjson.dumps({"id": name, "object": "file", "deleted": True})
                case "GET", ["files", name, "content"]:
                    return 200, self.file(name)[1]
                case "POST", ["batches"]:
                    return 200, orjson.dumps(self.create(orjson.loads(body)))
                case "GET", ["batches"]:
                    return 200, orjson.dumps(page([self.now(batch) for batch in self.batches.values()], asked))
                case "GET", ["batches", name]:
                    return 200, orjson.dumps(self.now(self.batch(name)))
                case "POST", ["batches", name, "cancel"]:
                    return 200, orjson.dumps(self.cancel(self.batch(name)))
            raise Refused(404, f"Unknown request URL: {method} {path}", "unknown_url")
        except Refused as refused:
            status, message, code = refused.args
            error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
            return status, orjson.dumps({"error": error})

    def upload(self, fields: dict[str, bytes], name: str) -> dict[str, Json]:
        if "file" not in fields or "purpose" not in fields:
            raise Refused(400, "'file' and 'purpose' are required", "missing_required_parameter")
        return self.keep(fields["file"], name, fields["purpose"].decode())

    def keep(self, data: bytes, name: str, purpose: str) -> dict[str, Json]:
        shown = {
            "id": f"file-{len(self.files):04d}{hashed(data):016x}",
            "object": "file",
            "bytes": len(data),
            "created_at": int(time.time()),
            "filename": name,
            "purpose": purpose,
            "status": "processed",
        }
        self.files[shown["id"]] = (shown, data)
        return shown

    def file(self, name: str) -> tuple[dict[str, Json], bytes]:
        if name not in self.files:
            raise Refused(404, f"No such File object: {name}", "not_found")
        return self.files[name]

    def batch(self, name: str) -> Batch:
        if name not in self.batches:
            raise Refused(404, f"No batch found with id '{name}'.", "not_found")
        return self.batches[name]

    def create(self, told: dict[str, Json]) -> dict[str, Json]:
        if told.get("endpoint") != ENDPOINT or told.get("completion_window") != "24h":
            raise Refused(400, f"expected the endpoint {ENDPOINT} and the completion_window 24h", "invalid_value")
        behaviour = self.server.behaviour
        _, data = self.file(told.get("input_file_id", ""))
        lines, errors = read_lines(data, behaviour.batch_max_lines)
        queued = sum(len(batch.lines) for batch in self.batches.values() if batch.timers)
        if behaviour.batch_max_queued is not None and queued + len(lines) > behaviour.batch_max_queued:
            errors = [mistake("token_limit_exceeded", "Enqueued token limit reached", None)]
        now = int(time.time())
        shown = {
            "id": f"batch_{len(self.batches):04d}{hashed(data):016x}",
            "object": "batch",
            "endpoint": ENDPOINT,
            "errors": None,
            "input_file_id": told["input_file_id"],
            "completion_window": "24h",
            "status": "validating",
            "output_file_id": None,
            "error_file_id": None,
            "created_at": now,
            "expires_at": now + 86_400,
            **{f"{stamp}_at": None for stamp in _STAMPS},
            "request_counts": {"total": 0, "completed": 0, "failed": 0},
            "metadata": told.get("metadata"),
        }
        batch = Batch(shown, lines, time.monotonic(), behaviour.batch_s)
        self.batches[shown["id"]] = batch
        loop = asyncio.get_running_loop()
        if errors:
            batch.timers = [loop.call_later(0.1 * batch.seconds, self.fail, batch, errors)]
        else:
            batch.timers = [
                loop.call_later(0.1 * batch.seconds, self.enter, batch, "in_progress"),
                loop.call_later(0.9 * batch.seconds, self.enter, batch, "finalizing"),
                loop.call_later(batch.seconds, self.finish, batch),
            ]
        return shown

    def now(self, batch: Batch) -> dict[str, Json]:
        """The batch, with its progress."""
        if batch.shown["status"] == "in_progress":
            done = min(1.0, (time.monotonic() - batch.started) / batch.seconds)
            batch.shown["request_counts"]["completed"] = int(done * len(batch.lines))
        return batch.shown

    def enter(self, batch: Batch, status: str) -> None:
        batch.shown["status"] = status
        batch.shown[f"{status}_at"] = int(time.time())
        if status == "in_progress":
            batch.shown["request_counts"]["total"] = len(batch.lines)

    def fail(self, batch: Batch, errors: list[Json]) -> None:
        batch.timers.clear()
        batch.shown["errors"] = {"object": "list", "data": errors}
        self.enter(batch, "failed")

    def cancel(self, batch: Batch) -> dict[str, Json]:
        if not batch.timers:
            raise Refused(409, f"Cannot cancel a batch with status '{batch.shown['status']}'.", "invalid_state")
        for timer in batch.timers:
            timer.cancel()
        done = min(1.0, (time.monotonic() - batch.started) / batch.seconds)
        answered = int(done * len(batch.lines)) if batch.shown["in_progress_at"] else 0
        self.enter(batch, "cancelling")
        batch.timers = [
            asyncio.get_running_loop().call_later(
                0.1 * batch.seconds, self.end, batch, "cancelled", answered, "batch_cancelled"
            )
        ]
        return batch.shown

    def finish(self, batch: Batch) -> None:
        expired = round(self.server.behaviour.batch_expired * len(batch.lines))
        self.end(batch, "expired" if expired else "completed", len(batch.lines) - expired, "batch_expired")

    def end(self, batch: Batch, status: str, answered: int, code: str) -> None:
        """Answer the first so many lines; the others are errors of this code."""
        batch.timers.clear()
        right, wrong = [], []
        for place, line in enumerate(batch.lines):
            name = {"id": f"batch_req_{place:06d}", "custom_id": line["custom_id"]}
            if place >= answered:
                error = {"code": code, "message": "This request could not be executed before the batch ended."}
                wrong.append({**name, "response": None, "error": error})
                continue
            code_got, body = self.answer(line["body"])
            response = {"status_code": code_got, "request_id": f"req_{place:06d}", "body": body}
            (right if code_got == 200 else wrong).append({**name, "response": response, "error": None})
        for kind, lines in ("output", right), ("error", wrong):
            if lines:
                lines.sort(key=lambda line: hashed(line["custom_id"].encode()))
                data = b"".join(orjson.dumps(line) + b"\n" for line in lines)
                batch.shown[f"{kind}_file_id"] = self.keep(data, f"{kind}.jsonl", "batch_output")["id"]
        counts = {"total": len(batch.lines), "completed": len(right), "failed": len(wrong)}
        batch.shown["request_counts"] = counts
        self.enter(batch, status)

    def answer(self, asked: dict[str, Json]) -> tuple[int, Json]:
        """Status and body for a line."""
        server, counts = self.server, self.server.counts
        body = orjson.dumps(asked)
        try:
            request = server.note(body)
        except ValueError as error:
            counts.by_status[400] += 1
            return 400, {"error": {"message": str(error), "type": "invalid_value", "param": None, "code": None}}
        status, message, code = server.mistake(asked, request.text)
        if not status:
            attempt = server.admit(request.hash)
            fault = server.fault(request.hash, attempt, request.text)
            if share(hashed(b"batch %d %d" % (request.hash, attempt))) < server.behaviour.batch_failed:
                fault = "500"
            if fault in _FAILING:
                counts.faults[fault] += 1
                status, message, code = int(fault), "The server had an error", "server_error"
        if status:
            counts.by_status[status] += 1
            return status, {"error": {"message": message, "type": code, "param": None, "code": code}}
        try:
            made, count, tokens = server.completion(request._replace(fault=fault if fault in _ANSWERING else None))
        except CannotSay as error:
            return 400, {"error": {"message": str(error), "type": "invalid_value", "param": None, "code": None}}
        counts.by_status[200] += 1
        server.given(request._replace(fault=fault), count, tokens)
        return 200, orjson.loads(made)


def read_lines(data: bytes, most: int) -> tuple[list[dict[str, Json]], list[Json]]:
    """The lines of an input file, and what is wrong with them."""
    lines: list[dict[str, Json]] = []
    errors = []
    models, names = set(), set()
    for number, text in enumerate(data.splitlines(), 1):
        try:
            line = orjson.loads(text)
            name, model = line["custom_id"], line["body"]["model"]
            line["body"]["messages"][-1]["content"]
        except (orjson.JSONDecodeError, KeyError, TypeError, IndexError):
            errors.append(mistake("invalid_json_line", "This line is not a valid request", number))
            continue
        if line.get("method") != "POST" or line.get("url") != ENDPOINT:
            errors.append(mistake("invalid_url", f"expected POST {ENDPOINT}", number))
        if name in names:
            errors.append(mistake("duplicate_custom_id", f"The custom_id '{name}' is used twice", number))
        models.add(model)
        names.add(name)
        lines.append(line)
    if len(models) > 1:
        errors.append(mistake("mismatched_model", "All requests of a batch must be for one model", None))
    if len(lines) > most:
        errors.append(mistake("too_many_tasks", f"A batch has at most {most} requests, this one {len(lines)}", None))
    if not lines and not errors:
        errors.append(mistake("empty_file", "The input file is empty", None))
    return lines, errors


def mistake(code: str, message: str, line: int | None) -> Json:
    """A thing wrong with an input file."""
    return {"code": code, "message": message, "param": None, "line": line}


def form(content_type: str, body: bytes) -> tuple[dict[str, bytes], str]:
    """The fields of a multipart form, and the name of the file in it."""
    boundary = re.search(r'boundary="?([^";]+)', content_type)
    if not boundary:
        raise Refused(400, "expected multipart/form-data", "invalid_request")
    fields, file = {}, "file"
    for part in body.split(b"--" + boundary[1].encode())[1:-1]:
        head, _, data = part.partition(b"\r\n\r\n")
        told = head.decode()
        name, given = re.search(r'name="([^"]*)"', told), re.search(r'filename="([^"]*)"', told)
        file = given[1] if given else file
        if name:
            fields[name[1]] = data.removesuffix(b"\r\n")
    return fields, file


def page(items: Sequence[dict[str, Json]], asked: dict[str, str]) -> Json:
    """A page of a list, newest first."""
    newest = list(reversed(items))
    names = [item["id"] for item in newest]
    start = names.index(asked["after"]) + 1 if asked.get("after") in names else 0
    shown = newest[start : start + int(asked.get("limit", 20))]
    return {
        "object": "list",
        "data": shown,
        "first_id": shown[0]["id"] if shown else None,
        "last_id": shown[-1]["id"] if shown else None,
        "has_more": start + len(shown) < len(newest),
    }
