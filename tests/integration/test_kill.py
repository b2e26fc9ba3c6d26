"""A run that is killed with -9 at any moment goes on to the same shards byte for byte; two runs at once do no harm."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest

LANES = 2
"""Runs that are killed side by side, each in a folder of its own."""

RECIPE = """\
name: killed
seed: 3
stages:
  answers:
    read: {jsonl: answers-*.jsonl, kind: response, src_lang: de, tgt_lang: en, rows_per_shard: 75, max_bad: 0.01}
  scored: {score: {scorers: [repetition, chrf]}}
  kept:
    select:
      filters: [empty, copied, {threshold: {column: score_chrf, min: 3, unjudged: keep}}]
  unique: {dedup: {on: [source, output], keep: score_chrf}}
  best: {best: {by: [score_chrf, score_repetition_top2gram]}}
  pairs:
    from: unique
    pair: {by: {score_chrf: 1, score_repetition_dup5gram: 2}, normalize: zscore, within: dataset, pairs: 2}
  chats: {read: {jsonl: chats.jsonl, kind: sft, rows_per_shard: 100}}
  mix:
    from: [best, chats]
    mix: {weights: {best: 2, chats: 1}, max_times: 1.5, validation: 0.2, rows_per_shard: 100}
  sentences: {read: {text: {de: sentences.de, en: sentences.en}, rows_per_shard: 150}}
  prompts: {prompt: {}}
  texts: {from: sentences, render: {templates: ["{source}\\n{target}", "{target} ({tgt})"]}}
"""
STAGES = ("answers", "scored", "kept", "unique", "best", "pairs", "chats", "mix", "sentences", "prompts", "texts")


class Whole(NamedTuple):
    """An uninterrupted run."""

    made: dict[str, Any]
    files: int
    """Shards and manifests."""
    seconds: float


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recipe beside its input: a few thousand rows of made-up words in several scripts, some of them at fault."""
    folder = tmp_path_factory.mktemp("recipe")
    chance = random.Random(11)
    words = ["haus", "sonne", "погода", "天气很好", "猫", "سلام", "שלום", "mañana", "été", "ไทย", "x", "1984"]

    def sentence() -> str:
        return " ".join(chance.choices(words, k=chance.randint(3, 14)))

    sources = [sentence() for _ in range(300)]
    for engine in "abcd":
        lines = [
            json.dumps(
                {
                    "source": source,
                    "engine": engine,
                    "response": chance.choice([sentence(), sentence(), source, "", f"{source} {sentence()}"]),
                    "references": [f"{source} {sentence()}"],
                    "doc_id": str(number // 7),
                    "segment": str(number),
                },
                ensure_ascii=False,
            )
            for number, source in enumerate(sources)
        ]
        lines[chance.randrange(300)] = "broken"
        (folder / f"answers-{engine}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    chats = [
        {"messages": [{"role": "user", "content": sentence()}, {"role": "assistant", "content": sentence()}]}
        for _ in range(200)
    ]
    (folder / "chats.jsonl").write_text("".join(json.dumps(chat) + "\n" for chat in chats), "utf-8")
    for language in ("de", "en"):
        lines = [sentence() for _ in range(600)]
        (folder / f"sentences.{language}").write_text("\n".join([*lines, *lines[:50]]) + "\n", "utf-8")
    (folder / "recipe.yaml").write_text(RECIPE, "utf-8")
    return folder / "recipe.yaml"


def start(recipe: Path, runs: Path, *, workers: int = 1) -> subprocess.Popen[str]:
    """A run as the head of a process group of its own, so that all its processes can be killed together."""
    words = ["run", str(recipe), "--runs", str(runs), "--workers", str(workers)]
    return subprocess.Popen(
        [sys.executable, "-c", "from datagen import cli, executors; executors._START_UP = 0; cli.main()", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(run: subprocess.Popen[str]) -> str:
    output, _ = run.communicate(timeout=100)
    assert run.returncode == 0, output
    return output


def begun(run: subprocess.Popen[str], runs: Path) -> None:
    """Wait until a run has started up and begins to work."""
    while not (runs / "killed" / ".lock").exists() and run.poll() is None:
        time.sleep(0.002)


def kill(recipe: Path, runs: Path, files: int, more: float, workers: int) -> int | None:
    """Kill a run some seconds after so many files are there; the number of stages that were done, None if all were."""
    run = start(recipe, runs, workers=workers)
    begun(run, runs)
    while _files(runs) < files and run.poll() is None:
        time.sleep(0.01)
    time.sleep(more)
    alive = run.poll() is None
    if alive:
        os.killpg(run.pid, signal.SIGKILL)
    run.communicate()
    return len(list(runs.glob("killed/*/manifest.json"))) if alive else None


def _files(runs: Path) -> int:
    """How many shards and manifests there are."""
    return sum(1 for name in ("data/*.parquet", "manifest.json") for _ in runs.glob(f"killed/*/{name}"))


def made(runs: Path) -> dict[str, Any]:
    """What a run leaves in its stages' folders, and which are the newest: bytes by file, manifests without `run`."""
    found: dict[str, Any] = {}
    folder = runs / "killed"
    for path in sorted(folder.glob("*/**/*")):
        if path.name == "manifest.json":
            manifest = json.loads(path.read_bytes())
            del manifest["run"]
            found[str(path.relative_to(folder))] = manifest
        elif path.is_file():
            found[str(path.relative_to(folder))] = path.read_bytes()
    found["current"] = json.loads((folder / "current.json").read_bytes())
    return found


@pytest.fixture(scope="module")
def whole(recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """What an uninterrupted run makes."""
    runs = tmp_path_factory.mktemp("whole")
    run = start(recipe, runs)
    begun(run, runs)
    began = time.monotonic()
    finish(run)
    return Whole(made(runs), _files(runs), time.monotonic() - began)


def test_the_recipe_uses_every_stage_and_every_stage_makes_something(whole: Whole) -> None:
    manifests = [value for name, value in whole.made.items() if name.endswith("manifest.json")]
    assert sorted(one["name"] for one in manifests) == sorted(STAGES)
    verbs = {"read", "score", "select", "dedup", "best", "pair", "mix", "prompt", "render"}
    assert {one["stage"] for one in manifests} == verbs
    assert all(sum(shard["rows"] for shard in one["shards"]) > 90 for one in manifests)
    assert sum(len(one["shards"]) for one in manifests) > 30


@pytest.mark.parametrize("kills", [5, pytest.param(20, marks=[pytest.mark.slow, pytest.mark.timeout(400)])])
def test_killed_at_any_moment_and_run_again(kills: int, recipe: Path, whole: Whole, tmp_path: Path) -> None:
    """Moments are spread over the work: after a number of files, and then somewhere before or within the next ones.

    Times alone would tell nothing on a busy machine.
    """
    chance = random.Random(5)
    moments = [
        (int((number + chance.random()) / kills * whole.files), chance.random() * 3 * whole.seconds / whole.files)
        for number in range(kills)
    ]
    reached: dict[int, int] = {}

    def lane(first: int) -> None:
        for number in range(first, kills, LANES):
            (files, more), workers = moments[number], 2 if number % 5 == 0 else 1
            # The last moments may come too late: the same again, a little earlier.
            while (done := kill(recipe, runs := tmp_path / f"{number}-{files}", files, more, workers)) is None:
                files -= 1
            reached[number] = done
            finish(start(recipe, runs))
            assert _differences(whole.made, made(runs)) == [], f"killed after {files} files, {done} stages done"

    with ThreadPoolExecutor(LANES) as lanes:
        list(lanes.map(lane, range(LANES)))
    assert len(reached) == kills
    assert len(set(reached.values())) > kills / 5, f"the moments lie in too few stages: {reached}"


def test_killed_again_and_again_it_still_comes_to_its_end(recipe: Path, whole: Whole, tmp_path: Path) -> None:
    """Each attempt goes on from where the last was killed."""
    for part in (0.3, 0.7):
        kill(recipe, tmp_path, int(part * whole.files), 0, workers=1)
    finish(start(recipe, tmp_path))
    assert _differences(whole.made, made(tmp_path)) == []
    attempts = [json.loads(path.read_bytes())["run"]["attempts"] for path in tmp_path.glob("killed/*/manifest.json")]
    assert max(attempts) > 1


def test_two_runs_at_once(recipe: Path, whole: Whole, tmp_path: Path) -> None:
    first = start(recipe, tmp_path)
    begun(first, tmp_path)
    second = start(recipe, tmp_path)
    one, other = finish(first), finish(second)
    assert f"in use by process {first.pid}; waiting until it is done" in other
    # The first made everything and the second nothing.
    assert [stage for stage in STAGES if f"{stage}: done already" in other] == list(STAGES)
    assert "done already" not in one
    manifests = [json.loads(path.read_bytes()) for path in tmp_path.glob("killed/*/manifest.json")]
    assert [one["run"]["attempts"] for one in manifests] == [1] * len(STAGES)
    assert _differences(whole.made, made(tmp_path)) == []


def test_workers_end_with_the_run_that_started_them(recipe: Path, tmp_path: Path) -> None:
    """Only the run itself is killed, as the kernel does when memory is short; nobody is left waiting for work."""
    run = start(recipe, tmp_path, workers=2)
    begun(run, tmp_path)
    deadline = time.monotonic() + 60
    while len(_group(run.pid)) < 3 and run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(_group(run.pid)) >= 3, "no workers were started"
    os.kill(run.pid, signal.SIGKILL)
    while _group(run.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert _group(run.pid) == []
    run.communicate()


def _group(group: int) -> list[int]:
    """Processes of a group that are not dead."""
    import psutil

    found = []
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return found


def _differences(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Names of files that are missing, left over or different."""
    return [name for name in sorted({*expected, *found}) if expected.get(name) != found.get(name)]
