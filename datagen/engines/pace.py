"""How fast one may ask: a limit of requests in flight that adapts, buckets of a rate, waits between attempts.

Nothing here waits or reads a clock: the time, in seconds of a clock that never jumps, is handed in.
"""

from __future__ import annotations

from typing import NamedTuple

START = 8
"""Requests in flight to begin with."""
QUICK = 64
"""Up to here the limit grows without a look at what it brings: too few answers to judge by, little to overload."""
PROBE_S = 2.0
"""Seconds just below the number in flight that was refused, before that number is tried again."""
REST_S = 5.0
"""Seconds at a level that brought no more answers than half of it, before a little more is tried; doubles each time."""
LONGEST_REST_S = 320.0
LONGEST_WAIT_S = 20.0
"""Between two attempts, where the server does not say how long."""


class State(NamedTuple):
    """What is worth remembering of a limit over an outage."""

    level: int
    wall: int | None


class Limit:
    """How many requests may be in flight at a host: as many as it takes, and no more than bring something.

    The level doubles with each round in which it was used up (a round: answers to three in four of the requests that it
    allows, all sent since it was reached), until the host refuses, or twice as many in flight bring less than a quarter
    more answers a second. Slow answers alone never lower it: their times scatter too much to judge by.

    What flies on when a host refuses is what the host takes. The level goes there, one below the `wall` that was found,
    yet never below half at once. All refusals of what was sent before count as one; refusals that follow one another
    without an answer in between cut by a quarter each. Every `PROBE_S` the wall is tried with one request more; where
    it has moved, the steps double again.
    """

    def __init__(self, ceiling: int, now: float) -> None:
        self.level = min(START, ceiling)
        self.held_until = now
        """Nothing is sent before: the rest of a burst of refusals is on its way."""
        self._ceiling = ceiling
        self._wall: int | None = None
        """The least number in flight that was refused."""
        self._step = ceiling
        self._probe_at = self._cut_at = now
        self._floor = 1
        self._repeats = 0
        self._base: tuple[int, float] | None = None
        """A level below and its answers a second, which more in flight must better."""
        self._rest_s = REST_S
        self._rest_until: float | None = None
        self._trial = False
        """A little more than the level that one rests at is tried."""
        self._go_to(self.level, now)

    @property
    def state(self) -> State:
        """What `restore` takes."""
        return State(self.level, self._wall)

    def restore(self, state: State, now: float) -> None:
        """Go on near the level before an outage."""
        self._wall = state.wall
        self._repeats = 0
        self.held_until = now
        self._go_to(max(1, state.level * 3 // 4), now)

    def answered(self, sent: float, flying: int, now: float) -> None:
        """Count an answer to a request sent at `sent`; `flying` others are in flight."""
        if sent >= self._cut_at:
            self._repeats = 0
        self._answers += 1
        self._used += flying + 1 >= self.level
        if sent < self._since:
            return
        self._fresh += 1
        if 4 * self._fresh >= 3 * self.level:
            self._end_round(now)

    def waited(self, flying: int, now: float) -> None:
        """Let the first steps go up in silence: hosts that need long for an answer are quick to refuse."""
        quick = min(QUICK, self._ceiling)
        if self._wall is None and flying >= self.level < quick and now - self._since >= 0.25:
            self._go_to(min(quick, self.level * 2), now)

    def refused(self, sent: float, flying: int, now: float) -> None:
        """Cut: a request sent at `sent` was one too many; `flying` others are in flight."""
        if sent < self._cut_at:
            level = max(self._floor, min(self.level, flying))
        else:
            self._repeats += 1
            self._floor = max(1, self.level // 2)
            kept = self.level - 1 if self._repeats == 1 else self.level * 3 // 4
            level = max(self._floor, min(flying, kept))
            self._cut_at = now
            self._probe_at = now + PROBE_S
            self.held_until = now + min(0.25, max(0.005, 2 * (now - sent)))
        self._wall = max(level, flying) + 1
        self._step = 1
        self._base = self._rest_until = None
        self._trial = False
        self._go_to(level, now)

    def _go_to(self, level: int, now: float) -> None:
        self.level = level
        self._rounds = self._counted = 0
        self._seconds = 0.0
        self._start_round(now)

    def _start_round(self, now: float) -> None:
        self._since = now
        self._answers = self._fresh = self._used = 0

    def _end_round(self, now: float) -> None:
        if used := 2 * self._used > self._answers:
            self._rounds += 1
            self._counted += self._answers
            self._seconds += now - self._since
        self._start_round(now)
        if not used:
            return
        if self._wall is not None and self.level < self._wall:
            self._near_wall(self._wall, now)
            return
        self._wall = None
        if self._rest_until is None:
            self._climb(now)
        else:
            self._rest(self._rest_until, now)

    def _near_wall(self, wall: int, now: float) -> None:
        if self.level < wall - 1:
            self._go_to(min(wall - 1, self.level * 2), now)
        elif now >= self._probe_at:
            self._probe_at = now + PROBE_S
            self._go_to(wall, now)

    def _climb(self, now: float) -> None:
        if self._base is not None and self.level > QUICK and self.level >= 2 * self._base[0]:
            if self._rate < 1.25 * self._base[1]:
                if self._rounds >= 3:
                    self._rest_until = now + self._rest_s
                return
            self._base = None
        if self.level == self._ceiling:
            return
        if self._base is None or self.level <= QUICK:
            self._base = (self.level, self._rate)
        step = min(self.level, self._step)
        self._step *= 2
        self._go_to(min(self._ceiling, self.level + step), now)

    def _rest(self, until: float, now: float) -> None:
        """Stay, then try a quarter more: where that brings a tenth more answers, climb on."""
        if not self._trial:
            if now >= until and self.level < self._ceiling:
                self._trial = True
                self._base = (self.level, self._rate)
                self._go_to(min(self._ceiling, self.level + self.level // 4), now)
            return
        if self._rounds < 4:
            return
        level, rate = self._base or (self.level, 0.0)
        self._trial = False
        self._base = None
        if self._rate >= 1.1 * rate:
            self._rest_until, self._rest_s = None, REST_S
        else:
            self._rest_s = min(2 * self._rest_s, LONGEST_REST_S)
            self._rest_until = now + self._rest_s
            self._go_to(level, now)

    @property
    def _rate(self) -> float:
        return self._counted / self._seconds if self._seconds else 0.0


class Bucket:
    """A rate that is held: what a second brings may be spent at once, and single costs above that on credit."""

    def __init__(self, per_minute: float, now: float) -> None:
        self._per_s = per_minute / 60
        self._most = max(1.0, self._per_s)
        self._level = self._most
        self._at = now

    def has(self, cost: float, now: float) -> bool:
        """Whether so much may be spent now."""
        self._level = min(self._most, self._level + (now - self._at) * self._per_s)
        self._at = now
        return self._level >= min(cost, self._most)

    def spend(self, cost: float) -> None:
        """Take out so much; what was taken too much goes back as a negative cost."""
        self._level -= cost


def backoff(attempt: int, share: float) -> float:
    """Seconds to wait after the `attempt`-th failure, none after 0: a random `share` (0 to 1) of a time that triples.

    Source: "full jitter" of M. Brooker, Exponential Backoff and Jitter, AWS Architecture Blog, 2015.
    """
    return share * min(LONGEST_WAIT_S, 0.15 * 3.0 ** min(attempt - 1, 10)) if attempt else 0.0
