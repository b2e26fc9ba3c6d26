"""The stage `generate` against real servers: what becomes of bad prompts, budgets, wrong keys and dead servers."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from servers import ChatServer

import corpus
from datagen.progress import Silent, losses
from datagen.recipe import load_recipe
from datagen.run import run as run_recipe
from datagen.verify import verify


def run(folder: Path, engine: dict[str, Any], *words: str, **stage: Any) -> subprocess.CompletedProcess[str]:
    """Ask an engine for answers to `prompts/` on the command line; the recipe is written as JSON, which is YAML too."""
    generate = {"engines": [{"openai": {"model": "m", "max_tokens": 32, **engine}}], **stage}
    recipe = {"name": "r", "stages": {"prompts": {"read": {"dataset": "prompts"}}, "answers": {"generate": generate}}}
    (folder / "recipe.yaml").write_text(json.dumps(recipe), "utf-8")
    command = [sys.executable, "-m", "datagen.cli", "run", "recipe.yaml", "--runs", "runs", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=100)


def answers(folder: Path) -> corpus.Dataset:
    """The newest dataset of answers."""
    current = json.loads((folder / "runs/r/current.json").read_bytes())
    return corpus.open(folder / "runs/r" / current["answers"])


def prompts(folder: Path, texts: list[str], **more: Any) -> Path:
    rows = [{"prompt": [{"role": "user", "content": text}], "tgt_lang": "de", **more} for text in texts]
    corpus.write(rows, "prompt", folder / "prompts")
    return folder


@pytest.fixture
def hundred(tmp_path: Path) -> Path:
    return prompts(tmp_path, [f"Wie spät ist es in {n}? 几点了？" for n in range(100)])


def test_columns_of_an_answer(tmp_path: Path, chat_server: ChatServer) -> None:
    folder = prompts(tmp_path, ["Hallo"], references=["Hello"], origin="own", license="CC0-1.0", meta='{"a": 1}')
    price = {"input": 1.0, "output": 2.0}
    done = run(folder, {"base_url": chat_server.url, "temperature": 0.5, "logprobs": True, "price": price}, n=2)
    assert done.returncode == 0, done.stderr
    first, second = answers(folder).scan().collect().to_dicts()
    [prompt] = corpus.open(folder / "prompts").rows()
    for row, sample in ((first, 0), (second, 1)):
        kept = {name: row[name] for name in ("prompt", "references", "origin", "license", "tgt_lang")}
        assert kept == {name: prompt[name] for name in kept}
        assert (row["prompt_id"], row["engine"], row["model"], row["sample"]) == (prompt["id"], "m", "m", sample)
        sampling = json.loads(row["sampling"])
        assert {name: value for name, value in sampling.items() if name != "seed"} == {
            "logprobs": True,
            "max_tokens": 32,
            "temperature": 0.5,
        }
        assert row["cost"] == pytest.approx((row["prompt_tokens"] + 2 * row["completion_tokens"]) / 1e6)
        assert row["latency_s"] > 0
        meta = json.loads(row["meta"])
        assert meta["a"] == 1
        assert len(meta["logprobs"]) == row["completion_tokens"]
    assert first["response"] != second["response"]
    seeds = {body["seed"] for body in chat_server.requests()}
    assert seeds == {json.loads(row["sampling"])["seed"] for row in (first, second)}


def test_prompts_that_cannot_be_asked_are_set_aside(
    tmp_path: Path, chat_server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[dict[str, Any]] = [
        {"prompt": []},
        {"prompt": [{"role": "user", "content": "und?"}, {"role": "assistant", "content": "so"}]},
        {"prompt": [{"role": "bot", "content": "x"}]},
        {"prompt": [{"role": "user", "content": "Viel [[too long]]"}]},
        {"prompt": [{"role": "user", "content": "gut"}]},
    ]
    # As datasets were that nobody held to chats.
    monkeypatch.setattr("corpus.dataset.first_misfit", lambda _: None)
    corpus.write(rows, "prompt", tmp_path / "prompts")
    done = run(tmp_path, {"base_url": chat_server.url})
    assert done.returncode == 0, done.stderr
    made = answers(tmp_path)
    assert [row["prompt"][0]["content"] for row in made.rows()] == ["gut"]
    assert made.manifest.counts["failed"] == {"bad_prompt": 3, "too_long": 1}
    told = dict(made.aside().select("reason", "value").unique("value").collect().iter_rows())
    assert "maximum context length" in told["too_long"]
    assert chat_server.stats()["total"] == 2


def test_equal_prompts_are_asked_once(tmp_path: Path, chat_server: ChatServer) -> None:
    rows = [{"prompt": [{"role": "user", "content": "同じ"}], "doc_id": str(n)} for n in range(30)]
    corpus.write(rows, "prompt", tmp_path / "prompts", rows_per_shard=7)
    assert run(tmp_path, {"base_url": chat_server.url}).returncode == 0
    made = answers(tmp_path).scan().collect()
    assert (made.height, made["response"].n_unique(), made["id"].n_unique()) == (30, 1, 30)
    assert chat_server.stats()["total"] == 1


@pytest.mark.parametrize("from_", [["prompts"], ["prompts", "others"]])
def test_prompts_that_come_twice_are_one_prompt(tmp_path: Path, chat_server: ChatServer, from_: list[str]) -> None:
    texts = [f"再来一次 {n % 40}" for n in range(60)]
    rows = [{"prompt": [{"role": "user", "content": text}], "tgt_lang": "de"} for text in texts]
    corpus.write(rows, "prompt", tmp_path / "prompts", rows_per_shard=25)
    corpus.write([*rows[:2], *rows[:2]], "prompt", tmp_path / "others")
    reads = {name: {"read": {"dataset": name}} for name in from_}
    engine = {"openai": {"model": "m", "base_url": chat_server.url, "price": {"input": 1, "output": 1}}}
    generate = {"from": from_, "generate": {"engines": [engine], "n": 2}}
    (tmp_path / "r.yaml").write_text(json.dumps({"stages": {**reads, "answers": generate}}), "utf-8")
    made = run_recipe(load_recipe(tmp_path / "r.yaml"), tmp_path, until=None, workers=1, progress=Silent())["answers"]
    assert [row["prompt"][0]["content"] for row in made.rows()] == [text for text in texts[:40] for _ in range(2)]
    repeated = 20 + (4 if "others" in from_ else 0)
    counts = made.manifest.counts
    assert (counts["in"], counts["repeated"], counts["rows"]) == (60 + repeated - 20, repeated, 80)
    told = made.aside().collect()
    assert told["reason"].to_list() == ["repeated"] * repeated
    assert losses(made.manifest) == [f"{repeated} prompts not asked: each is the same as an earlier one"]
    assert set(told["id"]) <= {row["prompt_id"] for row in made.rows()}
    assert not [check for check in verify(made.path) if check.problem]
    assert chat_server.stats()["total"] == 80


def test_a_budget_stops_and_a_larger_one_goes_on(hundred: Path, chat_server: ChatServer) -> None:
    chat_server.set(latency_s=0.02)
    engine = {"base_url": chat_server.url, "max_concurrency": 8, "price": {"input": 0, "output": 1_000_000}}
    # An answer has 20 tokens, each at the price of 1.
    done = run(hundred, {**engine, "max_cost": 1_000})
    assert done.returncode == 1
    assert "max_cost 1000 is reached" in done.stderr
    assert "run again to go on" in done.stderr
    assert not list(hundred.glob("runs/r/answers-*/manifest.json"))
    spent = 20 * chat_server.stats()["answered"]
    assert 600 <= spent <= 1_000
    # The same budget is used up, also by what earlier runs spent.
    done = run(hundred, {**engine, "max_cost": 1_000})
    assert done.returncode == 1
    assert 20 * chat_server.stats()["answered"] <= 1_000
    done = run(hundred, {**engine, "max_cost": 10_000})
    assert done.returncode == 0, done.stderr
    assert chat_server.stats()["answered"] == 100
    assert answers(hundred).scan().select(pl.col("cost").sum()).collect().item() == 2_000


def test_a_limit_of_tokens(hundred: Path, chat_server: ChatServer) -> None:
    done = run(hundred, {"base_url": chat_server.url, "max_concurrency": 8, "max_tokens_total": 900})
    assert done.returncode == 1
    assert "max_tokens_total 900 is reached" in done.stderr
    stats = chat_server.stats()
    assert stats["prompt_tokens"] + stats["completion_tokens"] <= 900


def test_too_many_failures_stop(tmp_path: Path, chat_server: ChatServer) -> None:
    folder = prompts(tmp_path, [f"{n} [[filter]]" for n in range(300)])
    done = run(folder, {"base_url": chat_server.url}, max_failed=0.05)
    assert done.returncode == 1
    assert "requests failed, more than max_failed (0.05 of 1,000) allows; the last: HTTP 400" in done.stderr
    assert chat_server.stats()["total"] < 300


def test_a_wrong_key_is_never_shown(hundred: Path, chat_server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> None:
    chat_server.set(api_key="right")
    monkeypatch.setenv("SOME_KEY", "sk-secret-0123456789")
    done = run(hundred, {"base_url": chat_server.url, "api_key_env": "SOME_KEY"})
    assert done.returncode == 2
    assert "SOME_KEY" in done.stderr
    assert "sk-secret" not in done.stdout + done.stderr
    for file in (hundred / "runs").rglob("*"):
        assert not file.is_file() or b"sk-secret" not in file.read_bytes()
    monkeypatch.setenv("SOME_KEY", "right")
    assert run(hundred, {"base_url": chat_server.url, "api_key_env": "SOME_KEY"}).returncode == 0


def test_an_unknown_model(hundred: Path, chat_server: ChatServer) -> None:
    chat_server.set(models=["qwen", "tower"])
    done = run(hundred, {"base_url": chat_server.url})
    assert done.returncode == 2
    assert "'m'" in done.stderr
    assert "qwen" in done.stderr


def test_a_server_that_dies_midway_and_returns(hundred: Path, chat_server: ChatServer) -> None:
    chat_server.set(schedule=[(0.15, {"outage": 503}), (2.0, {"outage": None})], latency_s=0.05)
    done = run(hundred, {"base_url": chat_server.url, "max_concurrency": 8})
    assert done.returncode == 0, done.stderr
    assert answers(hundred).manifest.rows == 100
    assert chat_server.stats()["answered_twice"] == 0


def test_a_full_disk(hundred: Path, chat_server: ChatServer) -> None:
    """By a limit of the size of files, which a process may set for itself."""
    limited = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)); from datagen.cli import main; main()"
    )
    assert run(hundred, {"base_url": chat_server.url}, "--until", "prompts").returncode == 0
    words = [sys.executable, "-c", limited, "run", "recipe.yaml", "--runs", "runs"]
    done = subprocess.run(words, cwd=hundred, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "No answer kept is lost" in done.stderr
    first = chat_server.stats()["answered"]
    assert run(hundred, {"base_url": chat_server.url}).returncode == 0
    # What could not be kept is asked again: no more than was on its way.
    assert chat_server.stats()["answered"] <= 100 + 64
    assert first < 100


@pytest.mark.parametrize(
    ("engine", "words"),
    [
        ({"max_cost": 3}, "`max_cost` needs `price"),
        ({"temprature": 1}, "Did you mean 'temperature'"),
        ({"model": ""}, "model"),
    ],
)
def test_recipe_faults_are_found_before_anything_runs(hundred: Path, engine: dict[str, Any], words: str) -> None:
    done = run(hundred, engine)
    assert done.returncode == 2
    assert words in done.stderr
    assert not (hundred / "runs").exists()


def test_two_engines_of_one_name_or_one_model(hundred: Path, chat_server: ChatServer) -> None:
    twice = [{"openai": {"model": "m", "base_url": chat_server.url}}] * 2
    done = run(hundred, {}, engines=twice)
    assert done.returncode == 2
    assert "two engines are called 'm'" in done.stderr
    twice = [{"openai": {"model": "m", "as": name, "base_url": chat_server.url}} for name in ("a", "b")]
    done = run(hundred, {}, engines=twice)
    assert done.returncode == 2
    assert "are the same model with the same sampling" in done.stderr
