"""How the limit of requests in flight behaves, against hosts that are simulated event by event, in no real time."""

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen.engines.hosts import Host
from datagen.engines.pace import LONGEST_WAIT_S, Bucket, Limit, backoff

Latency = Callable[[int], float]
"""Seconds until an answer, by requests in flight."""


class Simulation:
    """A host with endless work: `capacity` at a time (above, it refuses within 2 ms), 503 to all while it is `down`."""

    def __init__(self, latency: Latency, capacity: int = 10**6, ceiling: int = 256) -> None:
        self.latency, self.capacity, self.down = latency, capacity, False
        self.host: Host[int] = Host("", ceiling, 0.0)
        self.counts: Counter[str] = Counter()
        self.now, self.busy_s = 0.0, 0.0
        self._events: list[tuple[float, int, str]] = [(0.0, -1, "tick")]
        self._numbers = itertools.count()
        self._held = 0

    def run(self, seconds: float) -> "Simulation":
        self.counts.clear()
        self.busy_s = 0.0
        end = self.now + seconds
        while self.now < end:
            self._send()
            time, ask, what = heapq.heappop(self._events)
            self.busy_s += self._held * (min(time, end) - self.now)
            if time > end:
                heapq.heappush(self._events, (time, ask, what))
                self.now = end
            else:
                self.now = time
                self._land(ask, what)
        return self

    def _send(self) -> None:
        while self.host.has_room(self.now):
            ask = next(self._numbers)
            self.host.sent(ask, self.now)
            if self.down or self._held >= self.capacity:
                heapq.heappush(self._events, (self.now + 0.002, ask, "refused"))
            else:
                self._held += 1
                heapq.heappush(self._events, (self.now + self.latency(self._held), ask, "answered"))

    def _land(self, ask: int, what: str) -> None:
        if what == "tick":
            self.host.limit.waited(len(self.host.flying), self.now)
            heapq.heappush(self._events, (self.now + 0.02, -1, "tick"))
            return
        self._held -= what == "answered"
        self.counts[what] += 1
        self.host.landed(ask, what, self.now)

    @property
    def level(self) -> int:
        return self.host.limit.level


def constant(seconds: float) -> Latency:
    return lambda _: seconds


def heavy_tail(median: float, seed: int = 0) -> Latency:
    draw = random.Random(seed)
    return lambda _: median * draw.lognormvariate(0, 1)


@pytest.mark.parametrize(
    ("latency", "ceiling", "seconds"),
    [
        (constant(0.05), 256, 0.6),
        (constant(0.2), 256, 2.5),
        (constant(30), 256, 92),
        (constant(30), 64, 1),
        (heavy_tail(0.2), 128, 2.0),
        (heavy_tail(0.2), 256, 4.0),
        (heavy_tail(5), 256, 90.0),
        (constant(0.05), 4, 0.1),
    ],
)
def test_a_host_that_takes_all_is_used_up_to_the_ceiling(latency: Latency, ceiling: int, seconds: float):
    assert Simulation(latency, ceiling=ceiling).run(seconds).level == ceiling


def test_scattered_answers_seldom_delay_the_climb():
    reached = [Simulation(heavy_tail(0.2, seed)).run(6).level for seed in range(40)]
    assert sum(level == 256 for level in reached) >= 36


@pytest.mark.parametrize("slots", [8, 40, 64])
def test_more_in_flight_than_a_host_works_at_brings_nothing_and_is_not_sent(slots: int):
    """The host queues: answers take as long as the queue before them."""
    simulation = Simulation(lambda held: 0.5 * max(1, held / slots), ceiling=1024).run(60)
    assert simulation.level <= 4 * max(slots, 64)
    assert simulation.run(20).counts["answered"] > 0.95 * 20 * slots / 0.5


def test_a_host_that_gets_faster_is_asked_more_later():
    slots = 64
    simulation = Simulation(lambda held: 0.5 * max(1, held / slots), ceiling=512).run(30)
    slots = 400
    assert simulation.run(60).level > 300


@pytest.mark.parametrize("capacity", [1, 3, 8, 32, 100])
@pytest.mark.parametrize("latency", [constant(0.2), heavy_tail(0.2), heavy_tail(2)])
def test_at_a_wall_few_are_refused_and_little_is_wasted(capacity: int, latency: Latency):
    simulation = Simulation(latency, capacity).run(20)
    assert simulation.counts["refused"] < 100
    simulation.run(60)
    assert simulation.busy_s > 0.9 * 60 * capacity
    assert simulation.counts["refused"] < 0.03 * simulation.counts["answered"] or simulation.counts["refused"] <= 40


def test_a_wall_that_moves_is_found():
    simulation = Simulation(constant(0.2), 32).run(20)
    assert simulation.level in (31, 32, 33)
    simulation.capacity = 8
    simulation.run(3)
    assert simulation.counts["refused"] <= 40
    assert simulation.run(10).busy_s > 0.9 * 10 * 8
    simulation.capacity = 64
    assert simulation.run(5).level >= 60
    assert simulation.counts["refused"] <= 20
    assert simulation.run(20).busy_s > 0.95 * 20 * 64


def test_an_outage_is_waited_out_with_single_requests():
    simulation = Simulation(constant(0.2), 32).run(20)
    simulation.down = True
    simulation.run(30)
    assert simulation.host.out
    assert simulation.counts["refused"] < 60
    simulation.down = False
    assert simulation.run(4).busy_s > 0.4 * 4 * 32
    assert simulation.run(10).busy_s > 0.95 * 10 * 32


def test_refusals_of_one_burst_count_once_and_never_cut_below_half():
    limit = Limit(64, 0.0)
    for step in range(3):
        limit.waited(limit.level, 0.3 * (step + 1))
    assert limit.level == 64
    for flying in range(63, 0, -1):
        limit.refused(sent=1.0, flying=flying, now=1.1)
    assert limit.level == 32


def test_a_single_request_too_many_costs_one():
    limit = Limit(64, 0.0)
    limit.waited(8, 0.3)
    limit.refused(sent=1.0, flying=15, now=1.1)
    assert limit.level == 15


@pytest.mark.parametrize(
    ("per_minute", "cost", "seconds", "spent"),
    [
        (600, 1, 10, 110),
        (60, 1, 10, 11),
        (6000, 250, 60, 25),
        (6, 1, 60, 7),
    ],
)
def test_a_bucket_holds_its_rate(per_minute: float, cost: float, seconds: int, spent: int):
    """`spent`: the rate's share of the time, and one second's at the start."""
    bucket = Bucket(per_minute, 0.0)
    done = 0
    for tick in range(seconds * 100 + 1):
        while bucket.has(cost, tick / 100):
            bucket.spend(cost)
            done += 1
    assert abs(done - spent) <= 1


def test_what_was_reserved_too_much_comes_back_and_too_little_is_charged():
    bucket = Bucket(6000, 0.0)
    bucket.spend(100)
    assert not bucket.has(50, 0.0)
    bucket.spend(-60)
    assert bucket.has(50, 0.0)
    bucket.spend(460)
    assert not bucket.has(1, 4.0)
    assert bucket.has(1, 4.3)


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_waits_triple_up_to_an_end(attempt: int, share: float):
    wait = backoff(attempt, share)
    assert 0 <= wait <= LONGEST_WAIT_S
    assert wait == share * backoff(attempt, 1)
    longer = 3 * backoff(attempt, 1) if attempt else 0.15
    assert backoff(attempt + 1, 1) == pytest.approx(min(LONGEST_WAIT_S, longer))
