"""A set of instruction-following translation, built with a server that writes good items and bad ones of every kind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from chat_items import PLANTED
from servers import ChatServer

import corpus
from corpus.errors import Failure, UserError
from datagen.progress import Silent
from datagen.verify import verify
from evals.ifmt.attributes import SHIPPED
from evals.ifmt.build import Built, build, load_settings
from filters.rewards import verify_row

FAMILIES = ("dates", "times", "currency", "phones", "verbatim")
REASONS = {
    *("unreadable", "empty", "source_too_short", "source_too_long", "source_language", "reference_language"),
    *("few_rules", "reference_breaks_rules", "reference_fails:translation_rules", "repeated", "nearly_repeated"),
    *("contaminated", "unanswered"),
}


def write_file(folder: Path, server: ChatServer, **options: Any) -> Path:
    """A builder's file, with values of which the server knows to write."""
    from corpus.config import load

    shipped = load(SHIPPED).data
    families = {name: shipped["families"][name] for name in FAMILIES}
    values = {**shipped, "families": families, "lengths": {"short": [45, 90]}}
    (folder / "values.yaml").write_text(json.dumps(values), "utf-8")
    if not (folder / "training").exists():
        rows = [{"text": f"Once upon a time. {PLANTED}", "tgt_lang": "en"}]
        corpus.write(rows, "text", folder / "training")
    engine = {"model": "writer", "base_url": server.url, "max_tokens": 900, "temperature": 0.7, "retries": 0}
    told = {
        "name": "built",
        "engine": {"openai": engine},
        "presets": ["en-es-419", "en-zh"],
        "items": 90,
        "seed": 5,
        "contamination": ["training"],
        "attributes": "values.yaml",
        "max_failed": 0.5,
    }
    (folder / "build.yaml").write_text(json.dumps({**told, **options}), "utf-8")
    return folder / "build.yaml"


def built(file: Path, runs: Path, **options: Any) -> Built:
    return build(load_settings(file), runs, workers=1, progress=Silent(), **options)


def rejected(one: Built) -> list[dict[str, Any]]:
    lines = (one.dataset.path / "rejected.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_every_kind_of_bad_item_is_rejected_for_what_it_is(tmp_path: Path, chat_server: ChatServer) -> None:
    chat_server.set(generates=True, faults={"500": 0.05})
    made = built(write_file(tmp_path, chat_server), tmp_path / "runs")
    assert [check.problem for check in verify(made.dataset.path) if check.problem] == []
    assert set(made.rejected) == REASONS
    assert made.asked == 180 == len(made.dataset) + sum(made.rejected.values())
    assert len(made.dataset) > 40

    rows = list(made.dataset.rows())
    assert {row["tgt_lang"] for row in rows} == {"es-419", "zh"}
    for row in rows:
        meta = json.loads(row["meta"])
        assert meta["generator"] == "writer"
        checks = row["label_checks"].split("+")
        assert 2 <= len(checks) == len(set(checks)) == row["score_difficulty"] <= 4
        assert set(checks) <= set(meta["families"])
        [rules, language] = row["verifiers"]
        assert sorted(rule["family"] for rule in json.loads(rules["args"])["rules"]) == checks
        assert language == {"name": "language", "args": "{}"}
        assert row["prompt"][0]["content"].count(row["source"]) == 1
        assert [verify_row(row, text).score for text in row["references"]] == [1.0], row
        assert verify_row(row, row["source"]).score == 0
    assert len({row["source"] for row in rows}) == len(rows)

    told = rejected(made)
    assert {line["reason"] for line in told} == REASONS
    assert all((line["reply"] is None) == (line["reason"] == "unanswered") for line in told)
    assert all(PLANTED in line["reply"] for line in told if line["reason"] == "contaminated")
    assert not any(PLANTED in row["source"] for row in rows)

    sheet = (made.dataset.path / "datasheet.md").read_text("utf-8")
    for words in ("it is not IF-MT", "seed 5", "writer", f"{len(rows)} are here", "`training`, 1 rows"):
        assert words in sheet
    assert all(f"| {reason} | {count} |" in sheet for reason, count in made.rejected.items())


def test_more_items_ask_for_the_new_ones_alone(tmp_path: Path, chat_server: ChatServer) -> None:
    chat_server.set(generates=True)
    few = built(write_file(tmp_path, chat_server, items=20, presets=["en-zh"]), tmp_path / "runs")
    assert chat_server.stats()["total"] == 20
    more = built(write_file(tmp_path, chat_server, items=30, presets=["en-zh"], out="more"), tmp_path / "runs")
    assert chat_server.stats()["total"] == 30
    texts = [[row["id"] for row in one.dataset.rows()] for one in (few, more)]
    assert texts[1][: len(texts[0])] == texts[0]
    assert more.dataset.path == tmp_path / "more"


def test_a_set_is_never_overwritten_and_what_failed_is_asked_again_when_told(
    tmp_path: Path, chat_server: ChatServer
) -> None:
    chat_server.set(generates=True, faults={"500": 0.3})
    file = write_file(tmp_path, chat_server, items=25, presets=["en-es-419"])
    first = built(file, tmp_path / "runs")
    failed = first.rejected["unanswered"]
    assert failed
    with pytest.raises(UserError, match=r"items exists already.*never overwritten"):
        built(file, tmp_path / "runs")
    chat_server.set(faults={})
    file = write_file(tmp_path, chat_server, items=25, presets=["en-es-419"], out="again")
    before = chat_server.stats()["total"]
    again = built(file, tmp_path / "runs", retry_failed=True)
    assert chat_server.stats()["total"] == before + failed
    assert "unanswered" not in again.rejected


def test_a_generator_that_writes_no_items(tmp_path: Path, chat_server: ChatServer) -> None:
    file = write_file(tmp_path, chat_server, items=5)
    with pytest.raises(Failure, match=r"none of 10 items passes the checks: unreadable 10\. `datagen show"):
        built(file, tmp_path / "runs")
    assert not (tmp_path / "runs/built/items").exists()


@pytest.mark.slow
def test_a_killed_build_goes_on(tmp_path: Path, chat_server: ChatServer) -> None:
    chat_server.set(generates=True)
    file = write_file(tmp_path, chat_server, items=60)
    whole = built(file, tmp_path / "whole")
    unique = chat_server.stats()["unique"]
    chat_server.reset()
    chat_server.set(latency_s=0.1)
    file = write_file(tmp_path, chat_server, items=60)
    engine = json.loads(file.read_text())["engine"]["openai"]
    file = write_file(tmp_path, chat_server, items=60, engine={"openai": {**engine, "max_concurrency": 8}})
    command = [sys.executable, "-m", "evals", "ifmt", "build", str(file), "--runs", str(tmp_path / "runs")]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    while run.poll() is None and chat_server.stats()["answered"] < 40:
        time.sleep(0.01)
    assert run.poll() is None, run.communicate()[0]
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate()
    assert not (tmp_path / "runs/built/items").exists()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"{len(whole.dataset)} of 120 items pass the checks" in done.stdout
    assert chat_server.stats()["answered_twice"] <= 8, "more was paid twice than can have been on its way"
    assert chat_server.stats()["unique_answered"] == unique
    made = corpus.open(tmp_path / "runs/built/items")
    assert made.manifest.content == whole.dataset.manifest.content


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"presets": ["en-es"]}, r"no preset 'en-es'.*Did you mean 'en-es-419'"),
        ({"presets": []}, "neither `presets` nor `pairs`"),
        ({"pairs": ["en-de"]}, "found the pair 'en-de', expected two language codes such as en>es-419"),
        ({"pairs": ["en>en"]}, "two different languages"),
        ({"engine": {"opnai": {}}}, r"build.yaml:1.*no engine 'opnai'.*Did you mean 'openai'"),
        ({"engine": {"openai": {"modle": "m"}}}, "unknown option 'modle'"),
        ({"contamination": ["nowhere"]}, "nowhere"),
        ({"items": 0}, "greater than or equal to 1"),
        ({"itmes": 3}, r"unknown option 'itmes'.*Did you mean 'items'"),
    ],
)
def test_wrong_files(options: dict[str, Any], words: str, tmp_path: Path, chat_server: ChatServer) -> None:
    with pytest.raises(UserError, match=words):
        built(write_file(tmp_path, chat_server, **options), tmp_path / "runs")
    assert chat_server.stats()["total"] == 0


def test_the_shipped_file() -> None:
    settings = load_settings(Path(__file__).parents[2] / "recipes/eval/ifmt_build.yaml")
    assert settings.presets == ("en-es-419", "en-zh")


def test_paths_start_at_the_folder_of_the_file(tmp_path: Path, chat_server: ChatServer) -> None:
    (tmp_path / "model").mkdir()
    file = write_file(tmp_path, chat_server, engine={"transformers": {"model": "model"}}, out="set")
    settings = load_settings(file)
    assert settings.engine == {"transformers": {"model": str(tmp_path / "model")}}
    assert settings.out == tmp_path / "set"
    assert settings.contamination == (tmp_path / "training",)
    assert settings.attributes == tmp_path / "values.yaml"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--help"], 0, "build"),
        (["build", "--help"], 0, "The generator must not judge"),
        (["build", "{file}"], 2, "error: there is no preset 'en-es'"),
        (["build", "{file}.none"], 2, "cannot be read"),
    ],
)
def test_the_command_line(words: list[str], code: int, told: str, tmp_path: Path, chat_server: ChatServer) -> None:
    file = write_file(tmp_path, chat_server, presets=["en-es"])
    command = [sys.executable, "-m", "evals", "ifmt", *(word.format(file=file) for word in words)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert told in " ".join((done.stdout + done.stderr).replace("│", " ").split())
    assert "Traceback" not in done.stderr
