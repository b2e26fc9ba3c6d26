"""The folder of a report: what is written goes there, and what an earlier report left goes away."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import polars.selectors as cs

from corpus.errors import UserError
from corpus.shards import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAGE = "README.md"
"""Code hosts show it when its folder is opened, and mkdocs makes it the folder's index."""
MARK = "<!-- Made by `"
_DIGITS = 6
"""Significant digits of numbers in tables: sums depend on the order of rows in the last ones."""


class Folder:
    """Writes tables, plots and the page of one report."""

    def __init__(self, path: Path, maker: str = "datagen report") -> None:
        """A folder for a report that a command (`maker`) writes.

        Raises:
            UserError: the folder holds something else than a report.
        """
        page = path / PAGE
        ours = page.is_file() and page.read_text("utf-8", errors="replace").startswith(MARK)
        if path.exists() and (not path.is_dir() or (any(path.iterdir()) and not ours)):
            raise UserError(
                f"{path} holds something else than a report (its {PAGE} is not one); reports replace what is there. "
                "Choose another folder with --out"
            )
        self.path = path
        self._mark = f"{MARK}{maker}`; edits are lost when it is made again. -->"
        self._written: set[str] = set()
        if not ours:
            # First of all: a folder that is left half written is known as a report, and written again.
            self.page("This report was not finished; run its command again.")

    def csv(self, name: str, frame: pl.DataFrame) -> str:
        """Write a table; the link to it. A table without rows is not written and has no link."""
        if not frame.height:
            return ""
        return self._write(name, frame.with_columns(cs.float().round_sig_figs(_DIGITS)).write_csv().encode())

    def svg(self, name: str, figure: Figure, told: str) -> str:
        """Write a plot; the image as Markdown. `told` says what it shows to those who do not see it."""
        from filters.report.plots import as_svg

        self._write(name, as_svg(figure))
        return f"![{told}]({name})"

    def text(self, name: str, content: str) -> str:
        """Write a text file; the link to it."""
        return self._write(name, content.encode())

    def page(self, text: str) -> Path:
        """Write the page and remove tables and plots that belong to an earlier one."""
        self._write(PAGE, f"{self._mark}\n\n{text.rstrip()}\n".encode())
        for old in self.path.iterdir():
            if old.suffix in (".csv", ".html", ".svg") and old.name not in self._written:
                old.unlink()
        return self.path / PAGE

    def _write(self, name: str, content: bytes) -> str:
        with replacing(self.path / name) as handle:
            handle.write(content)
        self._written.add(name)
        return f"[{name}]({name})"
