"""Verdicts of the verifier `constraints` on real answers, and its slowest one on a megabyte of what is hard to read."""

import json
import random
import time
from pathlib import Path

import pytest
from harness import Report

from filters.constraints.catalog import CONSTRAINTS, entry
from filters.constraints.readers import from_ifeval
from filters.constraints.text import loose_variants
from filters.verifiers.constraints import Constraints

pytestmark = pytest.mark.bench

LENGTH = 1_000_000
UNITS = (
    "a", ".", "a. ", "b. ", "A.b ", "P.", "P.S. ", "*", "*\n", "* ", "[", "[a", "{", "<<a", "#", "##a",
    "\n", " ", " \n", "-\n",
    "1", "1. a\n", '"', "漢", "漢（", "あ", "あ。",
    "「", "「あ", "《あ", "¿", "¿a", "ก็", "e\u0301\u0316", "👩‍👩‍👧", "\ud800a ", "\0",
    "word ", "AB ", "A-", "t'", "SECTION 1\n", "```json\n", "ﬁß", "İ", "été ", "ете ",
)  # fmt: skip
HEADS = (("[", "x"), ("¿", "a"), ("e", "\u0301\u0316"), ("<<", "a"), ("「", "あ"))


def test_verdicts_on_real_answers(shared_data: Path, report: Report) -> None:
    for mode in ("strict", "loose"):
        jobs = list(answers(shared_data / "m_ifeval", mode))
        for verifier, answer in jobs:
            verifier.each(answer)
        started, verdicts = time.process_time(), 0
        for verifier, answer in jobs:
            verdicts += len(verifier.each(answer))
        rate = verdicts / (time.process_time() - started)
        report.add(f"verdicts of single constraints on {len(jobs):,} real answers, {mode}", rate, "/s", least=5000)


def test_the_slowest_verdict_on_a_megabyte(report: Report) -> None:
    texts = [unit * (LENGTH // len(unit)) for unit in UNITS] + [head + unit * LENGTH for head, unit in HEADS]
    texts.append("".join(random.Random(1).choices('aA.*[]<>#-\n "「。漢あア1,¿!?', k=LENGTH)))
    slowest = (0.0, "")
    for name, model in CONSTRAINTS.items():
        language = next(code for code in ("ja", "es", "fr", "en") if model.fits(code))
        constraint = model.sample(random.Random(0), language)
        for text in texts:
            started = time.process_time()
            constraint.hold(text)
            slowest = max(slowest, (time.process_time() - started, f"{name} of {text[:6]!r}…"))
    report.add(f"slowest of {len(texts) * len(CONSTRAINTS):,} on a megabyte ({slowest[1]})", slowest[0], "s", most=1)
    started = time.process_time()
    for text in texts:
        loose_variants(text)
    report.add("variants of a megabyte for a loose verdict", (time.process_time() - started) / len(texts), "s", most=1)


def answers(folder: Path, mode: str):
    """Verifiers of the shared prompts with the answers of two models."""
    for file in sorted((folder / "input").iterdir()):
        rows = {row["prompt"]: row for row in lines(file)}
        for responses in sorted((folder / "responses").glob(f"{file.name[:2]}_*")):
            for row in lines(responses):
                entries = tuple(entry(each) for each in from_ifeval(rows[row["prompt"]]))
                verifier = Constraints(constraints=entries, mode=mode)
                assert verifier.opened
                yield verifier, row["response"] or ""


def lines(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text("utf-8").split("\n") if line]
