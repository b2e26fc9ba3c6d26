"""Dates: their order, separators and names of months as the target language or ISO 8601 writes them."""

from __future__ import annotations

import re
from collections import Counter
from typing import Literal, Self

from pydantic import Field, field_validator

from filters.translation_rules import calendar
from filters.translation_rules.base import Rule, Source, added, failed, met
from filters.translation_rules.calendar import Day
from filters.translation_rules.edits import Edit, agrees, goes_on, ranged
from filters.translation_rules.locales import locale
from filters.translation_rules.text import Text
from filters.verifier import Verdict

Style = Literal["iso", "numeric", "long"]
_SHOWN = Day(1999, 12, 31)


class Dates(Rule):
    """Every date is written in one style: 2024-03-05, or 05.03.2024 or 5. März 2024 as the target language does.

    Held where the answer has each date of the source as often as the source has it, in that style, and no other date.
    Zeros in front, spaces and a stop at the end are left open. Dates of other calendars are not read.
    """

    family: Literal["dates"] = "dates"
    style: Style
    dates: tuple[str, ...] = Field(min_length=1, max_length=20)
    """Year-month-day, with 0000 for a year that is not written."""

    @field_validator("dates")
    @classmethod
    def _are_days(cls, dates: tuple[str, ...]) -> tuple[str, ...]:
        for date in dates:
            _day(date)
        return dates

    @classmethod
    def find(cls, source: Source) -> list[Self]:
        """The styles that no date of the source has in the target language; days must be clear."""
        written = calendar.dates(source.text.flat, source.src_lang)
        days = [_meant(date, source.src_lang) for date in written]
        if not days or None in days or locale(source.tgt_lang) is None or len(days) > 20:
            return []
        clear = [day for day in days if day]
        styles: tuple[Style, ...] = ("iso", "numeric", "long") if all(day.year for day in clear) else ("long",)
        texts = [calendar.normalized(date.text) for date in written]
        return [
            cls(locale=source.tgt_lang, style=style, dates=tuple(_name(day) for day in clear))
            for style in styles
            if _asks(style, clear, texts, source.tgt_lang)
        ]

    def slots(self, language: str) -> dict[str, str]:
        """A day of no meaning in the style."""
        del language
        shown = _SHOWN if all(_day(date).year for date in self.dates) else _SHOWN._replace(year=0)
        return {"example": calendar.rendered(shown, self.style, self.locale)}

    def check(self, answer: Text, source: Source, /) -> Verdict:
        """Compare all dates of the answer, of whatever form, with those that must be there."""
        wanted = Counter(self.dates)
        found = calendar.dates(answer.flat, self.locale, source.src_lang)
        told = "; ".join(date.text for date in found[:20])
        for date in found:
            day = next((_name(day) for day in date.days if wanted[_name(day)] > 0 and self._is(date.text, day)), None)
            if day is None:
                known = any(_name(day) in self.dates and self._is(date.text, day) for day in date.days)
                return failed("date too often" if known else "date in another form", told)
            wanted[day] -= 1
        return failed("date missing", told) if any(wanted.values()) else met(told)

    def edits(self, answer: Text, source: Source, /) -> list[Edit] | None:
        """Each date that stands in another style, with the words for its year."""
        wanted, edits = Counter(self.dates), []
        for date in calendar.dates(answer.flat, self.locale, source.src_lang):
            days = [day for day in date.days if wanted[_name(day)] > 0]
            if len(days) != 1 or ranged(answer.flat, date.start, date.end) or self._has_ordinal(answer.flat, date):
                return None
            wanted[_name(days[0])] -= 1
            if not self._is(date.text, days[0]):
                edits.append(self._edit(answer.flat, date, days[0]))
        fit = all(agrees(answer.flat, edit.start, edit.text, self.locale) for edit in edits)
        return edits if fit and not any(wanted.values()) else None

    def _has_ordinal(self, flat: str, date: calendar.Written) -> bool:
        """Whether the day goes on behind it, where days come first: joulukuun 26. päivänä."""
        day_last = calendar.pattern_of("long", self.locale, year=False).rstrip(".").endswith("d")
        year_last = re.search(r"[0-9]{4}$", date.text)
        return not (day_last or year_last) and flat[date.end : date.end + 1] == "." and goes_on(flat, date.end + 1)

    def _edit(self, flat: str, date: calendar.Written, day: Day) -> Edit:
        new = calendar.rendered(day, self.style, self.locale)
        end, has_word = calendar.whole(flat, date, self.locale)
        if has_word and self.style == "long":
            new, end = re.sub(r"(?<=[0-9]{4})\D+$", "", new), date.end
        if flat[end : end + 1] == "-":  # no stop before an ending: 2024. 03. 05-én
            new = new.removesuffix(".")
        if flat[end : end + 1].isdigit():  # 2024年3月5日14:00
            new += " "
        return Edit(date.start, end, new, ascii_digits=self.style == "iso")

    def _is(self, text: str, day: Day) -> bool:
        return calendar.normalized(text) in calendar.renderings(day, self.style, self.locale)

    def compliant(self, draft: str, _source: Source, /) -> str | None:
        """The draft with the dates."""
        return added(draft, [calendar.rendered(_day(date), self.style, self.locale) for date in self.dates])

    def broken(self, draft: str, source: Source, /) -> list[str]:
        """Every other style; both styles; no dates; another day."""
        days = [_day(date) for date in self.dates]
        right = [calendar.rendered(day, self.style, self.locale) for day in days]
        others = [
            [calendar.rendered(day, style, code) for day in days]
            for style, code in (
                ("iso", "en"),
                ("numeric", self.locale),
                ("long", self.locale),
                ("long", source.src_lang),
            )
            if style != self.style or code == source.src_lang
            if all(day.year for day in days)
        ]
        wrong = [calendar.rendered(day._replace(day=day.day % 28 + 1), self.style, self.locale) for day in days]
        differ = [other for other in others if not any(map(self._is, other, days))]
        both = [[f"{a} ({b})" for a, b in zip(right, other, strict=True)] for other in differ]
        return [added(draft, pieces) for pieces in (*differ, *both, wrong, right + right, [])]


def _day(date: str) -> Day:
    year, month, day = date.split("-")
    return Day(int(year), int(month), int(day))


def _name(day: Day) -> str:
    return f"{day.year:04d}-{day.month:02d}-{day.day:02d}"


def _meant(written: calendar.Written, code: str) -> Day | None:
    """The one day that a date means: by the order of its language where that has a region or a stop."""
    if len(written.days) == 1:
        return next(iter(written.days))
    if code in ("en", "es", "fr", "pt"):
        return None
    text = calendar.normalized(written.text)
    days = [day for day in written.days if text in calendar.renderings(day, "numeric", code)]
    return days[0] if len(days) == 1 else None


def _asks(style: str, days: list[Day], texts: list[str], code: str) -> bool:
    """Whether the style can be written in the locale, and is not how the source writes every date."""
    wanted = [calendar.renderings(day, style, code) for day in days]
    return all(wanted) and all(text not in forms for text, forms in zip(texts, wanted, strict=True))
