"""Which server is asked next, and when one is left alone."""

import itertools
from collections import Counter

from datagen.engines.hosts import FIRST_PROBE_S, IN_A_ROW, PARKED, Host, next_of


def hosts(count: int) -> list[Host[str]]:
    return [Host(f"http://{name}/v1", 256, 0.0) for name in "abc"[:count]]


def fill(host: Host[str], count: int, now: float = 0.0) -> None:
    for number in range(count):
        host.sent(f"{host.url} {number} {now}", now)


def fail(host: Host[str], times: int, now: float) -> None:
    for number in range(times):
        host.sent(f"failing {number}", now)
        host.landed(f"failing {number}", "broken", now)


def likes_nothing(ask: str) -> int:
    return hash(ask)


def test_what_is_sent_fills_the_limit_of_one_host():
    [host] = hosts(1)
    sent = 0
    while found := next_of([host], lambda: "ask", likes_nothing, 0.0):
        host.sent(f"{found[1]} {sent}", 0.0)
        sent += 1
    assert sent == host.limit.level == 8


def test_all_hosts_are_filled():
    two = hosts(2)
    asks = (f"ask {number}" for number in itertools.count())
    sent: Counter[str] = Counter()
    while found := next_of(two, lambda: next(asks), likes_nothing, 0.0):
        found[0].sent(found[1], 0.0)
        sent[found[0].url] += 1
    assert set(sent.values()) == {8}


def test_a_prompt_waits_for_the_host_that_knows_it_but_not_many_do():
    known, other = hosts(2)
    fill(known, 8)
    asks = iter([*["known"] * (PARKED + 3), "other"])
    found = [next_of([known, other], lambda: next(asks, None), lambda ask: ask == "other", 0.0) for _ in range(3)]
    assert [host.url for host, _ in filter(None, found)] == [other.url] * 3
    assert len(known.parked) == PARKED
    known.landed("http://a/v1 0 0.0", "answered", 0.1)
    assert next_of([known, other], lambda: None, lambda _: 1, 0.1) == (known, "known")


def test_with_nothing_else_to_send_what_waits_goes_elsewhere():
    known, other = hosts(2)
    fill(known, 8)
    asks = iter(["known"])
    assert next_of([known, other], lambda: next(asks, None), lambda _: 0, 0.0) == (other, "known")


def test_a_host_is_left_when_another_has_clearly_less_to_do():
    known, other = hosts(2)
    fill(known, 6)
    assert next_of([known, other], lambda: "ask", lambda _: 0, 0.0) == (other, "ask")
    fill(other, 5)
    assert next_of([known, other], lambda: "ask", lambda _: 0, 0.0) == (known, "ask")


def test_failures_in_a_row_take_a_host_out_and_one_request_brings_it_back():
    [host] = hosts(1)
    fail(host, IN_A_ROW - 1, 1.0)
    assert not host.out
    fail(host, 1, 1.0)
    assert host.out
    assert not host.has_room(1.0)
    assert host.has_room(1.0 + FIRST_PROBE_S)
    host.sent("probe", 2.0)
    assert not host.has_room(2.0)
    host.landed("probe", "answered", 2.1)
    assert not host.out
    assert host.has_room(2.1)


def test_a_probe_that_fails_is_repeated_later_and_later():
    [host] = hosts(1)
    fail(host, IN_A_ROW, 0.0)
    waits, now = [], 0.0
    for _ in range(5):
        start = now
        while not host.has_room(now):
            now += 0.125
        waits.append(now - start)
        host.sent("probe", now)
        host.landed("probe", "broken", now)
    assert waits == [0.5, 1.0, 2.0, 2.5, 2.5]


def test_a_host_that_says_how_long_is_left_alone_for_that_time():
    [host] = hosts(1)
    for number in range(IN_A_ROW):
        host.sent(str(number), 0.0)
        host.landed(str(number), "refused", 0.0, retry_after=30.0)
    assert host.out
    assert not host.has_room(29.0)
    assert host.has_room(30.0)


def test_refusals_while_older_requests_fly_are_no_outage():
    [host] = hosts(1)
    host.sent("accepted", 0.0)
    for number in range(20):
        host.sent(str(number), 1.0 + number)
        host.landed(str(number), "refused", 1.0 + number)
    assert not host.out
    host.landed("accepted", "answered", 30.0)
    assert host.failures == 0


def test_what_was_not_the_hosts_fault_teaches_nothing():
    [host] = hosts(1)
    for number in range(20):
        host.sent(str(number), 0.0)
        host.landed(str(number), "dropped", 0.0)
    assert (host.failures, host.out, host.limit.level) == (0, False, 8)


def test_what_waited_for_a_host_that_went_out_goes_elsewhere():
    dead, alive = hosts(2)
    dead.parked.append("parked")
    fail(dead, IN_A_ROW, 0.0)
    assert next_of([dead, alive], lambda: "new", lambda _: 0, 0.1) == (alive, "parked")
