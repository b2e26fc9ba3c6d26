"""`urls_differ`: web addresses lost, added or changed."""

from __future__ import annotations

import polars as pl

from filters.base import Filter
from filters.pieces import pieces_differ, pieces_shown

# The characters of RFC 3986, so that an address ends where Chinese or Thai text goes on without a space.
_URL = r"(?i:https?://|www\.)[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+"


def _clean(url: pl.Expr) -> pl.Expr:
    return url.str.strip_chars_end(".,;:!?'()[]*_~/")


class UrlsDiffer(Filter):
    """Drops outputs whose web addresses are not those of the source, each as often, in any order.

    Punctuation and a slash at an address' end do not count. Null without a source.
    """

    def reject(self) -> pl.Expr:
        """True where the addresses differ."""
        return pieces_differ(_URL, _clean)

    def evidence(self) -> pl.Expr:
        """The addresses of the source and of the output."""
        return pieces_shown(_URL, _clean)
