"""Tables of `datagen scorer`: the same on the terminal and on a page."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Sequence
from typing import NamedTuple

from filters.report.markdown import MISSING, code, escaped, table

_NAME = re.compile(r"([A-Za-z0-9]+_\w+)", re.ASCII)


class Grid(NamedTuple):
    """A table with what is to be known of it."""

    title: str
    align: str
    """A letter for each column, `l` or `r`."""
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    told: str = ""


def printed(grids: Sequence[Grid]) -> None:
    """Print tables, as wide as they need to be where the output is no terminal."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else 200, highlight=False, soft_wrap=False)
    for grid in grids:
        shown = Table(
            box=box.SIMPLE_HEAD, title=Text(grid.title), title_justify="left", title_style="bold", pad_edge=False
        )
        for name, letter in zip(grid.header, grid.align, strict=True):
            shown.add_column(Text(name), justify="right" if letter == "r" else "left", no_wrap=letter == "r")
        for row in grid.rows:
            shown.add_row(*map(Text, row))
        console.print(shown)
        if grid.told:
            console.print(Text(grid.told + "\n"))


def paged(grids: Sequence[Grid]) -> str:
    """Tables as Markdown."""
    parts = []
    for grid in grids:
        rows = [[_marked(cell) for cell in row] for row in grid.rows]
        parts += [f"## {_marked(grid.title)}", table(grid.align, [_marked(n) for n in grid.header], rows, limit=500)]
        parts += [_marked(grid.told)] if grid.told else []
    return "\n\n".join(parts)


def _marked(text: str) -> str:
    """Text with names of columns and corruptions as code."""
    parts = _NAME.split(text)
    return "".join(code(part) if place % 2 else escaped(part) for place, part in enumerate(parts))


def span(value: float, low: float, high: float, digits: int = 3) -> str:
    """A value with its interval."""
    if not math.isfinite(value):
        return MISSING
    if not math.isfinite(low):
        return f"{value:.{digits}f}"
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"
