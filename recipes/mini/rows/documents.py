"""Monolingual documents of several sentences: one topic, the same people and places, one form of address."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

from grammar.frames import FRAMES
from grammar.languages import CODES, LOW, language
from grammar.meaning import City, Meaning, Noun, Person, Value
from grammar.vocabulary import WORDS

from rows.held import Taken, open_frames
from rows.pairs import LICENSE, ORIGIN

_LOW_SHARE = 0.1
_SENTENCES = (3, 8)


def document(rng: random.Random) -> list[Meaning]:
    """Sentences of one domain that tell of the same person, city, event and thing where they can."""
    domain = rng.choice(sorted({frame.domain for frame in open_frames()}))
    frames = [frame for frame in open_frames() if frame.domain == domain]
    count = min(rng.randint(*_SENTENCES), len(frames))
    cast: list[Value] = [
        Person(rng.choice(WORDS["names"])),
        City(rng.choice(WORDS["cities"])),
        *(Noun(rng.choice(WORDS[name])) for name in ("joined", "things", "places", "opened")),
    ]
    formal = rng.random() < 0.5
    return [_with_cast(frame.meaning(rng, formal), cast) for frame in rng.sample(frames, count)]


def _with_cast(meaning: Meaning, cast: list[Value]) -> Meaning:
    """The meaning with the document's people and things in it, one for each class of words."""
    slots: dict[str, Value] = dict(meaning.slots)
    for member in cast:
        if member in slots.values():
            continue
        for name, value in slots.items():
            if _fits(member, value, meaning.frame, name):
                slots[name] = _like(member, value)
                break
    return Meaning(meaning.frame, slots, meaning.formal)


_CLASSES: Mapping[str, frozenset[str]] = {
    name: frozenset(WORDS[name]) for name in ("events", "things", "places", "opened")
}
_PICKY = {("visitors", "place"), ("broken", "thing"), ("cannot_open", "ui"), ("lasts", "event")}
"""Slots that do not take every word of their class."""


def _fits(member: Value, value: Value, frame: str, slot: str) -> bool:
    if (frame, slot) in _PICKY or type(member) is not type(value):
        return False
    if isinstance(member, Noun) and isinstance(value, Noun):
        return any(member.lexeme in words and value.lexeme in words for words in _CLASSES.values())
    return True


def _like(member: Value, value: Value) -> Value:
    """The member, counted and described as the value was."""
    if isinstance(member, Noun) and isinstance(value, Noun):
        return Noun(member.lexeme, value.adjective, value.count)
    return member


def text_of(meanings: list[Meaning], code: str) -> str:
    """The sentences as a text; Chinese puts no spaces between them."""
    told = [language(code).say(meaning) for meaning in meanings]
    return ("" if code == "zh" else " ").join(told)


def documents(rng: random.Random, count: int, taken: Taken) -> Iterator[dict[str, Any]]:
    """So many documents; sentences of the test sets are left out of them."""
    weights = [_LOW_SHARE if code == LOW else 1.0 for code in CODES]
    for number in range(count):
        (code,) = rng.choices(CODES, weights)
        meanings: list[Meaning] = []
        while not meanings:
            drawn = document(rng)
            meanings = [one for one in drawn if language(code).say(one) not in taken and not taken.quoted_in(one)]
        yield {
            "text": text_of(meanings, code),
            "doc_id": f"phrasebook-{number}",
            "tgt_lang": code,
            "origin": ORIGIN,
            "license": LICENSE,
            "domain": FRAMES[meanings[0].frame].domain,
            "templates": [meaning.frame for meaning in meanings],
        }
