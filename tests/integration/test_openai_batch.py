"""The engine `openai_batch` against a server of files and batches: what is under way outlives every end of a run."""

import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from kept import Kept, ask, key_of, requests_of, texts
from servers import ChatServer

import corpus
from corpus.errors import Failure, UserError
from datagen.engines.openai import Openai
from datagen.engines.openai_batch import OpenaiBatch
from datagen.engines.problems import Problem

PROMPTS = [
    f"Was heißt „{word}“ auf Deutsch? 用德语怎么说？"
    for word in ("one", "two", "three", "four", "five", "six", "seven")
]


class Filed(Kept):
    """A sink with a folder, of a run that ends `when` something is so."""

    def __init__(self, folder: Path, when: Callable[[], bool] = lambda: False) -> None:
        super().__init__()
        self.folder = folder
        self._when = when

    @property
    def stopped(self) -> bool:
        return self._when()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datagen.engines.openai_batch._SAFE_S", 0.05)


def engine(server: ChatServer, **options: Any) -> OpenaiBatch:
    options = {"requests_per_file": 3, "poll_s": 0.05, **options}
    return OpenaiBatch(model="m", base_url=server.url, **options)


def batches(server: ChatServer) -> list[dict[str, Any]]:
    """All batches that the server has, newest first."""
    with urllib.request.urlopen(f"{server.url}/batches?limit=1000") as response:
        return list(orjson.loads(response.read())["data"])


def slips(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_bytes()) for path in sorted(folder.glob("batches/*/*.json"))]


@pytest.mark.parametrize("together", [False, True])
def test_answers_are_those_of_the_other_engine(tmp_path: Path, chat_server: ChatServer, together: bool) -> None:
    options = {"temperature": 0.5, "max_tokens": 9, "stop": ["."], "extra_body": {"user": "ü"}}
    options |= {"samples_together": together}
    batch, other = engine(chat_server, **options), Openai(model="m", base_url=chat_server.url, **options)
    assert batch.identity() == other.identity()
    assert batch.sampling() == other.sampling()
    kept = ask(batch, PROMPTS, 2, Filed(tmp_path))
    assert texts(kept) == texts(ask(other, PROMPTS, 2))
    bodies = [json.dumps(body, sort_keys=True) for body in chat_server.requests()]
    assert sorted(bodies) == sorted(2 * list(dict.fromkeys(bodies)))
    assert len(batches(chat_server)) == (3 if together else 5)
    # What is collected needs its requests no more.
    assert [slip["collected"] for slip in slips(tmp_path)] == [True] * len(batches(chat_server))
    assert not list(tmp_path.glob("batches/*/*.jsonl"))


def test_no_requests_no_batch(tmp_path: Path, chat_server: ChatServer) -> None:
    ask(engine(chat_server), [], kept=Filed(tmp_path))
    assert batches(chat_server) == []


def test_failed_expired_and_hopeless_requests(tmp_path: Path, chat_server: ChatServer) -> None:
    chat_server.set(batch_failed=0.3, batch_expired=0.3)
    prompts = [*PROMPTS * 6, "Das ist [[too long]]", "und [[null_content]]"]
    kept = ask(engine(chat_server, requests_per_file=20, retries=8), prompts, kept=Filed(tmp_path))
    assert len(kept.answers) == 43
    assert {key: problem.kind for key, problem in kept.failures.items()} == {key_of(42): "too_long"}
    assert {problem.kind for problem in kept.troubles} == {"server_error", "expired"}
    assert chat_server.stats()["answered_twice"] == 0


def test_what_fails_again_and_again_is_given_up(tmp_path: Path, chat_server: ChatServer) -> None:
    prompts = ["immer [[500]]", "nie [[no_choices]]", "gut"]
    kept = ask(engine(chat_server, retries=2), prompts, kept=Filed(tmp_path))
    assert {problem.kind for problem in kept.failures.values()} == {"server_error", "malformed"}
    assert [slip["round"] for slip in slips(tmp_path)] == [0, 1, 2]
    assert chat_server.stats()["total"] in (0, 3 + 2 + 2)


def test_a_wrong_form_is_asked_again_with_another_seed(tmp_path: Path, chat_server: ChatServer) -> None:
    chat_server.set(structured="ignored")
    asked = engine(chat_server, choice=["ja", "nein"], retries=1)

    class Judges(Filed):
        def answered(self, keys: Sequence[bytes], body: bytes, latency_s: float) -> Sequence[Problem | None]:
            super().answered(keys, body, latency_s)
            return [asked.misfit(self.answers.pop(key)) for key in keys]

    kept = ask(asked, ["Ja oder nein?"], kept=Judges(tmp_path))
    assert kept.failures[key_of(0)].kind == "unstructured"
    first, second = (body["seed"] for body in chat_server.requests())
    assert second == first + 1


def test_a_queue_without_room_is_waited_for(tmp_path: Path, chat_server: ChatServer) -> None:
    chat_server.set(batch_max_queued=6, batch_s=0.3)
    kept = ask(engine(chat_server), PROMPTS * 2, kept=Filed(tmp_path))
    assert len(kept.answers) == 14
    assert chat_server.stats()["answered_twice"] == 0
    assert {problem.kind for problem in kept.troubles} <= {"rate_limited"}


def test_a_stopped_run_leaves_its_batches_and_the_next_collects_them(tmp_path: Path, chat_server: ChatServer) -> None:
    chat_server.set(batch_s=3)
    asked = engine(chat_server, requests_per_file=4)
    stops = Filed(tmp_path, lambda: len(batches(chat_server)) == 2)
    with pytest.raises(Failure, match=r"2 batches with 7 requests run on at .*Run again to collect"):
        ask(asked, PROMPTS, kept=stops)
    chat_server.set(batch_s=0.2)
    kept = Filed(tmp_path)
    # The first is no longer asked for, and one is new: what is paid is kept all the same.
    asked.answer(iter([*requests_of([*PROMPTS, "neu"])][1:]), kept)
    assert len(batches(chat_server)) == 3
    assert len(kept.answers) == 8
    assert chat_server.stats()["answered_twice"] == 0


@pytest.mark.parametrize("state", ["created", "written"])
def test_a_batch_that_was_made_is_found_though_the_ledger_does_not_know(
    tmp_path: Path, chat_server: ChatServer, state: str
) -> None:
    class Killed(BaseException):
        pass

    class Dies(Filed):
        def flying(self, requests: int) -> None:
            if requests:
                raise Killed

    with pytest.raises(Killed):
        ask(engine(chat_server), PROMPTS[:3], kept=Dies(tmp_path))
    [path] = tmp_path.glob("batches/*/00000.json")
    if state == "written":
        # As it stands on disk in the moment before the provider's word arrives.
        path.write_text(json.dumps({**json.loads(path.read_bytes()), "batch": None}))
    kept = ask(engine(chat_server), PROMPTS, kept=Filed(tmp_path))
    assert len(kept.answers) == 7
    assert len(batches(chat_server)) == 3
    assert chat_server.stats()["answered_twice"] == 0


def test_a_file_of_which_no_batch_was_made_is_asked_anew(tmp_path: Path, chat_server: ChatServer) -> None:
    with pytest.raises(UserError):
        ask(OpenaiBatch(model="m", base_url=chat_server.url + "/elsewhere"), PROMPTS, kept=Filed(tmp_path))
    for path in tmp_path.glob("batches/*/*.json"):
        path.write_text(path.read_text().replace("/elsewhere", ""))
    kept = ask(engine(chat_server), PROMPTS, kept=Filed(tmp_path))
    assert len(kept.answers) == 7


def test_batches_of_another_address(tmp_path: Path, chat_server: ChatServer) -> None:
    chat_server.set(batch_s=30)
    with pytest.raises(Failure):
        ask(engine(chat_server), PROMPTS[:3], kept=Filed(tmp_path, lambda: bool(batches(chat_server))))
    other = OpenaiBatch(model="m", base_url="http://127.0.0.1:9/v1")
    with pytest.raises(UserError, match=r"was made at .* Set it back to collect the answers, or remove .*00000.json"):
        ask(other, PROMPTS, kept=Filed(tmp_path))


def test_cancelled_on_a_stop(tmp_path: Path, chat_server: ChatServer) -> None:
    chat_server.set(batch_s=2)
    asked = engine(chat_server, requests_per_file=7, cancel=True)

    def half_done() -> bool:
        return bool(found := batches(chat_server)) and found[0]["request_counts"]["completed"] >= 3

    with pytest.raises(Failure, match="are cancelled at"):
        ask(asked, PROMPTS, kept=Filed(tmp_path, half_done))
    kept = ask(asked, PROMPTS, kept=Filed(tmp_path))
    assert len(kept.answers) == 7
    assert [batch["status"] for batch in batches(chat_server)] == ["completed", "cancelled"]
    assert chat_server.stats()["answered_twice"] == 0


def test_an_outage_is_waited_out(tmp_path: Path, chat_server: ChatServer) -> None:
    chat_server.set(batch_s=0.5)

    class Watches(Filed):
        def flying(self, requests: int) -> None:
            if requests == 7 and not self.troubles:
                chat_server.stop()

        def troubled(self, problem: Problem) -> None:
            super().troubled(problem)
            chat_server.start()

    kept = ask(engine(chat_server, requests_per_file=7), PROMPTS, kept=Watches(tmp_path))
    assert len(kept.answers) == 7
    assert kept.troubles[0].kind == "unreachable"


def test_nobody_there(tmp_path: Path) -> None:
    nobody = OpenaiBatch(model="m", base_url="http://127.0.0.1:9/v1", max_wait_s=0.1)
    with pytest.raises(Failure, match=r"for 0.1 s \(`max_wait_s`\). Batches run on"):
        ask(nobody, PROMPTS, kept=Filed(tmp_path))


def test_a_wrong_key_and_a_key_that_is_not_there(
    tmp_path: Path, chat_server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = engine(chat_server, api_key_env="BATCH_KEY")
    with pytest.raises(UserError, match="the environment variable BATCH_KEY is not set"):
        ask(asked, PROMPTS, kept=Filed(tmp_path))
    chat_server.set(api_key="right")
    monkeypatch.setenv("BATCH_KEY", "sk-wrong-0123456789")
    with pytest.raises(UserError, match="BATCH_KEY") as error:
        ask(asked, PROMPTS, kept=Filed(tmp_path))
    assert "sk-wrong" not in str(error.value)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"sk-wrong" in path.read_bytes()]
    monkeypatch.setenv("BATCH_KEY", "right")
    assert len(ask(asked, PROMPTS, kept=Filed(tmp_path)).answers) == 7


def test_the_key_of_another_provider_goes_nowhere(
    tmp_path: Path, chat_server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-openai-0123456789")
    chat_server.set(api_key="none")
    assert len(ask(engine(chat_server), PROMPTS, kept=Filed(tmp_path)).answers) == 7


def test_an_unknown_model_and_a_server_without_batches(tmp_path: Path, chat_server: ChatServer) -> None:
    chat_server.set(models=["qwen"])
    with pytest.raises(UserError, match="The model `m` does not exist"):
        ask(engine(chat_server), PROMPTS, kept=Filed(tmp_path / "one"))
    # The next run is not held up by what the last one could not do.
    chat_server.set(models=None)
    assert len(ask(engine(chat_server), PROMPTS, kept=Filed(tmp_path / "one")).answers) == 7
    with pytest.raises(UserError, match="Has the server a batch API"):
        ask(OpenaiBatch(model="m", base_url=f"{chat_server.url}/none"), PROMPTS, kept=Filed(tmp_path / "two"))
    chat_server.set(batch_max_lines=2)
    with pytest.raises(UserError, match="was refused: too_many_tasks: A batch has at most 2 requests"):
        ask(engine(chat_server), PROMPTS, kept=Filed(tmp_path / "three"))


def recipe(folder: Path, url: str, name: str = "openai_batch", **options: Any) -> Path:
    rows = [{"prompt": [{"role": "user", "content": f"{prompt} ({n})"}]} for n in range(20) for prompt in PROMPTS]
    if not (folder / "prompts").exists():
        corpus.write(rows, "prompt", folder / "prompts")
    generate = {"n": 2, "engines": [{name: {"model": "m", "base_url": url, **options}}]}
    file = folder / "r.yaml"
    stages = {"prompts": {"read": {"dataset": "prompts"}}, "answers": {"generate": generate}}
    file.write_text(json.dumps({"name": "r", "stages": stages}))
    return file


def start(file: Path) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "datagen.cli", "run", file.name, "--runs", "runs"]
    return subprocess.Popen(
        words, cwd=file.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def made(folder: Path) -> corpus.Dataset:
    return corpus.open(folder / "runs/r" / json.loads((folder / "runs/r/current.json").read_bytes())["answers"])


@pytest.mark.slow
def test_killed_at_any_moment(tmp_path: Path, chat_server: ChatServer) -> None:
    """No batch is made twice, no answer is lost: the server answers each request once, whatever happens here."""
    chat_server.set(batch_s=2.0)
    file = recipe(tmp_path, chat_server.url, requests_per_file=40, poll_s=0.1)
    moments = random.Random(7)
    for _ in range(5):
        run = start(file)
        time.sleep(1.0 + moments.random() * 1.5)
        os.killpg(run.pid, signal.SIGKILL)
        run.communicate()
    output, _ = (run := start(file)).communicate(timeout=60)
    assert run.returncode == 0, output
    assert made(tmp_path).manifest.rows == 280
    assert len(batches(chat_server)) == 7
    stats = chat_server.stats()
    assert (stats["unique_answered"], stats["answered_twice"]) == (280, 0)
    # The other engine finds all answers there.
    run = start(recipe(tmp_path, chat_server.url, "openai"))
    assert run.communicate(timeout=60)
    assert run.returncode == 0
    assert chat_server.stats()["unique_answered"] == 280
    assert made(tmp_path).manifest.rows == 280


@pytest.mark.slow
def test_interrupted(tmp_path: Path, chat_server: ChatServer) -> None:
    chat_server.set(batch_s=2.5)
    file = recipe(tmp_path, chat_server.url, requests_per_file=100, poll_s=0.1)
    run = start(file)
    while not batches(chat_server):
        time.sleep(0.1)
    time.sleep(0.5)
    os.killpg(run.pid, signal.SIGINT)
    interrupted = time.monotonic()
    run.communicate(timeout=20)
    assert run.returncode != 0
    assert time.monotonic() - interrupted < 5
    there = len(batches(chat_server))
    output, _ = (run := start(file)).communicate(timeout=60)
    assert run.returncode == 0, output
    assert made(tmp_path).manifest.rows == 280
    assert chat_server.stats()["answered_twice"] == 0
    assert there <= len(batches(chat_server)) <= 3


@pytest.mark.vllm
@pytest.mark.timeout(500)
def test_the_file_is_one_that_vllm_answers(tmp_path: Path, chat_server: ChatServer) -> None:
    """`vllm run-batch`, in the environment whose python TOWERKIT_VLLM_PYTHON names."""
    python = os.environ.get("TOWERKIT_VLLM_PYTHON")
    if not python:
        pytest.skip("set TOWERKIT_VLLM_PYTHON to the python of an environment that has vllm")
    model = str(tmp_path / "model")
    program = f"from pathlib import Path; from tiny_models import make_chat_model; make_chat_model(Path({model!r}))"
    support = str(Path(__file__).parents[1] / "support")
    subprocess.run([python, "-c", program], check=True, timeout=200, env={**os.environ, "PYTHONPATH": support})
    chat_server.set(batch_s=60)
    asked = OpenaiBatch(model=model, base_url=chat_server.url, max_tokens=8, temperature=0.5)
    with pytest.raises(Failure, match="run on"):
        asked.answer(requests_of(PROMPTS, 2), Filed(tmp_path, lambda: bool(batches(chat_server))))
    [requests] = tmp_path.glob("batches/*/*.jsonl")
    done = tmp_path / "out.jsonl"
    words = ["-i", str(requests), "-o", str(done), "--model", model, "--max-model-len", "512", "--enforce-eager"]
    command = [python, "-m", "vllm.entrypoints.openai.run_batch", *words]
    subprocess.run(command, check=True, timeout=400, env={**os.environ, "VLLM_CPU_KVCACHE_SPACE": "1"})
    lines = [orjson.loads(line) for line in done.read_bytes().splitlines()]
    assert {line["custom_id"] for line in lines} == {request.key.hex() for request in requests_of(PROMPTS, 2)}
    assert {line["response"]["status_code"] for line in lines} == {200}
    kept = Filed(tmp_path)
    for line in lines:
        body = orjson.dumps(line["response"]["body"])
        assert kept.answered([bytes.fromhex(line["custom_id"])], body, 1.0) == [None]
