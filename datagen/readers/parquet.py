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
                    table = open_whole(file, handle)
                    schema = _schema(table)
                    first = first or (file, schema)
                    _same_schema(first, (file, schema))
                    mapper.header(file, schema.names())
                    for batch in table.iter_batches(batch_size=_BATCH):
                        for row in rows_of(batch):
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


def open_whole(file: str, handle: object) -> pq.ParquetFile:
    """A parquet file by its footer.

    Raises:
        UserError: it is none, or is cut off.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(handle)
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{file} is not a whole parquet file: {error}") from None


def rows_of(batch: pa.RecordBatch) -> Iterator[dict[str, Any] | str]:
    """The rows of a batch; in place of a row with text that is not UTF-8, the column that has it."""
    import pyarrow as pa

    batch = _without_categories(batch)
    bad = _bad_column(batch)
    if bad is None:
        yield from _frame(batch).iter_rows(named=True)
    elif batch.num_rows == 1:
        yield f"column {bad!r}"
    else:
        half = batch.num_rows // 2
        # Copies: a slice keeps all texts of lists and structs, and Arrow looks at all that it keeps.
        yield from rows_of(batch.take(pa.array(range(half))))
        yield from rows_of(batch.take(pa.array(range(half, batch.num_rows))))


def _without_categories(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Categories as plain values: a bad one that no row has would make all rows bad."""
    import pyarrow as pa

    for place, field in enumerate(batch.schema):
        if pa.types.is_dictionary(field.type):
            batch = batch.set_column(place, field.name, batch.column(place).dictionary_decode())
    return batch


def _bad_column(batch: pa.RecordBatch) -> str | None:
    """The name of the first column with text that is not UTF-8: polars trusts Arrow to have looked, and panics."""
    import pyarrow as pa

    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        try:
            column.validate(full=True)
        except pa.ArrowInvalid as error:
            # Other faults, such as a time of 25 hours, are polars' to take as it does.
            if "UTF8" in str(error):
                return str(name)
    return None


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
