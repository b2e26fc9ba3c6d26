"""What a text classifier says of a text: educational value, toxicity, quality, domain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Literal

import polars as pl
from pydantic import Field, model_validator

from filters.learned import Judge, Judged, Services, values_frame
from filters.models import model_name
from filters.recognizer import check_fasttext, model_sha256
from filters.torch_scorer import TorchScorer, text_items

_FASTTEXT = (".bin", ".ftz")
_LINES = 4096
"""Texts that fastText is asked about at once."""


class Classifier(TorchScorer):
    """A number that a classifier gives a text, and the class that it finds likeliest.

    Takes models for sequence classification (a folder or a hub id) and fastText's files (`.bin`, `.ftz`). A model with
    one label gives its number as it is: FineWeb-Edu's educational score, 0 to 5. One with several gives the probability
    of `label`; without `label` that of the likeliest class, which ranks nothing. Of models that may give a text several
    labels at once (`multi_label_classification`), each probability stands for itself.

    A document that is longer than the model's window is judged by its beginning, with the note `truncated`, or window
    by window as `windows` says. fastText reads whole texts, line breaks as spaces.
    """

    model: str = Field(min_length=1)
    """The model: a folder, a hub id, or a file of fastText's."""
    label: str | None = None
    """The class whose probability is the score, as the model names it (fastText's without `__label__`)."""
    higher_is_better: bool | None = True
    """Whether a higher score is better: `false` for toxicity, null where the score ranks nothing."""
    side: Literal["output", "source"] = "output"
    """The text that is judged."""
    windows: Literal["first", "mean", "max"] = "first"
    """What a long document's score is: that of its beginning, or the mean or the largest over all of its windows."""
    overlap: int = Field(default=0, ge=0)
    """Tokens that a window shares with the one before."""
    activation: Literal["auto", "none", "sigmoid", "softmax"] = "auto"
    """How the model's outputs become numbers; `auto`: one label as it is, several as the model's config says."""

    @model_validator(mode="after")
    def _can_run(self) -> Classifier:
        if self._is_fasttext:
            check_fasttext()
            if self.windows != "first":
                raise ValueError("`windows` is of no use to fastText, which reads whole texts")
        return self

    @property
    def _is_fasttext(self) -> bool:
        return Path(self.model).suffix in _FASTTEXT and Path(self.model).is_file()

    def needs(self, kind: str) -> Sequence[str]:
        """The text."""
        del kind
        return (f"@{self.side}",)

    def values(self) -> Mapping[str, bool | None]:
        """The number and the likeliest class."""
        return {"score": self.higher_is_better, "label": None}

    def identity(self) -> object:
        """The hash of fastText's file, the content of the model's folder, or its commit on the hub."""
        return {"sha256": model_sha256(Path(self.model))} if self._is_fasttext else super().identity()

    def signature(self) -> str:
        """Model, numbers, label and windows."""
        if self._is_fasttext:
            sha = model_sha256(Path(self.model))[:8]
            return f"classifier|model:{model_name(self.model)}|sha:{sha}|label:{self.label}|version:{self.version}"
        return self.signed(label=self.label, windows=self.windows, overlap=self.overlap, activation=self.activation)

    def licence(self) -> str | None:
        """The licence that the model's card states; a file has none."""
        return None if self._is_fasttext else super().licence()

    def items(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The texts."""
        return text_items(frame, **{self.side: pl.col(f"@{self.side}")}).rename({self.side: "text"})

    @contextmanager
    def open(self, services: Services) -> Iterator[Judge]:
        """Load the model."""
        if self._is_fasttext:
            yield self._fasttext()
            return
        loaded, runner = self.load("AutoModelForSequenceClassification", "a text classifier", services)
        from filters.torch_models.running import judge
        from filters.torch_models.sequences import TextClassifier

        model = TextClassifier(loaded, self.model, self.activation, self.label)
        read = partial(model.read, whole=self.windows != "first", overlap=self.overlap)
        verdict = partial(model.verdict, largest=self.windows == "max")

        def judged(items: pl.DataFrame) -> Iterator[Judged]:
            texts = items["text"]
            return judge(items.height, lambda place: read(texts[place]), runner, model.shares, verdict)

        yield judged

    def _fasttext(self) -> Judge:
        from filters.labels import FasttextLabels

        model = FasttextLabels(Path(self.model), self.label)

        def judged(items: pl.DataFrame) -> Iterator[Judged]:
            for start in range(0, items.height, _LINES):
                texts = items["text"][start : start + _LINES].to_list()
                scores, labels = model.judge(texts)
                values = values_frame({"score": scores, "label": labels}, [None] * len(texts))
                yield Judged(range(start, start + len(texts)), values)

        return judged
