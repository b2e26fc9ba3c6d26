"""`wrong_script`: letters of scripts that the language is not written in."""

from __future__ import annotations

import polars as pl
from pydantic import Field

from corpus.errors import UserError
from corpus.languages import unicode_scripts
from filters.expressions import TextFilter, by_language, where_suspect


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
        letters, latin, other = pl.field("letters"), pl.field("latin"), pl.field("other")
        too_many = (latin > self.max_latin * letters) | (other > self.max_share * letters)
        verdict = _counted(text, language).struct.with_fields(verdict=too_many).struct.field("verdict")
        # No count where nothing is unexpected, as nearly everywhere.
        return where_suspect(text.str.contains(by_language(language, _unexpected)), verdict)

    def evidence_text(self, text: pl.Expr, language: pl.Expr) -> pl.Expr:
        """Shares of unexpected letters."""
        shares = ((pl.field(name) / pl.field("letters")).round(2) for name in ("latin", "other"))
        return (
            _counted(text, language)
            .struct.with_fields(told=pl.format("Latin {}, other {}", *shares))
            .struct.field("told")
        )


def _counted(text: pl.Expr, language: pl.Expr) -> pl.Expr:
    """A struct with the pattern of unexpected letters and counts of all, of unexpected Latin and of other ones.

    Built in steps, each once a row: polars would repeat whatever two parts of one expression share.
    """
    letters, pattern = pl.field("text"), pl.field("pattern")
    latin_expected = pattern.str.contains("Latin", literal=True)
    return (
        pl.struct(text=text, pattern=by_language(language, _unexpected))
        .struct.with_fields(
            letters=_matched(letters, pl.lit(r"\p{L}+")),
            latin=pl.when(latin_expected).then(0).otherwise(_matched(letters, pl.lit(r"\p{Latin}+"))),
            unexpected=_matched(letters, pattern),
        )
        .struct.with_fields(other=pl.field("unexpected").cast(pl.Int64) - pl.field("latin"))
    )


def _matched(text: pl.Expr, runs: pl.Expr) -> pl.Expr:
    """How many characters lie in the matches of a pattern. Runs of characters are far fewer matches to find."""
    return text.str.extract_all(runs).list.join("").str.len_chars()


def _unexpected(code: str) -> str | None:
    """Pattern of letters outside the scripts of a language; None where none of its scripts is known."""
    try:
        expected = sorted(unicode_scripts(code))
    except UserError:
        return None
    names = "".join(rf"\p{{{name}}}" for name in expected)
    return rf"[\p{{L}}--[{names}\p{{Common}}\p{{Inherited}}]]+" if expected else None
