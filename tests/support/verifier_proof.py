"""What the verifiers `math` and `code` are measured on: shared answers, and what is made of them."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from babel.numbers import format_decimal

SAID = {
    "bn": "উত্তর হল {}।",
    "de": "Die Antwort ist {}.",
    "en": "The answer is {}.",
    "es": "La respuesta es {}.",
    "fr": "La réponse est {}.",
    "ja": "答えは{}です。",
    "ru": "Ответ — {}.",
    "sw": "Jibu ni {}.",
    "te": "సమాధానం {}.",
    "th": "คำตอบคือ {}",
    "zh": "答案是{}。",
}
"""How one says in the languages of MGSM what the answer is."""
ZEROS = {"bn": "০", "te": "౦", "th": "๐", "ja": "０", "zh": "０"}
"""The zero of a language's other digits."""

WRAPPED = """
for _name, _what in list(globals().items()):
    if callable(_what) and not isinstance(_what, type) and _name[0] != "_":
        globals()[_name] = lambda *a, _f=_what, **k: ("wrong", _f(*a, **k))
"""


class Case(NamedTuple):
    """A response to a row, and its score."""

    row: dict[str, Any]
    response: str
    score: float


def row_of(question: str, answer: str, language: str) -> dict[str, Any]:
    """A row with one reference."""
    return {"references": [answer], "tgt_lang": language, "prompt": [{"role": "user", "content": question}]}


def lines(file: Path) -> list[dict[str, Any]]:
    """Rows of a file of JSON lines."""
    return [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip()]


def gsm8k(data: Path) -> list[Case]:
    """GSM8K's problems with their own solutions."""
    problems = lines(data / "gsm8k" / "train.jsonl")
    return [Case(row_of(p["question"], p["answer"], "en"), p["answer"], 1) for p in problems]


def perturbed(cases: list[Case], seed: int = 5) -> list[Case]:
    """Solutions of GSM8K with another final number."""
    rng = random.Random(seed)
    made = []
    for case in cases:
        head, _, last = case.response.rpartition("####")
        number = int(re.sub(r"\D", "", last))
        changes = [number + 1, number - 1, number * 10 or 5, number + 100, -number or 7, number + 0.5, number * 2 or 3]
        made.append(Case(case.row, f"{head}#### {rng.choice(changes)}", 0))
    return made


def judged_by_authors(data: Path) -> list[Case]:
    """Solutions of models with the verdicts that come with GSM8K."""
    rows = lines(data / "gsm8k" / "example_model_solutions.jsonl")
    return [
        Case(row_of(row["question"], row["ground_truth"], "en"), told["solution"], float(told["is_correct"]))
        for row in rows
        for told in row.values()
        if isinstance(told, dict)
    ]


def mgsm(data: Path, language: str) -> Iterator[Case]:
    """MGSM's answers as one writes and says them in a language, each with a wrong one beside it."""
    for line in (data / "mgsm" / f"mgsm_{language}.tsv").read_text("utf-8").splitlines():
        question, _, answer = line.rpartition("\t")
        row = row_of(question, answer, language)
        written = {answer, format_decimal(int(answer), locale=language, numbering_system="latn")}
        if language in ZEROS:
            digits = {ord("0") + n: chr(ord(ZEROS[language]) + n) for n in range(10)}
            written |= {form.translate(digits) for form in written}
        for form in sorted(written):
            wrong = form[:-1] + chr(ord(form[-1]) + (1 if int(form[-1]) < 9 else -1))
            for said in (SAID[language], "{}", "\\boxed{{{}}}", "#### {}"):
                yield Case(row, said.format(form), 1)
                yield Case(row, said.format(wrong), 0)


def mathematics(data: Path) -> tuple[list[Case], list[Case]]:
    """MATH's problems with their own solutions, and with those of the next problem where its answer is another."""
    rows = lines(data / "code_math_eval" / "pal_math" / "math" / "test.jsonl")
    own = [Case(row_of(r["problem"], r["solution"], "en"), r["solution"], 1) for r in rows]
    boxes = [re.findall(r"\\boxed\{(.*)\}", r["solution"])[-1:] for r in rows]
    others = [
        Case(own[n].row, rows[n - 1]["solution"], 0) for n in range(len(rows)) if boxes[n] and boxes[n] != boxes[n - 1]
    ]
    return own, others


def mutated(code: str) -> str:
    """A program, whose functions give something that no test expects."""
    return f"{code}\n{WRAPPED}"


def mbpp(data: Path) -> list[tuple[dict[str, Any], str]]:
    """MBPP's tests as arguments of `code`, each with the reference program."""
    rows = lines(data / "code_math_eval" / "mbpp" / "mbpp.jsonl")
    return [({"tests": row["test_list"], "setup": row["test_setup_code"]}, row["code"]) for row in rows]
