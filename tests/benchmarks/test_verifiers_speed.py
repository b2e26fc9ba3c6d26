"""Verdicts of `math` on two cores with their time limit, and of `code`, on real answers."""

import json
import os
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest
from harness import Report
from verifier_proof import Case, gsm8k, mathematics, mbpp

from filters.rewards import Composite, verify_row
from filters.verifiers.math import Math

pytestmark = pytest.mark.bench


def judge(cases: list[Case]) -> int:
    for case in cases:
        Math().verify(case.row, case.response)
    return len(cases)


def warm(_: int) -> int:
    time.sleep(0.2)
    return judge([Case({"references": ["x+1"]}, "\\boxed{y}", 0)])


def test_math_on_two_cores(shared_data: Path, report: Report) -> None:
    own, others = mathematics(shared_data)
    mixed = [case for pair in zip(own, others, strict=False) for case in pair]
    for name, cases in (
        ("GSM8K's solutions", gsm8k(shared_data)),
        ("MATH's solutions, half of them of other problems", mixed),
        # Nothing but wrong answers to hard problems, each reference seen once: worse than training or filtering meets.
        ("MATH's solutions, all of other problems", others),
    ):
        parts = [cases[start::2] for start in (0, 1)]
        with ProcessPoolExecutor(2) as pool:
            list(pool.map(warm, range(4)))
            started = time.perf_counter()
            judged = sum(pool.map(judge, parts))
            rate = judged / (time.perf_counter() - started)
        report.add(f"math: {name}, two processes, the time limit with them", rate, "verdicts/s", least=200)


def test_code(shared_data: Path, report: Report) -> None:
    rows = mbpp(shared_data)[:100]

    def score(row: tuple[dict[str, object], str]) -> float | None:
        verifiers = [{"name": "code", "args": json.dumps(row[0])}]
        return verify_row({"verifiers": verifiers}, f"```python\n{row[1]}\n```", Composite(allow_code=True)).score

    started = time.perf_counter()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        assert list(pool.map(score, rows)) == [1] * len(rows)
    report.add(
        "code: MBPP's programs, each with three tests in two sandboxes",
        len(rows) / (time.perf_counter() - started),
        "verdicts/s",
    )
