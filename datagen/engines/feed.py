"""Requests drawn ahead in a thread of their own, so that who sends them never waits for a shard to be read."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from datagen.engines.base import Request

MOST_CHOICES = 128
"""Samples of a prompt in one request, at most; what OpenAI's API takes."""


class Feed:
    """Draws groups of requests until so many are `ahead`, and calls `wake`, from its thread, when some came.

    `take` and `close` belong to one other thread.
    """

    def __init__(self, requests: Iterator[Request], *, together: bool, ahead: int, wake: Callable[[], None]) -> None:
        """`together`: a group is all samples of a prompt that follow one another, else a single request."""
        self.error: BaseException | None = None
        """What the iterator raised; what it gave before can be taken."""
        self._groups = grouped(requests) if together else ([request] for request in requests)
        self._ready: deque[list[Request]] = deque()
        self._ahead = ahead
        self._wake = wake
        self._awaited = True
        self._room = threading.Event()
        self._ended = self._closed = False
        self._thread = threading.Thread(target=self._draw, name="requests", daemon=True)
        self._thread.start()

    @property
    def exhausted(self) -> bool:
        """Whether nothing is left, now and later."""
        return self._ended and not self._ready

    def take(self) -> list[Request] | None:
        """The next requests, None where none is there yet."""
        if not self._ready:
            self._awaited = True
            # One may have come between the look and the wish to be woken.
            if not self._ready:
                return None
        group = self._ready.popleft()
        if len(self._ready) <= self._ahead // 2:
            self._room.set()
        return group

    def close(self, wait_s: float) -> None:
        """Draw no more; wait for a draw that is on its way."""
        self._closed = True
        self._room.set()
        self._thread.join(wait_s)

    def _draw(self) -> None:
        try:
            for group in self._groups:
                self._ready.append(group)
                if self._awaited:
                    self._awaited = False
                    self._wake()
                if len(self._ready) >= self._ahead:
                    self._room.clear()
                    # Half of them may have been taken before the flag came down.
                    if len(self._ready) > self._ahead // 2 and not self._closed:
                        self._room.wait()
                if self._closed:
                    return
        except BaseException as error:
            self.error = error
        finally:
            self._ended = True
            if not self._closed:
                self._wake()


def grouped(requests: Iterable[Request]) -> Iterator[list[Request]]:
    """The samples of each prompt that follow one another, together."""
    for _, group in itertools.groupby(requests, key=lambda request: id(request.messages)):
        # All of them at once, so that the messages live while their number tells them apart from the next.
        same = list(group)
        for start in range(0, len(same), MOST_CHOICES):
            yield same[start : start + MOST_CHOICES]
