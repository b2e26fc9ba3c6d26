"""Times of day: by the clock of 12 or of 24 hours, and in another time zone."""

from __future__ import annotations

import re
from collections import Counter
from typing import Literal, Self

from pydantic import Field

from corpus.languages import parse
from filters.translation_rules import clock
from filters.translation_rules.base import Rule, Source, added, failed, met
from filters.translation_rules.clock import Time
from filters.translation_rules.edits import Edit, agrees, ranged
from filters.translation_rules.locales import locale
from filters.translation_rules.text import Text
from filters.translation_rules.zones import offset, place_after, zone_after
from filters.verifier import Verdict

_SHOWN = 16 * 60 + 5
_CLOCK = re.compile(r"(?<![0-9])[0-9]{1,2}:[0-9]{2}(?![0-9])")
_SIGNS = ("+", "-", "−")
"""Before an offset: GMT-10:00."""
_ONE = ("es", "pt", "it", "gl", "ca")
"""Languages with an article before hours: a la 1, a las 13."""


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

    def edits(self, answer: Text, source: Source, /) -> list[Edit] | None:
        """Each time by the other clock or in another zone, with the zone's name."""
        flat, wanted, edits, covered = answer.flat, Counter(self.times), list[Edit](), 0
        for time in clock.times(flat, self.locale, source.src_lang):
            minutes = next((m for m in self._meant(flat, time) if wanted[m] > 0), None)
            if minutes is None or ranged(flat, time.start, time.start) or flat[: time.start].endswith(_SIGNS):
                return None
            covered += len(_CLOCK.findall(time.text))
            wanted[minutes] -= 1
            if time.halved != (self.clock == 12) or minutes != time.minutes:
                takes = self.clock == 12 or parse(self.locale).language == "th"
                end = clock.whole(flat, time, self.locale) if takes else time.end
                edits.append(Edit(time.start, end, clock.rendered(minutes, self.clock, self.locale)))
                if not self._same_article(time, minutes) or not agrees(flat, time.start, edits[-1].text, self.locale):
                    return None
            place = place_after(flat, time.end) if self.zone else None
            if self.zone and place and not _is_zone(zone_after(flat, time.end), self.zone):
                edits.append(Edit(*place, self.zone, ascii_digits=True))
        return None if any(wanted.values()) or covered < len(_CLOCK.findall(flat)) else edits

    def _meant(self, flat: str, time: Time) -> list[int]:
        """The minutes that a time of the answer may mean, in the rule's zone; none where its zone is not known."""
        minutes = [time.minutes, time.minutes + 720] if time.either else [time.minutes]
        found = zone_after(flat, time.end)
        if not self.zone or _is_zone(found, self.zone):
            return minutes
        east = offset(found or "")
        own = int(self.zone.removeprefix("UTC") or 0) * 60
        return [] if east is None else [(minute - east + own) % 1440 for minute in minutes]

    def _same_article(self, time: Time, minutes: int) -> bool:
        """Whether the word before the time may stay: one o'clock is one, and all others are several, in a la 1."""
        if parse(self.locale).language not in _ONE:
            return True
        shown = re.search(r"[0-9]+", time.text)
        hour = minutes // 60 if self.clock == 24 else minutes // 60 % 12 or 12
        return (int(shown[0]) == 1 if shown else False) == (hour == 1)

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
