"""How an answer looks: its length and its Markdown, which judges like for their own sake."""

from __future__ import annotations

import re
from dataclasses import dataclass

STYLE = ("length", "headings", "lists", "bold")
"""What `difference` tells, in this order."""

_FENCED = re.compile(r"^(```|~~~).*?(?:^\1|\Z)", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^ {0,3}#{1,6}\s", re.MULTILINE)
_ITEM = re.compile(r"^\s*(?:[-*+]|\d{1,9}[.)])\s", re.MULTILINE)
_BOLD = re.compile(r"(\*\*|__)(?=\S)(?:(?!\1).)+?(?<=\S)\1", re.DOTALL)


@dataclass(frozen=True)
class Style:
    """Counts of one answer."""

    length: int
    """Characters."""
    headings: int
    lists: int
    """Items of lists."""
    bold: int
    """Stretches in bold."""


def style_of(answer: str) -> Style:
    """The style of an answer; what stands in fenced code counts for its length alone."""
    prose = _FENCED.sub("", answer)
    return Style(len(answer), len(_HEADING.findall(prose)), len(_ITEM.findall(prose)), len(_BOLD.findall(prose)))


def difference(left: Style, right: Style) -> tuple[float, ...]:
    """How much longer and more marked up the left answer is: from -1 to 1 each, 0 where they are alike.

    After Arena-Hard's style control (Li et al. 2024, arXiv 2406.11939): lengths by their sum, and counts of Markdown
    for each character by their sum and 1. Lengths are characters, not tokens: both answers are of one language.
    """
    lengths = left.length + right.length
    told = [(left.length - right.length) / lengths if lengths else 0.0]
    for name in STYLE[1:]:
        dense = [getattr(style, name) / max(1, style.length) for style in (left, right)]
        told.append((dense[0] - dense[1]) / (dense[0] + dense[1] + 1))
    return tuple(told)
