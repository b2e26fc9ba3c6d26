"""How far an answer agrees with the others to its prompt: minimum Bayes risk (Eikema and Aziz 2022)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

import polars as pl

from filters import siblings
from filters.base import ScoreColumn, Scorer
from filters.overlap import sacrebleu_version

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float64]

_ORDER, _BETA = 6, 2


class Agreement(Scorer):
    """Mean utility of an answer with each of its siblings as the reference, 0 to 100: the highest is the consensus.

    `chrf` is sacreBLEU's sentence chrF (characters, orders 1 to 6, β 2). An answer that several systems or samples give
    counts as often as it is given. Null where an answer has no sibling or says nothing. Consensus is not quality: where
    most answers share a fault, the fault wins; and answers of one system agree with one another.
    """

    metric: Literal["chrf"] = "chrf"
    """The utility."""

    @property
    def compares_answers(self) -> bool:
        """Always."""
        return True

    def needs(self, kind: str) -> Sequence[str]:
        """The answers to each prompt."""
        del kind
        return siblings.NEEDS

    def columns(self, kind: str) -> list[ScoreColumn]:
        """`score_agreement`."""
        del kind
        signature = f"MBR|{self.metric}|nc:{_ORDER}|beta:{_BETA}|eff:yes|version:{sacrebleu_version()}"
        return [ScoreColumn(name=f"score_{self.stem}", higher_is_better=True, signature=signature)]

    def identity(self) -> object:
        """The version of sacreBLEU."""
        return sacrebleu_version()

    def score(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The mean utility of each answer."""
        utility = _UTILITIES[self.metric]

        def means(answers: Sequence[str]) -> list[tuple[float]]:
            times = Counter(answers)
            distinct = list(times)
            table = utility(distinct)
            # Each answer is a reference as often as it is given, but for the one time that it is itself.
            sums = table @ [times[text] for text in distinct] - table.diagonal()
            mean = dict(zip(distinct, (sums / (len(answers) - 1)).tolist(), strict=True))
            return [(mean[text],) for text in answers]

        return siblings.by_prompt(frame, [f"score_{self.stem}"], means)


def _chrf(texts: Sequence[str]) -> Matrix:
    """Sentence chrF of each text (rows) with each as the reference (columns); a text's n-grams are counted once."""
    import numpy as np
    from sacrebleu.metrics.helpers import extract_all_char_ngrams

    counted = [extract_all_char_ngrams(text, _ORDER) for text in texts]
    precision = recall = orders = np.zeros((len(texts), len(texts)))
    for order in range(_ORDER):
        counts = _table([each[order] for each in counted])
        totals = counts.sum(1)
        matches = np.stack([np.minimum(counts, row).sum(1) for row in counts])
        judged = (totals[:, None] > 0) & (totals[None, :] > 0)
        precision = precision + np.divide(matches, totals[:, None], where=judged, out=np.zeros(matches.shape))
        recall = recall + np.divide(matches, totals[None, :], where=judged, out=np.zeros(matches.shape))
        orders = orders + judged
    precision, recall = precision / np.maximum(orders, 1), recall / np.maximum(orders, 1)
    weighted = _BETA**2 * precision + recall
    scores: Matrix = 100 * (1 + _BETA**2) * precision * recall / np.where(weighted > 0, weighted, 1)
    return scores


def _table(counters: Sequence[Counter[str]]) -> npt.NDArray[np.int64]:
    """How often each n-gram (columns) stands in each text (rows)."""
    import numpy as np

    columns = {ngram: place for place, ngram in enumerate({ngram for counter in counters for ngram in counter})}
    table = np.zeros((len(counters), len(columns)), np.int64)
    for row, counter in enumerate(counters):
        table[row, [columns[ngram] for ngram in counter]] = list(counter.values())
    return table


_UTILITIES: dict[str, Callable[[Sequence[str]], Matrix]] = {"chrf": _chrf}
"""By metric: utilities of texts (rows) with each of them as the reference (columns)."""
