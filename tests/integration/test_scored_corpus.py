"""Real outputs scored by models trained on the spot: every score is in the report, and kills lose nothing."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from comet_models import rated_rows, train

import corpus
from datagen.verify import verify
from filters.comet.environment import comet_environment

pytest.importorskip("torch", reason="needs torch and transformers: make test-train")

from tiny_models import make_chat_model, make_reward_model

pytestmark = [pytest.mark.timeout(900), pytest.mark.filterwarnings("default")]

RECIPE = Path(__file__).parents[2] / "recipes" / "wmt23_scores.yaml"
SCORES = ("score_kiwi", "score_reward", "score_agreement", "score_chrf", "score_langid")
NEAR = 1e-4
"""What numbers of one model may differ by where other texts stood in the batch."""


@pytest.fixture(scope="module")
def environment(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment variables that name the data and two models, both trained by their own libraries' trainers."""
    folder = tmp_path_factory.mktemp("models")
    python = comet_environment().python(lambda _: None)
    train(python, folder / "comet", rated_rows(shared_data), "unified", steps=30)
    make_reward_model(folder / "reward", make_chat_model(folder / "base"))
    return {
        **os.environ,
        "TOWERKIT_DATA": str(shared_data),
        "QE_MODEL": str(folder / "comet" / "unified"),
        "REWARD_MODEL": str(folder / "reward"),
    }


def begin(environment: dict[str, str], runs: Path, *sets: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "datagen.cli", "run", RECIPE, "--runs", runs, "--sample", "60", "--workers", "1"]
    # A model of a minute's training spreads its scores less than a published one.
    for setting in ("pairs.min_margin=0", *sets):
        command += ["--set", setting]
    return subprocess.Popen(
        list(map(str, command)), env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def run(environment: dict[str, str], runs: Path, *sets: str) -> str:
    process = begin(environment, runs, *sets)
    said, _ = process.communicate()
    assert process.returncode == 0, said
    return said


def dataset(runs: Path, stage: str) -> corpus.Dataset:
    current = json.loads((runs / "wmt23_scores" / "current.json").read_text())
    return corpus.open(runs / "wmt23_scores" / current[stage])


@pytest.fixture(scope="module")
def whole(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An undisturbed run."""
    runs = tmp_path_factory.mktemp("whole")
    run(environment, runs)
    return runs


def test_every_score_is_in_the_report(whole: Path, environment: dict[str, str]) -> None:
    for stage in ("outputs", "scored", "kept", "best", "pairs"):
        assert [check for check in verify(dataset(whole, stage).path) if check.problem] == []
    scored, pairs = dataset(whole, "scored").manifest, dataset(whole, "pairs").manifest
    assert {name: scored.scores[name].histogram is not None for name in SCORES} == dict.fromkeys(SCORES, True)
    assert {one.family for one in pairs.selected_by} >= {"comet", "langid"}
    assert dataset(whole, "best").manifest.rows > 0
    assert pairs.rows > 0
    out = whole / "report"
    command = [sys.executable, "-m", "datagen.cli", "report", whole / "wmt23_scores", "--out", out, "--no-text"]
    subprocess.run(list(map(str, command)), check=True, env=environment, capture_output=True)
    page, agreement = (out / "README.md").read_text("utf-8"), (out / "agreement.csv").read_text("utf-8")
    for score in SCORES:
        assert score in page
        assert score in agreement
        assert (out / f"scores-scored-{score}.svg").is_file() or score not in ("score_kiwi", "score_reward")


def test_another_threshold_loads_no_model(whole: Path, environment: dict[str, str]) -> None:
    said = run(environment, whole, "kept.length_ratio.max=2.5")
    assert "scored: done already" in said
    # Another scorer beside them: the models' verdicts are in the store, so neither is loaded nor a worker started.
    said = run(environment, whole, "scored.langid.prior=50")
    assert "scoring" not in said
    assert "loading" not in said
    # What was made first is still there, and is the newest again.
    assert "scored: done already" in run(environment, whole)


@pytest.mark.parametrize("seed", [1, 2])
def test_kills_of_runs_and_workers_lose_nothing(
    seed: int, whole: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    chance = random.Random(seed)
    for _ in range(3):
        process = begin(environment, tmp_path)
        time.sleep(chance.uniform(2, 14))
        workers = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        process.send_signal(signal.SIGKILL)
        process.communicate()
        # What the run leaves behind ends by itself.
        assert psutil.wait_procs(workers, timeout=20)[1] == []
    process = begin(environment, tmp_path)
    killed = False
    while process.poll() is None and not killed:
        for child in psutil.Process(process.pid).children(recursive=True):
            if any(word.endswith("worker.py") for word in child.cmdline()):
                child.kill()
                killed = True
        time.sleep(0.05)
    said, _ = process.communicate()
    assert process.returncode == 0, said
    wanted, found = (
        dataset(runs, "scored").scan().select("id", *SCORES).sort("id").collect() for runs in (whole, tmp_path)
    )
    assert found["id"].to_list() == wanted["id"].to_list()
    for score in SCORES:
        assert found[score].is_null().to_list() == wanted[score].is_null().to_list()
        assert (found[score] - wanted[score]).abs().max() <= NEAR * max(1.0, wanted[score].abs().max())
