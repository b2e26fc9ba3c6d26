"""Translations with a score: good ones, and such as a weak system might give, each worse by what is wrong with it."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from grammar.frames import FRAMES
from grammar.languages import CODES, language
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
    Temperature,
    Value,
    Weekday,
    When,
    Word,
)
from grammar.vocabulary import WORDS

from corpus.languages import segmentation
from rows.held import Taken, draw_open, is_open, open_frames
from rows.pairs import LICENSE, ORIGIN, direction, formality


@dataclass(frozen=True)
class Case:
    """A translation to be spoiled."""

    meaning: Meaning
    src: str
    tgt: str
    other: Meaning
    """Another sentence, of the same frame or of another one."""

    def good(self) -> str:
        """The right translation."""
        return language(self.tgt).say(self.meaning)


Spoil = Callable[[random.Random, Case], str | None]
"""A spoiled translation; None where there is nothing to spoil."""


def _number(rng: random.Random, case: Case) -> str | None:
    """Another amount, day or time."""
    places = [name for name, value in case.meaning.slots.items() if _moved(rng, value) is not None]
    if not places:
        return None
    place = rng.choice(places)
    moved = _moved(rng, case.meaning.slots[place])
    assert moved is not None
    return _said(case, {place: moved})


def _moved(rng: random.Random, value: Value) -> Value | None:
    """A value of the same kind a little off; None for what has no number."""
    step = rng.choice([2, 3, 4, 10])
    match value:
        case Noun(count=int(count)):
            return replace(value, count=_plural(count + step))
        case Number():
            return replace(value, value=_plural(value.value + (1 if not value.grouped else step)))
        case Money():
            return replace(value, amount=value.amount + Decimal(step))
        case Distance() | Temperature():
            return replace(value, value=_plural(int(value.value) + step))
        case Clock():
            return replace(value, hour=7 + (value.hour - 7 + step) % 16)
        case Day():
            return replace(value, day=value.day + timedelta(step))
        case Weekday():
            return Weekday((value.number + 1 + step % 5) % 7)
        case When(day=date() as day):
            return replace(value, day=day + timedelta(step))
        case When(day=Weekday(number)):
            return replace(value, day=Weekday((number + 1 + step % 5) % 7))
    return None


def _plural(number: int) -> int:
    """A number that the languages say in the plural."""
    return number + 1 if number % 10 == 1 and number != 11 else number


_ALIKE = "things foods places joined opened kin names cities colors judged labels"
"""Classes of words that may stand for one another."""


def _term(rng: random.Random, case: Case) -> str | None:
    """Another word of the same kind."""
    places = [name for name, value in case.meaning.slots.items() if isinstance(value, Noun | Word | Person | City)]
    rng.shuffle(places)
    for place in places:
        value = case.meaning.slots[place]
        assert isinstance(value, Noun | Word | Person | City)
        words = next((WORDS[kind] for kind in _ALIKE.split() if value.lexeme in WORDS[kind]), ())
        others = [word for word in words if word != value.lexeme]
        if others:
            other = replace(value, lexeme=rng.choice(others))
            changed = replace(case.meaning, slots={**case.meaning.slots, place: other})
            if is_open(changed):
                return language(case.tgt).say(changed)
    return None


def _adjective(rng: random.Random, case: Case) -> str | None:
    """The adjective or the time of day is left out."""
    del rng
    for name, value in case.meaning.slots.items():
        if isinstance(value, Noun) and value.adjective:
            return _said(case, {name: replace(value, adjective=None)})
        if isinstance(value, When) and value.clock:
            return _said(case, {name: replace(value, clock=None)})
    return None


def _said(case: Case, changed: Mapping[str, Value]) -> str:
    return language(case.tgt).say(replace(case.meaning, slots={**case.meaning.slots, **changed}))


def _address(rng: random.Random, case: Case) -> str | None:
    """The other form of address."""
    del rng
    if not FRAMES[case.meaning.frame].addressed:
        return None
    text = language(case.tgt).say(replace(case.meaning, formal=not case.meaning.formal))
    return text if text != case.good() else None


def _cut(rng: random.Random, case: Case) -> str | None:
    """The end is lost."""
    return cut(rng, case.good(), case.tgt)


def _half(rng: random.Random, case: Case) -> str | None:
    """More than half is lost."""
    return half(rng, case.good(), case.tgt)


def _swapped(rng: random.Random, case: Case) -> str | None:
    """Two words have changed places."""
    return swapped(rng, case.good(), case.tgt)


def _twice(rng: random.Random, case: Case) -> str | None:
    """A piece stands there again and again."""
    return twice(rng, case.good(), case.tgt)


def cut(rng: random.Random, text: str, code: str) -> str | None:
    """A text whose end is lost; None where it is too short."""
    return _shortened(text, code, rng.uniform(0.55, 0.75))


def half(rng: random.Random, text: str, code: str) -> str | None:
    """A text of which more than half is lost; None where it is too short."""
    return _shortened(text, code, rng.uniform(0.25, 0.4))


def _shortened(text: str, code: str, share: float) -> str | None:
    pieces = _pieces(text, code)
    keep = round(len(pieces) * share)
    return "".join(pieces[:keep]).strip() if 0 < keep < len(pieces) else None


def swapped(rng: random.Random, text: str, code: str) -> str | None:
    """A text in which two neighbouring words have changed places; None where it is too short."""
    pieces = [piece.strip() for piece in _pieces(text, code)]
    place = rng.randrange(len(pieces) - 1) if len(pieces) > 2 else -1
    if place < 0 or pieces[place] == pieces[place + 1]:
        return None
    pieces[place], pieces[place + 1] = pieces[place + 1], pieces[place]
    return _between(code).join(pieces)


def twice(rng: random.Random, text: str, code: str) -> str | None:
    """A text that hangs at one piece; None where it is too short."""
    pieces = _pieces(text, code)
    place = rng.randrange(len(pieces))
    if len(pieces) < 3:
        return None
    return _between(code).join(piece.strip() for piece in pieces[: place + 1] + [pieces[place]] * 3)


def _between(code: str) -> str:
    return "" if segmentation(code) == "characters" else " "


def _pieces(text: str, code: str) -> list[str]:
    """Words with the spaces behind them, or characters."""
    whole = segmentation(code) == "spaces"
    return re.findall(r"\S+\s*", text) if whole else re.findall(r"[\w.@:€$£%-]+|.", text, re.ASCII)


def _copied(rng: random.Random, case: Case) -> str | None:
    """The source itself."""
    del rng
    return language(case.src).say(case.meaning)


def _language(rng: random.Random, case: Case) -> str | None:
    """A right translation into another language."""
    return language(rng.choice([code for code in CODES if code not in (case.src, case.tgt)])).say(case.meaning)


def _unrelated(rng: random.Random, case: Case) -> str | None:
    """A good sentence that says something else."""
    del rng
    return language(case.tgt).say(case.other)


SPOILED: Mapping[str, tuple[Spoil, float]] = {
    "address": (_address, 0.85),
    "swapped": (_swapped, 0.8),
    "omission": (_adjective, 0.75),
    "number": (_number, 0.6),
    "term": (_term, 0.55),
    "cut": (_cut, 0.45),
    "twice": (_twice, 0.35),
    "half": (_half, 0.2),
    "language": (_language, 0.1),
    "unrelated": (_unrelated, 0.05),
    "copied": (_copied, 0.0),
}
"""What may be wrong, and the score of a translation of which nothing else is."""
_GOOD = 0.25
"""Share of translations that are left as they are."""
_TWO = 0.25
"""Share of spoiled ones in which a word or an amount is wrong as well."""


def scored(rng: random.Random, count: int, taken: Taken, meanings: Sequence[Meaning] = ()) -> Iterator[dict[str, Any]]:
    """So many translations with scores from 0 to 1; two faults multiply.

    Args:
        rng: of every choice.
        count: how many.
        taken: sentences that a training row may not have.
        meanings: what a test set's rows are translations of; a training set draws its own.
    """
    frames = open_frames()
    made = 0
    while made < count:
        src, tgt = direction(rng)
        formal = formality(rng, src)
        meaning = rng.choice(meanings) if meanings else draw_open(rng, frames, formal)
        case = Case(meaning, src, tgt, draw_open(rng, frames, formal))
        source, good = language(src).say(case.meaning), case.good()
        faults, spoiled, score = _spoiled(rng, case) if rng.random() >= _GOOD else ([], good, 1.0)
        if spoiled is None or (faults and spoiled == good):
            continue
        quoted = taken.quoted_in(case.meaning) or taken.quoted_in(case.other)
        if not meanings and (quoted or any(text in taken for text in (source, good, spoiled))):
            continue
        made += 1
        yield {
            "src": source,
            "mt": spoiled,
            "ref": good,
            "score": round(score, 3),
            "src_lang": src,
            "tgt_lang": tgt,
            "faults": faults,
            "template": case.meaning.frame,
            "lexemes": case.meaning.lexemes(),
            "origin": ORIGIN,
            "license": LICENSE,
        }


def _spoiled(rng: random.Random, case: Case) -> tuple[list[str], str | None, float]:
    fault = rng.choice(list(SPOILED))
    spoil, score = SPOILED[fault]
    faults = [fault]
    if fault in ("address", "swapped", "cut", "omission") and rng.random() < _TWO:
        changed = _another(rng, case)
        if changed is not None:
            case, more = changed
            return [*faults, more], spoil(rng, case), score * SPOILED[more][1]
    return faults, spoil(rng, case), score


def _another(rng: random.Random, case: Case) -> tuple[Case, str] | None:
    """The case with an amount that is wrong already, where it has one."""
    for name, value in case.meaning.slots.items():
        moved = _moved(rng, value)
        if moved is not None:
            return replace(case, meaning=replace(case.meaning, slots={**case.meaning.slots, name: moved})), "number"
    return None
