"""Repetition without end: how much of an answer's end only says again what stood before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import eq
from typing import NamedTuple

import numpy as np
import polars as pl

from filters.base import ScoreColumn, Scorer
from filters.expressions import weighted_length

_WINDOW = 400
"""Characters at the end of an answer that are looked at, so that what was well begun is no excuse."""
_SHORT = 200
"""Characters that a shorter answer is taken to have, so that laughter is no loop."""
_ROUNDS = 3
"""Rounds that make a loop: a refrain comes twice."""
_COUNTED_ROUNDS = 6
"""Rounds where numbers differ: people count, too, and fill tables."""
_COUNTED_LETTERS = 12
"""Letters in a round where numbers differ, in characters of English: `Room 1, Room 2` is a list."""
_DIFFERENT = 0.1
"""Share of the characters that may differ from those one round before."""
_ANCHOR = 8
"""Characters that are looked for further up to find how long a round is."""
_ANCHORS = 5
"""Anchors tried, each before the other, since one may lie where rounds differ."""
_PLACES = 12
"""Places tried for an anchor, since what stands in a round several times is found at shorter distances first."""
_NUMBER = r"\p{Nd}+"


class Looping(Scorer):
    """How much of the output's end is a loop: the same characters, phrases, lines or paragraphs round after round.

    The share, 0 to 1, of the last 400 characters that repeat what stands one round before them, where there are three
    rounds or more and at most one character in ten differs. Where numbers alone differ, as in a list that says the same
    under every number, six rounds are a loop if each has twelve letters. An answer of less than 200 characters counts
    as one of 200. Lengths are fair across scripts, as those of `length_ratio`, and no script is cut into words. Null
    without any text.
    """

    def needs(self, kind: str) -> Sequence[str]:
        """The output alone."""
        del kind
        return ("@output",)

    def columns(self, kind: str) -> list[ScoreColumn]:
        """`score_looping`; lower is better."""
        del kind
        signature = f"window:{_WINDOW}|rounds:{_ROUNDS}|version:{self.version}"
        return [ScoreColumn(name=f"score_{self.stem}", higher_is_better=False, signature=signature)]

    def score(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The looping share of each output's end."""
        texts = frame["@output"]
        counted = texts.str.replace_all(_NUMBER, "0")
        said_again = pl.Series([_said_again(*pair) for pair in zip(texts, counted, strict=True)], dtype=pl.String)
        looping = pl.DataFrame({"text": texts, "again": said_again}).filter(said_again != "")
        shares = looping.select(
            weighted_length(pl.col("again")) / weighted_length(pl.col("text")).clip(_SHORT, _WINDOW)
        ).to_series()
        scores = pl.select(pl.when(texts.str.len_bytes() > 0).then(0.0)).to_series()
        return pl.DataFrame({f"score_{self.stem}": scores.scatter((said_again != "").arg_true(), shares.clip(0, 1))})


class _Loop(NamedTuple):
    again: int
    """Characters at the end of a text that are as those one round before."""
    round: int
    """Characters of a round."""


def _said_again(text: str | None, counted: str | None) -> str:
    """The end of a text that repeats what stands before it, numbers as 0 where they differ; empty where none does."""
    if not text or not counted:
        return ""
    loop = _loop(text, _ROUNDS)
    again = text[-loop.again :] if loop else ""
    if counted.count("0") < _COUNTED_ROUNDS:
        return again
    loop = _loop(counted, _COUNTED_ROUNDS)
    if not loop or loop.again <= len(again) or _letters(counted[-loop.round :]) < _COUNTED_LETTERS:
        return again
    return counted[-loop.again :]


def _letters(text: str) -> float:
    """Length of a text's letters in characters of English."""
    letters = pl.Series([text]).str.replace_all(r"[^\p{L}\p{M}]", "").to_frame("letters")
    return float(letters.select(weighted_length(pl.col("letters"))).item())


def _loop(text: str, rounds: int) -> _Loop | None:
    """The longest loop of so many rounds at the end of a text."""
    distances = [*_distances(text, len(text) // rounds)]
    if not distances:
        return None
    characters = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    no_digits = np.fromiter((not character.isdecimal() for character in text), dtype=np.bool_, count=len(text))
    found: _Loop | None = None
    for length in distances:
        same = (characters[length:] == characters[:-length])[::-1]
        # Where a number differs, somebody may be counting: that is for `_said_again` to judge.
        uncounted = np.logical_and.accumulate(same | no_digits[length:][::-1])
        enough = uncounted & (same.cumsum() >= (1 - _DIFFERENT) * np.arange(1, len(same) + 1))
        again = int(np.flatnonzero(same & enough).max(initial=-1)) + 1
        if again >= (rounds - 1) * length and (found is None or again > found.again):
            found = _Loop(again, length)
    return found


def _distances(text: str, longest: int) -> Iterator[int]:
    """How long a round may be: distances from the end of a text to where the same characters stand further up."""
    tried: set[int] = set()
    for start in range(len(text) - _ANCHOR, max(-1, len(text) - _ANCHOR * (_ANCHORS + 1)), -_ANCHOR):
        anchor, place = text[start : start + _ANCHOR], start
        for _ in range(_PLACES):
            place = text.rfind(anchor, max(0, start - longest), place + _ANCHOR - 1)
            if place < 0:
                break
            distance = start - place
            if distance not in tried:
                tried.add(distance)
                # Most texts say somewhere else, too, what stands at their end, and little of what stands around it.
                if 2 * sum(map(eq, text[-distance:], text[-2 * distance : -distance])) >= distance:
                    yield distance
