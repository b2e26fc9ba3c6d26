"""TSV: tab-separated values."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from datagen.readers._delimited import DelimitedReader
from datagen.readers._files import FileNames, expand


class Tsv(DelimitedReader):
    """Tables of tab-separated values; quotes are characters like any other."""

    unit: ClassVar[str] = "rows"
    locations: ClassVar[tuple[str, ...]] = ("tsv",)

    tsv: FileNames
    """A file, a glob, a URL, or a list of them; may end in .gz, .zst, .xz or .bz2."""
    delimiter: str = Field(default="\t", min_length=1, max_length=1)
    """The character between fields."""
    quoting: bool = False
    """Whether fields may stand in double quotes, in which a quote is doubled and tabs and line ends are text."""

    def files(self) -> list[str]:
        """The files in the order in which they are read."""
        return expand(self.tsv)
