"""Simplified or Traditional: which characters of the Han script tell the two standards of Chinese apart."""

from __future__ import annotations

from functools import cache

import polars as pl

_HAN = range(0x4E00, 0xA000)
_BIG5_FREQUENT = range(0xA4, 0xC7)
"""Lead bytes of Big5's first level, the characters in frequent use; its second holds rare ones of either standard."""


def standard(text: pl.Expr) -> pl.Expr:
    """Hans or Hant by the characters that only one of the two writes; null without any, or with as many of both.

    The characters of one standard are those of GB 2312 that Big5 lacks, and those of Big5's first level that GB 2312
    lacks, as Python's codecs list them.
    """
    hans, hant = (text.str.count_matches(f"[{letters}]") for letters in characters())
    return pl.when(hans > hant).then(pl.lit("Hans")).when(hant > hans).then(pl.lit("Hant"))


@cache
def characters() -> tuple[str, str]:
    """The characters of Simplified and of Traditional Chinese alone."""
    hans, hant = "", ""
    for character in map(chr, _HAN):
        simplified = character.encode("gb2312", errors="ignore")
        traditional = character.encode("big5", errors="ignore")
        if simplified and not traditional:
            hans += character
        elif traditional and not simplified and traditional[0] in _BIG5_FREQUENT:
            hant += character
    return hans, hant
