"""The engine `openai` against a real server on loopback that misbehaves as it is told to."""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest
from servers import ChatServer

from corpus.errors import Failure, UserError
from datagen.engines.base import Request
from datagen.engines.completions import Answer, parse
from datagen.engines.openai import Openai
from datagen.engines.problems import Problem


class Kept:
    """A sink that keeps everything in memory."""

    def __init__(self, engine: Openai, stop_after: int | None = None) -> None:
        self.engine, self.stop_after = engine, stop_after
        self.texts: dict[bytes, str] = {}
        self.given_up: dict[bytes, Problem] = {}
        self.bodies: list[bytes] = []
        self.times: Counter[bytes] = Counter()
        self.troubles: Counter[str] = Counter()
        self.in_flight: list[int] = []
        self.stopped = False
        self.folder = Path()

    def answered(self, keys: Sequence[bytes], body: bytes, latency_s: float) -> list[Problem | None]:
        assert latency_s > 0
        self.bodies.append(body)
        told: list[Problem | None] = []
        for key, choice in zip(keys, parse(body, len(keys)).choices, strict=True):
            problem = self.engine.misfit(choice) if isinstance(choice, Answer) else choice
            if isinstance(choice, Answer) and problem is None:
                self.times[key] += 1
                self.texts[key] = choice.text
            told.append(problem)
        if self.stop_after is not None and len(self.texts) >= self.stop_after:
            self.stopped = True
        return told

    def failed(self, key: bytes, problem: Problem) -> None:
        assert key not in self.given_up
        self.given_up[key] = problem

    def troubled(self, problem: Problem) -> None:
        self.troubles[problem.kind] += 1

    def flying(self, requests: int) -> None:
        self.in_flight.append(requests)


def prompts(count: int, n: int = 1, text: str = "Traduce «{}» ins Deutsche, 请。") -> Iterator[Request]:
    for prompt in range(count):
        messages = [{"role": "user", "content": text.format(prompt)}]
        for sample in range(n):
            key = blake2b(f"{text} {prompt} {sample}".encode(), digest_size=16).digest()
            yield Request(key, messages, int.from_bytes(key[:4], "little") >> 1)


def engine(server: ChatServer, **options: Any) -> Openai:
    return Openai(**{"model": "m", "base_url": server.url, **options})


def run(engine: Openai, requests: Iterator[Request], **sink: Any) -> Kept:
    kept = Kept(engine, **sink)
    engine.answer(requests, kept)
    assert set(kept.texts).isdisjoint(kept.given_up)
    assert max(kept.times.values(), default=1) == 1
    return kept


def test_every_request_is_answered_once_and_many_at_a_time(chat_server: ChatServer):
    chat_server.set(latency_s=0.1)
    kept = run(engine(chat_server, temperature=0.7, top_k=20, stop=("\n\n",)), prompts(1500))
    assert len(kept.texts) == 1500
    stats = chat_server.stats()
    assert (stats["total"], stats["unique"], stats["answered_twice"]) == (1500, 1500, 0)
    assert 64 <= stats["most_in_flight"] <= 256
    assert 8 <= max(kept.in_flight) <= 256
    assert kept.in_flight[-1] == 0
    asked = chat_server.requests()[-1]
    assert asked["temperature"] == 0.7
    assert asked["top_k"] == 20
    assert asked["stop"] == ["\n\n"]
    assert asked["stream"] is False
    assert {body["seed"] for body in chat_server.requests()} == {request.seed for request in prompts(1500)}


HEALED = {
    "500": "server_error",
    "503": "unavailable",
    "504": "timeout",
    "error_body": "server_error",
    "reset": "broken_connection",
    "reset_midway": "broken_connection",
    "half_body": "broken_connection",
    "invalid_json": "malformed",
    "no_choices": "malformed",
    "hang": "timeout",
}


@pytest.mark.parametrize(("fault", "kind"), HEALED.items())
def test_a_fault_is_healed_by_asking_again(chat_server: ChatServer, fault: str, kind: str):
    chat_server.set(latency_s=0.01, faults={fault: 0.1})
    kept = run(engine(chat_server, timeout_s=0.5), prompts(100))
    assert len(kept.texts) == 100
    assert kept.troubles[kind] == chat_server.stats()["faults"][fault] > 3
    assert set(kept.troubles) == {kind}
    assert chat_server.stats()["answered_twice"] == 0


SET_ASIDE = {
    "[[500]]": "server_error",
    "[[reset]]": "broken_connection",
    "[[half_body]]": "broken_connection",
    "[[invalid_json]]": "malformed",
    "[[no_choices]]": "malformed",
    "[[error_body]]": "server_error",
    "[[hang]]": "timeout",
    "[[too long]]": "too_long",
    "[[filter]]": "content_filter",
}


@pytest.mark.parametrize(("marker", "kind"), SET_ASIDE.items())
def test_what_never_works_is_set_aside_and_the_rest_goes_on(chat_server: ChatServer, marker: str, kind: str):
    chat_server.set(latency_s=0.01)
    bad = list(prompts(1, text=marker))
    kept = run(engine(chat_server, retries=2, timeout_s=0.3), iter([*bad, *prompts(50)]))
    assert len(kept.texts) == 50
    assert {key: problem.kind for key, problem in kept.given_up.items()} == {bad[0].key: kind}
    asked = 1 if marker in ("[[too long]]", "[[filter]]") else 3
    assert chat_server.stats()["total"] == 50 + asked


@pytest.mark.parametrize("fault", ["null_content", "no_usage", "negative_usage", "more_choices"])
def test_answers_that_are_odd_are_answers(chat_server: ChatServer, fault: str):
    chat_server.set(faults={fault: 0.5})
    kept = run(engine(chat_server, tpm=10_000_000), prompts(50))
    assert len(kept.texts) == 50
    assert not kept.troubles


@pytest.mark.parametrize("messages", [[], [{"role": "user", "content": 7}], [{"role": "user", "content": {1}}]])
def test_prompts_that_are_none_are_set_aside(chat_server: ChatServer, messages: Any):
    kept = run(engine(chat_server), iter([Request(b"k" * 16, messages, 1), *prompts(5)]))
    assert len(kept.texts) == 5
    assert kept.given_up[b"k" * 16].kind == "bad_request"


def test_at_a_wall_few_are_refused_and_the_wall_is_used(chat_server: ChatServer):
    chat_server.set(latency_s=0.1, capacity=32, retry_after=0.5)
    started = time.monotonic()
    kept = run(engine(chat_server), prompts(1200))
    ideal = 1200 * 0.1 / 32
    assert time.monotonic() - started < 1.25 * ideal + 1
    assert len(kept.texts) == 1200
    assert kept.troubles["rate_limited"] == chat_server.stats()["refused"] < 100


def test_an_outage_is_waited_out(chat_server: ChatServer):
    chat_server.set(latency_s=0.05, schedule=[(0.5, {"outage": 503}), (2.5, {"outage": None})])
    started = time.monotonic()
    kept = run(engine(chat_server, max_concurrency=32), prompts(1000))
    assert len(kept.texts) == 1000
    assert time.monotonic() - started < 2 + 2.5 + 1000 * 0.05 / 32 + 2
    assert chat_server.stats()["by_status"]["503"] < 80


def test_a_server_that_dies_and_returns(chat_server: ChatServer):
    chat_server.set(latency_s=0.05)
    threading.Timer(0.7, chat_server.kill).start()
    threading.Timer(2.2, chat_server.start).start()
    kept = run(engine(chat_server, max_concurrency=32), prompts(1200))
    assert len(kept.texts) == 1200
    assert kept.troubles["unreachable"] <= 60


def test_one_of_two_servers_dies_and_returns(chat_server: ChatServer):
    with ChatServer(latency_s=0.05) as other:
        chat_server.set(latency_s=0.05)
        threading.Timer(0.5, other.stop).start()
        threading.Timer(2.0, other.start).start()
        both = engine(chat_server, base_url=[chat_server.url, other.url], max_concurrency=64)
        started = time.monotonic()
        kept = run(both, prompts(6000))
        assert len(kept.texts) == 6000
        assert time.monotonic() - started < 15
        mine, theirs = chat_server.stats(), other.stats()
    assert theirs["last_answer_at"] > mine["first_at"] + 3
    assert mine["answered"] + theirs["answered"] >= 6000
    assert kept.troubles.total() < 120


def test_samples_of_a_prompt_go_to_the_server_that_knows_it(chat_server: ChatServer):
    with ChatServer(latency_s=0.02) as other:
        chat_server.set(latency_s=0.02)
        run(engine(chat_server, base_url=(chat_server.url, other.url), max_concurrency=64), prompts(500, n=4))
        asked = [
            Counter(body["messages"][0]["content"] for body in server.requests()) for server in (chat_server, other)
        ]
    assert all(600 < counts.total() < 1400 for counts in asked)
    alone = sum(times == 4 for counts in asked for times in counts.values())
    assert alone > 350


@pytest.mark.parametrize("key", ["sk-right-but-not-here-0123456789", None])
def test_a_wrong_key_ends_the_run_and_is_not_shown(
    chat_server: ChatServer, key: str | None, monkeypatch: pytest.MonkeyPatch
):
    chat_server.set(api_key="sk-the-only-one-that-works")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    options = {}
    if key:
        monkeypatch.setenv("MY_KEY", key)
        options = {"api_key_env": "MY_KEY"}
    with pytest.raises(UserError) as error:
        run(engine(chat_server, **options), prompts(1000))
    assert "HTTP 401" in str(error.value)
    assert ("MY_KEY" if key else "api_key_env") in str(error.value)
    assert "sk-" not in str(error.value)
    assert chat_server.stats()["total"] < 100


def test_a_key_that_is_not_set_is_missed_before_anything_is_asked(
    chat_server: ChatServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("MY_KEY", raising=False)
    with pytest.raises(UserError, match="MY_KEY is not set"):
        run(engine(chat_server, api_key_env="MY_KEY"), prompts(1))
    assert chat_server.stats()["total"] == 0


def test_a_key_in_an_answer_is_not_kept(chat_server: ChatServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MY_KEY", "sk-repeated-by-the-server")
    keyed = engine(chat_server, api_key_env="MY_KEY", choice=("sk-repeated-by-the-server", "sk-repeated-by-the-server"))
    with pytest.raises(UserError):
        run(keyed, prompts(20))
    kept = Kept(keyed)
    with pytest.raises(UserError):
        keyed.answer(prompts(20), kept)
    assert kept.bodies
    assert not any(b"sk-repeated" in body for body in kept.bodies)
    assert any(b'"***"' in body for body in kept.bodies)


def test_an_unknown_model_ends_the_run_with_those_there_are(chat_server: ChatServer):
    chat_server.set(models=["tower-plus-9b", "tower-plus-72b"])
    with pytest.raises(UserError, match=r"tower-plus-9b, tower-plus-72b\. Did you mean 'tower-plus-9b'"):
        run(engine(chat_server, model="tower-plus-9B"), prompts(100))


def test_a_wrong_path_is_told(chat_server: ChatServer):
    with pytest.raises(UserError, match="is `base_url` right"):
        run(engine(chat_server, base_url=chat_server.url.removesuffix("/v1")), prompts(10))


def test_a_proxy_is_used_where_the_environment_names_one(chat_server: ChatServer, monkeypatch: pytest.MonkeyPatch):
    """The server takes whole addresses, as proxies get them, for unknown paths."""
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{chat_server.port}")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(UserError, match=r"no such path: http://model\.invalid/v1/chat/completions"):
        run(engine(chat_server, base_url="http://model.invalid/v1"), prompts(1))
    assert len(run(engine(chat_server), prompts(5)).texts) == 5


def test_nobody_there_ends_the_run_after_a_while():
    with pytest.raises(Failure, match=r"no answer from http://127\.0\.0\.1:9/v1 for 1 s"):
        run(Openai(model="m", base_url="http://127.0.0.1:9/v1", max_wait_s=1), prompts(100))


@pytest.mark.parametrize("fault", [None, "fewer_choices"])
def test_samples_together_cost_one_request_and_what_is_missing_is_asked_again(
    chat_server: ChatServer, fault: str | None
):
    if fault:
        chat_server.set(faults={fault: 0.5})
    kept = run(engine(chat_server, samples_together=True), prompts(50, n=4))
    assert len(kept.texts) == 200
    stats = chat_server.stats()
    if not fault:
        assert stats["total"] == 50
        assert len(set(kept.texts.values())) == 200
    assert 50 <= stats["total"] <= 150
    assert set(kept.troubles) <= {"too_few_choices", "malformed"}


def test_the_run_can_be_stopped(chat_server: ChatServer):
    chat_server.set(latency_s=0.05)
    drawn = 0

    def counted() -> Iterator[Request]:
        nonlocal drawn
        for request in prompts(100_000):
            drawn += 1
            yield request

    started = time.monotonic()
    kept = run(engine(chat_server, max_concurrency=16), counted(), stop_after=100)
    assert time.monotonic() - started < 3
    assert 100 <= len(kept.texts) <= 100 + 32
    assert drawn < 300
    assert chat_server.stats()["abandoned"] == 0


def test_what_hangs_is_broken_off_when_the_run_is_stopped(chat_server: ChatServer):
    started = time.monotonic()
    kept = run(engine(chat_server), iter([*prompts(1, text="[[hang]]"), *prompts(50)]), stop_after=50)
    assert time.monotonic() - started < 4.5
    assert len(kept.texts) == 50
    assert not kept.given_up


def test_a_sink_that_cannot_keep_ends_the_run(chat_server: ChatServer):
    class Full(Kept):
        def answered(self, *_: Any) -> list[Problem | None]:
            raise Failure("no space left")

    asked = engine(chat_server)
    with pytest.raises(Failure, match="no space left"):
        asked.answer(prompts(100), Full(asked))


def test_what_the_requests_raise_ends_the_run_when_all_before_is_answered(chat_server: ChatServer):
    def broken() -> Iterator[Request]:
        yield from prompts(20)
        raise UserError("row 20 is no prompt")

    kept = Kept(asked := engine(chat_server))
    with pytest.raises(UserError, match="row 20"):
        asked.answer(broken(), kept)
    assert len(kept.texts) == 20


FORMS: list[dict[str, Any]] = [
    {"choice": ("ja", "否", "لا")},
    {"regex": "[A-D]"},
    {
        "json_schema": {
            "type": "object",
            "properties": {"score": {"type": "integer"}},
            "required": ["score"],
            "additionalProperties": False,
        }
    },
]


@pytest.mark.parametrize("form", FORMS)
def test_answers_have_the_form_asked_for(chat_server: ChatServer, form: dict[str, Any]):
    kept = run(engine(chat_server, **form), prompts(40))
    assert len(kept.texts) == 40
    assert not kept.troubles


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("server", "said"), [("ignored", "without regard to the form"), ("refused", "form asked for")])
def test_a_server_that_cannot_is_refused(chat_server: ChatServer, form: dict[str, Any], server: str, said: str):
    chat_server.set(structured=server, latency_s=0.01)
    with pytest.raises(UserError, match=said):
        run(engine(chat_server, **form), prompts(1000))
    assert chat_server.stats()["total"] < 200


def test_a_rate_is_held(chat_server: ChatServer):
    started = time.monotonic()
    kept = run(engine(chat_server, rpm=1200), prompts(60))
    assert len(kept.texts) == 60
    assert 1.8 < time.monotonic() - started < 4


def test_a_rate_of_tokens_is_held_by_what_answers_really_cost(chat_server: ChatServer):
    """An answer costs 20 tokens and its prompt about 10, whatever `max_tokens` allows."""
    started = time.monotonic()
    kept = run(engine(chat_server, tpm=60_000, max_tokens=500), prompts(100))
    assert len(kept.texts) == 100
    assert 1.5 < time.monotonic() - started < 6


@pytest.mark.parametrize("form", ["seconds", "date", "ms", "none"])
def test_the_server_says_how_long_to_wait(chat_server: ChatServer, form: str):
    chat_server.set(latency_s=0.02, rpm=1200, rpm_window_s=1, retry_after_form=form, clock_off_s=-9e4)
    kept = run(engine(chat_server), prompts(50))
    assert len(kept.texts) == 50
    assert chat_server.stats()["refused"] < 100
