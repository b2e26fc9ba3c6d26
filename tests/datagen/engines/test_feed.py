"""Requests that are drawn ahead, in a thread."""

import threading
from collections.abc import Iterator

import pytest

from datagen.engines.base import Request
from datagen.engines.feed import MOST_CHOICES, Feed, grouped


def requests(prompts: int, n: int = 1) -> Iterator[Request]:
    for prompt in range(prompts):
        messages = [{"role": "user", "content": str(prompt)}]
        for sample in range(n):
            yield Request(b"%08d%08d" % (prompt, sample), messages, sample)


class Taker:
    """Takes whenever it is woken."""

    def __init__(self, drawn: Iterator[Request], ahead: int, together: bool = False) -> None:
        self.woken = threading.Event()
        self.feed = Feed(drawn, together=together, ahead=ahead, wake=self.woken.set)

    def all(self) -> list[list[Request]]:
        groups: list[list[Request]] = []
        while not self.feed.exhausted:
            while (group := self.feed.take()) is not None:
                groups.append(group)
            assert self.feed.exhausted or self.woken.wait(10)
            self.woken.clear()
        return groups


@pytest.mark.parametrize("ahead", [1, 2, 7, 10_000])
def test_all_come_in_order(ahead: int):
    assert [group[0].key for group in Taker(requests(5000), ahead).all()] == [request.key for request in requests(5000)]


def test_no_more_are_drawn_than_asked_for():
    drawn = 0

    def counted() -> Iterator[Request]:
        nonlocal drawn
        for request in requests(1000):
            drawn += 1
            yield request

    taker = Taker(counted(), 10)
    assert taker.woken.wait(10)
    for _ in range(3):
        taker.feed.take()
    taker.feed.close(10)
    assert drawn <= 10 + 3 + 2


def test_what_the_requests_raise_is_told_after_what_came_before():
    def broken() -> Iterator[Request]:
        yield from requests(3)
        raise ValueError("row 3")

    taker = Taker(broken(), 2)
    assert len(taker.all()) == 3
    assert str(taker.feed.error) == "row 3"


@pytest.mark.parametrize(("n", "sizes"), [(1, [1] * 3), (4, [4] * 3), (MOST_CHOICES + 2, [MOST_CHOICES, 2] * 3)])
def test_samples_of_a_prompt_are_one_group(n: int, sizes: list[int]):
    groups = list(grouped(requests(3, n)))
    assert [len(group) for group in groups] == sizes
    assert all(len({id(request.messages) for request in group}) == 1 for group in groups)
