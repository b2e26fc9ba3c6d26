"""chrF of each output against its references (Popović 2015, W15-3049), by sacreBLEU."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from pydantic import Field

from filters.base import ScoreColumn, Scorer
from filters.overlap import sacrebleu_version, sentence_scores, yes_no


class Chrf(Scorer):
    """Character n-gram F-score of a sentence, 0 to 100; of several references the best counts.

    Equals sacreBLEU's `sentence_chrf`. Null where a row has no references.
    """

    word_order: int = Field(default=0, ge=0, le=4)
    """Longest word n-gram: 0 is chrF, 2 is chrF++."""
    char_order: int = Field(default=6, ge=1)
    """Longest character n-gram."""
    beta: int = Field(default=2, ge=1)
    """How many times recall weighs as much as precision."""
    whitespace: bool = False
    """Whether spaces count as characters."""
    lowercase: bool = False
    """Whether case is ignored."""

    def needs(self, kind: str) -> Sequence[str]:
        """The output and its references."""
        del kind
        return ("@output", "references")

    def columns(self, kind: str) -> list[ScoreColumn]:
        """`score_chrf`, with sacreBLEU's signature."""
        del kind
        signature = (
            f"chrF{self.beta}{'+' * self.word_order}|nrefs:var|case:{'lc' if self.lowercase else 'mixed'}|eff:yes|"
            f"nc:{self.char_order}|nw:{self.word_order}|space:{yes_no(self.whitespace)}|version:{sacrebleu_version()}"
        )
        return [ScoreColumn(name=f"score_{self.stem}", higher_is_better=True, signature=signature)]

    def identity(self) -> object:
        """The version of sacreBLEU."""
        return sacrebleu_version()

    def score(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Sentence chrF of each row."""
        from sacrebleu.metrics.chrf import CHRF

        metric = CHRF(self.char_order, self.word_order, self.beta, self.lowercase, self.whitespace)

        def score(output: str, references: Sequence[str]) -> float:
            return float(metric.sentence_score(output, references).score)

        scores = sentence_scores(frame, [score] * frame.height)
        return pl.DataFrame({f"score_{self.stem}": pl.Series(scores, dtype=pl.Float64)})
