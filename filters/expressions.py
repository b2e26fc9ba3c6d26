"""What several rules share: lengths that are fair across scripts, and texts of either side."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import or_
from typing import ClassVar, Literal

import polars as pl

from filters.base import OUTPUT, SOURCE, Filter

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


def beyond_ascii(text: pl.Expr) -> pl.Expr:
    """The text, or the empty text if all of it is ASCII: spares half a microsecond in search for what ASCII lacks."""
    return pl.when(text.str.len_bytes() != text.str.len_chars()).then(text).otherwise(pl.lit(""))


def weighted_length(text: pl.Expr) -> pl.Expr:
    """Length in characters of English text: a letter of a dense script counts as many as it stands for."""
    dense = pl.when(beyond_ascii(text).str.contains(_ANY_DENSE)).then(text)
    more = [dense.str.count_matches(script) * (weight - 1) for script, weight in DENSE_SCRIPTS.items()]
    return text.str.len_chars() + pl.sum_horizontal(more)


def length_bounds(text: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Bounds of `weighted_length` that take no look at the letters: one of a dense script has three bytes or more."""
    chars = text.str.len_chars()
    most_dense = pl.min_horizontal(chars, (text.str.len_bytes() - chars) / 2)
    return chars, chars + most_dense * (max(DENSE_SCRIPTS.values()) - 1)


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
        return frame["@suspect"].scatter(found, frame[found].select(verdict).to_series())

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
