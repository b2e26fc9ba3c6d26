"""What an evaluation takes beyond the generation of its answers: scores, intervals, the report, Python's start.

Answers are as long as real ones, by a model on the CPU, and the sets whole: of a run that is over in half a
minute, two seconds of Python's start are much. How much evaluation adds depends on how fast answers come, so its own
time is told too.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from harness import Report
from tiny_models import make_chat_model

from datagen.progress import Silent
from datagen.run import run
from evals.recipe import Evaluation, load_evaluation
from evals.runs import answers_stage, benchmark_recipe

pytestmark = pytest.mark.bench

ROOT = Path(__file__).parents[2]
TRANSLATED, TRANSLATION_TOKENS = 400, 48
INSTRUCTED, INSTRUCTED_TOKENS = 450, 192


def test_evaluation_beside_generation(folder: Path, report: Report, shared_data: Path) -> None:
    pytest.importorskip("torch", reason="needs torch and transformers: run it in .venv-train, after make test-train")
    model = make_chat_model(folder / "evaluated", hidden=512, layers=8, vocabulary=16_000, context=2048)
    evaluation = written(folder / "evals.yaml", model, shared_data)
    runs = folder / "evals-runs"
    started = time.perf_counter()
    answers = 0
    for name in evaluation.benchmarks:
        stage = answers_stage("m")
        recipe = benchmark_recipe(evaluation, name)
        made = run(recipe, runs / evaluation.name, until=stage, workers=evaluation.workers, progress=Silent())
        answers += made[stage].manifest.rows
    generation = time.perf_counter() - started

    started = time.perf_counter()
    command = [sys.executable, "-m", "evals", "run", str(evaluation.file), "--runs", str(runs)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    rest = time.perf_counter() - started

    assert answers > INSTRUCTED
    assert (runs / evaluation.name / "report/README.md").is_file()
    what = f"{answers:,} answers, {TRANSLATION_TOKENS} tokens a translation, {INSTRUCTED_TOKENS} an answer"
    report.add(f"generation by a small model on the CPU, {what}", generation, "s")
    report.add("evaluation of them: scores, intervals, the report", rest, "s")
    report.add("evaluation by generation", 100 * rest / generation, "%", most=5)


def written(file: Path, model: Path, data: Path) -> Evaluation:
    """An evaluation of translation and instructions, all of it by one model."""
    news = {
        "text": {"en": f"{data}/ntrex128/newstest2019-src.eng.txt", "de": f"{data}/ntrex128/newstest2019-ref.deu.txt"},
        "doc_ids": f"{data}/ntrex128/DOCUMENT_IDS.tsv",
        "normalize": ["line_ends"],
    }
    instructions = f"{data}/m_ifeval/input/en_input_data.jsonl"
    told = {
        "name": "evals",
        "models": {"m": {"engine": {"transformers": {"model": str(model), "device": "cpu"}}}},
        "benchmarks": {
            "news": {"parallel": {"read": news, "first": TRANSLATED, "max_tokens": TRANSLATION_TOKENS}},
            "ifeval": {"ifeval": {"file": instructions, "first": INSTRUCTED, "max_tokens": INSTRUCTED_TOKENS}},
        },
        "pictures": [["news", "ifeval"]],
    }
    file.write_text(json.dumps(told), "utf-8")
    return load_evaluation(file)
