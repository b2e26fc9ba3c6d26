"""`generate` through the command line, against a server on loopback: rate, heavy tails, refusals, faults, memory.

Client and server have a core each. Rates and times run from the first request to the last answer, as the server saw
them: the slow start of `generate` counts, Python's start does not. The server says how often each request came.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from chat_answers import lognormal_latency
from generate_jobs import (
    SERVER,
    Command,
    Generation,
    list_schedule,
    peer,
    prompts,
    through_the_wall,
    write_prompts,
)
from harness import Report, median
from servers import ChatServer

pytestmark = pytest.mark.bench

RUNS = 3
REQUESTS, IN_FLIGHT, LATENCY_S, TOKENS = 40_000, 256, 0.05, 200
TAIL_REQUESTS, TAIL_IN_FLIGHT, TAIL_MEDIAN_S, TAIL_SIGMA = 10_000, 128, 0.2, 1.0
WALL_REQUESTS, WALL_LATENCY_S = 10_000, 0.2
WALL = [
    (0.0, {"capacity": 32}),
    (20.0, {"capacity": 8}),
    (40.0, {"capacity": 64}),
    (50.0, {"outage": 503}),
    (80.0, {"outage": None}),
]
FAULTS = {"500": 0.02, "reset": 0.015, "half_body": 0.015}
MILLION = 1_000_000


@pytest.fixture(scope="module")
def server() -> Iterator[ChatServer]:
    with ChatServer(core=SERVER, latency_s=LATENCY_S, tokens=TOKENS) as server:
        yield server


@pytest.fixture(scope="module")
def generation(folder: Path, server: ChatServer) -> Generation:
    dataset = write_prompts(REQUESTS, folder / "prompts")
    return Generation(folder / "generate", dataset, server, IN_FLIGHT)


def test_throughput(generation: Generation, server: ChatServer, folder: Path, report: Report) -> None:
    ours, bare = [], []
    for _ in range(RUNS):
        bare.append(peer("bare", server, REQUESTS, folder, IN_FLIGHT))
        ours.append(generation.anew())
        generation.check(REQUESTS)
        assert ours[-1].stats["answered_twice"] == 0
    ratios = [one.rate / other.rate for one, other in zip(ours, bare, strict=True)]
    what = f"generate, {REQUESTS:,} requests of 50 ms, {IN_FLIGHT} in flight"
    report.add(what, median([run.rate for run in ours]), "requests/s")
    report.add("bare aiohttp loop with a log", median([run.rate for run in bare]), "requests/s")
    report.add("generate by the bare loop", median(ratios), "times", least=0.8)
    report.add("generate, CPU of the whole command", median([1e6 * run.cpu_seconds / REQUESTS for run in ours]), "µs")
    report.add("bare loop, CPU of the whole command", median([1e6 * run.cpu_seconds / REQUESTS for run in bare]), "µs")
    report.add("generate, the whole command", median([run.wall for run in ours]), "s")
    report.add("generate, peak memory", max(max(run.memory) for run in ours), "MiB")


# The slower ones get fewer requests: their rates do not rise with more.
@pytest.mark.parametrize(("name", "requests", "least"), [("curator", 10_000, 3), ("distilabel", 3_000, 10)])
def test_peers(
    name: str, requests: int, least: float, generation: Generation, server: ChatServer, folder: Path, report: Report
) -> None:
    ours, theirs = [], []
    for _ in range(RUNS):
        theirs.append(peer(name, server, requests, folder, IN_FLIGHT).rate)
        ours.append(generation.anew().rate)
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    report.add(f"{name}, {requests:,} requests", median(theirs), "requests/s")
    report.add(f"generate by {name}", median(ratios), "times", least=least)


def test_heavy_tail(server: ChatServer, folder: Path, report: Report) -> None:
    server.set(latency_median_s=TAIL_MEDIAN_S, latency_sigma=TAIL_SIGMA)
    dataset = write_prompts(TAIL_REQUESTS, folder / "tail-prompts")
    generation = Generation(folder / "tail", dataset, server, TAIL_IN_FLIGHT)
    table = [lognormal_latency(text, TAIL_MEDIAN_S, TAIL_SIGMA) for text in prompts(TAIL_REQUESTS)]
    ideal = list_schedule(table, TAIL_IN_FLIGHT)
    ours, bare = [], []
    for _ in range(RUNS):
        bare.append(peer("bare", server, TAIL_REQUESTS, folder, TAIL_IN_FLIGHT).seconds)
        ours.append(generation.anew().seconds)
        generation.check(TAIL_REQUESTS)
    server.set(latency_median_s=None)
    what = f"heavy tail (lognormal, median 0.2 s, sigma 1), {TAIL_REQUESTS:,} requests, {TAIL_IN_FLIGHT} in flight"
    report.add(f"{what}: ideal list schedule", ideal, "s")
    report.add("heavy tail, bare loop by ideal", median(bare) / ideal, "times")
    report.add("heavy tail, generate by ideal", median(ours) / ideal, "times", most=1.1)


def test_refusals(server: ChatServer, folder: Path, report: Report) -> None:
    server.set(latency_s=WALL_LATENCY_S)
    dataset = write_prompts(WALL_REQUESTS, folder / "wall-prompts")
    generation = Generation(folder / "wall", dataset, server, IN_FLIGHT)
    ideal = through_the_wall(WALL_REQUESTS, WALL_LATENCY_S, WALL)
    seconds, refused, turned_away = [], [], []
    for _ in range(RUNS):
        server.set(schedule=WALL, outage=None, capacity=None)
        run = generation.anew()
        generation.check(WALL_REQUESTS)
        assert run.stats["answered_twice"] == 0
        seconds.append(run.seconds)
        refused.append(100 * run.stats["refused"] / run.stats["total"])
        turned_away.append(run.stats["by_status"].get("503", 0))
    server.set(schedule=[], outage=None, capacity=None, latency_s=LATENCY_S)
    what = f"{WALL_REQUESTS:,} requests of 0.2 s, capacity 32, 8 after 20 s, 64 after 40 s, outage from 50 to 80 s"
    report.add(f"{what}: ideal", ideal, "s")
    report.add("refusals and an outage, generate by ideal", median(seconds) / ideal, "times", most=1.25)
    report.add("refusals and an outage, refused with 429", median(refused), "%", most=3)
    report.add("refusals and an outage, requests into the outage", median(turned_away), "requests")


def test_faults(generation: Generation, server: ChatServer, report: Report) -> None:
    ratios = []
    for _ in range(RUNS):
        server.set(faults={})
        whole = generation.anew()
        server.set(faults=FAULTS)
        faulty = generation.anew()
        generation.check(REQUESTS)
        assert faulty.stats["answered_twice"] == 0
        ratios.append(faulty.rate / whole.rate)
    server.set(faults={})
    report.add("5 % faults (500, reset, half a body), rate by that without", median(ratios), "times", least=0.85)


def test_a_million(server: ChatServer, folder: Path, report: Report) -> None:
    total = MILLION + MILLION // 20
    server.set(latency_s=0.02)
    generation = Generation(folder / "million", write_prompts(total, folder / "million-prompts"), server, IN_FLIGHT)
    server.reset()
    with Command(generation.command) as command:
        while command.look() and server.stats()["answered"] < MILLION:
            time.sleep(0.5)
        command.kill()
    before = server.stats()
    quarter = len(command.memory) // 4
    seconds = before["last_answer_at"] - before["first_at"]
    report.add(f"{MILLION:,} answers, rate", before["answered"] / seconds, "requests/s")
    report.add(f"{MILLION:,} answers, peak memory", max(command.memory), "MiB", most=800)
    early, late = max(command.memory[quarter : 2 * quarter]), max(command.memory[-quarter:])
    report.add("peak memory of the last quarter by that of the second", late / early, "times", most=1.1)

    server.reset()
    with Command(generation.command) as command:
        while command.look():
            time.sleep(0.1)
    after = server.stats()
    generation.check(total)
    # What the server had written out and the client not yet kept is asked for again.
    assert after["total"] <= total - before["answered"] + IN_FLIGHT
    first = after["first_at"] - command.started
    report.add(f"restart after a kill with {MILLION:,} answers, first request", first, "s", most=5)

    generation.ask_for(2)
    server.reset()
    with Command(generation.command) as command:
        while server.stats()["first_at"] is None:
            assert command.look()
            time.sleep(0.05)
    first = server.stats()["first_at"] - command.started
    report.add(f"another answer to each of {total:,} prompts, first request", first, "s", most=5)
