"""Tables of delimited text: what CSV and TSV share."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Iterator

from pydantic import Field

from corpus.errors import UserError
from datagen.readers._files import Fault, excerpt, text_lines
from datagen.readers._mapping import Mapper, TableReader
from datagen.readers.base import Record

Cells = list[str] | Fault


class DelimitedReader(TableReader):
    """Options of tables of delimited text. The first line names the columns, unless `header` does."""

    delimiter: str = Field(min_length=1, max_length=1)
    """The character between fields."""
    quoting: bool
    """Whether fields may stand in double quotes, in which a quote is doubled and line ends are text; else a quote is a
    character like any other."""
    header: tuple[str, ...] | None = None
    """Names of the columns of files that do not name them in their first line."""

    def records(self, counts: Counter[str]) -> Iterator[Record]:
        """Every row as a record; faults are `wrong_field_count`, `broken_csv`, and those of lines, columns and types.

        A blank line is no record where there is more than one column.

        Raises:
            UserError: a file is empty or broken, its header cannot be used, or a quote is never closed.
        """
        mapper = Mapper(self, counts, cells=True)
        for file in self.files():
            rows = self._cells(file, counts)
            names = list(self.header) if self.header is not None else self._names(file, next(rows)[1])
            mapper.header(file, names)
            number = 0
            for number, cells in rows:
                if isinstance(cells, Fault):
                    yield cells.at(file, number)
                elif len(cells) == len(names):
                    yield mapper.record(file, number, dict(zip(names, cells, strict=True)))
                else:
                    detail = f"found {len(cells)} fields, expected {len(names)}: {excerpt(self.delimiter.join(cells))}"
                    yield Record(file, number, None, "wrong_field_count", detail)
            if not number:
                raise UserError(f"{file} has a header and no rows")
        mapper.finish()

    def _names(self, file: str, cells: Cells) -> list[str]:
        if isinstance(cells, Fault):
            raise UserError(f"{file}: the header cannot be read: {cells.detail}")
        if cells == [""]:
            raise UserError(f"{file}: the first line is blank, expected the names of the columns")
        repeated = [name for name, n in Counter(cells).items() if n > 1]
        if repeated:
            raise UserError(f"{file}: the header names {repeated[0]!r} more than once; name the columns with `header`")
        return cells

    def _cells(self, file: str, counts: Counter[str]) -> Iterator[tuple[int, Cells]]:
        """The fields of each row, with the number of the line on which it starts."""
        found = text_lines(file, self.normalize, counts)
        rows = _quoted(file, found, self.delimiter) if self.quoting else _unquoted(found, self.delimiter)
        columns = len(self.header) if self.header is not None else 0
        for number, cells in rows:
            columns = columns or (1 if isinstance(cells, Fault) else len(cells))
            if cells != [""] or columns == 1:
                yield number, cells


def _unquoted(found: Iterator[str | Fault], delimiter: str) -> Iterator[tuple[int, Cells]]:
    for number, line in enumerate(found, 1):
        yield number, line if isinstance(line, Fault) else line.split(delimiter)


def _quoted(file: str, found: Iterator[str | Fault], delimiter: str) -> Iterator[tuple[int, Cells]]:
    faults: list[Fault] = []

    def feed() -> Iterator[str]:
        for line in found:
            if isinstance(line, Fault):
                faults.append(line)
                # Parsed all the same, because a quote that it opens or closes matters to the lines after it.
                yield line.line.decode("utf-8", "replace").replace("\r", "") + "\n"
            else:
                yield line + "\n"

    csv.field_size_limit(sys.maxsize)  # of the process; the default of 131,072 characters is less than a document
    reader = csv.reader(feed(), delimiter=delimiter, strict=True)
    while True:
        start = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                raise UserError(
                    f"{file}: the quote that is opened in the row on line {start} is never closed, so nothing after it "
                    "can be read. If quotes are plain characters here, set `quoting: false`"
                ) from None
            faults.append(Fault("broken_csv", str(error)))
            cells = []
        if cells is None:
            return
        yield start, faults[0] if faults else cells or [""]
        faults.clear()
