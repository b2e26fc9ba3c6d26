"""CSV: comma-separated values with quotes (RFC 4180)."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from datagen.readers._delimited import DelimitedReader
from datagen.readers._files import FileNames, expand


class Csv(DelimitedReader):
    """Tables of comma-separated values; fields may stand in double quotes."""

    unit: ClassVar[str] = "rows"
    locations: ClassVar[tuple[str, ...]] = ("csv",)

    csv: FileNames
    """A file, a glob, a URL, or a list of them; may end in .gz, .zst, .xz or .bz2."""
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    """The character between fields (`;` in many a European export)."""
    quoting: bool = True
    """Whether fields may stand in double quotes, in which a quote is doubled and line ends are text."""

    def files(self) -> list[str]:
        """The files in the order in which they are read."""
        return expand(self.csv)
