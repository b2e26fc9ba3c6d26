"""Real text for the miniature: what is held out, what is refused, and files that `read` takes."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from datagen.progress import Silent
from datagen.recipe import load_recipe
from datagen.run import run
from filters.rewards import Composite, verify_row

ROOT = Path(__file__).parents[2]
SMALL = {"pairs": 3_000, "mono": 2_000, "rules": 60, "general": 400, "scored": 300, "teacher": 200, "tests": 40}

Rows = dict[str, list[dict[str, Any]]]


def write(data: Path, out: Path) -> subprocess.CompletedProcess[str]:
    sizes = [part for name, count in SMALL.items() for part in (f"--{name}", str(count))]
    script = ROOT / "recipes" / "mini" / "real.py"
    return subprocess.run(
        [sys.executable, script, "--data", data, "--out", out, "--seed", "5", *sizes],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The five sets, laid out as their repositories have them, with sentences of our own."""
    data = tmp_path_factory.mktemp("sets")

    def put(path: str, lines: list[str]) -> None:
        file = data / path
        file.parent.mkdir(parents=True, exist_ok=True)
        text = "".join(f"{line}\n" for line in lines).encode()
        file.write_bytes(gzip.compress(text) if path.endswith(".gz") else text)

    said = {
        "en": "On May {n}, 20{d} the train at 8:15 PM costs ${n}.50, says {n} of 20 people.",
        "de": "Am {n}. Mai 20{d} kostet der Zug um 20:15 Uhr {n},50 $, sagen {n} von 20 Leuten.",
        "fr": "Le {n} mai 20{d}, le train de 20h15 coûte {n},50 $, disent {n} personnes sur 20.",
    }
    for name, years in (("train", range(10, 30)), ("test_2016_flickr", range(30, 33))):
        for code, text in said.items():
            # The first line of the test set stands in the training set as well.
            lines = [text.format(n=n, d=d) for d in (*years, 30) for n in range(1, 30)]
            put(f"multi30k/{name}.{code}.gz", lines)
    for name, start, count in (("dev", 0, 200), ("train", 200, 50)):
        rows = [
            {"en": f"House number {n} is mine.", "yor": f"Ilé nọ́mbà {n} ni tèmi."} for n in range(start, start + count)
        ]
        put(f"mafand/json_files/en-yor/{name}.json", [json.dumps({"translation": row}) for row in rows])
    for code, text in (("eng", "I have {n} horses."), ("afr", "Ek het {n} perde.")):
        put(f"tatoeba_laser/tatoeba.afr-eng.{code}", [text.format(n=n) for n in range(2, 60)])
    put("ntrex128/DOCUMENT_IDS.tsv", [f"news.{n // 5}" for n in range(100)])
    put("ntrex128/newstest2019-src.eng.txt", [f"The {n}th minister spoke.\r" for n in range(100)])
    put("ntrex128/newstest2019-ref.deu.txt", [f"Der {n}. Minister sprach.\r" for n in range(100)])
    solved = [
        {"question": f"What is {n} + 1?", "answer": f"It is <<{n}+1={n + 1}>>{n + 1}.\n#### {n + 1:,}"}
        for n in range(995, 1095)
    ]
    put("gsm8k/train.jsonl", [json.dumps(row) for row in solved])
    return data


@pytest.fixture(scope="module")
def folder(sets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("real")
    done = write(sets, out)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def rows(folder: Path) -> Rows:
    return {
        path.name.removesuffix(".jsonl"): [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        for path in folder.glob("*.jsonl")
    }


def test_no_sentence_of_a_test_set_is_trained_on(rows: Rows) -> None:
    held = {row[side] for row in rows["pairs.test"] for side in ("source", "target")}
    assert len(rows["pairs.test"]) > 100
    for row in rows["pairs.train"]:
        assert held.isdisjoint((row["source"], row["target"]))
    for row in rows["scored.train"]:
        assert held.isdisjoint((row["src"], row["ref"], row["mt"]))
    for row in rows["rules.train"]:
        assert held.isdisjoint((row["source"], *row["references"]))
    assert held.isdisjoint(row["text"] for row in rows["mono.train"])
    asked = {row["prompt"][0]["content"] for row in rows["general.train"]}
    assert asked.isdisjoint(row["prompt"][0]["content"] for row in rows["general.test"])


def test_every_set_has_its_part_with_its_licence(rows: Rows) -> None:
    found = {(row["origin"], row["license"]) for row in rows["pairs.train"]}
    assert found == {
        ("multi30k", None),
        ("mafand", "CC-BY-NC-4.0"),
        ("tatoeba", "CC-BY-2.0-FR"),
        ("ntrex128", "CC-BY-SA-4.0"),
    }
    assert {row["origin"] for row in rows["general.train"]} == {"gsm8k", "phrasebook"}
    assert {row["src_lang"] for row in rows["pairs.train"]} == {"en", "de", "fr", "yo", "af"}


def test_rules_are_tested_on_every_set(rows: Rows) -> None:
    assert {row["origin"] for row in rows["rules.test"]} == {row["origin"] for row in rows["pairs.test"]}


def test_other_sets_are_read_again(sets: Path, tmp_path: Path) -> None:
    """What stands in the folder is taken as made where the same was read."""
    data, out = tmp_path / "sets", tmp_path / "out"
    shutil.copytree(sets, data)
    written = []
    for _ in range(3):
        assert write(data, out).returncode == 0
        written.append((out / "mono.train.jsonl").stat().st_mtime_ns)
        if len(written) == 2:
            problems = data / "gsm8k" / "train.jsonl"
            problems.write_text("".join(problems.read_text("utf-8").splitlines(keepends=True)[:-10]), "utf-8")
    assert written[0] == written[1] < written[2]


@pytest.mark.parametrize("file", ["rules.train", "rules.test", "general.train", "general.test"])
def test_references_pass_their_verifiers(rows: Rows, file: str) -> None:
    assert rows[file]
    for row in rows[file][:60]:
        assert verify_row(row, row["references"][0], Composite(allow_code=True)).score == 1, row


def test_documents_are_held_out_whole(rows: Rows) -> None:
    """A document of which a line is tested has no line in training."""
    number = {
        row["source"].split("th ")[0].removeprefix("The ") for row in rows["pairs.test"] if "minister" in row["source"]
    }
    documents = {int(n) // 5 for n in number}
    assert documents
    texts = [row["text"] for row in rows["mono.train"] if row["origin"] == "ntrex128"]
    said = {
        int(line.split(". ")[0].removeprefix("Der ")) // 5
        for text in texts
        for line in text.split("\n")
        if "Der " in line
    }
    assert said
    assert documents.isdisjoint(said)


def test_read_takes_every_file(folder: Path, tmp_path: Path) -> None:
    kinds = {
        "mono": "text",
        "rules": "verifiable",
        "general": "verifiable",
        "pairs": "pair",
        "teacher_a": "sft",
        "teacher_b": "sft",
    }
    stages = []
    for path in sorted(folder.glob("*.jsonl")):
        name, split, _ = path.name.split(".")
        if name in kinds:
            stages.append(f"  {name}_{split}: {{read: {{jsonl: {json.dumps(str(path))}, kind: {kinds[name]}}}}}")
    stages.append(f"  scored: {{read: {json.dumps(spoilt_in_ranking(folder))}}}")
    recipe = tmp_path / "real.yaml"
    recipe.write_text("name: real\nseed: 1\nstages:\n" + "\n".join(stages) + "\n", "utf-8")
    made = run(load_recipe(recipe), tmp_path / "runs", until=None, workers=1, progress=Silent())
    assert len(made) == len(stages)
    for dataset in made.values():
        assert dataset.manifest.rows
        assert dataset.aside().collect().is_empty()


def spoilt_in_ranking(folder: Path) -> dict[str, Any]:
    """How ranking.yaml reads the translations with a score."""
    ranking = yaml.safe_load((ROOT / "recipes" / "mini" / "ranking.yaml").read_text("utf-8"))
    return {**ranking["stages"]["spoilt"]["read"], "jsonl": str(folder / "scored.train.jsonl")}


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda data: (data / "gsm8k" / "train.jsonl").unlink(), "gsm8k/train.jsonl is not there"),
        (
            lambda data: (data / "multi30k" / "train.fr.gz").write_bytes(gzip.compress(b"Une ligne.\n")),
            "multi30k: en has",
        ),
        (lambda data: (data / "tatoeba_laser" / "tatoeba.afr-eng.eng").unlink(), "has no tatoeba.*-eng.eng"),
    ],
)
def test_sets_that_cannot_be_read_are_told(sets: Path, tmp_path: Path, spoil: Any, message: str) -> None:
    data = tmp_path / "sets"
    shutil.copytree(sets, data)
    spoil(data)
    done = write(data, tmp_path / "out")
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out" / "made.json").exists()
