"""Small real COMET checkpoints for tests and benchmarks, and what the library itself says of rows."""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
Rows = list[dict[str, Any]]

# Threads that spin on cores which other tests use would take minutes over seconds of work.
_QUIET = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
_WORDS = {
    "the house": ("das Haus", "das Häuschen"),
    "the ferry": ("die Fähre", "das Schiff"),
    "my neighbour": ("mein Nachbar", "meine Nachbarin"),
    "the weather": ("das Wetter", "die Luft"),
    "this letter": ("dieser Brief", "diese Post"),
}
_VERBS = {"is old": "ist alt", "comes tomorrow": "kommt morgen", "was good": "war gut", "stays here": "bleibt hier"}


def rated_rows(shared_data: Path | None) -> Rows:
    """Rows of `src`, `mt`, `ref` and `score`: rated and post-edited translations of MLQE-PE, else made-up ones."""
    if shared_data is not None and (shared_data / "mlqe_pe").is_dir():
        return _mlqe_pe(shared_data / "mlqe_pe")
    rng = random.Random(3)
    rows = []
    for _ in range(300):
        subjects, verbs = rng.choices(list(_WORDS), k=3), rng.choices(list(_VERBS), k=3)
        wrong = rng.randrange(4)
        said = [_VERBS[verb] for verb in verbs]
        ref = ", ".join(f"{_WORDS[subject][0]} {verb}" for subject, verb in zip(subjects, said, strict=True))
        parts = [f"{_WORDS[subject][rng.random() < 0.3]} {verb}" for subject, verb in zip(subjects, said, strict=True)]
        mt = ", ".join(parts[wrong:] or ["nichts"])
        src = ", ".join(map(" ".join, zip(subjects, verbs, strict=True)))
        rows.append({"src": src, "mt": mt, "ref": ref, "score": 1 - wrong / 4})
    return rows


def _mlqe_pe(folder: Path) -> Rows:
    def lines(part: str, name: str) -> list[str]:
        with tarfile.open(folder / part / "dev" / "en-de-dev.tar.gz") as archive:
            member = archive.extractfile(f"en-de-dev/{name}")
            assert member is not None
            return member.read().decode("utf-8").splitlines()

    told = lines("direct-assessments", "dev.ende.df.short.tsv")
    rated = csv.DictReader(told, delimiter="\t", quoting=csv.QUOTE_NONE)
    edited = lines("post-editing", "dev.pe")
    return [
        {"src": row["original"], "mt": row["translation"], "ref": ref, "score": float(row["mean"]) / 100}
        for row, ref in zip(rated, edited, strict=True)
    ]


def train(python: Path, folder: Path, rows: Rows, *kinds: str, **shape: int) -> Path:
    """Train a checkpoint of each kind below a folder; `shape`: hidden, layers, vocabulary, steps (train_comet.py)."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "rows.csv").open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, ["src", "mt", "ref", "score"])
        writer.writeheader()
        writer.writerows(rows)
    options = [word for name, value in shape.items() for word in (f"--{name}", str(value))]
    command = [python, "-I", HERE / "train_comet.py", folder, folder / "rows.csv", *kinds, *options]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, env=_QUIET)
    if done.returncode:
        raise AssertionError(done.stderr)
    return folder


def predict(python: Path, jobs: Sequence[tuple[Path, Sequence[str], Sequence[Sequence[str]]]]) -> list[dict[str, Any]]:
    """The library's own scores and spans, for each model, sides, and rows of these sides."""
    told = json.dumps([[str(model), list(sides), list(rows)] for model, sides, rows in jobs])
    command = [str(python), "-I", str(HERE / "predict_comet.py")]
    done = subprocess.run(command, input=told, capture_output=True, text=True, check=False, env=_QUIET)
    if done.returncode:
        raise AssertionError(done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
