"""What several rules share: lengths that are fair across scripts, and texts of either side."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache, reduce
from operator import or_
from typing import TYPE_CHECKING, ClassVar, Literal

import polars as pl

from filters.base import OUTPUT, SOURCE, Filter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ANY_SOURCE = pl.coalesce(pl.col("^@source$"), pl.lit(""))
"""The source of rows that have one, else the empty text: for rules that are also of use on text alone."""

DENSE_SCRIPTS = {
    r"\p{Han}": 3.3,
    r"[\p{Hiragana}\p{Katakana}]": 1.8,
    r"\p{Hangul}": 2.3,
    r"\p{Ethiopic}": 1.6,
}
"""How many characters of English one letter stands for, for the scripts where that is far from one.

Measured on NTREX-128's references against their English source (CC BY-SA 4.0): characters of English, less those of
the translation outside the script, by letters of the script. Chinese 3.36 and 3.33, Korean 2.27, Amharic 1.63; for
Japanese by least squares over both its scripts. All others there lie between 0.8 (Tamil) and 1.3 (Hebrew)."""

_ANY_DENSE = f"[{''.join(script.strip('[]') for script in DENSE_SCRIPTS)}]"
_SLACK = 10
"""Characters added to both lengths, so that `OK` may become `in Ordnung`."""


def weighted_length(text: pl.Expr) -> pl.Expr:
    """Length in characters of English text: a letter of a dense script counts as many as it stands for."""
    return text.map_batches(_weighted_lengths, return_dtype=pl.Float64, is_elementwise=True)


def _weighted_lengths(texts: pl.Series) -> pl.Series:
    import numpy as np

    characters = texts.str.len_chars()
    added = np.zeros(len(texts), dtype=np.int64)
    foreign = (texts.str.len_bytes() != characters).arg_true()
    dense = foreign.filter(texts.gather(foreign).str.contains(_ANY_DENSE))
    # A thousand at a time: in there, each character takes several bytes more than in the text.
    for start in range(0, len(dense), 1_000):
        rows = dense.slice(start, 1_000)
        added[rows.to_numpy()] = _tenths_added(texts.gather(rows))
    # Divided by numpy: polars multiplies by 0.1, and 6.6 becomes 6.6000000000000005.
    lengths = pl.Series((characters.fill_null(0).to_numpy() * np.int64(10) + added) / 10)
    return lengths.set(characters.is_null(), None)


def _tenths_added(texts: pl.Series) -> NDArray[np.int64]:
    """By how many tenths of a character each text is longer than its characters; no text is null or empty.

    Each letter is looked up in a table: matches of a pattern would take ten times as long to count.
    """
    import numpy as np

    characters = np.frombuffer(texts.str.join("").item().encode("utf-32-le"), dtype=np.uint32)
    lengths = texts.str.len_chars().cast(pl.Int64)
    starts = (lengths.cum_sum() - lengths).to_numpy()
    found: NDArray[np.int64] = np.add.reduceat(_tenths_by_character()[characters], starts, dtype=np.int64)
    return found


@cache
def _tenths_by_character() -> NDArray[np.uint8]:
    """By how many tenths of a character each code point counts more than one: as many as there are code points."""
    import numpy as np

    tenths = np.zeros(sys.maxunicode + 1, dtype=np.uint8)
    # Beyond are no letters, and surrogates are no characters.
    points = np.r_[0:0xD800, 0xE000:0x40000].astype(np.uint32)
    every = pl.Series([points.tobytes().decode("utf-32-le")])
    for script, weight in DENSE_SCRIPTS.items():
        for letters in every.str.extract_all(f"{script}+").item():
            tenths[ord(letters[0]) : ord(letters[-1]) + 1] = round((weight - 1) * 10)
    return tenths


def length_bounds(text: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Bounds of `weighted_length` that take no look at the letters: one of a dense script has three bytes or more."""
    chars = text.str.len_chars()
    most_dense = pl.min_horizontal(chars, (text.str.len_bytes() - chars) / 2)
    # In tenths, as lengths are counted, so that rounding puts none beyond its bound.
    return chars, (chars * 10 + most_dense * round((max(DENSE_SCRIPTS.values()) - 1) * 10)) / 10


def length_quotient() -> pl.Expr:
    """Length of the output by length of the source, both weighted; above 1 where the output is longer."""
    return (weighted_length(OUTPUT) + _SLACK) / (weighted_length(SOURCE) + _SLACK)


def quotient_bounds() -> tuple[pl.Expr, pl.Expr]:
    """Bounds of `length_quotient` that take no look at the letters."""
    (output_low, output_high), (source_low, source_high) = length_bounds(OUTPUT), length_bounds(SOURCE)
    return (output_low + _SLACK) / (source_high + _SLACK), (output_high + _SLACK) / (source_low + _SLACK)


def where_suspect(suspect: pl.Expr, verdict: pl.Expr) -> pl.Expr:
    """The verdict on suspect rows, false on all others, null where it is null whether a row is suspect.

    For verdicts that take long: polars works out an expression for every row, also where `when` lets few of them pass.
    """

    def look(rows: pl.Series) -> pl.Series:
        frame = rows.struct.unnest()
        found = frame["@suspect"].arg_true()
        # Lazily, since polars then works out once what the verdict says twice.
        told = frame[found].lazy().select(verdict).collect(engine="in-memory")
        return frame["@suspect"].scatter(found, told.to_series())

    columns = dict.fromkeys(verdict.meta.root_names())
    return pl.struct(suspect.alias("@suspect"), *columns).map_batches(
        look, return_dtype=pl.Boolean, is_elementwise=True
    )


def by_language(language: pl.Expr, tell: Callable[[str], str | None]) -> pl.Expr:
    """What `tell` says of each row's language: it is asked once for each language that occurs, not for each row."""

    def look_up(codes: pl.Series) -> pl.Series:
        known = codes.unique().drop_nulls()
        told = pl.Series([tell(code) for code in known], dtype=pl.String)
        return codes.replace_strict(known, told, default=None, return_dtype=pl.String)

    return language.map_batches(look_up, return_dtype=pl.String, is_elementwise=True)


def where_paired(verdict: pl.Expr) -> pl.Expr:
    """The verdict where the row has both source and output, else null."""
    return pl.when(SOURCE.is_not_null() & OUTPUT.is_not_null()).then(verdict)


class TextFilter(Filter):
    """A filter that judges a text by itself, the output's or the source's. Null where there is none."""

    side: Literal["output", "source", "both"] = "output"
    """Whose text is judged; with `both`, one fault drops the row."""

    def reject_text(self, text: pl.Expr, language: pl.Expr) -> pl.Expr:
        """The verdict on a text that is said to be in a language."""
        raise NotImplementedError

    def evidence_text(self, text: pl.Expr, language: pl.Expr) -> pl.Expr:
        """What made the filter reject that text."""
        raise NotImplementedError

    def reject(self) -> pl.Expr:
        """True where a text asked about has the fault."""
        return reduce(or_, (self.reject_text(*text) for text in self._texts()))

    def evidence(self) -> pl.Expr:
        """The evidence of the first text that has the fault; a rejected row's only text must have it."""
        *others, last = self._texts()
        told = self.evidence_text(*last).cast(pl.String)
        for text in others:
            told = pl.when(self.reject_text(*text)).then(self.evidence_text(*text).cast(pl.String)).otherwise(told)
        return told

    def _texts(self) -> list[tuple[pl.Expr, pl.Expr]]:
        texts = {"output": (OUTPUT, pl.col("tgt_lang")), "source": (SOURCE, pl.col("src_lang"))}
        return list(texts.values()) if self.side == "both" else [texts[self.side]]


class PatternFilter(TextFilter):
    """A filter that rejects a text in which a pattern is found; the first match is the evidence."""

    pattern: ClassVar[str]
    r"""Of Rust's regex crate, with `(?-u:\b)` for a word boundary: the Unicode one makes search ten times slower."""

    def reject_text(self, text: pl.Expr, language: pl.Expr) -> pl.Expr:
        """True where the pattern matches."""
        del language
        return text.str.contains(self.pattern)

    def evidence_text(self, text: pl.Expr, language: pl.Expr) -> pl.Expr:
        """The first match."""
        del language
        return text.str.extract(self.pattern, 0).str.strip_chars()
