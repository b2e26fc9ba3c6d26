"""Parallel sentences, for training and for the test sets."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from grammar.frames import FRAMES, HELD_LEXEMES, dictionary
from grammar.languages import CODES, LOW, language
from grammar.meaning import PLAIN, Meaning, Style

from rows.held import KINDS, Held, Split, Taken, draw_held, draw_open, open_frames

ORIGIN, LICENSE = "phrasebook", "Apache-2.0"
WELL = tuple(code for code in CODES if code not in ("en", LOW))
_LOW_SHARE = 0.1
"""How much there is of the low-resource language for each row of another."""
_BETWEEN = 0.1
"""Share of training pairs without English on either side."""
_DICTIONARY_EVERY = 40
"""One training pair in so many is a dictionary entry."""


def direction(rng: random.Random, between: float = _BETWEEN) -> tuple[str, str]:
    """Source and target language of a training pair, as often as their data is large."""
    weights = [1.0] * len(WELL) + [_LOW_SHARE]
    (one,) = rng.choices((*WELL, LOW), weights)
    other = rng.choice([code for code in WELL if code != one]) if one != LOW and rng.random() < between else "en"
    return (one, other) if rng.random() < 0.5 else (other, one)


def directions() -> list[tuple[str, str]]:
    """Every direction of the test sets: into English and out of it."""
    return [pair for code in (*WELL, LOW) for pair in (("en", code), (code, "en"))]


def pair_row(meaning: Meaning, src: str, tgt: str, style: Style = PLAIN, **more: Any) -> dict[str, Any]:
    """A row of kind `pair`; what is no column of that kind ends in `meta`."""
    frame = FRAMES.get(meaning.frame)
    return {
        "source": language(src).say(meaning),
        "target": language(tgt).say(meaning, style),
        "src_lang": src,
        "tgt_lang": tgt,
        "origin": ORIGIN,
        "license": LICENSE,
        "task": "translation",
        "template": meaning.frame,
        "domain": frame.domain if frame else "words",
        "lexemes": meaning.lexemes(),
        "formality": ("formal" if meaning.formal else "informal") if frame and frame.addressed else None,
        **more,
    }


def formality(rng: random.Random, src: str) -> bool:
    """English does not tell how it addresses its reader, so what is translated from it is formal."""
    return src == "en" or rng.random() < 0.5


def training_pairs(rng: random.Random, count: int, taken: Taken) -> Iterator[dict[str, Any]]:
    """So many different training pairs; the dictionary entries of held-out words are among them."""
    frames, entries = open_frames(), _entries(rng)
    seen: set[tuple[str, str]] = set()
    for number in range(count):
        if number % _DICTIONARY_EVERY == 0:
            meaning, src, tgt = entries[number // _DICTIONARY_EVERY % len(entries)]
            yield pair_row(meaning, src, tgt)
            continue
        while True:
            src, tgt = direction(rng)
            meaning = draw_open(rng, frames, formality(rng, src))
            row = pair_row(meaning, src, tgt)
            source, target = row["source"], row["target"]
            held = source in taken or target in taken or taken.quoted_in(meaning)
            if (source, target) not in seen and not held:
                break
        seen.add((source, target))
        yield row


def _entries(rng: random.Random) -> list[tuple[Meaning, str, str]]:
    """Dictionary entries of every held-out word in every direction, shuffled."""
    words = sorted(word for words in HELD_LEXEMES.values() for word in words)
    entries = [(one, src, tgt) for word in words for one in dictionary(word) for src, tgt in directions()]
    rng.shuffle(entries)
    return entries


def test_meanings(rng: random.Random, split: Split, count: int, taken: Taken) -> list[tuple[Held, Meaning]]:
    """So many meanings of each way to be held out; of templates with few sentences there may be fewer."""
    frames = list(FRAMES.values())
    found: list[tuple[Held, Meaning]] = []
    for held in KINDS:
        wanted = count
        for _ in range(20 * count):
            meaning = draw_held(rng, split, held, frames, formal=True)
            if meaning is not None and taken.take(meaning):
                found.append((held, meaning))
                wanted -= 1
            if not wanted:
                break
    return found


def test_pairs(meanings: list[tuple[Held, Meaning]]) -> Iterator[dict[str, Any]]:
    """Every meaning in every direction."""
    for src, tgt in directions():
        for held, meaning in meanings:
            yield pair_row(meaning, src, tgt, held=held)
