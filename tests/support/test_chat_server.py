"""What the chat server does when it is told to: the tables that its users rely on."""

import email.utils
import http.client
import re
import socket
import time
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from servers import ChatServer, lognormal_latency


@pytest.fixture(scope="module")
def shared() -> Iterator[ChatServer]:
    with ChatServer() as server:
        yield server


@pytest.fixture
def server(shared: ChatServer) -> ChatServer:
    shared.set(latency_s=0, capacity=None, outage=None, faults={}, schedule=[], models=None, api_key=None, rpm=None)
    shared.reset()
    return shared


class Answer:
    def __init__(self, status: int, headers: Any, body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def told(self) -> Any:
        return orjson.loads(self.body)

    @property
    def texts(self) -> list[str]:
        return [choice["message"]["content"] for choice in self.told["choices"]]


def call(server: ChatServer, method: str, path: str, data: Any = None, timeout: float = 10, **headers: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout)
    try:
        # An iterator is sent in chunks.
        connection.request(method, f"/v1{path}", data, {name.replace("_", "-"): told for name, told in headers.items()})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def ask(server: ChatServer, text: str = "Hallo", timeout: float = 10, key: str = "", **options: Any) -> Answer:
    told = {"model": "m", "messages": [{"role": "user", "content": text}], **options}
    return call(server, "POST", "/chat/completions", orjson.dumps(told), timeout, Authorization=f"Bearer {key}")


def test_the_same_request_has_the_same_answer(server: ChatServer) -> None:
    first, again, other = ask(server, seed=1, n=2), ask(server, seed=1, n=2), ask(server, seed=2)
    assert first.texts == again.texts
    assert len({*first.texts, *other.texts}) == 3
    assert first.told["usage"] == {"prompt_tokens": 2, "completion_tokens": 40, "total_tokens": 42}
    stats = server.stats()
    assert (stats["total"], stats["unique"], stats["answered"], stats["choices"]) == (3, 2, 3, 5)
    assert (stats["answered_twice"], stats["by_status"]) == (1, {"200": 3})
    key = ChatServer.key([{"role": "user", "content": "Hallo"}], seed=1)
    assert server.counts()[key] == {"asked": 2, "answered": 2}
    assert [body["seed"] for body in server.requests()] == [1, 1, 2]


@pytest.mark.parametrize(
    ("options", "text", "finish"),
    [
        ({"max_tokens": 3}, r"\S+ \S+ \S+", "length"),
        ({"max_completion_tokens": 1}, r"\S+", "length"),
        ({"max_tokens": 100, "stop": [" "]}, r"\S+", "stop"),
        ({"structured_outputs": {"choice": ["ja", "nein"]}}, "ja|nein", "stop"),
        ({"structured_outputs": {"regex": r"[A-C]\d{2}(x|yy)?"}}, r"[A-C]\d{2}(x|yy)?", "stop"),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "s", "schema": {"type": "object", "properties": {"a": {"enum": [1, 2]}}}},
                }
            },
            r'\{"a":[12]\}',
            "stop",
        ),
    ],
)
def test_form(server: ChatServer, options: dict[str, Any], text: str, finish: str) -> None:
    [choice] = ask(server, **options).told["choices"]
    assert re.fullmatch(text, choice["message"]["content"])
    assert choice["finish_reason"] == finish


def test_logprobs_of_each_token(server: ChatServer) -> None:
    [choice] = ask(server, logprobs=True, max_tokens=4).told["choices"]
    tokens = choice["logprobs"]["content"]
    assert "".join(token["token"] for token in tokens) == choice["message"]["content"]
    assert all(token["logprob"] < 0 for token in tokens)


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        ("so much [[too long]]", 400, "context_length_exceeded"),
        ("bad [[filter]]", 400, "content_filter"),
        ("[[500]]", 500, "server_error"),
        ("[[503]]", 503, "server_error"),
        ("[[error_body]]", 200, "server_error"),
    ],
)
def test_marked_requests_fail_always(server: ChatServer, text: str, status: int, code: str) -> None:
    for _ in range(2):
        answer = ask(server, text)
        assert (answer.status, answer.told["error"]["code"]) == (status, code)
    assert server.stats()["answered"] == 0


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("reset", ConnectionResetError),
        ("reset_midway", ConnectionResetError),
        ("half_body", http.client.IncompleteRead),
        ("hang", TimeoutError),
    ],
)
def test_broken_connections(server: ChatServer, fault: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        ask(server, f"[[{fault}]]", timeout=0.3)
    until = time.monotonic() + 5
    while server.stats()["in_flight"] and time.monotonic() < until:
        time.sleep(0.01)
    stats = server.stats()
    assert (stats["answered"], stats["in_flight"], stats["faults"]) == (0, 0, {fault: 1})
    assert stats["abandoned"] == (fault == "hang")


@pytest.mark.parametrize(
    ("fault", "choices", "usage", "answered"),
    [
        ("null_content", [None, None], {"completion_tokens": 40}, 1),
        ("no_choices", [], {"completion_tokens": 40}, 0),
        ("fewer_choices", [str], {"completion_tokens": 20}, 0),
        ("more_choices", [str, str, str], {"completion_tokens": 60}, 1),
        ("no_usage", [str, str], None, 1),
        ("negative_usage", [str, str], {"completion_tokens": -5}, 1),
    ],
)
def test_odd_answers(
    server: ChatServer, fault: str, choices: list[Any], usage: dict[str, int] | None, answered: int
) -> None:
    answer = ask(server, f"[[{fault}]]", n=2)
    assert [text if text is None else type(text) for text in answer.texts] == choices
    told = answer.told.get("usage")
    assert told == usage or told.items() >= usage.items()
    assert server.stats()["answered"] == answered


def test_invalid_json(server: ChatServer) -> None:
    with pytest.raises(orjson.JSONDecodeError):
        _ = ask(server, "[[invalid_json]]").told


def test_a_share_of_faults_is_mended_by_asking_again(server: ChatServer) -> None:
    server.set(faults={"500": 0.2, "error_body": 0.1})
    first = [ask(server, f"Frage {number}") for number in range(200)]
    failed = [number for number, answer in enumerate(first) if "error" in answer.told]
    again = [ask(server, f"Frage {number}") for number in failed]
    assert 30 < len(failed) < 90
    assert sum("error" in answer.told for answer in again) < len(failed) / 2
    server.reset()
    assert [ask(server, f"Frage {number}").body for number in range(200)] == [answer.body for answer in first]


@pytest.mark.parametrize("form", ["seconds", "date", "ms", "none"])
def test_too_many_requests(server: ChatServer, form: str) -> None:
    server.set(capacity=0, retry_after=2, retry_after_form=form, clock_off_s=1000)
    answer = ask(server)
    server.set(clock_off_s=0)
    told = answer.headers.get("retry-after"), answer.headers.get("retry-after-ms")
    if form == "date":
        until, now = (email.utils.parsedate_to_datetime(answer.headers[name]) for name in ("retry-after", "date"))
        assert 2 <= (until - now).total_seconds() <= 3
        assert now.timestamp() > time.time() + 900
    else:
        assert told == {"seconds": ("2", None), "ms": (None, "2000"), "none": (None, None)}[form]
    stats = server.stats()
    assert (answer.status, stats["refused"], stats["admitted"], stats["answered"]) == (429, 1, 0, 0)


def test_requests_a_minute(server: ChatServer) -> None:
    server.set(rpm=1200, rpm_window_s=0.2)
    assert [ask(server).status for _ in range(6)] == [200, 200, 200, 200, 429, 429]
    time.sleep(0.2)
    assert ask(server).status == 200


def test_schedule(server: ChatServer) -> None:
    server.set(schedule=[(0.2, {"outage": 503}), (0.4, {"outage": None})])
    time.sleep(0.5)
    seen, started = [], time.monotonic()
    while time.monotonic() < started + 0.7:
        seen.append(ask(server).status)
        time.sleep(0.02)
    changes = [status for place, status in enumerate(seen) if place == 0 or seen[place - 1] != status]
    assert changes == [200, 503, 200]


def test_latency_is_the_same_for_every_client(server: ChatServer) -> None:
    server.set(latency_median_s=0.05, latency_sigma=1.0)
    for text in ("eins", "zwei"):
        started = time.perf_counter()
        ask(server, text, seed=int(started))
        assert time.perf_counter() - started >= lognormal_latency(text, 0.05, 1.0) - 0.002
    server.set(latency_median_s=None)
    draws = sorted(lognormal_latency(f"Frage {number}", 0.2, 1.0) for number in range(10_001))
    assert draws[5_000] == pytest.approx(0.2, rel=0.05)
    assert draws[8_413] == pytest.approx(0.2 * 2.718, rel=0.1)


def test_key_and_models(server: ChatServer) -> None:
    server.set(api_key="right", models=["a", "b"])
    refused, unknown = ask(server, key="wrong"), ask(server, key="right")
    assert (refused.status, "wrong" in refused.told["error"]["message"]) == (401, True)
    assert (unknown.status, unknown.told["error"]["code"]) == (404, "model_not_found")
    assert ask(server, key="right", model="b").status == 200
    models = call(server, "GET", "/models", Authorization="Bearer right").told["data"]
    assert [model["id"] for model in models] == ["a", "b"]


def test_chunked_requests(server: ChatServer) -> None:
    told = orjson.dumps({"model": "m", "messages": [{"role": "user", "content": "x" * 100_000}]})
    pieces = iter([told[:10], told[10:50_000], told[50_000:]])
    assert call(server, "POST", "/chat/completions", pieces).status == 200


def test_an_answer_counts_when_it_was_written_out_whole(server: ChatServer) -> None:
    server.set(tokens=30_000)
    told = orjson.dumps({"model": "m", "n": 100, "messages": [{"role": "user", "content": "viel"}]})
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        head = f"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: {len(told)}\r\n\r\n"
        connection.sendall(head.encode() + told)
        connection.recv(1000)
        assert (server.stats()["total"], server.stats()["answered"]) == (1, 0)
    assert server.stats()["answered"] == 0
    whole = call(server, "POST", "/chat/completions", told)
    server.set(tokens=20)
    assert len(whole.texts) == 100
    assert server.stats()["answered"] == 1


def test_a_server_that_dies_and_returns(server: ChatServer) -> None:
    ask(server)
    server.stop()
    with pytest.raises(ConnectionRefusedError):
        ask(server)
    server.start()
    assert ask(server).status == 200
    assert server.stats()["answered"] == 2


def test_a_killed_server_returns_at_its_port_and_keeps_its_ways() -> None:
    with ChatServer(models=["a"]) as server:
        url = server.url
        server.kill()
        with pytest.raises(ConnectionRefusedError):
            ask(server)
        server.start()
        assert (server.url, ask(server).status) == (url, 404)


def test_unknown_behaviour(server: ChatServer) -> None:
    with pytest.raises(ValueError, match="no such behaviour: latency"):
        server.set(latency=1)


def upload(server: ChatServer, lines: list[Any]) -> str:
    data = b"".join(orjson.dumps(line) + b"\n" for line in lines)
    body = b'--x\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
    body += b'--x\r\nContent-Disposition: form-data; name="file"; filename="in.jsonl"\r\n\r\n' + data + b"\r\n--x--\r\n"
    return str(call(server, "POST", "/files", body, Content_Type="multipart/form-data; boundary=x").told["id"])


def line(number: int, text: str = "") -> dict[str, Any]:
    body = {"model": "m", "messages": [{"role": "user", "content": f"{text}{number}"}]}
    return {"custom_id": f"row {number}", "method": "POST", "url": "/v1/chat/completions", "body": body}


def create(server: ChatServer, lines: list[Any]) -> Any:
    told = {"input_file_id": upload(server, lines), "endpoint": "/v1/chat/completions", "completion_window": "24h"}
    return call(server, "POST", "/batches", orjson.dumps(told)).told


def ended(server: ChatServer, batch: Any) -> Any:
    until = time.monotonic() + 10
    while batch["status"] not in ("completed", "expired", "failed", "cancelled"):
        assert time.monotonic() < until
        time.sleep(0.02)
        batch = call(server, "GET", f"/batches/{batch['id']}").told
    return batch


def content(server: ChatServer, name: str | None) -> dict[str, Any]:
    if name is None:
        return {}
    lines = call(server, "GET", f"/files/{name}/content").body.splitlines()
    return {told["custom_id"]: told for told in map(orjson.loads, lines)}


def test_batch(server: ChatServer) -> None:
    batch = ended(server, create(server, [line(number, "[[500]]" if number == 3 else "") for number in range(10)]))
    answers, errors = content(server, batch["output_file_id"]), content(server, batch["error_file_id"])
    assert (batch["status"], batch["request_counts"]) == ("completed", {"total": 10, "completed": 9, "failed": 1})
    assert (len(answers), list(errors)) == (9, ["row 3"])
    assert list(answers) != sorted(answers)
    assert answers["row 4"]["response"]["body"]["choices"][0]["message"]["content"] == ask(server, "4").texts[0]
    assert errors["row 3"]["response"]["status_code"] == 500
    stats = server.stats()
    assert (stats["total"], stats["answered"], stats["answered_twice"]) == (11, 10, 1)


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([line(1), line(1)], "duplicate_custom_id"),
        ([line(1), {"custom_id": "2"}], "invalid_json_line"),
        ([line(1) | {"url": "/v1/embeddings"}], "invalid_url"),
        ([], "empty_file"),
    ],
)
def test_batch_that_fails(server: ChatServer, lines: list[Any], code: str) -> None:
    batch = ended(server, create(server, lines))
    assert (batch["status"], batch["errors"]["data"][0]["code"]) == ("failed", code)
    assert (batch["output_file_id"], server.stats()["total"]) == (None, 0)


def test_batch_that_expires(server: ChatServer) -> None:
    server.set(batch_expired=0.3)
    batch = ended(server, create(server, [line(number) for number in range(10)]))
    server.set(batch_expired=0)
    errors = content(server, batch["error_file_id"])
    assert (batch["status"], len(content(server, batch["output_file_id"]))) == ("expired", 7)
    assert {told["error"]["code"] for told in errors.values()} == {"batch_expired"}
    assert len(errors) == 3


def test_batch_that_is_cancelled(server: ChatServer) -> None:
    server.set(batch_s=1.0)
    batch = create(server, [line(number) for number in range(10)])
    server.set(batch_s=0.2)
    time.sleep(0.5)
    assert call(server, "POST", f"/batches/{batch['id']}/cancel").told["status"] == "cancelling"
    batch = ended(server, batch)
    answers, errors = content(server, batch["output_file_id"]), content(server, batch["error_file_id"])
    assert batch["status"] == "cancelled"
    assert 0 < len(answers) < 10
    assert len(answers) + len(errors) == 10


def test_batches_are_listed_newest_first(server: ChatServer) -> None:
    made = [create(server, [line(number)])["id"] for number in range(3)]
    first = call(server, "GET", "/batches?limit=2").told
    assert [batch["id"] for batch in first["data"]] == [made[2], made[1]]
    assert first["has_more"]
    rest = call(server, "GET", f"/batches?limit=2&after={first['last_id']}").told
    assert rest["data"][0]["id"] == made[0]
