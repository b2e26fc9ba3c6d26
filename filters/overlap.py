"""Scores of sentences against their references by sacreBLEU (Post 2018, arXiv 1804.08771), one row after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version

import polars as pl

SentenceScore = Callable[[str, Sequence[str]], float]
"""Score of a sentence against one or more references."""


def sacrebleu_version() -> str:
    """The installed version, without importing the package."""
    return version("sacrebleu")


def yes_no(value: bool) -> str:
    """How sacreBLEU's signatures write a switch."""
    return "yes" if value else "no"


def sentence_scores(frame: pl.DataFrame, scores: Sequence[SentenceScore]) -> list[float | None]:
    """One score for each row's output against its references, `scores` telling by row how; null without either.

    Equal answers to one prompt are common among samples, so they are scored once.
    """
    known: dict[tuple[SentenceScore, str, tuple[str, ...]], float] = {}
    results: list[float | None] = []
    for score, output, references in zip(scores, frame["@output"], frame["references"].to_list(), strict=True):
        # An empty reference is none: a score against it would say nothing of the answer.
        usable = tuple(reference for reference in references or () if reference is not None and reference.strip())
        if output is None or not usable:
            results.append(None)
            continue
        key = (score, output, usable)
        if key not in known:
            known[key] = score(output, usable)
        results.append(known[key])
    return results
