"""`wrong_script`: letters of scripts that the language is not written in."""

from __future__ import annotations

import polars as pl
from pydantic import Field

from corpus.errors import UserError
from corpus.languages import unicode_scripts
from filters.expressions import TextFilter, by_language


class WrongScript(TextFilter):
    """Drops texts with too many letters outside the scripts of their language.

    Latin letters in text of another script are mostly names, so they have a limit of their own: in NTREX-128's
    references up to 0.7 of the letters are Latin in Chinese and Thai, and hardly one is of a third script. Null where
    the language is not given or no script of it is known; a text without letters is kept.
    """

    max_share: float = Field(default=0.1, ge=0, le=1)
    """Largest share of letters of unexpected scripts, Latin aside."""
    max_latin: float = Field(default=0.8, ge=0, le=1)
    """Largest share of Latin letters in languages that are not written in Latin script."""

    def reject_text(self, text: pl.Expr, language: pl.Expr) -> pl.Expr:
        """True where a limit is exceeded."""
        letters, latin, other = self._letters(text, language)
        return (latin > self.max_latin * letters) | (other > self.max_share * letters)

    def evidence_text(self, text: pl.Expr, language: pl.Expr) -> pl.Expr:
        """Shares of unexpected letters."""
        letters, latin, other = self._letters(text, language)
        return pl.format("Latin {}, other {}", (latin / letters).round(2), (other / letters).round(2))

    def _letters(self, text: pl.Expr, language: pl.Expr) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
        """Counts: all letters (only where some are unexpected), unexpected Latin ones, other unexpected ones."""
        pattern = by_language(language, _unexpected)
        suspect = pl.when(text.str.contains(pattern)).then(text)
        # extract_all keeps compiled patterns between rows where count_matches compiles one for each.
        unexpected = suspect.str.extract_all(pattern).list.len()
        latin = pl.when(pattern.str.contains("Latin", literal=True)).then(0).otherwise(suspect.str.count_matches(r"\p{Latin}"))
        judged = text.is_not_null() & pattern.is_not_null()
        counts = (suspect.str.count_matches(r"\p{L}"), latin, unexpected - latin)
        a, b, c = (pl.when(judged).then(count.fill_null(0)) for count in counts)
        return a, b, c


def _unexpected(code: str) -> str | None:
    """Pattern of a letter outside the scripts of a language; None where none of its scripts is known."""
    try:
        expected = sorted(unicode_scripts(code))
    except UserError:
        return None
    names = "".join(rf"\p{{{name}}}" for name in expected)
    return rf"[\p{{L}}--[{names}\p{{Common}}\p{{Inherited}}]]" if expected else None
