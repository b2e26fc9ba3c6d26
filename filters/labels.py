"""Labels of classifiers, and classifiers of the library fastText (Joulin et al. 2017, E17-2068)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from corpus.errors import UserError, nearest

_PREFIX = "__label__"


class FasttextLabels:
    """A loaded model."""

    def __init__(self, file: Path, label: str | None) -> None:
        """Load a model; `label` is the one whose probability is asked for, None for that of the likeliest.

        Raises:
            UserError: the file is no classifier of fastText's, or has no such label.
        """
        import fasttext

        try:
            self._model = fasttext.load_model(str(file))
        except ValueError as error:
            raise UserError(f"{file} is no fastText model: {error}") from None
        labels = [name.removeprefix(_PREFIX) for name in self._model.get_labels()]
        if not self._model.f.getArgs().model.name == "supervised":
            raise UserError(f"{file} holds word vectors of fastText's, expected a classifier")
        if label is not None:
            label_place(label, labels, str(file))
        self._label = label

    def judge(self, texts: Sequence[str]) -> tuple[list[float | None], list[str | None]]:
        """For each text the probability and the likeliest label; null where fastText knows no part of it."""
        lines = [" ".join(text.splitlines()) for text in texts]
        every = -1 if self._label is not None else 1
        found, shares = self._model.predict(lines, k=every, threshold=-1.0)
        scores: list[float | None] = []
        labels: list[str | None] = []
        for names, numbers in zip(found, shares, strict=True):
            told = {name.removeprefix(_PREFIX): min(float(p), 1.0) for name, p in zip(names, numbers, strict=True)}
            best = max(told, key=lambda name: told[name], default=None)
            labels.append(best)
            scores.append(told.get(best if self._label is None else self._label) if best else None)
        return scores, labels


def label_place(label: str, labels: Sequence[str], name: str) -> int:
    """Which of a model's labels is meant.

    Raises:
        UserError: none is called so.
    """
    if label not in labels:
        more = ", …" if len(labels) > 20 else ""
        raise UserError(
            f"{name} has no label {label!r}.{nearest(label, labels)} Its labels: {', '.join(labels[:20])}{more}"
        )
    return list(labels).index(label)
