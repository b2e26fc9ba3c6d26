"""Times of day: by the clock of 12 or of 24 hours, and in another time zone."""

from __future__ import annotations

import re
from collections import Counter
from typing import Literal, Self

from pydantic import Field

from filters.translation_rules import clock
from filters.translation_rules.base import Rule, Source, added, failed, met
from filters.translation_rules.locales import locale
from filters.translation_rules.text import Text
from filters.translation_rules.zones import offset, zone_after
from filters.verifier import Verdict

_SHOWN = 16 * 60 + 5


class Times(Rule):
    """Every time of day is written by one clock, and in one zone where the rule names one.

    Held where the answer has each time of the source as often as the source has it, by that clock and as the target
    language may write it, and no other time. With a zone, its name stands behind every time, and no other zone's does.
    """

    family: Literal["times"] = "times"
    clock: Literal[12, 24]
    times: tuple[int, ...] = Field(min_length=1, max_length=20)
    """Minutes since midnight, in the zone that is asked for."""
    zone: str | None = Field(default=None, pattern="^UTC$|^UTC[+-][0-9]{1,2}$")
    """The zone to convert to."""

    @classmethod
    def find(cls, source: Source) -> list[Self]:
        """The clock that the source does not use; with a zone behind every time, conversion to UTC."""
        flat = source.text.flat
        found = clock.times(flat, source.src_lang)
        if not found or len(found) > 20 or locale(source.tgt_lang) is None or any(time.either for time in found):
            return []
        halved = {time.halved for time in found}
        rules = []
        if len(halved) == 1 and (halved == {True} or all(time.minutes >= 60 for time in found)):
            wanted: Literal[12, 24] = 24 if halved == {True} else 12
            minutes = tuple(time.minutes for time in found)
            rules.append(cls(locale=source.tgt_lang, clock=wanted, times=minutes))
        zones = [zone_after(flat, time.end) for time in found]
        if zones and all(zone and offset(zone) for zone in zones):
            moved = [(time.minutes - (offset(zone or "") or 0)) % 1440 for time, zone in zip(found, zones, strict=True)]
            rules.append(cls(locale=source.tgt_lang, clock=24, times=tuple(moved), zone="UTC"))
        return rules

    def key(self) -> str:
        """One wording for each clock, another for a zone."""
        return "times.zone" if self.zone else f"times.{self.clock}"

    def slots(self, language: str) -> dict[str, str]:
        """A time of no meaning by that clock."""
        del language
        return {"example": clock.rendered(_SHOWN, self.clock, self.locale), "zone": self.zone or ""}

    def check(self, answer: Text, source: Source, /) -> Verdict:
        """Compare all times of the answer, of whatever form, with those that must be there."""
        wanted = Counter(self.times)
        found = clock.times(answer.flat, self.locale, source.src_lang)
        told = "; ".join(time.text for time in found[:20])
        for time in found:
            if time.halved != (self.clock == 12):
                return failed("time by the other clock", told)
            minutes = next((time.minutes + more for more in (0, 720) if wanted[time.minutes + more] > 0), None)
            if minutes is None or (minutes != time.minutes and not time.either):
                return failed("time too often" if time.minutes in self.times else "another time", told)
            wanted[minutes] -= 1
            if self.zone and not _is_zone(zone_after(answer.flat, time.end), self.zone):
                return failed("another time zone", told)
        return failed("time missing", told) if any(wanted.values()) else met(told)

    def compliant(self, draft: str, _source: Source, /) -> str | None:
        """The draft with the times."""
        return added(draft, [self._written(minutes, self.clock) for minutes in self.times])

    def broken(self, draft: str, _source: Source, /) -> list[str]:
        """By the other clock; by both; another time; without times; in no zone."""
        right = [self._written(minutes, self.clock) for minutes in self.times]
        other = [self._written(minutes, 36 - self.clock) for minutes in self.times]
        later = [self._written((minutes + 61) % 1440, self.clock) for minutes in self.times]
        both = [f"{a} ({b})" for a, b in zip(right, other, strict=True)]
        zoneless = [[clock.rendered(minutes, self.clock, self.locale) for minutes in self.times]] if self.zone else []
        return [added(draft, pieces) for pieces in (other, both, later, right + right, [], *zoneless)]

    def _written(self, minutes: int, hours: int) -> str:
        return clock.rendered(minutes, hours, self.locale) + (f" {self.zone}" if self.zone else "")


def _is_zone(found: str | None, zone: str) -> bool:
    return bool(found) and re.sub("GMT|Z$", "UTC", found or "") == zone
