"""A `generate` run that is killed again and again: no answer is lost, none that was kept is asked for twice."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from servers import ChatServer

import corpus
from datagen.answers.keys import engine_salt, message_digests, sample_keys, seed_of
from datagen.answers.store import Answers
from datagen.recipe import load_recipe
from datagen.verify import verify

SAMPLES = 3
CEILING = 16

RECIPE = """\
name: overnight
seed: 5
stages:
  prompts: {{read: {{jsonl: prompts.jsonl, kind: prompt, rows_per_shard: 60}}}}
  answers:
    generate:
      n: {samples}
      max_failed: 0.5
      engines: [{engines}]
"""
ENGINE = "{{openai: {{as: {name}, model: m{name}, base_url: '{url}', max_concurrency: 16, max_tokens: 64, {more}}}}}"


@pytest.fixture
def servers() -> Iterator[dict[str, ChatServer]]:
    behaviour = {"latency_s": 0.05, "tokens": 20, "faults": {"500": 0.03, "reset": 0.02}}
    with ChatServer(**behaviour) as one, ChatServer(**behaviour) as two:
        yield {"one": one, "two": two}


def write(folder: Path, servers: dict[str, ChatServer], samples: int = SAMPLES, more: str = "") -> Path:
    engines = [ENGINE.format(name=name, url=server.url, more="temperature: 0.7") for name, server in servers.items()]
    file = folder / "recipe.yaml"
    file.write_text(RECIPE.format(samples=samples, engines=", ".join([*engines, more] if more else engines)), "utf-8")
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    texts = [f"Frage {n}: 天气怎么样？ مرحبا" for n in range(149)] + ["zu lang [[too long]]"]
    lines = [json.dumps({"prompt": text, "tgt_lang": "de"}) for text in texts]
    (tmp_path / "prompts.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return tmp_path


def start(recipe: Path) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "datagen.cli", "run", str(recipe), "--runs", str(recipe.parent / "runs")]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)


def finish(run: subprocess.Popen[str]) -> str:
    output, _ = run.communicate(timeout=100)
    assert run.returncode == 0, output
    return output


def kept(recipe: Path, copy: Path) -> set[tuple[str, str]]:
    """(engine, the server's name of the request) of every answer that the store holds, by a copy of it."""
    loaded = load_recipe(recipe)
    samples = loaded.stages["answers"].options.n
    shutil.copytree(recipe.parent / "runs/overnight/answers", copy)
    [prompts] = recipe.parent.glob("runs/overnight/prompts-*")
    messages = corpus.open(prompts).scan().select("prompt").collect()["prompt"]
    found = set()
    with Answers(copy) as store:
        for engine in loaded.stages["answers"].options.engines:
            salt = engine_salt(engine.identity(), engine.sampling(), loaded.seed)
            keys = sample_keys(salt, message_digests(messages), samples)
            for index, (key, place) in enumerate(zip(keys, store.find(keys).tolist(), strict=True)):
                if place >= 0:
                    name = ChatServer.key(messages[index // samples].to_list(), seed_of(key))
                    found.add((engine.called, name))
    return found


def keep_killing(recipe: Path, servers: dict[str, ChatServer], kills: int, copies: Path, more: tuple[int, int]) -> str:
    """Kill runs until it is enough, some answers after the last time each, then let one end; its output.

    Nothing that was kept at a kill is asked again, then or later.
    """
    chance = random.Random(3)
    asked: dict[tuple[str, str], int] = {}
    for killed in range(kills):
        before = {name: server.stats()["total"] for name, server in servers.items()}
        run, wait = start(recipe), chance.randrange(*more)
        while run.poll() is None and all(s.stats()["total"] < before[n] + wait for n, s in servers.items()):
            time.sleep(0.005)
        assert run.poll() is None, run.communicate()[0]
        os.killpg(run.pid, signal.SIGKILL)
        run.communicate()
        time.sleep(0.2)  # what the servers were about to say is said
        counts = {name: server.counts() for name, server in servers.items()}
        for engine, request in kept(recipe, copies / f"copy-{killed}"):
            if engine in servers:
                times = counts[engine][request]["asked"]
                assert asked.setdefault((engine, request), times) == times, "asked again though the answer was kept"
    output = finish(start(recipe))
    counts = {name: server.counts() for name, server in servers.items()}
    assert all(counts[engine][request]["asked"] == times for (engine, request), times in asked.items())
    for server in servers.values():
        twice = server.stats()["answered_twice"]
        assert twice <= kills * CEILING, "more was paid twice than can have been on its way"
    return output


def made(recipe: Path) -> corpus.Dataset:
    [manifest] = recipe.parent.glob("runs/overnight/answers-*/manifest.json")
    return corpus.open(manifest.parent)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kills", [3, pytest.param(10, marks=pytest.mark.slow)])
def test_killed_at_random_moments(kills: int, folder: Path, servers: dict[str, ChatServer], tmp_path: Path) -> None:
    recipe = write(folder, servers)
    output = keep_killing(recipe, servers, kills, tmp_path, (10, 60))
    assert all(server.stats()["unique_answered"] == 149 * SAMPLES for server in servers.values())
    rows, aside = made(recipe).scan().collect(), made(recipe).aside().collect()
    assert rows.height == 149 * SAMPLES * 2, output
    assert aside["reason"].to_list() == ["too_long"] * SAMPLES * 2
    assert pl.concat([rows["id"], aside["id"]]).n_unique() == 150 * SAMPLES * 2
    assert [check.what for check in verify(made(recipe).path) if check.problem] == []


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_real_prompts_two_servers_and_a_model_in_this_process(
    shared_data: Path, servers: dict[str, ChatServer], tmp_path: Path
) -> None:
    """500 real prompts in thirteen languages, four answers each from three engines, ten kills."""
    pytest.importorskip("torch", reason="needs torch and transformers: make test-train")
    from tiny_models import make_chat_model

    texts = [
        json.loads(line)[field]
        for file, field in [
            (shared_data / "arena_hard/arena-hard-v0.1/question.jsonl", "prompt"),
            *((file, "text") for file in sorted((shared_data / "vicuna_multilingual").glob("*.jsonl"))),
        ]
        for line in file.read_text("utf-8").splitlines()
    ]
    texts = random.Random(1).sample(list(dict.fromkeys(texts)), 500)
    lines = [json.dumps({"prompt": text, "tgt_lang": "und"}) for text in texts]
    (tmp_path / "prompts.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    model = make_chat_model(tmp_path / "tiny")
    more = f"{{transformers: {{as: own, model: {model}, max_tokens: 8, temperature: 1.0}}}}"
    recipe = write(tmp_path, servers, samples=4, more=more)
    keep_killing(recipe, servers, 10, tmp_path, (60, 250))
    rows, aside = made(recipe).scan().collect(), made(recipe).aside().collect()
    assert rows.height + aside.height == 500 * 4 * 3
    assert pl.concat([rows["id"], aside["id"]]).n_unique() == 500 * 4 * 3
    assert [check.what for check in verify(made(recipe).path) if check.problem] == []
    # One more engine and one more sample: what is there is not asked again.
    before = {name: server.stats()["answered"] for name, server in servers.items()}
    with ChatServer(latency_s=0.01) as three:
        write(tmp_path, {**servers, "three": three}, samples=5, more=more)
        finish(start(recipe))
        assert three.stats()["answered"] == 500 * 5
    for name, server in servers.items():
        assert server.stats()["answered"] == before[name] + 500


def test_what_is_new_is_all_that_is_asked(folder: Path, servers: dict[str, ChatServer]) -> None:
    recipe = write(folder, {"one": servers["one"]})
    finish(start(recipe))
    assert servers["one"].stats()["unique_answered"] == 149 * SAMPLES
    first = servers["one"].stats()["answered"]
    # Another engine: the first is asked nothing but what failed, which is another plan's business.
    write(folder, servers)
    finish(start(recipe))
    assert servers["one"].stats()["answered"] == first
    assert servers["two"].stats()["unique_answered"] == 149 * SAMPLES
    # One more sample, and one more prompt.
    with (folder / "prompts.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"prompt": "neu", "tgt_lang": "de"}) + "\n")
    write(folder, servers, samples=SAMPLES + 1)
    finish(start(recipe))
    for server in servers.values():
        stats = server.stats()
        assert stats["unique_answered"] == 150 * (SAMPLES + 1)
        assert stats["answered_twice"] == 0


def test_what_failed_is_asked_again_when_told_to(folder: Path, servers: dict[str, ChatServer]) -> None:
    one = servers["one"]
    one.set(api_key=None, faults={})
    recipe = write(folder, {"one": one})
    finish(start(recipe))
    before = one.stats()["total"]
    assert "done already" in finish(start(recipe))
    assert one.stats()["total"] == before
    (folder / "prompts.jsonl").read_text("utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "datagen.cli", "run", str(recipe), "--runs", str(folder / "runs"), "--retry-failed"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert one.stats()["total"] == before + SAMPLES
    # And a run without the flag goes on from there.
    assert "done already" in finish(start(recipe))
    assert one.stats()["total"] == before + SAMPLES


def test_ctrl_c_ends_within_seconds_and_goes_on(folder: Path, servers: dict[str, ChatServer]) -> None:
    one = servers["one"]
    one.set(latency_s=1.0, faults={})
    recipe = write(folder, {"one": one})
    run = start(recipe)
    while run.poll() is None and one.stats()["total"] < 20:
        time.sleep(0.01)
    os.killpg(run.pid, signal.SIGINT)
    began = time.monotonic()
    output, _ = run.communicate(timeout=30)
    assert time.monotonic() - began < 5
    assert run.returncode == 130, output
    assert "run the same command again" in output
    one.set(latency_s=0.0)
    finish(start(recipe))
    assert one.stats()["unique_answered"] == 149 * SAMPLES
    assert one.stats()["answered_twice"] <= CEILING
