"""Parquet files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import polars as pl

from corpus.errors import UserError
from datagen.readers._files import FileNames, expand, open_raw
from datagen.readers._mapping import Mapper, TableReader
from datagen.readers.base import Record

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_BATCH = 4096


class Parquet(TableReader):
    """Parquet files of one schema, read in batches of rows."""

    unit: ClassVar[str] = "rows"
    locations: ClassVar[tuple[str, ...]] = ("parquet",)

    parquet: FileNames
    """A file, a glob, a URL, or a list of them. All must have the same columns, in any order."""

    def files(self) -> list[str]:
        """The files in the order in which they are read."""
        return expand(self.parquet)

    def records(self, counts: Counter[str]) -> Iterator[Record]:
        """Every row as a record; faults are `invalid_utf8`, and those of columns and types.

        Raises:
            UserError: a file is no parquet file, is damaged, has no rows, or has another schema than the first.
        """
        import pyarrow as pa

        mapper = Mapper(self, counts, json=False)
        first: tuple[str, pl.Schema] | None = None
        for file in self.files():
            number = 0
            with open_raw(file) as handle:
                try:
                    table = _open(file, handle)
                    schema = _schema(table)
                    first = first or (file, schema)
                    _same_schema(first, (file, schema))
                    mapper.header(file, schema.names())
                    for batch in table.iter_batches(batch_size=_BATCH):
                        for row in _rows(batch):
                            number += 1
                            if isinstance(row, str):
                                yield Record(file, number, None, "invalid_utf8", row)
                            else:
                                yield mapper.record(file, number, row)
                except (pa.ArrowException, OSError) as error:
                    raise UserError(f"{file} is damaged after row {number}: {error}") from None
            if not number:
                raise UserError(f"{file} has no rows")
        mapper.finish()


def _open(file: str, handle: object) -> pq.ParquetFile:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(handle)
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{file} is not a whole parquet file: {error}") from None


def _rows(batch: pa.RecordBatch) -> Iterator[dict[str, Any] | str]:
    """The rows of a batch; in place of a row with text that is not UTF-8, the column that has it."""
    import pyarrow as pa

    try:
        # Polars trusts Arrow to have looked, and panics.
        batch.validate(full=True)
    except pa.ArrowInvalid as error:
        if "UTF8" not in str(error):
            raise
        if batch.num_rows == 1:
            yield f"column {batch.schema.names[_bad_column(batch)]!r}"
            return
        half = batch.num_rows // 2
        yield from _rows(batch.slice(0, half))
        yield from _rows(batch.slice(half))
    else:
        yield from _frame(batch).iter_rows(named=True)


def _bad_column(batch: pa.RecordBatch) -> int:
    """The number of the first column that is not valid."""
    import pyarrow as pa

    for number, column in enumerate(batch.columns):
        try:
            column.validate(full=True)
        except pa.ArrowInvalid:
            return number
    raise AssertionError("all columns are valid")


def _frame(data: object) -> pl.DataFrame:
    frame = pl.from_arrow(data)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _schema(table: pq.ParquetFile) -> pl.Schema:
    return _frame(table.schema_arrow.empty_table()).schema


def _same_schema(first: tuple[str, pl.Schema], other: tuple[str, pl.Schema]) -> None:
    expected, found = first[1], other[1]
    differences = [
        f"{name}: {found.get(name, 'none')}, expected {expected.get(name, 'none')}"
        for name in {**expected, **found}
        # A column that is null throughout may have no type of its own.
        if found.get(name) != expected.get(name) and pl.Null() not in (found.get(name), expected.get(name))
    ]
    if differences:
        raise UserError(f"{other[0]} has other columns than {first[0]}: {'; '.join(differences)}")
