"""Repetition within a text, by the measures of Gopher (Rae et al. 2021, arXiv 2112.11446, table A1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import polars as pl

from filters.base import ScoreColumn, Scorer
from filters.tokens import mostly_unspaced, tokens

_TOP = (2, 3, 4)
_DUPLICATE = (5, 6, 7, 8, 9, 10)
_CHARACTERS = 2
"""Characters that count as a word in scripts without spaces."""
_MEASURES = ("lines", *(f"top{n}gram" for n in _TOP), *(f"dup{n}gram" for n in _DUPLICATE))


class Repetition(Scorer):
    """How much of the output repeats itself: shares from 0 to 1, each in a column of its own.

    `lines`: share of the lines, empty ones aside, that equal an earlier line. `top2gram` to `top4gram`: share of the
    characters that lie in the most frequent n-gram. `dup5gram` to `dup10gram`: share of the characters that lie in an
    n-gram which stood before; none is counted twice. Shares are of the words' characters, without punctuation. What
    stands once repeats nothing, so a short sentence scores 0 and not, as by the letter of the table, 1.

    An n-gram is one of n words. A text in a script without spaces (Chinese, Japanese, Thai and others; see
    `filters.tokens`) is measured by 2n characters, since a word there has about two: with n, sentences by people exceed
    Gopher's limits about five times as often as English ones do (NTREX-128, Tatoeba).

    Gopher drops a document above 0.3 (lines), 0.2, 0.18, 0.16 (top) and 0.15, 0.14, 0.13, 0.12, 0.11, 0.10 (dup).
    Null where the output has no words.
    """

    def needs(self, kind: str) -> Sequence[str]:
        """The output alone."""
        del kind
        return ("@output",)

    def columns(self, kind: str) -> list[ScoreColumn]:
        """`score_repetition_lines`, `_top2gram` to `_top4gram`, `_dup5gram` to `_dup10gram`; lower is better."""
        del kind
        signature = f"gopher2021|version:{self.version}"
        return [
            ScoreColumn(name=f"score_{self.stem}_{measure}", higher_is_better=False, signature=signature)
            for measure in _MEASURES
        ]

    def score(self, frame: pl.DataFrame) -> pl.DataFrame:
        """All measures of each output."""
        texts = frame["@output"]
        words = tokens(texts)
        sizes = pl.select(pl.when(mostly_unspaced(texts, words)).then(_CHARACTERS).otherwise(1)).to_series()
        rows = [_measures(*row) for row in zip(texts, words.to_list(), sizes, strict=True)]
        names = [f"score_{self.stem}_{measure}" for measure in _MEASURES]
        return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.Float64), orient="row")


def _measures(text: str | None, words: list[str] | None, size: int) -> list[float | None]:
    if not text or not words:
        return [None] * len(_MEASURES)
    shares = dict.fromkeys(_MEASURES, 0.0)
    shares["lines"] = _repeated_lines(text)
    for length, ids in _repeated_ngrams(words, size * max(_DUPLICATE)):
        n, rest = divmod(length, size)
        if n in _TOP and not rest:
            shares[f"top{n}gram"] = _covered(words, length, _most_frequent(ids))
        if n in _DUPLICATE and not rest:
            shares[f"dup{n}gram"] = _covered(words, length, _seen_before(ids))
    return list(shares.values())


def _repeated_lines(text: str) -> float:
    if "\n" not in text:
        return 0.0
    lines = [line for line in map(str.strip, text.split("\n")) if line]
    return 1 - len(set(lines)) / len(lines)


def _repeated_ngrams(words: list[str], longest: int) -> Iterator[tuple[int, list[int]]]:
    """For n from 1 up, a number for each n-gram, equal for equal ones, as long as any n-gram stands twice."""
    numbers: dict[str, int] = {}
    first = [numbers.setdefault(word, len(numbers)) for word in words]
    ids, distinct = first, len(numbers)
    for n in range(1, longest + 1):
        if n > 1:
            pairs: dict[tuple[int, int], int] = {}
            ids = [pairs.setdefault(pair, len(pairs)) for pair in zip(ids, first[n - 1 :], strict=False)]
            distinct = len(pairs)
        if distinct == len(ids):
            return
        yield n, ids


def _most_frequent(ids: list[int]) -> list[int]:
    """Where the most frequent n-gram starts; of equally frequent ones the first."""
    top = Counter(ids).most_common(1)[0][0]
    return [place for place, number in enumerate(ids) if number == top]


def _seen_before(ids: list[int]) -> list[int]:
    """Where an n-gram starts that has stood before. Numbers rise with first appearance."""
    starts, highest = [], -1
    for place, number in enumerate(ids):
        if number > highest:
            highest = number
        else:
            starts.append(place)
    return starts


def _covered(words: list[str], n: int, starts: list[int]) -> float:
    """Share of the characters that lie in the n-grams at these places."""
    inside, end = 0, 0
    for start in starts:
        inside += sum(map(len, words[max(start, end) : start + n]))
        end = start + n
    return inside / sum(map(len, words))
