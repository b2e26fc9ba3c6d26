"""vLLM for real: in this process, and as a server. On a CPU its first answer takes half a minute."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from kept import Kept, ask, key_of, requests_of, texts
from scoring import score
from tiny_models import add_reward_head, make_chat_model

from corpus.chat import user
from corpus.errors import UserError
from datagen.engines.openai import Openai
from datagen.engines.transformers import Transformers
from datagen.engines.vllm import Vllm
from filters.scorers.reward import Reward

pytestmark = [
    pytest.mark.vllm,
    pytest.mark.timeout(600),
    pytest.mark.skipif(find_spec("vllm") is None, reason="needs vLLM in this environment"),
    # vLLM and what it brings warn of their own use of other libraries.
    pytest.mark.filterwarnings("ignore"),
]

PROMPTS = ["Hi", "When does the ferry leave?", "去群岛的渡轮几点出发?", "متى تغادر العبارة؟", "島へ" * 20]
LONG = "When does the ferry leave? " * 100
WHOLE_PROMPTS = {"enable_chunked_prefill": False}
"""On a CPU vLLM 0.32 breaks down when a request with a seed is read in parts: a CPU's generator cannot be set back."""
SCHEMA = {
    "type": "object",
    "properties": {"hour": {"type": "integer", "minimum": 0, "maximum": 23}, "sea": {"type": "boolean"}},
    "required": ["hour", "sea"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module", autouse=True)
def _settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VLLM_CPU_KVCACHE_SPACE", "1")
        patch.setenv("VLLM_NO_USAGE_STATS", "1")
        patch.setenv("VLLM_LOGGING_LEVEL", "WARNING")
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Says in its generation config how hot to sample, and when to end."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    return make_chat_model(folder, generation={"do_sample": True, "temperature": 0.8, "max_new_tokens": 24})


def engine(model: Path, **options: Any) -> Vllm:
    shared = {"dtype": "float32", "enforce_eager": True, "max_model_len": 256, "gpu_memory_utilization": 0.3}
    return Vllm(model=str(model), **shared, llm=WHOLE_PROMPTS, **options)


def by_transformers(model: Path) -> Kept:
    options = {"temperature": 0, "max_tokens": 12, "logprobs": True}
    return ask(Transformers(model=str(model), dtype="float32", device="cpu", **options), PROMPTS)


class TestInProcess:
    """The engine `vllm`. One start serves all, where only sampling differs."""

    @pytest.fixture(scope="class")
    def llm(self, model: Path) -> Iterator[Any]:
        llm = engine(model)._load()
        yield llm
        llm.llm_engine.engine_core.shutdown(timeout=1)

    def ask(
        self, llm: Any, model: Path, prompts: Any = PROMPTS, n: int = 1, kept: Kept | None = None, **options: Any
    ) -> Kept:
        kept = kept or Kept()
        engine(model, **options)._answer(llm, requests_of(prompts, n), kept)
        return kept

    def test_greedy_answers_are_those_of_transformers(self, llm: Any, model: Path) -> None:
        from datagen.engines.transformers import Transformers

        ours = Transformers(
            model=str(model), dtype="float32", device="cpu", temperature=0, max_tokens=12, logprobs=True
        )
        expected = ask(ours, PROMPTS)
        kept = self.ask(llm, model, temperature=0, max_tokens=12, logprobs=True)
        assert texts(kept) == texts(expected)
        for key, answer in kept.answers.items():
            assert answer.finish_reason == expected.answers[key].finish_reason
            assert answer.logprobs == pytest.approx(expected.answers[key].logprobs, abs=1e-3)
            assert kept.bodies[key].usage == expected.bodies[key].usage

    def test_samples_have_seeds_of_their_own(self, llm: Any, model: Path) -> None:
        once, again = (self.ask(llm, model, n=4, in_flight=in_flight) for in_flight in (2048, 3))
        assert texts(once) == texts(again)
        assert len(set(texts(once))) == 4 * len(PROMPTS)
        assert once.most_in_flight == 4 * len(PROMPTS)
        assert again.most_in_flight == 3

    def test_the_generation_config_is_respected(self, llm: Any, model: Path) -> None:
        kept = self.ask(llm, model)
        assert {body.usage.completion_tokens for body in kept.bodies.values() if body.usage} <= set(range(1, 25))
        assert texts(kept) == texts(self.ask(llm, model, temperature=0.8, max_tokens=24))
        assert texts(kept) != texts(self.ask(llm, model, temperature=1.6))

    def test_forms(self, llm: Any, model: Path) -> None:
        chosen = self.ask(llm, model, n=3, choice=["yes", "いいえ", "ربما"])
        assert set(texts(chosen)) <= {"yes", "いいえ", "ربما"}
        written = self.ask(llm, model, n=2, json_schema=SCHEMA, max_tokens=100)
        for text in texts(written):
            value = json.loads(text)
            assert (type(value["hour"]), type(value["sea"])) == (int, bool)
        matching = self.ask(llm, model, regex=r"[0-2][0-9]:[0-5][0-9]")
        assert {len(text) for text in texts(matching)} == {5}

    def test_stop_texts(self, llm: Any, model: Path) -> None:
        kept = self.ask(llm, model, ["Hi"], choice=["one, two, three"], stop=[", three", "x"])
        assert texts(kept) == ["one, two"]
        assert kept.answers[key_of(0)].finish_reason == "stop"

    def test_what_cannot_be_asked_fails_alone(self, llm: Any, model: Path) -> None:
        prompts = ["Hi", LONG, [user("Hi"), {"role": "tool", "content": "9:00"}], "x"]
        kept = self.ask(llm, model, prompts, n=2, max_tokens=4)
        assert set(kept.answers) == {key_of(0, 0), key_of(0, 1), key_of(3, 0), key_of(3, 1)}
        kinds = {key: problem.kind for key, problem in kept.failures.items()}
        assert kinds == {
            **{key_of(1, sample): "too_long" for sample in (0, 1)},
            **{key_of(2, sample): "bad_request" for sample in (0, 1)},
        }

    def test_a_stop_leaves_the_rest_for_the_next_run(self, llm: Any, model: Path) -> None:
        kept = self.ask(llm, model, ["Hi"] * 200, kept=Kept(stop_after=5), in_flight=8, max_tokens=2)
        assert 5 <= len(kept.answers) <= 5 + 8
        assert not kept.failures
        assert len(self.ask(llm, model).answers) == len(PROMPTS), "nothing was left behind in the engine"

    def test_many(self, llm: Any, model: Path) -> None:
        started = time.monotonic()
        kept = self.ask(llm, model, [f"Ferry {number}?" for number in range(200)], max_tokens=32, temperature=1)
        tokens = sum(body.usage.completion_tokens for body in kept.bodies.values() if body.usage)
        print(f"{tokens / (time.monotonic() - started):,.0f} tokens/s")
        assert len(kept.answers) == 200


def test_an_engine_from_start_to_end(model: Path) -> None:
    kept = ask(engine(model, max_tokens=4, as_="tiny"), ["Hi", "x"], n=2)
    assert len(kept.answers) == 4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"llm": {"quantisation": "fp8"}}, "unexpected keyword argument 'quantisation'"),
        ({"llm": {"data_parallel_size": 2}}, "data_parallel_size=2"),
        ({"max_model_len": 10_000}, "max_model_len"),
    ],
)
def test_arguments_that_vllm_refuses(model: Path, options: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        ask(Vllm(model=str(model), **options), ["Hi"])


@contextmanager
def served(model: Path, folder: Path, *more: str) -> Iterator[str]:
    """A server of vLLM's that calls the model `tiny`; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--host", "127.0.0.1", "--port", str(port), "--served-model-name", "tiny", "--enforce-eager"]
    options += ["--dtype", "float32", "--max-model-len", "256", "--gpu-memory-utilization", "0.3", *more]
    log = folder / "log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(model), *options],
            stdout=out,
            stderr=subprocess.STDOUT,
            env=os.environ.copy(),
            start_new_session=True,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        while not _is_up(f"{url}/health"):
            assert server.poll() is None, log.read_text()[-4000:]
            time.sleep(0.5)
        yield url
    finally:
        server.terminate()
        server.wait(30)


def test_rewards_of_a_server_are_those_of_transformers(model: Path, tmp_path: Path) -> None:
    rewards = add_reward_head(tmp_path / "rewards", model)
    rows: list[dict[str, Any]] = [{"prompt": [user("Say it.")], "response": text} for text in [*PROMPTS, LONG, " "]]
    rows.append({"prompt": [user("When?"), {"role": "tool", "content": "9:00"}], "response": "Nine."})
    expected = score(Reward(model=str(rewards), device="cpu", dtype="float32"), "response", rows)
    with served(rewards, tmp_path, "--runner", "pooling") as url:
        made = score(Reward(model="tiny", base_url=f"{url}/v1"), "response", rows)
    numbers = expected["score_reward"][:5].to_list()
    assert made["score_reward"][:5].to_list() == pytest.approx(numbers, abs=0.01), "they deviate by some 10"
    assert made["label_reward_note"].to_list() == [
        *[None] * 5,
        *("too long for the server", "empty output", "refused by the server"),
    ]


class TestServer:
    """A vLLM server that the engine `openai` asks."""

    @pytest.fixture(scope="class")
    def url(self, model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
        with served(model, tmp_path_factory.mktemp("server"), "--no-enable-chunked-prefill") as url:
            yield f"{url}/v1"

    def test_greedy_answers_are_those_of_transformers(self, url: str, model: Path) -> None:
        from datagen.engines.transformers import Transformers

        ours = Transformers(
            model=str(model), dtype="float32", device="cpu", temperature=0, max_tokens=12, logprobs=True
        )
        expected = ask(ours, PROMPTS)
        kept = ask(Openai(model="tiny", base_url=url, temperature=0, max_tokens=12, logprobs=True), PROMPTS)
        assert texts(kept) == texts(expected)
        for key, answer in kept.answers.items():
            assert answer.logprobs == pytest.approx(expected.answers[key].logprobs, abs=1e-3)
            assert kept.bodies[key].usage == expected.bodies[key].usage

    def test_samples(self, url: str) -> None:
        apart, again, together = (
            ask(Openai(model="tiny", base_url=url, max_tokens=16, samples_together=together), PROMPTS, n=4)
            for together in (False, False, True)
        )
        assert texts(apart) == texts(again), "a seed decides"
        for kept in (apart, together):
            assert len(set(texts(kept))) == 4 * len(PROMPTS)

    @pytest.mark.parametrize(
        "options",
        [{"choice": ["yes", "いいえ"]}, {"json_schema": SCHEMA, "max_tokens": 100}, {"regex": "[0-2][0-9]:[0-5][0-9]"}],
        ids=lambda options: next(iter(options)),
    )
    def test_forms(self, url: str, options: dict[str, Any]) -> None:
        asked = Openai(model="tiny", base_url=url, **options)
        kept = ask(asked, PROMPTS, n=2)
        assert len(kept.answers) == 2 * len(PROMPTS)
        assert [asked.misfit(answer) for answer in kept.answers.values()] == [None] * 2 * len(PROMPTS)

    def test_a_prompt_that_is_too_long_fails_alone(self, url: str) -> None:
        kept = ask(Openai(model="tiny", base_url=url, max_tokens=4), ["Hi", LONG, "x"])
        assert {key: problem.kind for key, problem in kept.failures.items()} == {key_of(1): "too_long"}
        assert len(kept.answers) == 2

    def test_a_model_that_is_not_served(self, url: str) -> None:
        with pytest.raises(UserError, match="does not exist"):
            ask(Openai(model="other", base_url=url), ["Hi"])

    def test_many(self, url: str) -> None:
        started = time.monotonic()
        kept = ask(Openai(model="tiny", base_url=url, max_tokens=32), [f"Ferry {number}?" for number in range(500)])
        print(f"{500 / (time.monotonic() - started):,.0f} requests/s")
        assert len(kept.answers) == 500
        assert not kept.troubles


def _is_up(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False
