"""Final answers: where they are found, and when they are right."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from verifier_proof import SAID, Case, gsm8k, judged_by_authors, mgsm, perturbed

from filters.maths import expressions
from filters.verifiers.math import Math


def score(reference: str, response: str, language: str = "en", prompt: str = "How many?") -> float | None:
    row = {"references": [reference], "tgt_lang": language, "prompt": [{"role": "user", "content": prompt}]}
    return Math().verify(row, response).score  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("response", "language"),
    [
        ("18", "en"),
        ("3 + 15 = 18\n#### 18", "en"),
        ("So it is $\\boxed{18}$.", "en"),
        ("\\boxed{18\\text{ dollars}}", "en"),
        ("\\boxed{x = 18}", "en"),
        ("\\boxed{9 \\cdot 2 = 18}", "en"),
        ("\\boxed{\\frac{36}{2}}", "en"),
        ("<think>It may be 20.</think>The answer is 18.", "en"),
        ("<answer>18</answer>", "en"),
        ("The answer is $18 per day.", "en"),
        ("**Answer:** 18 eggs", "en"),
        ("Answer:\n\n18", "en"),
        ("A: 18", "en"),
        ("Every day she makes 9 * 2 = $18.", "en"),
        ("Die Antwort ist 18,0 Euro.", "de"),
        ("La réponse est 18.", "fr"),
        ("La respuesta es $18.", "es"),
        ("Ответ: 18 долларов", "ru"),
        ("答案是 18。", "zh"),
        ("答えは１８ドルです。", "ja"),
        ("정답은 18입니다.", "ko"),
        ("উত্তর হল ১৮।", "bn"),
        ("సమాధానం ౧౮.", "te"),
        ("คำตอบคือ ๑๘ ดอลลาร์", "th"),
        ("Jibu ni 18.", "sw"),
        ("उत्तर है १८।", "hi"),
        ("الجواب: ١٨", "ar"),
        ("\ud800 The answer is 18. \udfff", "en"),
    ],
)
def test_an_answer_is_found(response: str, language: str) -> None:
    assert score("#### 18", response, language) == 1


@pytest.mark.parametrize(
    ("reference", "response", "right"),
    [
        ("50%", "\\boxed{50}", True),
        ("50", "\\boxed{50\\%}", True),
        ("0.5", "\\boxed{50\\%}", True),
        ("0.5", "\\boxed{0.5\\%}", False),
        ("5 km", "5 km", True),
        ("5 km", "5", True),
        ("5 km", "5 m", False),
        ("$5", "€5", False),
        ("1/3", "0.333333", True),
        ("1/3", "0.33", False),
        ("\\frac{1}{2}", "\\boxed{0.5}", True),
        ("x^2+1", "\\boxed{1+x^2}", True),
        ("x^2+1", "\\boxed{x^2-1}", False),
        ("2\\sqrt{2}", "\\boxed{\\sqrt{8}}", True),
        ("(1,2)", "\\boxed{(1,2)}", True),
        ("(1,2)", "\\boxed{(2,1)}", False),
        ("1, 2", "\\boxed{1} and \\boxed{2}", True),
        ("\\text{Evelyn}", "The answer is Evelyn.", True),
        ("\\text{Evelyn}", "The answer is Bob.", False),
        ("x \\ge 3", "\\boxed{x \\geq 3}", True),
    ],
)
def test_when_answers_are_equal(reference: str, response: str, right: bool) -> None:
    assert score(reference, response) == float(right)


def test_a_reference_that_cannot_be_read_judges_nothing() -> None:
    assert score("", "\\boxed{1}") is None
    assert Math().verify({"references": None}, "1").score is None
    assert score("\\boxed{1", "1") is None


def test_the_right_answer_may_be_an_argument() -> None:
    german = Math(answer="1234.5")
    assert german.compliant({"tgt_lang": "de"}) == "\\boxed{1234,5}"
    assert german.verify({"tgt_lang": "de"}, "\\boxed{1.234,5}").score == 1
    with pytest.raises(ValueError, match="blank"):
        Math(answer=" ")
    with pytest.raises(ValueError, match="klingon"):
        Math(language="klingon")


NASTY = {
    "1e999999": "1e999999",
    "boxes in boxes": "\\boxed{" * 150_000,
    "digits": "1" * 1_000_000,
    "brackets": "(" * 1_000_000,
    "numbers": "5 " * 500_000,
    "commas": "1," * 500_000,
    "announcements": "answer is " * 100_000,
    "dollars": "$" * 1_000_000,
    "fractions": "\\frac{" * 150_000,
    "words": "\\text{" * 150_000,
    "hashes": "####" * 250_000,
    "tags": "<answer>" * 125_000,
    "comments": "<!--" * 250_000,
    "thoughts": "<think>" * 140_000,
    "spaces": " " * 1_000_000,
    "minus": "-" * 1_000_000,
    "equals": "=" * 1_000_000,
    "surrogates": "\ud800" * 1_000_000,
    "power tower": "\\boxed{10^{10^{10^{10}}}}",
    "product": "\\boxed{\\prod_{n=1}^{100000000} n}",
    "factorial": "\\boxed{(10^9)!}",
    "deep": "\\boxed{" + "(" * 400 + "x" + ")" * 400 + "}",
    "integral": "\\boxed{\\int \\sin(\\sin(\\sin(x^x))) dx}",
}


@pytest.mark.parametrize("name", NASTY)
@pytest.mark.parametrize("reference", ["5", "\\pi x"])
def test_nothing_crashes_or_hangs(name: str, reference: str) -> None:
    score("\\pi x", "\\boxed{y}")
    started = time.process_time()
    assert score(reference, NASTY[name]) == 0
    # Of this process; what the other one may use is limited by the kernel.
    assert time.process_time() - started < 1
    assert score("\\pi x", "\\boxed{x\\pi}") == 1


def test_expressions_are_compared_in_any_thread_and_process() -> None:
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda n=n: found.append(expressions.compare(f"x+{n}", f"{n}+x"))) for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["equal"] * 8
    child = os.fork()
    if child == 0:
        os._exit(0 if expressions.compare("y+1", "1+y") == "equal" else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert expressions.compare("z+1", "1+z") == "equal"


def test_the_comparing_process_ends_with_its_parent() -> None:
    program = (
        "from filters.maths import expressions as e; e.compare('x+1', '1+x'); "
        "print(e._POOL._idle[0]._process.pid, flush=True); import os; os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    pid = int(done.stdout)
    for _ in range(100):
        if not Path(f"/proc/{pid}/status").exists() or "Z (" in Path(f"/proc/{pid}/status").read_text():
            return
        time.sleep(0.1)
    pytest.fail("the process is still there")


def wrongly_judged(cases: Iterable[Case]) -> list[Case]:
    return [case for case in cases if Math().verify(case.row, case.response).score != case.score]  # type: ignore[arg-type]


def test_gsm8k_solutions_are_right_and_perturbed_ones_wrong(shared_data: Path) -> None:
    cases = gsm8k(shared_data)
    assert len(cases) == 2000
    assert wrongly_judged(cases) == []
    assert wrongly_judged(perturbed(cases)) == []


def test_gsm8k_verdicts_of_its_authors(shared_data: Path) -> None:
    cases = judged_by_authors(shared_data)
    assert len(cases) == 200
    assert wrongly_judged(cases) == []


@pytest.mark.parametrize("language", SAID)
def test_mgsm_answers_in_their_languages(language: str, shared_data: Path) -> None:
    assert wrongly_judged(mgsm(shared_data, language)) == []
