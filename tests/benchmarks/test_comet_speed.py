"""The scorer `comet` against `comet-score`: many responses to a source, some of which repeat, on two cores.

The model has the shape of MiniLM (12 layers of 384) with random weights. Both sides score with 32-bit numbers and the
same batch size, and are timed after loading. CPU time is told beside: it holds still where others use the cores too.
TOWERKIT_COMET_SOURCES makes it shorter.
"""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from harness import Report

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import comet_models

from filters.comet.checkpoint import read_checkpoint
from filters.comet.client import WORKER, Load, Workers
from filters.comet.environment import comet_environment

pytestmark = pytest.mark.bench

SOURCES, RESPONSES, REPEATED, BATCH = int(os.environ.get("TOWERKIT_COMET_SOURCES", "600")), 16, 0.3, 16
SIDES = {"unified": ("src", "mt"), "referenceless": ("src", "mt"), "regression": ("src", "mt", "ref")}
LEAST = {"unified": 1.7, "referenceless": 2.5, "regression": 2.5}


@pytest.fixture(scope="module")
def python() -> Path:
    return comet_environment().python(print)


@pytest.fixture(scope="module")
def models(python: Path, folder: Path) -> Path:
    rows = comet_models.rated_rows(None)
    return comet_models.train(python, folder / "comet", rows, *SIDES, hidden=384, layers=12, vocabulary=300, steps=1)


def made_up() -> tuple[list[str], list[str], list[list[str]]]:
    """Sources, references, and the responses of each: sentences of 3 to 45 words, the lengths of news."""
    rng = random.Random(7)
    words = sorted({word for row in comet_models.rated_rows(None) for word in f"{row['src']} {row['ref']}".split()})

    def sentence(length: float) -> str:
        return " ".join(rng.choices(words, k=max(3, min(45, round(length)))))

    sources, references, responses = [], [], []
    for _ in range(SOURCES):
        length = rng.lognormvariate(2.6, 0.6)
        sources.append(sentence(length))
        references.append(sentence(length * rng.lognormvariate(0, 0.15)))
        said: list[str] = []
        for _ in range(RESPONSES):
            again = bool(said) and rng.random() < REPEATED * RESPONSES / (RESPONSES - 1)
            said.append(rng.choice(said) if again else sentence(length * rng.lognormvariate(0, 0.15)))
        responses.append(said)
    return sources, references, responses


def job(python: Path, *words: object) -> dict[str, Any]:
    command = [str(python), "-I", str(Path(__file__).with_name("comet_jobs.py")), *map(str, words)]
    # As our workers: threads that spin would make the comparison hang on what else the machine does.
    quiet = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=quiet)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


@pytest.mark.parametrize("kind", SIDES)
def test_comet_against_comet_score(python: Path, models: Path, folder: Path, report: Report, kind: str) -> None:
    sources, references, responses = made_up()
    work = folder / kind
    work.mkdir()

    def file(name: str, lines: list[str]) -> Path:
        (work / name).write_text("\n".join(lines) + "\n", "utf-8")
        return work / name

    flat = [(s, m, r) for s, r, said in zip(sources, references, responses, strict=True) for m in said]
    sides = SIDES[kind]
    refs = file("refs", [row[2] for row in flat]) if "ref" in sides else ""
    files = [file("sources", [row[0] for row in flat]), refs, file("responses", [row[1] for row in flat])]
    library = job(python, "score", "float32", BATCH, models / kind, *files)
    systems = [file(f"system{n}", [said[n] for said in responses]) for n in range(RESPONSES)]
    single = file("refs-once", references) if "ref" in sides else ""
    apart = job(python, "score", "float32", BATCH, models / kind, file("sources-once", sources), single, *systems)

    # What the stage `score` hands over: each distinct item once, those of a source together.
    at = {"src": 0, "mt": 1, "ref": 2}
    items = [tuple(row[at[side]] for side in sides) for row in flat]
    distinct = sorted(set(items))
    checkpoint = read_checkpoint(str(models / kind), None, None)
    weights, encoder = checkpoint.fetched()
    load = Load(weights, encoder, checkpoint.hparams, sides, batch_size=BATCH, batch_tokens=10**9)
    told: list[Any] = []
    scores: dict[tuple[str, ...], float | None] = {}
    with Workers(python, load, ["cpu"], work, told.append) as workers:
        worker = psutil.Process(workers.pids()[0])
        began, used = time.perf_counter(), cpu_seconds(worker)
        for part in workers.score(distinct):
            scores.update(zip((distinct[row] for row in part.rows), part.scores, strict=True))
        ours, used = time.perf_counter() - began, cpu_seconds(worker) - used
        apart_from_pipe = workers.seconds()
    request = {"settings": settings(load), "rows": distinct}
    (work / "rows.json").write_text(json.dumps(request), "utf-8")
    inside = job(python, "inside", WORKER, BATCH, work / "rows.json")

    assert [scores[item] for item in items] == pytest.approx(library["scores"], abs=1e-5)
    count = len(items)
    padding = next(facts["padding"] for facts in reversed(told) if "padding" in facts)
    name = f"{kind}, {SOURCES} sources × {RESPONSES} responses, {1 - len(distinct) / count:.0%} repeats"
    report.add(f"{name}: comet-score, one line for each response", count / library["seconds"], "rows/s")
    report.add(f"{name}: comet-score, one file for each system", count / apart["seconds"], "rows/s")
    report.add(f"{name}: scorer comet, padding {padding}", count / ours, "rows/s")
    faster = library["seconds"] / ours
    report.add("scorer comet by comet-score, a line each, equal scores", faster, "times", least=LEAST[kind])
    report.add("the same in CPU time", library["cpu"] / used, "times")
    report.add("scorer comet by comet-score, a file each", apart["seconds"] / ours, "times")
    report.add("the same in CPU time", apart["cpu"] / used, "times")
    report.add("scorer comet with its pipe by its worker alone", ours / apart_from_pipe, "times", most=1.05)
    report.add("scorer comet by the same code in a process without a pipe, CPU time", used / inside["cpu"], "times")


def cpu_seconds(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.user + used.system)


def settings(load: Load) -> dict[str, Any]:
    """What a worker is told to load."""
    hparams = {name: load.hparams.get(name) for name in ("class_identifier", "layer_transformation")}
    return {
        **{"checkpoint": str(load.checkpoint), "encoder": str(load.encoder), "hparams": hparams, "sides": load.sides},
        **{"dtype": "float32", "trust_pickle": False, "device": "cpu", "threads": len(os.sched_getaffinity(0))},
    }


def test_comet_score_as_it_comes(python: Path, models: Path, folder: Path, report: Report) -> None:
    """Its command line turns the model into 16-bit numbers, on a CPU too."""
    sources, _, responses = made_up()
    (folder / "s").write_text("\n".join(sources[:40]) + "\n", "utf-8")
    (folder / "t").write_text("\n".join(said[0] for said in responses[:40]) + "\n", "utf-8")
    took = [
        job(python, "score", dtype, BATCH, models / "unified", folder / "s", "", folder / "t")["seconds"]
        for dtype in ("float16", "float32")
    ]
    report.add("comet-score's 16-bit numbers by 32-bit ones, time on this CPU", took[0] / took[1], "times")
