"""`code`: programs against tests, shut in; hostile ones do no harm and earn nothing."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hostile_programs import HOSTILE
from verifier_proof import mbpp, mutated

from corpus.errors import UserError
from filters.programs import called_names, program_of
from filters.sandbox import outside
from filters.sandbox.outside import Limits, Ran, SandboxUnavailable, run_script
from filters.sandbox.server import server_pid
from filters.verifier import CodeNotAllowed, Verdict, Verifier, open_verifiers
from filters.verifiers.code import Code


def sandboxed() -> bool:
    try:
        return run_script("print(1)", "", Limits()).output == "1\n"
    except SandboxUnavailable:
        return False


pytestmark = pytest.mark.skipif(not sandboxed(), reason="this machine grants no sandbox")


def opened(**arguments: Any) -> Verifier:
    (named,) = open_verifiers([{"name": "code", "args": json.dumps(arguments)}], allow_code=True)
    return named.verifier


def judged(program: str, **arguments: Any) -> Verdict:
    return opened(**arguments).verify({}, f"```python\n{program}\n```")


ADD = ["assert add(1, 2) == 3", "assert add(-4, 9) == 5"]
LIMITED = {"seconds": 1, "tests": ADD}


@pytest.mark.parametrize(
    ("program", "tests", "score"),
    [
        ("def add(a, b):\n    return a + b", ADD, 1),
        ("def add(a, b):\n    return a - b", ADD, 0),
        ("add = lambda a, b: a + b", ADD, 1),
        ("from operator import add", ADD, 1),
        ("import functools, operator\ndef add(*n):\n    return functools.reduce(operator.add, n)", ADD, 1),
        ("def add(a, b): return str(a + b)", ADD, 0),
        ("def add(a, b) return a + b", ADD, 0),
        ("print('no function')", ADD, 0),
        ("def f(x): return x / 3", ["assert math.isclose(f(1), 0.333333, rel_tol=1e-3)"], 1),
        ("def f(x): return {x, (1, 'é'), None}", ["assert f(2) == {2, None, (1, 'é')}"], 1),
        ("def f(x): return [float('nan'), 1e300 * 1e300, -0.0]", ["assert str(f(1)) == '[nan, inf, -0.0]'"], 1),
        ("def f(x): return 10 ** x", ["assert f(5000) == 10 ** 5000"], 1),
        ("import collections\ndef f(x): return collections.Counter(x)", ["assert f('aab') == {'a': 2, 'b': 1}"], 1),
        ("def f(x): x.sort()", ["a = [2, 1]\nf(a)\nassert a == [1, 2]"], 1),
        (
            "def f(x):\n    raise ValueError('no')",
            ["try:\n    f(1)\n    assert False\nexcept ValueError:\n    pass"],
            1,
        ),
        ("def f(n):\n    yield from range(n)", ["assert list(f(3)) == [0, 1, 2]", "assert 2 in f(3)"], 1),
        (
            "class Node:\n    def __init__(self, v): self.v, self.next = v, None\n"
            "def length(n):\n    return 0 if n is None else 1 + length(n.next)",
            ["a = Node(1)\na.next = Node(2)\nassert length(a) == 2", "assert Node(7).v == 7"],
            1,
        ),
        ("def f(kind): return isinstance(1, kind)", ["assert f(int) is True"], 1),
        ("def f(x): return 1", ["assert f(lambda y: y) == 1"], None),
        ("def f(x): return 1", ["assert f(1) == "], None),
    ],
)
def test_unit_tests(program: str, tests: list[str], score: float | None) -> None:
    assert judged(program, tests=tests).score == score


@pytest.mark.parametrize(
    ("program", "score", "reason"),
    [
        ("print(int(input()) * 2)", 1, ""),
        ("import sys\nfor line in sys.stdin:\n    print(int(line) * 2, '  ')", 1, ""),
        ("print(int(input()) + 2)", 0, "a test fails"),
        ("print(4)", 0, "a test fails"),
        ("if __name__ == '__main__':\n    print(2 * int(input()))", 1, ""),
        ("print(2 * int(input()))\nraise ValueError", 0, "program fails"),
        ("import sys\nprint('note', file=sys.stderr)\nprint(2 * int(input()))", 1, ""),
        ("while True: pass", 0, "time limit"),
        ("while True: print('x' * 1000)", 0, "too much output"),
        ("x = [0] * 10 ** 9", 0, "program fails"),
    ],
)
def test_inputs_and_outputs(program: str, score: float, reason: str) -> None:
    pairs = [["2\n", "4"], ["-3\n", "-6\n"]]
    verdict = judged(program, pairs=pairs, seconds=1)
    assert (verdict.score, verdict.reason) == (score, reason)


def test_a_share_of_tests_where_asked_for() -> None:
    tests = [*ADD, "assert add(0, 0) == 1"]
    assert judged("def add(a, b): return a + b", tests=tests, partial=True).score == pytest.approx(2 / 3)
    assert judged("def add(a, b): return a + b", tests=tests).score == 0


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_programs_earn_nothing(name: str, tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text("here", "utf-8")
    program = HOSTILE[name].replace("VICTIM", str(kept)).replace("PARENT", str(os.getpid()))
    before = set(os.listdir("/tmp"))
    assert judged(program, **LIMITED).score == 0
    assert kept.read_text("utf-8") == "here"
    assert {name for name in set(os.listdir("/tmp")) - before if name.startswith("hostile")} == set()
    # The machine still works, for the next program too.
    assert judged("def add(a, b): return a + b", **LIMITED).score == 1


PAIRED = {"pairs": [["1 2\n", "3\n"]], "seconds": 1}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_programs_write_no_right_output(name: str, tmp_path: Path) -> None:
    program = HOSTILE[name].replace("VICTIM", str(tmp_path / "kept.txt")).replace("PARENT", str(os.getpid()))
    assert judged(program, **PAIRED).score == 0


def test_nothing_is_left_running() -> None:
    judged(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\ndef add(a, b): return a + b",
        **LIMITED,
    )
    forked = subprocess.run(
        ["ps", "--ppid", str(server_pid()), "-o", "args="], capture_output=True, text=True, check=False
    )
    assert not forked.stdout


def test_a_program_that_wants_to_outlive_its_run_does_not() -> None:
    name = f"linger{os.getpid()}"
    program = f"import ctypes, time\nown = ctypes.CDLL(None).prctl\nown(15, b'{name}', 0, 0, 0)\nown(1, 0, 0, 0, 0)\n"
    assert judged(f"{program}print(own)\ntime.sleep(600)", pairs=[["", "x"]], seconds=1).reason == "time limit"
    end = time.monotonic() + 5
    while name in subprocess.run(["ps", "-e", "-o", "comm="], capture_output=True, text=True, check=True).stdout:
        assert time.monotonic() < end, "it goes on"
        time.sleep(0.05)


def test_a_run_whose_watcher_is_killed_is_run_again() -> None:
    run_script("", "", Limits())
    slow = "import time\ntime.sleep(0.5)\nprint(7)"
    with ThreadPoolExecutor(1) as pool:
        ran = pool.submit(run_script, slow, "", Limits())
        watchers: list[str] = []
        while not watchers:
            found = subprocess.run(["ps", "--ppid", str(server_pid()), "-o", "pid="], capture_output=True, text=True)
            watchers = found.stdout.split()
        for watcher in watchers:
            os.kill(int(watcher), signal.SIGKILL)
        assert ran.result() == Ran("7\n", "")


def test_what_cannot_be_started_is_told_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> None:
        raise OSError("no process")

    before = len(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(outside, "ask", failing)
    with pytest.raises(OSError, match="no process"):
        run_script("", "", Limits())
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_server_that_hangs_hangs_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "_START_SECONDS", 0.3)
    run_script("", "", Limits())
    os.kill(server_pid(), signal.SIGSTOP)
    try:
        with pytest.raises(SandboxUnavailable, match="twice without an outcome: it did not answer"):
            run_script("print(1)", "", Limits(1))
    finally:
        os.kill(server_pid(), signal.SIGCONT)
    monkeypatch.undo()
    assert run_script("print(2)", "", Limits()).output == "2\n"


def test_a_server_that_was_killed_is_started_anew() -> None:
    assert judged("def add(a, b): return a + b", **LIMITED).score == 1
    killed = server_pid()
    os.kill(killed, signal.SIGKILL)
    assert judged("def add(a, b): return a + b", **LIMITED).score == 1
    assert server_pid() != killed


ENDLESS = """
from filters.sandbox.outside import Limits, run_script
from filters.sandbox.server import server_pid
run_script("", "", Limits())
print(server_pid(), flush=True)
run_script("while True: pass", "", Limits(30))
"""


def test_no_server_is_left_when_its_process_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", ENDLESS], stdout=subprocess.PIPE, text=True) as ours:
        assert ours.stdout is not None
        server = int(ours.stdout.readline())
        ours.kill()
    end = time.monotonic() + 10
    while Path(f"/proc/{server}").exists():
        assert time.monotonic() < end, "the server goes on"
        time.sleep(0.02)


def test_a_forked_process_has_a_server_of_its_own() -> None:
    assert run_script("print(1)", "", Limits()).output == "1\n"
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
        assert pool.submit(server_pid).result() != server_pid()
    assert run_script("print(2)", "", Limits()).output == "2\n"


def test_programs_run_side_by_side() -> None:
    verifier = opened(**LIMITED)
    programs = [f"```python\ndef add(a, b): return a + b + {n % 2}\n```" for n in range(8)]
    with ThreadPoolExecutor(4) as pool:
        assert [verdict.score for verdict in pool.map(lambda text: verifier.verify({}, text), programs)] == [1, 0] * 4


def test_code_is_off_unless_allowed() -> None:
    entry = {"name": "code", "args": json.dumps({"tests": ADD})}
    with pytest.raises(CodeNotAllowed, match="allow_code: true"):
        open_verifiers([entry])
    with pytest.raises(CodeNotAllowed, match="allow_code"):
        Code(tests=tuple(ADD)).verify({}, "```python\nadd = sum\n```")
    with pytest.raises(UserError, match="allow_code"):
        open_verifiers([{"name": "code", "args": json.dumps({"tests": ADD, "allow_code": True})}], allow_code=True)


@pytest.mark.parametrize("arguments", [{}, {"tests": ADD, "pairs": [["", ""]]}, {"tests": ADD, "seconds": 99}])
def test_wrong_arguments(arguments: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="verifier 'code'"):
        opened(**arguments)


REFUSING = """
import sys
from filters.sandbox.outside import Limits, SandboxUnavailable, run_script
try:
    run_script("print('ran')", "", Limits())
except SandboxUnavailable as error:
    print(error)
"""


def test_without_namespaces_nothing_is_run() -> None:
    """In a user namespace that grants no further ones, without the privileges that would do instead."""
    without = "setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin"
    script = f'echo 0 > /proc/sys/user/max_user_namespaces && exec {without} "$0" -c "$1"'
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "sh", "-c", script, sys.executable, REFUSING],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"cannot take namespaces away here: {done.stderr.strip()}")
    assert "this machine grants no sandbox" in done.stdout
    assert "ran" not in done.stdout.replace("grants", "")


@pytest.mark.parametrize(
    ("reply", "names", "program"),
    [
        ("```python\nx = 1\n```", [], "x = 1\n"),
        ("```\nx = 1\n```", [], "x = 1\n"),
        ("First:\n```python\ndef f(): pass\n```\nUse:\n```python\nf()\n```", ["f"], "def f(): pass\n"),
        ("```bash\nls\n```\n```py\nx = 1\n```", [], "x = 1\n"),
        ("def f(): pass", [], "def f(): pass"),
        ("<think>```python\ny\n```</think>```python\nx = 1\n```", [], "x = 1\n"),
        ("I cannot do that.", [], None),
        ("```python\nx = 1", [], None),
        ("<think>```python\nx = 1\n```", [], None),
        ("```python\n" + "x" * 200_000 + "\n```", [], None),
        ("", [], None),
    ],
)
def test_which_block_is_the_program(reply: str, names: list[str], program: str | None) -> None:
    assert program_of(reply, names) == program


def test_names_that_tests_call() -> None:
    assert called_names(["assert set(f(1)) == {g (2)}", "assert (math.isclose(f(1), 2))"]) == ["f", "g"]


def scores(tests: list[dict[str, Any]], programs: list[str]) -> list[float | None]:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda program, given: judged(program, **given).score, programs, tests))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_mbpp_programs_pass_and_mutated_ones_fail(shared_data: Path) -> None:
    tests, programs = map(list, zip(*mbpp(shared_data), strict=True))
    assert scores(tests, programs) == [1] * len(programs)
    some = slice(None, None, 4)
    assert scores(tests[some], [mutated(program) for program in programs[some]]) == [0] * len(programs[some])
