"""The shipped quickstart recipe, run as a user runs it: every planted fault is found, good answers stay."""

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest

import corpus

RECIPES = Path(__file__).parents[2] / "recipes"
RECIPE = RECIPES / "quickstart.yaml"
PLANTED = [json.loads(line) for line in (RECIPES / "quickstart/planted.jsonl").read_text("utf-8").splitlines()]
KEY = ["engine", "segment", "tgt_lang"]
STAGES = ("heldout", "answers", "scored", "kept", "unique", "best", "pairs", "chat", "mix")


class Quickstart(NamedTuple):
    """A finished run."""

    runs: Path
    output: str

    def dataset(self, stage: str) -> corpus.Dataset:
        """The newest dataset of a stage."""
        folder = self.runs / "quickstart"
        return corpus.open(folder / json.loads((folder / "current.json").read_text("utf-8"))[stage])


def datagen(*words: str | Path) -> str:
    """What `datagen` prints; it must end well."""
    command = [sys.executable, "-c", "from datagen.cli import main; main()", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory: pytest.TempPathFactory) -> Quickstart:
    runs = tmp_path_factory.mktemp("runs")
    return Quickstart(runs, datagen("run", RECIPE, "--runs", runs))


@pytest.fixture(scope="module")
def dropped(quickstart: Quickstart) -> dict[tuple[str, str, str], str]:
    """Reason of each answer that `kept` set aside, by system, segment and language."""
    answers = quickstart.dataset("answers").scan().select("id", "segment", "engine", "tgt_lang")
    aside = quickstart.dataset("kept").aside().select("id", "reason")
    rows = aside.join(answers, on="id", how="left").collect()
    return {tuple(row[name] for name in KEY): row["reason"] for row in rows.iter_rows(named=True)}  # type: ignore[misc]


@pytest.mark.parametrize("fault", sorted({row["fault"] for row in PLANTED}))
def test_planted_faults_are_dropped_for_that_reason(fault: str, dropped: dict[tuple[str, str, str], str]) -> None:
    planted = [tuple(row[name] for name in KEY) for row in PLANTED if row["fault"] == fault]
    assert {key: dropped.get(key) for key in planted} == dict.fromkeys(planted, fault)


def test_nothing_else_is_dropped(dropped: dict[tuple[str, str, str], str]) -> None:
    planted = {tuple(row[name] for name in KEY) for row in PLANTED}
    assert {key: reason for key, reason in dropped.items() if key not in planted} == {}


def test_every_good_answer_is_kept(quickstart: Quickstart) -> None:
    kept = quickstart.dataset("kept").scan().filter(pl.col("engine") == "careful").collect()
    assert kept.height == 8 * 12


def test_equal_answers_remain_once(quickstart: Quickstart) -> None:
    text = ["tgt_lang", "source", "response"]
    kept, unique = (quickstart.dataset(stage).scan().select(text).collect() for stage in ("kept", "unique"))
    assert unique.height == kept.unique().height < kept.height


def test_best_and_chosen_are_at_least_as_good_as_what_they_leave(quickstart: Quickstart) -> None:
    pairs = quickstart.dataset("pairs").scan().collect()
    assert pairs.height > 40
    assert (pairs["score_chosen"] - pairs["score_rejected"]).min() >= 10  # type: ignore[operator]
    assert set(pairs["model_rejected"]) <= {"careful", "literal", "hasty", "faulty"}
    # Every planted row is gone, so none can be chosen.
    assert not any("ChatGPT" in turns[0]["content"] for turns in pairs["chosen"])


def test_mix_joins_translations_and_chat_and_holds_some_out(quickstart: Quickstart) -> None:
    mix = quickstart.dataset("mix")
    chat = mix.scan().collect()["task"] == "chat"
    assert set(mix.manifest.splits) == {"train", "validation"}
    assert (~chat).sum() == 2 * chat.sum()
    assert 0 < mix.scan("validation").collect().height < len(mix) / 4


@pytest.mark.parametrize("stage", STAGES)
def test_every_dataset_verifies(stage: str, quickstart: Quickstart) -> None:
    datagen("verify", quickstart.dataset(stage).path)


def test_the_run_names_its_datasets(quickstart: Quickstart) -> None:
    assert [stage for stage in STAGES if quickstart.dataset(stage).path.name not in quickstart.output] == []


def test_a_second_run_does_nothing(quickstart: Quickstart) -> None:
    before = _bytes_and_times(quickstart.runs)
    datagen("run", RECIPE, "--runs", quickstart.runs)
    assert _bytes_and_times(quickstart.runs) == before


def test_a_changed_threshold_redoes_the_selection_alone(quickstart: Quickstart) -> None:
    old = {stage: quickstart.dataset(stage).path for stage in STAGES}
    datagen("run", RECIPE, "--runs", quickstart.runs, "--set", "kept.too_long.max=400")
    new = {stage: quickstart.dataset(stage).path for stage in STAGES}
    changed = [stage for stage in STAGES if old[stage] != new[stage]]
    # The same rows pass, so what reads them has nothing to do.
    assert changed == ["kept"]
    assert old["kept"].is_dir()


def _bytes_and_times(runs: Path) -> dict[Path, tuple[bytes, int]]:
    files = (path for path in runs.rglob("*") if path.is_file() and path.name != ".lock")
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}
