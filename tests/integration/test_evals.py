"""`python -m evals` on the command line against a server: run, run again, one more model, compare, gate, list."""

import json
import math
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from servers import ChatServer
from typer.testing import CliRunner

import corpus
from evals.cli import app

ROOT = Path(__file__).parents[2]
ROWS = [
    {"source": f"House {n} is old.", "target": f"Das Haus Nummer {n} ist alt.", "src_lang": "en", "tgt_lang": code}
    for n in range(12)
    for code in ("de", "nl")
]
INSTRUCTIONS = [
    {"prompt": f"Write about {n}.", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]} for n in range(12)
]


def evals(folder: Path, *words: str, **told: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "evals", *words]
    env = {**os.environ, "COLUMNS": "200", **told}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=100)


def recipe(folder: Path, url: str, *models: str, **more: Any) -> Path:
    for name, rows in (("pairs", ROWS), ("instructions", INSTRUCTIONS)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    told = {
        "name": "small",
        "seed": 7,
        "models": {name: {"engine": {"openai": {"model": name, "base_url": url, **more}}} for name in models},
        "benchmarks": {
            "news": {"parallel": {"read": {"jsonl": "pairs.jsonl", "kind": "pair"}, "max_tokens": 12}},
            "ifeval": {"ifeval": {"file": "instructions.jsonl", "max_tokens": 12}},
        },
        "pictures": [["news", "ifeval"]],
    }
    file = folder / "small.yaml"
    file.write_text(json.dumps(told), "utf-8")
    return file


def test_run_again_compare_and_gate(tmp_path: Path, chat_server: ChatServer) -> None:
    recipe(tmp_path, chat_server.url, "one")
    done = evals(tmp_path, "run", "small.yaml")
    assert done.returncode == 0, done.stderr
    assert chat_server.stats()["answered"] == 36
    # A second model is asked alone; the first stays in the report without being named.
    recipe(tmp_path, chat_server.url, "two")
    done = evals(tmp_path, "run", "small.yaml")
    assert done.returncode == 0, done.stderr
    assert chat_server.stats()["answered"] == 72
    page = (tmp_path / "runs/small/report/README.md").read_text("utf-8")
    assert "2 models" in page
    frame = pl.read_parquet(tmp_path / "runs/small/results.parquet")
    assert set(frame["model"]) == {"one", "two"}
    assert frame.to_dicts() == json.loads((tmp_path / "runs/small/results.json").read_bytes())
    told = {path.name: path.read_bytes() for path in (tmp_path / "runs/small/report").iterdir()}
    compared = evals(tmp_path, "compare", "small.yaml", "one", "two", "--out", "again")
    assert compared.returncode == 0, compared.stderr
    assert {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()} == told
    assert chat_server.stats()["total"] == 72
    gate = evals(tmp_path, "gate", "small.yaml", "one", "two", "--max-drop", "100")
    assert (gate.returncode, gate.stdout.count("ok ")) == (0, 2), gate.stdout
    # No model falls behind itself, and none may be better by so much.
    gate = evals(tmp_path, "gate", "small.yaml", "one", "two", "--max-drop", "-200")
    assert (gate.returncode, gate.stdout.count("FAIL ")) == (1, 2), gate.stdout
    # What was not evaluated with these options is no answer to them.
    for words in (
        ("compare", "small.yaml", "--set", "benchmarks.more={ifeval: {file: instructions.jsonl}}"),
        ("gate", "small.yaml", "one", "two", "--set", "benchmarks.news.parallel.max_tokens=13"),
    ):
        done = evals(tmp_path, *words)
        assert (done.returncode, "first: python -m evals run small.yaml" in done.stderr) == (2, True), done.stderr


def test_a_report_is_written_again_only_where_it_would_tell_something_else(
    tmp_path: Path, chat_server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe(tmp_path, chat_server.url, "one", "two")
    report = tmp_path / "runs/small/report"
    monkeypatch.chdir(tmp_path)

    def told(*words: str) -> tuple[bool, str]:
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.output
        return "as it was" in done.output, (report / "README.md").read_text("utf-8")

    kept, page = told("run", "small.yaml")
    assert not kept
    before = (report / "README.md").stat().st_mtime_ns
    assert told("run", "small.yaml") == (True, page)
    assert (report / "README.md").stat().st_mtime_ns == before
    # A report of fewer models has taken its place, and is no report of the run.
    kept, fewer = told("compare", "small.yaml", "one")
    assert fewer != page
    assert told("run", "small.yaml") == (False, page)
    # One elsewhere leaves it alone.
    told("compare", "small.yaml", "one", "--out", "elsewhere")
    assert told("run", "small.yaml") == (True, page)
    # Cut off in mid-writing, another seed, another option of a benchmark: all are worked out anew.
    (tmp_path / "runs/small/results.key").unlink()
    assert told("run", "small.yaml") == (False, page)
    shutil.rmtree(report)
    assert told("run", "small.yaml") == (False, page)
    assert not told("run", "small.yaml", "--set", "seed=8")[0]
    assert not told("run", "small.yaml", "--set", "benchmarks.news.parallel.max_tokens=13")[0]


@pytest.mark.slow
def test_a_server_that_goes_away_in_mid_benchmark(tmp_path: Path, chat_server: ChatServer) -> None:
    recipe(tmp_path, chat_server.url, "one", max_wait_s=1)
    chat_server.set(faults={"500": 0.5})
    first = evals(tmp_path, "run", "small.yaml")
    chat_server.stop()
    broken = evals(tmp_path, "run", "small.yaml", "--set", "benchmarks.news.parallel.max_tokens=13")
    assert broken.returncode == 1, broken.stdout
    chat_server.start()
    chat_server.set(faults={})
    done = evals(tmp_path, "run", "small.yaml", "--retry-failed")
    assert done.returncode == 0, done.stderr
    assert chat_server.stats()["answered_twice"] == 0
    frame = pl.read_parquet(tmp_path / "runs/small/results.parquet")
    assert set(frame.filter(pl.col("metric") == "chrF++")["unjudged"]) == {0}, first.stdout


@pytest.mark.slow
def test_a_server_that_goes_away_while_it_answers(tmp_path: Path, chat_server: ChatServer) -> None:
    """What it answered before is neither lost nor asked again."""
    recipe(tmp_path, chat_server.url, "one", max_wait_s=1, max_concurrency=2)
    chat_server.set(latency_s=0.3)
    command = [sys.executable, "-m", "evals", "run", "small.yaml"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as running:
        while chat_server.stats()["answered"] < 6:
            assert running.poll() is None
            time.sleep(0.02)
        chat_server.stop()
        running.communicate(timeout=60)
    before = chat_server.stats()["answered"]
    assert (running.returncode, 6 <= before < 36) == (1, True)
    chat_server.start()
    done = evals(tmp_path, "run", "small.yaml", "--retry-failed")
    assert done.returncode == 0, done.stderr
    stats = chat_server.stats()
    assert (stats["unique_answered"], stats["answered_twice"]) == (36, 0)
    frame = pl.read_parquet(tmp_path / "runs/small/results.parquet")
    told = frame.filter(pl.col("metric").is_in(["chrF++", "prompt-level strict"]))
    assert [(row["n"], row["unjudged"]) for row in told.to_dicts()] == [(24, 0), (12, 0)]


def arena(folder: Path, url: str, judge: str, questions: list[dict[str, Any]], against: str) -> Path:
    (folder / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in questions), "utf-8")
    read = {"jsonl": "questions.jsonl", "kind": "prompt", "tgt_lang": "de"}
    options = {"read": read, "judge": {"openai": {"model": "judge", "base_url": judge}}, "against": against}
    models = {
        name: {"engine": {"openai": {"model": name, "base_url": url, "max_tokens": length}}}
        for name, length in (("short", 4), ("long", 24))
    }
    file = folder / "arena.yaml"
    file.write_text(
        json.dumps({"name": "arena", "models": models, "benchmarks": {"chat": {"arena": options}}}), "utf-8"
    )
    return file


def test_a_judge_compares_with_a_baseline_of_the_evaluation(tmp_path: Path, chat_server: ChatServer) -> None:
    """The judge here likes the longer answer; some questions make it decide by the order, or refuse."""
    questions = [{"prompt": f"Frage {n}?"} for n in range(8)] + [{"prompt": "Frage? judge:first"}]
    with ChatServer(judges=True) as judge:
        arena(tmp_path, chat_server.url, judge.url, questions, against="short")
        done = evals(tmp_path, "run", "arena.yaml")
        assert done.returncode == 0, done.stderr
    frame = pl.read_parquet(tmp_path / "runs/arena/results.parquet")
    told = {(row["model"], row["metric"]): row for row in frame.to_dicts()}
    won = told["long", "win rate"]
    assert (won["value"], won["n"], won["unjudged"]) == (pytest.approx(8.5 / 9), 9, 0)
    assert told["long", "order decided"]["value"] == pytest.approx(1 / 9)
    rating = told["long", "rating (Elo)"]
    assert (rating["value"], rating["n"], rating["unjudged"]) == (pytest.approx(400 * math.log10(8.5 / 0.5)), 9, 0)
    assert rating["low"] < rating["value"]
    alike = told["long", "win rate, style alike"]
    assert "log-odds of a standard deviation:length " in alike["signature"]
    assert ("short", "rating (Elo)") not in told  # the baseline's is 0
    baseline = told["short", "win rate"]
    assert (baseline["value"], baseline["n"], baseline["unjudged"]) == (None, 0, 9)


def test_a_judge_that_refuses_is_counted(tmp_path: Path, chat_server: ChatServer) -> None:
    said = ["Ja.", "Ja. judge:refuses", "Ja. judge:prose", "ein sehr langer Satz " * 40]
    questions = [{"prompt": f"Frage {n}?", "references": [text]} for n, text in enumerate(said)]
    with ChatServer(judges=True) as judge:
        arena(tmp_path, chat_server.url, judge.url, questions, against="reference")
        done = evals(tmp_path, "run", "arena.yaml")
        assert done.returncode == 0, done.stderr
    frame = pl.read_parquet(tmp_path / "runs/arena/results.parquet")
    [won] = frame.filter((pl.col("metric") == "win rate") & (pl.col("model") == "long")).to_dicts()
    assert (won["value"], won["n"], won["unjudged"]) == (pytest.approx(2 / 3), 3, 1)
    [rating] = frame.filter((pl.col("metric") == "rating (Elo)") & (pl.col("model") == "long")).to_dicts()
    assert (rating["value"], rating["n"], rating["unjudged"]) == (pytest.approx(400 * math.log10(2)), 3, 1)
    page = (tmp_path / "runs/arena/report/README.md").read_text("utf-8")
    assert "rating, style alike (Elo)" in page


def test_the_shipped_arena(tmp_path: Path, chat_server: ChatServer, shared_data: Path) -> None:
    """Real questions, a judge that likes length, and models on a server in place of the recipe's folders."""
    with ChatServer(judges=True) as judge:
        named = {"TOWERKIT_DATA": str(shared_data), "JUDGE": "judge", "JUDGE_URL": judge.url, "BASELINE": "nowhere"}
        engines = {
            name: json.dumps({"engine": {"openai": {"model": name, "base_url": chat_server.url, "max_tokens": length}}})
            for name, length in (("baseline", 8), ("tuned", 12))
        }
        sets = [f"--set=models.{name}={engine}" for name, engine in engines.items()]
        sets.append("--set=benchmarks.arena-hard.arena.first=12")
        done = evals(tmp_path, "run", str(ROOT / "recipes/eval/arena.yaml"), *sets, **named)
    assert done.returncode == 0, done.stderr
    frame = pl.read_parquet(tmp_path / "runs/arena/results.parquet")
    told = {row["metric"]: row for row in frame.filter(pl.col("model") == "tuned").to_dicts()}
    assert (told["win rate"]["value"], told["win rate"]["n"]) == (1.0, 12)
    # Who won all has no finite rating, though it begins somewhere.
    assert (told["rating (Elo)"]["value"], told["rating (Elo)"]["high"]) == (None, None)
    assert told["rating (Elo)"]["low"] > 0


def rules_recipe(folder: Path, url: str, judge: str, generator: str | None = None) -> None:
    """Two items: one whose only rule any short answer keeps, one whose rule none of the server's answers keeps."""
    terms = {"family": "terms", "locale": "de", "required": [["door", "Tür"]]}
    rows = [
        {
            "prompt": [{"role": "user", "content": f"Use this glossary: door → Tür. Translate: The door is {word}."}],
            "source": f"The door is {word}.",
            "references": [f"Die Tür ist {german}."],
            "verifiers": [{"name": "translation_rules", "args": json.dumps({"rules": [terms]})}],
            **{"src_lang": "en", "tgt_lang": "de"},
            "meta": json.dumps({"generator": generator}) if generator else None,
        }
        for word, german in (("old", "alt"), ("new", "neu"), ("red", "rot"))
    ]
    corpus.write(rows, "verifiable", folder / "items")
    options = {"read": {"dataset": "items"}, "judge": {"openai": {"model": "judge", "base_url": judge}}}
    models = {"one": {"engine": {"openai": {"model": "one", "base_url": url, "max_tokens": 8}}}}
    told = {"name": "rules", "models": models, "benchmarks": {"ifmt": {"ifmt_rules": options}}}
    (folder / "rules.yaml").write_text(json.dumps(told), "utf-8")


def test_a_judge_beside_the_rules(tmp_path: Path, chat_server: ChatServer) -> None:
    """The judge here goes by length, and finds any answer obedient; the rules do not: no agreement."""
    with ChatServer(judges=True) as judge:
        rules_recipe(tmp_path, chat_server.url, judge.url)
        done = evals(tmp_path, "run", "rules.yaml")
        assert done.returncode == 0, done.stderr
    frame = pl.read_parquet(tmp_path / "runs/rules/results.parquet")
    told = {row["metric"]: row for row in frame.to_dicts()}
    assert (told["rules kept"]["value"], told["rules kept"]["n"]) == (0.0, 3)
    assert told["instructions followed, by the judge (1 to 6)"]["value"] == 6.0
    assert (told["judge and rules agree"]["value"], told["judge and rules agree"]["n"]) == (0.0, 3)


def test_a_judge_may_not_have_written_the_items(tmp_path: Path, chat_server: ChatServer) -> None:
    # The writer's folder or hub id has the same name as the judge: a generator is known by that alone.
    rules_recipe(tmp_path, chat_server.url, chat_server.url, generator="models/Judge")
    done = evals(tmp_path, "run", "rules.yaml")
    assert done.returncode == 2
    assert "the judge 'judge' wrote the items of this set" in done.stderr
    assert chat_server.stats()["total"] == 0


def test_a_baseline_that_is_not_evaluated(tmp_path: Path) -> None:
    arena(tmp_path, "http://127.0.0.1:9/v1", "http://127.0.0.1:9/v1", [{"prompt": "Frage?"}], against="gpt")
    done = evals(tmp_path, "run", "arena.yaml")
    assert done.returncode == 2
    assert "no model 'gpt' is evaluated; there are short, long" in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "none.yaml"), "none.yaml: cannot be read"),
        (("run", "small.yaml", "--set", "benchmarks.news.parallel.frist=3"), "Did you mean 'first'"),
        (("run", "small.yaml", "--set", "benchmarks.more={ifevall: {}}"), "Did you mean 'ifeval'"),
        (("run", "small.yaml", "--set", "pictures=[[news]]"), "found 1 axes, expected two or three"),
        (
            ("run", "small.yaml", "--set", "pictures=[[news, ifevl]]"),
            "no benchmark is called 'ifevl'. Did you mean 'ifeval'",
        ),
        (("run", "small.yaml", "--set", "pictures=[[news/BLUE, ifeval]]"), "has no metric 'BLUE'. Did you mean 'BLEU'"),
        (("run", "small.yaml", "--set", "benchmarks.report={ifeval: {file: instructions.jsonl}}"), "take another"),
        (("run", "small.yaml", "--set", "models.one.papers=nowhere"), "there is no folder 'nowhere'"),
        (
            ("run", "small.yaml", "--set", "models.one.parents=[on]"),
            "models.one.parents: no other model is called 'on'. There are none",
        ),
        (("run", "small.yaml", "--set", "models.one.share=1.5"), "less than or equal to 1"),
        (("run", "small.yaml", "--model", "a/final", "--model", "b/final"), "give a name, NAME=b/final"),
        (("run", "small.yaml", "--set", "models.one.task=translat"), "Did you mean 'translate'"),
        (("compare", "small.yaml"), "nothing was evaluated under runs/small; first: python -m evals run small.yaml"),
        (("compare", "small.yaml", "three"), "no model 'three' was evaluated"),
    ],
)
def test_what_cannot_be(words: tuple[str, ...], message: str, tmp_path: Path) -> None:
    recipe(tmp_path, "http://127.0.0.1:9/v1", "one")
    done = evals(tmp_path, *words)
    assert done.returncode == 2, done.stdout + done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_items_that_are_none_or_twice(tmp_path: Path) -> None:
    """Found before a model is asked."""
    recipe(tmp_path, "http://127.0.0.1:9/v1", "one")
    done = evals(tmp_path, "run", "small.yaml", "--set", "benchmarks.news.parallel.documents=true")
    assert (done.returncode, "benchmarks.news: found no items" in done.stderr) == (2, True), done.stderr
    row = {"prompt": "Say it.", "verifiers": [{"name": "math", "args": json.dumps({"answer": "4"})}], "tgt_lang": "en"}
    (tmp_path / "rows.jsonl").write_text((json.dumps(row) + "\n") * 2, "utf-8")
    twice = "benchmarks.more={problems: {read: {jsonl: rows.jsonl, kind: prompt}}}"
    done = evals(tmp_path, "run", "small.yaml", "--set", twice)
    assert (done.returncode, "found the same item 2 times" in done.stderr) == (2, True), done.stderr


def test_programs_need_leave(tmp_path: Path) -> None:
    recipe(tmp_path, "http://127.0.0.1:9/v1", "one")
    done = evals(tmp_path, "run", "small.yaml", "--set", "benchmarks.code={programs: {read: {jsonl: a.jsonl}}}")
    assert done.returncode == 2
    assert "allow_code: true" in done.stderr


def test_benchmarks_are_listed(tmp_path: Path) -> None:
    done = evals(tmp_path, "list")
    assert done.returncode == 0, done.stderr
    for name in ("parallel", "wmt24pp", "ifeval", "mathematics", "programs", "ifmt_rules"):
        assert f"{name} (" in done.stdout
