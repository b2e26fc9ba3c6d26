"""BLEU, chrF and TER of whole test sets by sacreBLEU's statistics of segments, so that they can be resampled.

sacreBLEU (Post 2018, arXiv 1804.08771) counts; the score of the sums is worked out here, for many sums at once, and
equals sacreBLEU's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from filters.statistics import Floats

if TYPE_CHECKING:
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF
    from sacrebleu.metrics.ter import TER


class CorpusMetric:
    """A metric of sacreBLEU over the references of a test set."""

    def __init__(self, metric: BLEU | CHRF | TER, references: Sequence[Sequence[str]]) -> None:
        """Tokenize and count the references, once for all systems.

        Args:
            metric: with the options it is to have. BLEU with the smoothing `exp` and without effective order, which
                are sacreBLEU's defaults for test sets.
            references: of each segment; a segment without references is not judged.

        Raises:
            ValueError: options of BLEU that are meant for single sentences.
        """
        name = type(metric).__name__
        settings = vars(metric)
        if name == "BLEU" and (settings["smooth_method"] != "exp" or settings["effective_order"]):
            raise ValueError("BLEU of a test set has smooth_method='exp' and effective_order=False; found other ones")
        self.higher_is_better = name != "TER"
        self._metric: Any = metric
        self._has_references = [len(texts) > 0 for texts in references]
        most = max((len(texts) for texts in references), default=0)
        # A segment without references lends an empty one to the count, which nothing is compared with.
        streams = [[texts[n] if n < len(texts) else None if n else "" for texts in references] for n in range(most)]
        self._references = metric._cache_references(streams) if most else []  # type: ignore[arg-type]
        self._kind = name

    @property
    def signature(self) -> str:
        """The metric's name and sacreBLEU's signature."""
        chrf = f"chrF{self._metric.beta}{'+' * self._metric.word_order}" if self._kind == "CHRF" else ""
        return f"{chrf or self._kind}|{self._metric.get_signature().format()}"

    @property
    def size(self) -> int:
        """How many statistics a segment has."""
        if self._kind == "BLEU":
            return 2 + 2 * int(self._metric.max_ngram_order)
        return 3 * int(self._metric.order) if self._kind == "CHRF" else 2

    def statistics(self, outputs: Sequence[str | None]) -> Floats:
        """Statistics of each segment (segments × statistics); NaN where there is no output or no reference.

        Raises:
            ValueError: other than one output for each segment.
        """
        if len(outputs) != len(self._has_references):
            raise ValueError(f"{len(outputs)} outputs for {len(self._has_references)} segments; a missing one is None")
        found = np.full((len(outputs), self.size), np.nan)
        for row, (output, judged) in enumerate(zip(outputs, self._has_references, strict=True)):
            if output is not None and judged:
                prepared = self._metric._preprocess_segment(output)
                found[row] = self._metric._compute_segment_statistics(prepared, self._references[row])
        return found

    def score(self, sums: Floats) -> Floats:
        """The scores of sums of statistics (… × statistics); NaN where there is nothing to compare."""
        if self._kind == "BLEU":
            return _bleu(sums, self._metric.max_ngram_order)
        if self._kind == "CHRF":
            return _chrf(sums, self._metric.order, self._metric.beta, self._metric.eps_smoothing)
        return _ter(sums)


def _bleu(sums: Floats, orders: int) -> Floats:
    """BLEU, where the k-th order without a match counts 1/2^k matches."""
    length, reference = sums[..., 0], sums[..., 1]
    matches, totals = sums[..., 2 : 2 + orders], sums[..., 2 + orders :]
    empty = matches == 0
    matches = np.where(empty, 0.5 ** np.cumsum(empty, axis=-1), matches)
    with np.errstate(divide="ignore", invalid="ignore"):
        precisions = np.where(totals > 0, matches / totals, 0.0)
        brevity = np.where(length < reference, np.exp(1 - reference / length), 1.0)
        scores = 100 * brevity * np.exp(np.log(precisions).mean(axis=-1))
    # The reference nearest in length may be an empty one.
    return np.where(reference + length > 0, np.where(empty.all(axis=-1), 0.0, scores), np.nan)


def _chrf(sums: Floats, orders: int, beta: int, every_order: bool) -> Floats:
    """chrF: the F-score of precision and recall averaged over the orders that both sides have."""
    counts = sums.reshape(*sums.shape[:-1], orders, 3)
    output, reference, matches = counts[..., 0], counts[..., 1], counts[..., 2]
    factor, tiny = beta * beta, 1e-16

    def f_score(precision: Floats, recall: Floats) -> Floats:
        below = factor * precision + recall
        return (1 + factor) * precision * recall / np.where(below > 0, below, 1.0)

    def part(of: Floats, otherwise: float) -> Floats:
        return np.where(of > 0, matches / np.where(of > 0, of, 1.0), otherwise)

    if every_order:
        precision, recall = part(output, tiny), part(reference, tiny)
        single = f_score(precision, recall)
        scores = np.where(factor * precision + recall > 0, single, tiny).mean(axis=-1)
    else:
        both = (output > 0) & (reference > 0)
        number = np.maximum(both.sum(axis=-1), 1)
        precision = np.where(both, part(output, 0.0), 0.0).sum(axis=-1) / number
        recall = np.where(both, part(reference, 0.0), 0.0).sum(axis=-1) / number
        scores = f_score(precision, recall)
    return np.where(reference.sum(axis=-1) > 0, 100 * scores, np.nan)


def _ter(sums: Floats) -> Floats:
    """TER: edits by the length of the references, in percent; 100 where only the references are empty."""
    edits, reference = sums[..., 0], sums[..., 1]
    of_empty = np.where(edits > 0, 100.0, np.nan)
    return np.where(reference > 0, 100 * edits / np.where(reference > 0, reference, 1.0), of_empty)
