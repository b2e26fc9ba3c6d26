"""The frames: what each kind of sentence tells, what its slots may hold, and which are held out."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from grammar.meaning import (
    City,
    Clock,
    Day,
    Distance,
    Meaning,
    Money,
    Noun,
    Number,
    Person,
    Raw,
    Temperature,
    Value,
    Weekday,
    When,
    Word,
)
from grammar.vocabulary import WORDS

SYNONYMS = {"folder": "directory", "invoice": "bill", "meeting": "session"}
"""Words that a glossary may ask for in place of the usual ones."""

HELD_LEXEMES: Mapping[str, frozenset[str]] = {split: frozenset(WORDS[f"held_{split}"]) for split in ("dev", "test")}
"""Words that no sentence of the training pairs has: they stand in monolingual text and in dictionary pairs."""

_FIRST, _DAYS = date(2023, 1, 1), 4 * 365
Fill = Callable[[random.Random], Value]


def _noun(lexemes: str, adjectives: str | None = None, *, counts: Sequence[int] = ()) -> Fill:
    """A noun of a class, described by an adjective of a class in one case of two."""

    def fill(rng: random.Random) -> Value:
        adjective = rng.choice(WORDS[adjectives]) if adjectives and rng.random() < 0.5 else None
        return Noun(rng.choice(WORDS[lexemes]), adjective, rng.choice(counts) if counts else None)

    return fill


def _word(lexemes: str) -> Fill:
    return lambda rng: Word(rng.choice(WORDS[lexemes]))


def _number(values: Sequence[int], *, grouped: bool = True) -> Fill:
    return lambda rng: Number(rng.choice(values), grouped)


def _person(rng: random.Random) -> Value:
    return Person(rng.choice(WORDS["names"]))


def _city(rng: random.Random) -> Value:
    return City(rng.choice(WORDS["cities"]))


def _weekday(rng: random.Random) -> Weekday:
    return Weekday(rng.randrange(7))


def _date(rng: random.Random) -> date:
    return _FIRST + timedelta(rng.randrange(_DAYS))


def _day(rng: random.Random) -> Value:
    return Day(_date(rng))


def _clock(rng: random.Random) -> Clock:
    return Clock(rng.randrange(7, 23), rng.randrange(0, 60, 5))


def _when(rng: random.Random) -> Value:
    kind = rng.randrange(5)
    day = _weekday(rng) if kind < 2 else _date(rng) if kind < 4 else rng.randrange(2)
    return When(day, _clock(rng) if rng.random() < 0.5 else None)


def _past(rng: random.Random) -> Value:
    return When(_weekday(rng) if rng.random() < 0.4 else _date(rng), _clock(rng) if rng.random() < 0.5 else None)


def _future(rng: random.Random) -> Value:
    day = _weekday(rng) if rng.random() < 0.6 else rng.randrange(2)
    return When(day, _clock(rng) if rng.random() < 0.5 else None)


def _timed(rng: random.Random) -> Value:
    return When(_weekday(rng) if rng.random() < 0.5 else _date(rng), _clock(rng))


def _amount(least: int, most: int) -> Fill:
    """Amounts of money between two, in units; one in three without cents."""

    def fill(rng: random.Random) -> Value:
        currency = rng.choice(("EUR", "USD", "GBP"))
        cents = rng.randrange(least, most) * 100 if rng.random() < 0.3 else rng.randrange(least * 100, most * 100)
        return Money(Decimal(cents) / 100 if cents % 100 else Decimal(cents // 100), currency)

    return fill


_money, _small_money, _room_money = _amount(2, 300), _amount(2, 40), _amount(30, 300)


def _distance(rng: random.Random) -> Value:
    return Distance(rng.choice(_AMOUNTS), rng.choice(("length-kilometer", "length-kilometer", "length-mile")))


def _degrees(rng: random.Random) -> Value:
    if rng.random() < 0.8:
        return Temperature(rng.randrange(2, 39))
    return Temperature(rng.randrange(36, 100), "temperature-fahrenheit")


def _code(rng: random.Random) -> Value:
    return Raw(f"{rng.choice('ABCDEFGHKLMNPRSTX')}{rng.choice('ABCDEFGHKLMNPRSTX')}-{rng.choice(_CODES)}")


def _email(rng: random.Random) -> Value:
    return Raw(f"{rng.choice(WORDS['mailboxes'])}@{rng.choice(WORDS['hosts'])}")


def _raw(texts: str) -> Fill:
    return lambda rng: Raw(rng.choice(WORDS[texts]))


def _quoted(rng: random.Random) -> Value:
    name = rng.choice(("train", "price", "begins", "hours", "lasts", "room_price", "takes_place"))
    return FRAMES[name].meaning(rng)


def _not_one(most: int) -> list[int]:
    """Amounts that every language says in the plural and that no numeral of Russian bends (21 is `one` there)."""
    return [n for n in range(2, most + 1) if n % 10 != 1 or n == 11]


_AMOUNTS = _not_one(60)
_FEW = _not_one(20)
_HOURS = _not_one(12)
_MINUTES = list(range(15, 200, 5))
_PERCENT = [10, 15, 20, 25, 30, 40, 50]
_SIZES = [2, 5, 8, 10, 12, 15, 20, 25, 50, 100, 250, 500]
_VISITORS = list(range(10_050, 99_999, 50))
_CODES = [*range(100, 1_000), *range(10_000, 100_000)]
"""Not of four digits: those behind `PX-` would be read as a year where a date comes next."""
_YEARS = list(range(2010, 2025))


@dataclass(frozen=True)
class Frame:
    """A kind of sentence."""

    name: str
    domain: str
    slots: Mapping[str, Fill]
    addressed: bool = False
    """Whether it speaks to the reader, formally or not."""
    held: str | None = None
    """`dev` or `test` where no training text has it."""

    def meaning(self, rng: random.Random, formal: bool | None = None) -> Meaning:
        """A meaning with slots drawn; two people, places or days of one sentence differ."""
        slots: dict[str, Value] = {}
        for name, fill in self.slots.items():
            value = fill(rng)
            while value in slots.values() or (name == "closes" and not _later(slots["opens"], value)):
                value = fill(rng)
            slots[name] = value
        return Meaning(self.name, slots, rng.random() < 0.5 if formal is None else formal)


def _later(opens: Value, closes: Value) -> bool:
    assert isinstance(opens, Clock)
    assert isinstance(closes, Clock)
    # The last hour has no later one: it is a night's place then.
    return closes.hour > opens.hour or opens.hour >= 22


def _opening(rng: random.Random) -> Value:
    return Clock(rng.randrange(7, 12), rng.randrange(0, 60, 15))


def _named_file(rng: random.Random) -> Value:
    return Raw(f"{rng.choice(WORDS['stems'])}.{rng.choice(WORDS['endings'])}")


def _frames() -> list[Frame]:
    thing, any_thing, food = (
        _noun("things"),
        _noun("things", "described"),
        _noun("foods", "food_qualities", counts=_FEW),
    )
    place, event, kin, file = (
        _noun("places"),
        _noun("events"),
        _noun("kin"),
        _noun("files", "file_qualities"),
    )
    files, opened = (
        _noun("counted", "file_qualities", counts=_AMOUNTS),
        _noun("opened", "file_qualities"),
    )
    n = _number(_FEW)
    return [
        Frame("price", "shop", {"thing": any_thing, "price": _money}),
        Frame("price_n", "shop", {"food": food, "price": _small_money}),
        Frame("how_much", "shop", {"thing": any_thing}),
        Frame("how_much_n", "shop", {"food": food}, held="test"),
        Frame("want_n", "shop", {"food": food}),
        Frame("want_thing", "shop", {"thing": any_thing}),
        Frame("have_color", "shop", {"thing": thing, "color": _word("colors")}, addressed=True),
        Frame("order_sent", "shop", {"code": _code, "when": _past}, addressed=True),
        Frame("refund", "shop", {"price": _money, "n": n}, addressed=True),
        Frame("discount", "shop", {"thing": thing, "n": _number(_PERCENT)}),
        Frame("too", "shop", {"thing": thing, "adjective": _word("judged")}),
        Frame("show", "shop", {"thing": any_thing}, addressed=True),
        Frame("train", "travel", {"city": _city, "time": _clock}),
        Frame("flight", "travel", {"from": _city, "to": _city, "n": _number(_HOURS)}),
        Frame("where_place", "travel", {"place": place}, addressed=True),
        Frame("hours", "travel", {"place": place, "opens": _opening, "closes": _clock}),
        Frame("when_open", "travel", {"place": place}, held="dev"),
        Frame("distance", "travel", {"from": place, "to": place, "length": _distance}),
        Frame("tickets", "travel", {"n": n, "city": _city, "day": _day}),
        Frame("room", "travel", {"who": _person, "city": _city, "n": n}),
        Frame("room_kin", "travel", {"kin": kin, "city": _city, "n": n}, held="test"),
        Frame("room_price", "travel", {"city": _city, "price": _room_money}),
        Frame("weather", "travel", {"day": _weekday, "city": _city, "degrees": _degrees}),
        Frame("lost", "travel", {"who": _person, "thing": any_thing, "place": place}),
        Frame("lost_kin", "travel", {"kin": kin, "thing": any_thing, "place": place}, held="dev"),
        Frame("going", "travel", {"kin": kin, "place": place, "when": _future}),
        Frame("going_name", "travel", {"who": _person, "place": place, "when": _future}, held="test"),
        Frame(
            "visitors",
            "travel",
            {
                "number": _number(_VISITORS),
                "place": _noun("visited"),
                "year": _number(_YEARS, grouped=False),
            },
        ),
        Frame("lives", "travel", {"who": _person, "city": _city, "place": place}),
        Frame("begins", "calendar", {"event": event, "when": _timed}),
        Frame("when_begins", "calendar", {"event": event}),
        Frame("moved", "calendar", {"event": event, "from": _weekday, "to": _weekday}),
        Frame("cancelled", "calendar", {"event": event, "day": _day}),
        Frame("forget", "calendar", {"event": event, "day": _weekday}, addressed=True),
        Frame("meet", "calendar", {"who": _person, "other": _person, "when": _future, "place": place}),
        Frame("free", "calendar", {"when": _future}, addressed=True),
        Frame("takes_place", "calendar", {"event": _noun("sited"), "when": _when, "city": _city}),
        Frame("where_event", "calendar", {"event": _noun("sited")}, held="test"),
        Frame("invite", "calendar", {"who": _person, "other": _person, "event": _noun("joined")}),
        Frame("birthday", "calendar", {"who": _person, "day": lambda rng: Day(_date(rng), year=False)}),
        Frame("lasts", "calendar", {"event": _noun("timed"), "n": _number(_MINUTES)}),
        Frame("open", "app", {"ui": opened}, addressed=True),
        Frame("want_delete", "app", {"ui": file}, addressed=True),
        Frame("want_open", "app", {"ui": opened}, addressed=True, held="dev"),
        Frame("want_delete_n", "app", {"ui": files}, addressed=True, held="dev"),
        Frame("cannot_open", "app", {"ui": _noun("named"), "name": _named_file}),
        Frame("saved", "app", {"ui": file, "when": _past}),
        Frame("deleted_n", "app", {"ui": files}),
        Frame("click", "app", {"label": _word("labels"), "ui": opened}, addressed=True),
        Frame("welcome", "app", {"app": _raw("apps"), "name": _raw("placeholders")}, addressed=True),
        Frame("shared", "app", {"name": _raw("placeholders"), "ui": opened}, addressed=True),
        Frame("storage", "app", {"n": n, "total": _number([25, 30, 50, 64, 100, 128, 256])}, addressed=True),
        Frame("expires", "app", {"n": n}, addressed=True),
        Frame("too_large", "app", {"ui": _noun("opened"), "n": _number(_SIZES)}),
        Frame("have_n", "app", {"ui": files}, addressed=True),
        Frame("thanks", "support", {"day": _day}, addressed=True),
        Frame(
            "broken",
            "support",
            {"thing": _noun("devices", "colors"), "day": _weekday},
        ),
        Frame("answer_by", "support", {"day": _weekday}, addressed=True),
        Frame("wrote", "support", {"who": _person, "said": _quoted}),
        Frame("call", "support", {"who": _person, "when": _future}, addressed=True),
        Frame("contact", "support", {"email": _email}, addressed=True),
        Frame("pay", "support", {"code": _code, "day": _day}, addressed=True),
    ]


FRAMES: Mapping[str, Frame] = {frame.name: frame for frame in _frames()}
"""Every frame by its name."""

QUOTED = "wrote"
"""The frame that quotes another."""


def dictionary(lexeme: str) -> list[Meaning]:
    """A word by itself, as a dictionary has it, and counted where it can be; empty for what has no entry."""
    if lexeme in WORDS["cities"]:
        return [Meaning("dictionary_city", {"city": City(lexeme)})]
    if lexeme in WORDS["names"]:
        return [Meaning("dictionary_name", {"who": Person(lexeme)})]
    if lexeme in WORDS["foods"] or lexeme in WORDS["things"] or lexeme in WORDS["counted"]:
        counted = [Meaning("dictionary_n", {"noun": Noun(lexeme, count=count)}) for count in (2, 5)]
        return [Meaning("dictionary", {"noun": Noun(lexeme)}), *counted]
    return [Meaning("dictionary", {"noun": Noun(lexeme)})]
