"""The verifiers `math` and `code` on shared data, and attempts to cheat them: a report.

Run: python tests/benchmarks/verifiers_proof.py > docs/reports/verifiers.md
"""

import json
import os
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

import verifier_proof as proof  # noqa: E402
from hostile_programs import HOSTILE  # noqa: E402

from filters.rewards import Composite, verify_row  # noqa: E402
from filters.verifiers.math import Math  # noqa: E402

DATA = Path(os.environ.get("TOWERKIT_DATA") or ROOT.parent / "shared" / "data")
ADD = {"tests": ["assert add(1, 2) == 3", "assert add(-4, 9) == 5"], "seconds": 1}

HEAD = """\
# Verifiers: mathematics, programs, gates

The data that was looked at is not part of this project. `right` are responses that must be found right, `wrong` those
that must not; `missed` are verdicts that are otherwise.

Made by `python tests/benchmarks/verifiers_proof.py > docs/reports/verifiers.md`.
"""

NOTES = """\
MATH is no target. Its two solutions that are not found right are references that cannot be read: one ends with a
drawing, one gives two answers. Null is the verdict on them, and the stage that builds verifiable rows sets them aside.

What a program can still do: it may answer the very calls of tests that its prompt shows, as any program may that knows
them; tests that compare with a constant of the program's own believe the program. Neither shows in the tables.
"""


def main() -> None:
    """Print the report."""
    cases = proof.gsm8k(DATA)
    own, others = proof.mathematics(DATA)
    authors = proof.judged_by_authors(DATA)
    tables = [
        ("GSM8K, its own solutions", cases),
        ("GSM8K, final number perturbed", proof.perturbed(cases)),
        ("GSM8K, solutions of models, verdicts of its authors", authors),
        *((f"MGSM, {language}: digits, separators, wordings", proof.mgsm(DATA, language)) for language in proof.SAID),
        ("MATH, its own solutions", own),
        ("MATH, solutions of other problems", others),
    ]
    print(HEAD)
    print("## math\n\n| answers | right | wrong | missed |\n|---|---:|---:|---:|")
    for name, given in tables:
        print(_counted(name, given))
    print("\n## code\n\n| programs | right | wrong | missed |\n|---|---:|---:|---:|")
    for line in _programs():
        print(line)
    print("\n## Attempts to cheat\n\n| verifier | attempts | rewarded |\n|---|---:|---:|")
    for line in _attempts():
        print(line)
    print(f"\n{NOTES}", end="")


def _counted(name: str, cases: Iterable[proof.Case]) -> str:
    right = wrong = missed = 0
    for case in cases:
        right, wrong = right + (case.score == 1), wrong + (case.score == 0)
        missed += Math().verify(case.row, case.response).score != case.score  # type: ignore[arg-type]
    return f"| {name} | {right} | {wrong} | {missed} |"


def _score(arguments: dict[str, object], program: str) -> float | None:
    verifiers = [{"name": "code", "args": json.dumps(arguments)}]
    return verify_row({"verifiers": verifiers}, f"```python\n{program}\n```", Composite(allow_code=True)).score


def _programs() -> Iterable[str]:
    rows = proof.mbpp(DATA)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(lambda row: _score(*row), rows))
        yield f"| MBPP, reference programs | {len(rows)} | 0 | {sum(score != 1 for score in found)} |"
        found = list(pool.map(lambda row: _score(row[0], proof.mutated(row[1])), rows))
        yield f"| MBPP, mutated programs | 0 | {len(rows)} | {sum(score != 0 for score in found)} |"
    hostile = [text.replace("VICTIM", "/nowhere").replace("PARENT", str(os.getpid())) for text in HOSTILE.values()]
    yield f"| hostile programs | 0 | {len(hostile)} | {sum(_score(ADD, text) != 0 for text in hostile)} |"


def _attempts() -> Iterable[str]:
    table = _tests("test_adversarial_math")
    rewarded = 0
    for _, right, response, language in table.ATTEMPTS:
        question = table.SIMPLIFY if "x^2" in right else table.QUESTION
        rewarded += bool(Math().verify(proof.row_of(question, right, language), response).score)  # type: ignore[arg-type]
    yield f"| math | {len(table.ATTEMPTS)} | {rewarded} |"
    gates = _tests("test_adversarial_gates").ATTEMPTS
    for name in ("format", "language", "code"):
        mine = [(verifier, response) for _, verifier, response in gates if verifier["name"] == name]
        judged = [verify_row({"verifiers": [v]}, response, Composite(allow_code=True)).score for v, response in mine]
        yield f"| {name} | {len(mine)} | {sum(bool(score) for score in judged)} |"


def _tests(name: str) -> ModuleType:
    spec = spec_from_file_location(name, ROOT / "tests" / "filters" / "verifiers" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
