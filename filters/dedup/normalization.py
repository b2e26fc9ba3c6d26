"""What does not count as a difference between two texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import polars as pl

Normalization = Literal["trim", "lower", "spaces", "nfc"]


def normalized(text: pl.Expr, steps: Sequence[Normalization]) -> pl.Expr:
    """A text column after the named steps, in a fixed order that makes the result the same however they are listed."""
    for step in ("nfc", "lower", "spaces", "trim"):
        if step in steps:
            text = _STEPS[step](text)
    return text


def _composed(texts: pl.Series) -> pl.Series:
    """Letters and their marks as one character, where there is one (NFC)."""
    return _where(_MAY_COMPOSE, texts, lambda some: some.str.normalize("NFC"))


def _lowered(texts: pl.Series) -> pl.Series:
    """Small letters. Arrow needs a quarter of the time, but knows no letter by its neighbours (Σ), nor as two (İ)."""
    import pyarrow.compute as pc

    lowered = pl.Series(pc.utf8_lower(texts.to_arrow()), dtype=pl.String)
    special = texts.str.contains("[İΣ]").arg_true()
    return lowered.scatter(special, texts.gather(special).str.to_lowercase())


def _spaced(texts: pl.Series) -> pl.Series:
    """Each run of white space as one space."""
    return _where(r"\s\s|[^\S ]", texts, lambda some: some.str.replace_all(r"\s+", " "))


def _where(pattern: str, texts: pl.Series, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """The texts with those changed in which a pattern is found: to look takes a small part of what changing takes."""
    found = texts.str.contains(pattern).arg_true()
    return texts.clone().scatter(found, change(texts.gather(found))) if len(found) else texts


_NEVER_COMPOSE = (
    "\x00-\u02ff"  # Latin
    "\u0388-\u038a\u038c\u038e-\u03a1\u03a3-\u0482\u048a-\u052f"  # Greek, Cyrillic
    "\u05d0-\u05ea\u0620-\u064a\u0660-\u066f\u0671-\u06d5"  # Hebrew, Arabic
    "\u0904-\u0939\u093d-\u094c\u0960-\u096f"  # Devanagari
    "\u0e01-\u0e37\u0e3f-\u0e46"  # Thai
    "\u2010-\u2027\u2030-\u205e"  # punctuation
    "\u3001-\u3029\u3041-\u3096\u309b-\u30ff"  # Japanese
    "\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff9d"  # Chinese, Korean, wide forms
)
"""Ranges of characters of the commonest scripts that NFC leaves as they are, whatever stands beside them: none is
changed alone, composes with what is before it, or is moved. Unicode promises that this remains so."""
_MAY_COMPOSE = f"[^{_NEVER_COMPOSE}]"

_STEPS: dict[Normalization, Callable[[pl.Expr], pl.Expr]] = {
    "trim": lambda text: text.str.strip_chars(),
    "lower": lambda text: text.map_batches(_lowered, return_dtype=pl.String, is_elementwise=True),
    "spaces": lambda text: text.map_batches(_spaced, return_dtype=pl.String, is_elementwise=True),
    "nfc": lambda text: text.map_batches(_composed, return_dtype=pl.String, is_elementwise=True),
}
