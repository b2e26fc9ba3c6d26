"""Markdown that reads well on a code host, in mkdocs and as plain text; nothing of the data can break out of it."""

from __future__ import annotations

import re
from collections.abc import Sequence

import regex

_SPECIAL = re.compile(r"[&<>|*_`\[\]\\~$@]|:(?=\S)|(?<=www)\.|\{(?=[{%])")
"""What starts a construct in the middle of a line; colons and dots where a bare address would become a link."""
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
"""Control characters, bidirectional ones among them: shown by their number, for they would act on the page."""
_PLAIN = re.compile(r"[\w.,:;/+<>=()%&-]+(?: [\w.,:;/+<>=()%&-]+)*", re.ASCII)
_NAME_LENGTH = 60
_TEXT_LENGTH = 240
MISSING = "–"


def escaped(text: str) -> str:
    """Text in which no character means anything to Markdown or HTML, on one line."""
    lines = re.sub(r"\s*\n\s*", " ⏎ ", text.replace("\r\n", "\n").strip(" ")).replace("\t", " ")
    visible = _HIDDEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", lines)
    return _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", visible)


def shortened(text: str, length: int = _TEXT_LENGTH) -> str:
    """The first so many characters as a reader counts them: no letter loses its marks."""
    if len(text) <= length:
        return text
    clusters = regex.findall(r"\X", text[: length * 8])
    return text if len(clusters) <= length else "".join(clusters[:length]) + "…"


def quoted(text: str | None) -> str:
    """Text of the data: shortened, escaped, and isolated, so that right-to-left text keeps its neighbours in place."""
    if text is None:
        return "*none*"
    return f'<span dir="auto">{escaped(shortened(text))}</span>' if text.strip() else "*empty*"


def code(name: str) -> str:
    """A name in a code span where that is safe, else as text of the data; long ones shortened."""
    short = shortened(name, _NAME_LENGTH)
    plain = short.removesuffix("…")
    return f"`{short}`" if _PLAIN.fullmatch(plain) else quoted(short)


def signature(text: str) -> str:
    """A score's signature, whole; it has bars, which no table lets into a code span."""
    return escaped(text) if text else MISSING


def count(number: int) -> str:
    """A count, thousands apart."""
    return f"{number:,}"


def percent(part: float, whole: float) -> str:
    """A share of something, to a tenth of a percent; a small share is never shown as none, nor a large one as all."""
    if not whole:
        return MISSING
    share = 100 * part / whole
    if 0 < share < 0.05:
        return "<0.1 %"
    if 99.95 <= share < 100:
        return ">99.9 %"
    return f"{share:.1f} %"


def real(number: float | None) -> str:
    """A number to four digits."""
    if number is None:
        return MISSING
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number + 0.0:.4g}"


def plural(number: int, noun: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listed(names: Sequence[str], limit: int = 8) -> str:
    """Names in a sentence, the first of many."""
    more = len(names) - limit
    return ", ".join(map(code, names[:limit])) + (f" and {more} more" if more > 0 else "")


def table(align: str, header: Sequence[str], rows: Sequence[Sequence[str]], *, limit: int = 20, full: str = "") -> str:
    """A table of cells that are Markdown already.

    Args:
        align: a letter for each column, `l` or `r`.
        header: names of the columns.
        rows: the cells.
        limit: rows that are shown; of the others is told how many they are.
        full: link to the file that has all.
    """
    lines = [_line(header), _line(["---:" if letter == "r" else "---" for letter in align])]
    lines += [_line(row) for row in rows[:limit]]
    more = len(rows) - limit
    told = [f"{more:,} more rows: {full}." if more > 0 else f"As a file: {full}."] if full else []
    return "\n\n".join(["\n".join(lines), *told])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
