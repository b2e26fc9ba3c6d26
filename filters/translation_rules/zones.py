"""Names of time zones behind times, as English and UTC write them."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from filters.translation_rules import locales

_NAME = re.compile(r"(?: ?[^\W\d_]{1,4}\.?)?? ?[(（]?(UTC ?[-+−]\d{1,2}|GMT ?[-+−]\d{1,2}|[A-Z]{1,4}T|UTC|Z)(?![^\W_])")
"""A word such as Uhr or น. may stand before it."""


def zone_after(flat: str, end: int) -> str | None:
    """The zone that is named right behind a place, without spaces."""
    found = _NAME.match(flat, end)
    return found[1].replace(" ", "").replace("−", "-") if found else None


def place_after(flat: str, end: int) -> tuple[int, int] | None:
    """From where to where the zone stands that is named right behind a place."""
    found = _NAME.match(flat, end)
    return found.span(1) if found else None


def offset(zone: str) -> int | None:
    """Minutes east of UTC that a zone's short name means; None where it means several, or none is known."""
    return _offsets().get(zone)


@cache
def _offsets() -> dict[str, int | None]:
    """By short names of zones in CLDR's English: EST, EDT, and those of all places that have them."""
    offsets: dict[str, set[int]] = {}
    for metazone, place in _places().items():
        names = {**locales.data("en", "meta_zones").get(metazone, {}).get("short", {})}
        for season, name in names.items():
            moved = _offset(place, season)
            if name and name.isalpha() and moved is not None and season != "generic":
                offsets.setdefault(str(name), set()).add(moved)
    return {name: next(iter(found)) if len(found) == 1 else None for name, found in offsets.items()}


@cache
def _places() -> dict[str, str]:
    from babel.core import get_global

    return {metazone: place for place, metazone in get_global("meta_zones").items()}


def _offset(place: str, season: str) -> int | None:
    """Minutes east of UTC at a place in the season of its standard or daylight time."""
    try:
        zone = ZoneInfo(place)
    except (ZoneInfoNotFoundError, ValueError):
        return None
    for month in (1, 7):
        moment = datetime(2024, month, 15, tzinfo=zone)
        shifted = moment.dst()
        if (season == "daylight") == bool(shifted):
            passed = moment.utcoffset()
            return round(passed.total_seconds() / 60) if passed is not None else None
    return None
