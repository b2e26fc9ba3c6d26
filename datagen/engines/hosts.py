"""The servers of a model: whether each may be asked now, and which one a prompt goes to."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, Literal, TypeVar

from datagen.engines.pace import Limit, State

IN_A_ROW = 5
"""Failures without an answer between them, after which a host is taken out."""
FIRST_PROBE_S = 0.5
LONGEST_PROBE_S = 2.5
"""Seconds between two looks whether a host that is out has come back."""
PARKED = 16
"""Requests that wait for the host that knows their prompt, at most."""

Outcome = Literal["answered", "refused", "broken", "dropped"]
"""What became of a request: the host answered it somehow; had too much to do; failed; was not to blame."""
Ask = TypeVar("Ask")


class Host(Generic[Ask]):
    """One server: its limit, what is in flight there, and whether it is out.

    A host is out after `IN_A_ROW` failures, once nothing flies that was sent before the first of them and may still be
    answered. Then it gets single requests until one is answered, and goes on near the level before.
    """

    def __init__(self, url: str, ceiling: int, now: float) -> None:
        self.url = url
        self.limit = Limit(ceiling, now)
        self.flying: dict[Ask, float] = {}
        """When each was sent, oldest first."""
        self.parked: deque[Ask] = deque()
        """Requests that wait for this host because it knows their prompt."""
        self.failures = 0
        """In a row."""
        self.out = False
        self._failing_since = now
        self._before: State = self.limit.state
        self._probe_at = now
        self._probe_s = FIRST_PROBE_S
        self._probe: Ask | None = None

    @property
    def load(self) -> float:
        """In flight, as a share of what may be."""
        return len(self.flying) / self.limit.level

    def has_room(self, now: float) -> bool:
        """Whether a request may be sent now."""
        if self.out:
            return self._probe is None and now >= self._probe_at
        return len(self.flying) < self.limit.level and now >= self.limit.held_until

    def sent(self, ask: Ask, now: float) -> None:
        """Count a request as in flight."""
        self.flying[ask] = now
        if self.out:
            self._probe = ask

    def landed(self, ask: Ask, outcome: Outcome, now: float, retry_after: float | None = None) -> None:
        """Count a request as no longer in flight, and learn from what became of it."""
        sent = self.flying.pop(ask)
        probe = self._probe is ask
        if probe:
            self._probe = None
        if outcome == "answered":
            self._answered(sent, now)
        elif outcome != "dropped":
            self._failed(sent, outcome, probe, now, retry_after or 0.0)

    def _answered(self, sent: float, now: float) -> None:
        self.failures = 0
        if self.out:
            self.out = False
            self._probe_s = FIRST_PROBE_S
            self.limit.restore(self._before, now)
        else:
            self.limit.answered(sent, len(self.flying), now)

    def _failed(self, sent: float, outcome: Outcome, probe: bool, now: float, retry_after: float) -> None:
        if self.out:
            if probe:
                self._probe_s = min(2 * self._probe_s, LONGEST_PROBE_S)
                self._probe_at = now + max(self._probe_s, retry_after)
            return
        self.failures += 1
        if self.failures == 1:
            self._failing_since = now
            self._before = self.limit.state
        if outcome == "refused":
            self.limit.refused(sent, len(self.flying), now)
        oldest = next(iter(self.flying.values()), now)
        if self.failures >= IN_A_ROW and oldest >= self._failing_since:
            self.out = True
            self._probe_at = now + max(self._probe_s, retry_after)


def next_of(
    hosts: Sequence[Host[Ask]], take: Callable[[], Ask | None], likes: Callable[[Ask], int], now: float
) -> tuple[Host[Ask], Ask] | None:
    """The next request to send and where to; None where no host has room or nothing is to be sent.

    Requests that `likes` gives one number for go to one host, which has their prompt in its cache, unless that one is
    out, or has clearly more to do than another. `take` hands over a request, or None where there is none.
    """
    free = [host for host in hosts if host.has_room(now)]
    if not free:
        return None
    if len(hosts) == 1:
        [host] = hosts
        ask = host.parked.popleft() if host.parked else take()
        return None if ask is None else (host, ask)
    for host in free:
        if host.parked:
            return host, host.parked.popleft()
    least = next((host for host in free if host.out), None) or min(free, key=lambda host: host.load)
    while True:
        ask = _left_at_dead_hosts(hosts) or take()
        if ask is None:
            longest = max(hosts, key=lambda host: len(host.parked))
            return (least, longest.parked.popleft()) if longest.parked else None
        liked = hosts[likes(ask) % len(hosts)]
        if least.out or liked.out:
            return least, ask
        if liked.has_room(now):
            return (liked if liked.load <= 1.25 * least.load + 2 / liked.limit.level else least), ask
        if len(liked.parked) >= PARKED:
            return least, ask
        liked.parked.append(ask)


def _left_at_dead_hosts(hosts: Sequence[Host[Ask]]) -> Ask | None:
    return next((host.parked.popleft() for host in hosts if host.out and host.parked), None)
