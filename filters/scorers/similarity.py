"""How near two texts are in meaning, by the cosine of multilingual sentence embeddings (Feng et al. 2022, LaBSE)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import ClassVar, Literal

import polars as pl
from pydantic import Field

from filters.learned import ROW, Judge, Judged, Services
from filters.models import model_file
from filters.torch_scorer import TorchScorer, text_items


class Similarity(TorchScorer):
    """Cosine of the embeddings of output and source, or of output and references: -1 to 1, the same text is 1.

    Takes models of the library sentence-transformers (LaBSE, multilingual E5, BGE-M3), which need not be installed, and
    plain encoders, whose tokens' mean is taken. It stands in for a quality estimate under licences that such models
    mostly lack, and sees what is missing, unrelated or in part another text; it hardly sees fluency, numbers, negation
    or word order. Each distinct text is read once. Of a text that is longer than the model's window its beginning
    counts, with the note `truncated`. Where there are several references, their mean counts.
    """

    budgets: ClassVar[dict[str, int]] = {"cuda": 131_072, "cpu": 1_024}

    against: Literal["source", "references"] = "source"
    """What the output is compared with."""
    prefix: str | None = None
    """Text to put before each text, such as `query: ` for E5. Default: what the model says is its default prompt."""
    max_tokens: int | None = Field(default=None, ge=3)
    """Tokens of a text that are read. Default: as many as the model's files say."""

    def needs(self, kind: str) -> Sequence[str]:
        """Output and source, or output and references."""
        del kind
        return ("@output", "@source" if self.against == "source" else "references")

    def values(self) -> Mapping[str, bool | None]:
        """The cosine."""
        return {"score": True}

    def signature(self) -> str:
        """Model, numbers, what is compared."""
        prefix = "model" if self.prefix is None else repr(self.prefix)
        return self.signed(against=self.against, prefix=prefix, max_tokens=self.max_tokens or "model")

    def items(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Pairs of texts, one for each reference where references are compared."""
        if self.against == "source":
            return text_items(frame, output=pl.col("@output"), source=pl.col("@source"))
        usable = pl.col("references").list.filter(pl.element().str.strip_chars() != "")
        row = pl.int_range(pl.len(), dtype=pl.Int64).alias(ROW)
        each = frame.select(row, "@output", usable.alias("reference")).explode("reference", empty_as_null=True)
        items = text_items(each, output=pl.col("@output"), reference=pl.col("reference"))
        return items.with_columns(each[ROW])

    @contextmanager
    def open(self, services: Services) -> Iterator[Judge]:
        """Load the model."""
        loaded, runner = self.load("AutoModel", "an encoder", services, unused="pooler.")
        from filters.torch_models.sentences import Sentences, judge_pairs

        find = partial(model_file, self.model, self.revision)
        model = Sentences(loaded, self.model, find, prefix=self.prefix, max_tokens=self.max_tokens)

        def judged(items: pl.DataFrame) -> Iterator[Judged]:
            return judge_pairs(items, model, runner)

        yield judged
