"""LaTeX around answers: what is boxed, what stands in formulas, and simple formulas as plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator

_BOXES = re.compile(r"\\(?:boxed|fbox)\s*")
_LONGEST = 2000
"""Characters of an answer; what is longer is none."""

_WORDS = re.compile(r"\\(?:text|textbf|textit|textrm|mathrm|mathbf|mathit|mathsf|mbox|operatorname)\s*\{([^{}]*)\}")
_FRACTION = re.compile(r"\\[dtc]?frac\s*(?:\{\s*([^{}]{1,80})\}|(\d))\s*(?:\{\s*([^{}]{1,80})\}|(\d))")
_SIGNS = {
    "\\left": "",
    "\\right": "",
    "\\displaystyle": "",
    "\\!": "",
    "\\,": "\u2009",
    "\\;": " ",
    "\\:": " ",
    "\\ ": " ",
    "~": "\u00a0",
    "{,}": ",",
    "{.}": ".",
    "\\$": "$",
    "\\%": "%",
    "\\pounds": "£",
    "\\euro": "€",
    "^\\circ": "°",
    "^{\\circ}": "°",
    "\\degree": "°",
    "\\cdot": "*",
    "\\times": "*",
    "\u00d7": "*",
    "\\div": "÷",
    "\u2212": "-",
    "\uff0d": "-",
    "\ufe63": "-",
    "\u2012": "-",
    "\u2013": "-",
    "\uff0c": ",",
    "\uff0e": ".",
    "\uff1d": "=",
    "\uff05": "%",
    "\\approx": "≈",
    "\\quad": " ",
    "**": "",
    "`": "",
}
_SIGN = re.compile("|".join(map(re.escape, sorted(_SIGNS, key=len, reverse=True))))
_MARKS = re.compile("[\u200e\u200f\u061c\u2066-\u2069\ufeff]")
"""Marks of writing direction: they show nothing and stand around numbers in text that runs from right to left."""
_FORMULAS = (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]"))


def boxed(text: str, most: int) -> list[str] | None:
    r"""What stands in each `\boxed{...}`, in order; None where there are more than `most`, or one is never closed."""
    found: list[str] = []
    end = 0
    for count, opening in enumerate(_BOXES.finditer(text)):
        if count >= most:
            return None
        if opening.end() < end:
            # Within the last one: a box in a box.
            continue
        content = _braced(text, opening.end())
        if content is None:
            return None
        found.append(content)
        end = opening.end() + len(content)
    return found


def _braced(text: str, start: int) -> str | None:
    if text[start : start + 1] != "{":
        word = re.match(r"\w+", text[start : start + 50])
        return word[0] if word else None
    depth = 0
    for place in range(start, min(len(text), start + _LONGEST)):
        escaped = text[place - 1] == "\\"
        depth += (text[place] == "{" and not escaped) - (text[place] == "}" and not escaped)
        if depth == 0:
            return text[start + 1 : place]
    return None


def formulas(text: str) -> Iterator[str]:
    r"""What stands between signs of a formula: `$...$`, `$$...$$`, `\(...\)`, `\[...\]`."""
    for opening, closing in _FORMULAS:
        parts = text.split(opening) if opening == closing else None
        if parts is not None:
            yield from parts[1::2] if len(parts) % 2 else ()
        else:
            for part in text.split(opening)[1:]:
                yield part.partition(closing)[0]


def plain(text: str, *, fractions: bool = True) -> str:
    r"""A formula with its simple parts as plain text: `\frac{1}{2}\text{ cm}` is `(1)/(2) cm`.

    Parsers of LaTeX read `\frac` far faster than what it becomes, so `fractions` may stay.
    """
    text = _MARKS.sub("", text[:_LONGEST]).strip()
    text = _bare(text)
    for _ in range(3):
        # A box or a word in another.
        text = _WORDS.sub(lambda found: f" {found[1]} ", text)
        text = re.sub(r"\\(?:boxed|fbox)\s*\{([^{}]*)\}", r"\1", text)
    text = _SIGN.sub(lambda found: _SIGNS[found[0]], text)
    if fractions:
        text = _FRACTION.sub(lambda found: f"({found[1] or found[2]})/({found[3] or found[4]})", text)
    return re.sub(r"[ \t]+", " ", text).strip()


def _bare(text: str) -> str:
    """Without the signs of a formula, emphasis and quotation marks around the whole."""
    for opening, closing in (*_FORMULAS, ("**", "**"), ("*", "*"), ("`", "`"), ('"', '"'), ("“", "”"), ("「", "」")):
        inner = text[len(opening) : -len(closing)]
        whole = len(text) > len(opening) + len(closing) and text.startswith(opening) and text.endswith(closing)
        if whole and opening not in inner and closing not in inner:
            return _bare(inner.strip())
    return text
