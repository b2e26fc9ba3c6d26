"""How different the answers to a prompt are: distinct-n (Li et al. 2016, N16-1014), self-BLEU (Zhu et al. 2018)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import polars as pl
from pydantic import Field

from filters import siblings
from filters.base import ScoreColumn, Scorer
from filters.overlap import sacrebleu_version
from filters.tokens import tokens

_ORDERS = 4
Ngrams = list[Counter[tuple[str, ...]]]
"""Counts by length, from 1 to 4."""


class Diversity(Scorer):
    """How different the answers to a prompt are; each of them gets the numbers of its prompt.

    `score_diversity` is distinct-n, the share of n-grams of all answers that are not repetitions: 1 where none stands
    twice. It falls with length, so compare prompts with answers of about one length. `score_diversity_self_bleu` is the
    mean BLEU of each answer with all others as references, 0 to 100: 100 where all are equal. Both are of tokens
    without punctuation: words, or characters in scripts without spaces (see `filters.tokens`). Null where fewer than
    two answers say something.
    """

    n: int = Field(default=2, ge=1)
    """Tokens of an n-gram of distinct-n."""

    @property
    def compares_answers(self) -> bool:
        """Always."""
        return True

    def needs(self, kind: str) -> Sequence[str]:
        """The answers to each prompt."""
        del kind
        return siblings.NEEDS

    def columns(self, kind: str) -> list[ScoreColumn]:
        """`score_diversity` and `score_diversity_self_bleu`."""
        del kind
        bleu = f"BLEU|nrefs:var|case:mixed|eff:yes|tok:towerkit|smooth:exp|version:{sacrebleu_version()}"
        return [
            ScoreColumn(
                name=f"score_{self.stem}", higher_is_better=True, signature=f"distinct-{self.n}|version:{self.version}"
            ),
            ScoreColumn(name=f"score_{self.stem}_self_bleu", higher_is_better=False, signature=f"self-{bleu}"),
        ]

    def identity(self) -> object:
        """The version of sacreBLEU."""
        return sacrebleu_version()

    def score(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The numbers of each answer's prompt."""

        def numbers(answers: Sequence[str]) -> list[tuple[float | None, float | None]]:
            words = tokens(pl.Series(answers, dtype=pl.String)).to_list()
            return [(distinct(words, self.n), self_bleu(words))] * len(answers)

        return siblings.by_prompt(frame, [column.name for column in self.columns("response")], numbers)


def distinct(texts: Sequence[Sequence[str]], n: int) -> float | None:
    """Share of the texts' n-grams that are not repetitions; None where they have none."""
    ngrams = [tuple(words[at : at + n]) for words in texts for at in range(len(words) - n + 1)]
    return len(set(ngrams)) / len(ngrams) if ngrams else None


def self_bleu(texts: Sequence[Sequence[str]]) -> float | None:
    """Mean BLEU of each text with all others as references, 0 to 100; None where fewer than two have tokens."""
    from sacrebleu.metrics.bleu import BLEU

    texts = [words for words in texts if words]
    if len(texts) < 2:
        return None
    counted = [_ngrams(words) for words in texts]
    most = [_two_most([each[order] for each in counted]) for order in range(_ORDERS)]
    total = 0.0
    for number, words in enumerate(texts):
        matches = [
            # A match counts as often as the n-gram stands in any one of the others.
            sum(min(count, most[order][ngram][count == most[order][ngram][0]]) for ngram, count in ngrams.items())
            for order, ngrams in enumerate(counted[number])
        ]
        lengths = [max(0, len(words) - order) for order in range(_ORDERS)]
        others = [len(other) for place, other in enumerate(texts) if place != number]
        nearest = min(others, key=lambda length: (abs(length - len(words)), length))
        made = BLEU.compute_bleu(matches, lengths, len(words), nearest, smooth_method="exp", effective_order=True)
        total += float(made.score)
    return total / len(texts)


def _ngrams(words: Sequence[str]) -> Ngrams:
    return [Counter(zip(*(words[shift:] for shift in range(order)), strict=False)) for order in range(1, _ORDERS + 1)]


def _two_most(counters: Sequence[Counter[tuple[str, ...]]]) -> dict[tuple[str, ...], tuple[int, int]]:
    """How often each n-gram stands in the text that has it most often, and in the one after that.

    For a text that has it as often as the first, the second is what the others have at most.
    """
    most: dict[tuple[str, ...], tuple[int, int]] = {}
    for counter in counters:
        for ngram, count in counter.items():
            first, second = most.get(ngram, (0, 0))
            most[ngram] = (count, first) if count > first else (first, max(second, count))
    return most
