"""Overlap with test sets: n-grams that a row shares with them, on either side (after Brown et al. 2020, app. C)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import orjson
import polars as pl
from pydantic import Field, model_validator

import corpus
from corpus.errors import UserError
from corpus.schema import ROLES, kind_of
from filters.base import ScoreColumn, Scorer, with_roles
from filters.tokens import tokens

if TYPE_CHECKING:
    from filters.ngrams import Matches, NgramIndex, TokenTable

Span = dict[str, str | None]

_SIDES = ("source", "output")
_PROMPT = pl.col("prompt").list.last().struct.field("content")
_TEST_TEXTS: dict[str, tuple[pl.Expr, ...]] = {
    "text": (pl.col("@output"),),
    "pair": (pl.col("@source"), pl.col("@output")),
    # Where the source is known it stands for the prompt: a template's words stand in training prompts by right.
    "prompt": (pl.coalesce("@source", _PROMPT),),
    # The test item only; what some system answered to it is no secret of the test.
    "response": (pl.coalesce("@source", _PROMPT),),
    "sft": (pl.col("@source"), pl.col("@output")),
    "preference": (pl.col("@source"), pl.col("@output")),
    "verifiable": (pl.coalesce("source", _PROMPT),),
}
"""The texts of a test set's rows by kind, to which `references` come where a kind has them."""


class Contamination(Scorer):
    """Which rows share an n-gram with test sets, exactly, and where.

    An n-gram is one of words, or of characters in scripts without spaces (Chinese, Japanese, Thai and others; see
    `filters.tokens`), compared without case, width and punctuation. Thirteen characters are about eight words of
    Chinese or Japanese and four of Thai; unrelated Thai texts share some, so look at the share there, not at the flag.
    A test text of fewer than `n` words is compared as a whole with whole texts, one of fewer than `whole` words is not
    looked for.

    Looked for are sources, last user turns, references, targets and texts of the test sets, in both the source and the
    output of a row. Each process builds an index once: about 0.6 kB a test item of 80 + 80 characters in scripts with
    spaces, 7 kB in others.
    """

    version: ClassVar[int] = 2
    locations: ClassVar[tuple[str, ...]] = ("against",)

    against: tuple[Path, ...] = Field(min_length=1)
    """Dataset folders, `RUNFOLDER/STAGE` for the newest of a stage, or earlier stages of the recipe by name, to keep
    apart from."""
    n: int = Field(default=13, ge=2)
    """Words, or characters of scripts without spaces, in an n-gram. Fewer find more, and more by chance."""
    whole: int = Field(default=8, ge=1)
    """Fewest words of a test text shorter than an n-gram that is still looked for, as a whole."""

    @model_validator(mode="after")
    def _whole_is_shorter(self) -> Contamination:
        if self.whole > self.n:
            raise ValueError(
                f"whole ({self.whole}) must not exceed n ({self.n}): longer texts are looked for by n-grams"
            )
        return self

    def needs(self, kind: str) -> Sequence[str]:
        """The sides that rows of this kind have."""
        return [f"@{side}" for side in _SIDES if side in ROLES[kind]]

    def columns(self, kind: str) -> list[ScoreColumn]:
        """Whether anything is shared, the share of the row's n-grams that are, and what (JSON).

        A span tells its text as the row has it, its side, and the first test row that has it: the row's id and origin,
        and the first eight digits of its dataset's content. A row without text is not judged; one too short to hold an
        n-gram shares none.
        """
        del kind
        signature = f"ngram:{self.n}|whole:{self.whole}|version:{self.version}"
        return [
            ScoreColumn(name=f"flag_{self.stem}", signature=signature),
            ScoreColumn(name=f"score_{self.stem}", higher_is_better=False, signature=signature),
            ScoreColumn(name=f"spans_{self.stem}", signature=signature),
        ]

    def datasets(self) -> Sequence[Path]:
        """The test sets."""
        return self.against

    def bound(self, stages: Mapping[str, Path]) -> Self:
        """With the datasets of the stages that `against` names."""
        return self.model_copy(update={"against": tuple(stages.get(str(one), one) for one in self.against)})

    def score(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Flag, share and spans of each row."""
        import numpy as np

        from filters.ngrams import TokenTable

        contents = tuple(corpus.open(folder).manifest.content for folder in self.against)
        test = _test_texts(tuple(zip(self.against, contents, strict=True)), self.n, self.whole)
        found = np.zeros(frame.height, np.int64)
        total = np.zeros(frame.height, np.int64)
        spans: dict[int, list[Span]] = {}
        present = pl.lit(False)
        for side in (side for side in _SIDES if f"@{side}" in frame.columns):
            texts = frame[f"@{side}"]
            table = TokenTable.of(texts)
            matches = test.index.find(table)
            found += np.bincount(matches.windows.texts, minlength=frame.height)
            total += matches.totals
            present |= pl.col(f"@{side}").is_not_null()
            for row, span in _spans(texts, table, matches, test.items):
                spans.setdefault(row, []).append({"side": side, **span})
        share = pl.Series(np.divide(found, total, out=np.zeros(frame.height), where=total > 0))
        texts_of_spans = [orjson.dumps(spans[row]).decode() if row in spans else None for row in range(frame.height)]
        return frame.select(
            pl.when(present).then(pl.Series(found > 0)).alias(f"flag_{self.stem}"),
            pl.when(present).then(share).alias(f"score_{self.stem}"),
            pl.Series(texts_of_spans, dtype=pl.String).alias(f"spans_{self.stem}"),
        )


@dataclass(frozen=True)
class _TestTexts:
    """Index over the texts of the test sets, and the row that each text is of."""

    index: NgramIndex
    items: pl.DataFrame


@lru_cache(maxsize=2)
def _test_texts(folders: tuple[tuple[Path, str], ...], n: int, whole: int) -> _TestTexts:
    """The test sets in these folders; contents are part of the key, so that a folder made anew is read anew."""
    from filters.ngrams import NgramIndex

    items = pl.concat([_texts_of(folder, content) for folder, content in folders])
    items = items.unique("text", keep="first", maintain_order=True)
    index = NgramIndex.of(items["text"], n, whole)
    if not len(index.windows.starts):
        raise UserError(
            f"scorer 'contamination': no text of {', '.join(str(folder) for folder, _ in folders)} has {whole} words, "
            "so nothing can be looked for. Lower `whole`, or name other test sets"
        )
    return _TestTexts(index, items.drop("text"))


def _texts_of(folder: Path, content: str) -> pl.DataFrame:
    """Every text of a test set that is looked for, with the id and origin of its row."""
    dataset = corpus.open(folder)
    kind = dataset.manifest.kind
    rows = with_roles(dataset.scan(), kind)
    texts = [rows.select("id", "origin", text=text) for text in _TEST_TEXTS[kind]]
    if "references" in kind_of(kind).columns:
        texts.append(rows.select("id", "origin", text="references").explode("text"))
    return pl.concat(texts).drop_nulls("text").with_columns(dataset=pl.lit(content[:8])).collect()


def _spans(texts: pl.Series, table: TokenTable, matches: Matches, items: pl.DataFrame) -> Iterator[tuple[int, Span]]:
    """The matched stretches with the row they are in; windows that overlap are one, told of the first's test row."""
    windows = matches.windows
    stretches: list[list[int]] = []
    for place in windows.starts.argsort().tolist():
        row, start = int(windows.texts[place]), int(windows.starts[place])
        end = start + int(windows.lengths[place])
        if stretches and start < stretches[-1][2]:
            stretches[-1][2] = end
        else:
            stretches.append([row, start, end, int(matches.known[place])])
    rows = sorted({row for row, *_ in stretches})
    written = dict(zip(rows, tokens(texts.gather(rows)).to_list(), strict=True))
    tests = items[[known for *_, known in stretches]].to_dicts()
    for (row, start, end, _), test in zip(stretches, tests, strict=True):
        first = int(table.offsets[row])
        yield row, {"text": _stretch(texts[row], written[row], start - first, end - first), **test}


def _stretch(text: str, words: list[str], start: int, end: int) -> str:
    """The text from one word to before another, as it is written."""
    begin = place = 0
    for number, word in enumerate(words[:end]):
        place = text.index(word, place)
        begin = place if number == start else begin
        place += len(word)
    return text[begin:place]
