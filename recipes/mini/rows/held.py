"""What is held out: sentences, words and templates that no training row may have."""

from __future__ import annotations

import random
from collections.abc import Iterable
from functools import cache
from typing import Literal

from grammar.frames import FRAMES, HELD_LEXEMES, Frame
from grammar.languages import CODES, language
from grammar.meaning import Meaning

Split = Literal["dev", "test"]
Held = Literal["sentence", "lexeme", "template"]
SPLITS: tuple[Split, ...] = ("dev", "test")
KINDS: tuple[Held, ...] = ("sentence", "lexeme", "template")

_ALL_HELD = frozenset().union(*HELD_LEXEMES.values())
_TRIES = 400
_SPACIOUS = 250
"""A frame that has fewer sentences than this lends none to a test set: training would run out of them."""


def open_frames() -> list[Frame]:
    """The frames that training may use."""
    return [frame for frame in FRAMES.values() if frame.held is None]


def is_open(meaning: Meaning) -> bool:
    """Whether training pairs may have it: neither its frame nor a word is held out."""
    return FRAMES[meaning.frame].held is None and _ALL_HELD.isdisjoint(meaning.lexemes())


def draw_open(rng: random.Random, frames: list[Frame], formal: bool | None = None) -> Meaning:
    """A meaning for training pairs, of one of the frames."""
    while True:
        meaning = rng.choice(frames).meaning(rng, formal)
        if is_open(meaning):
            return meaning


@cache
def spacious(name: str) -> bool:
    """Whether a frame has so many open sentences that a test set may take some."""
    rng = random.Random(name)
    english = language("en")
    found = {english.say(draw_open(rng, [FRAMES[name]])) for _ in range(4 * _SPACIOUS)}
    return len(found) >= _SPACIOUS


def draw_held(
    rng: random.Random, split: Split, held: Held, frames: list[Frame], formal: bool | None = None
) -> Meaning | None:
    """A meaning of which a sentence, a word or the frame is held out for a split; None where frames allow none."""
    other = _ALL_HELD - HELD_LEXEMES[split]
    if held == "template":
        frames = [frame for frame in frames if frame.held == split]
    else:
        frames = [frame for frame in frames if frame.held is None and (held == "lexeme" or spacious(frame.name))]
    if not frames:
        return None
    for _ in range(_TRIES):
        meaning = rng.choice(frames).meaning(rng, formal)
        words = set(meaning.lexemes())
        if held == "lexeme" and words & HELD_LEXEMES[split] and not words & other:
            return meaning
        if held != "lexeme" and not words & _ALL_HELD:
            return meaning
    return None


class Taken:
    """Sentences of the test sets, in every language: no training row may have one of them, in whatever case."""

    def __init__(self) -> None:
        """None yet."""
        self._texts: set[str] = set()
        self._longest = 0

    def take(self, meaning: Meaning) -> bool:
        """Hold a meaning out in all languages; False where one of its sentences is held out already."""
        told = {language(code).say(meaning).casefold() for code in CODES}
        if told & self._texts:
            return False
        self._hold(told)
        return True

    def add(self, texts: Iterable[str]) -> None:
        """Hold texts out."""
        self._hold({text.casefold() for text in texts})

    def __contains__(self, text: str) -> bool:
        """Whether a text is held out, or ends in one that is: "12 notes were saved" holds "notes were saved"."""
        folded = text.casefold()
        # Nothing that is held out is longer than the longest: of a whole document its end alone is looked at.
        return any(folded[start:] in self._texts for start in range(max(0, len(folded) - self._longest), len(folded)))

    def _hold(self, folded: set[str]) -> None:
        self._texts |= folded
        self._longest = max(self._longest, *map(len, folded))

    def quoted_in(self, meaning: Meaning) -> bool:
        """Whether somebody is quoted with a sentence that is held out, in any language."""
        said = [value for value in meaning.slots.values() if isinstance(value, Meaning)]
        return any(language(code).say(value) in self for value in said for code in CODES)
