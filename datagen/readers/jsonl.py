"""JSON lines: one JSON object a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import ClassVar

import orjson

from corpus.errors import UserError
from datagen.readers._files import Fault, FileNames, excerpt, expand, invalid_utf8, lines
from datagen.readers._mapping import Mapper, TableReader
from datagen.readers.base import Record


class JsonLines(TableReader):
    r"""Files of one JSON object a line, cut at `\n` alone, since U+2028 and its like stand within texts."""

    unit: ClassVar[str] = "lines that are not blank"
    locations: ClassVar[tuple[str, ...]] = ("jsonl",)

    jsonl: FileNames
    """A file, a glob, a URL, or a list of them; may end in .gz, .zst, .xz or .bz2."""

    def files(self) -> list[str]:
        """The files in the order in which they are read."""
        return expand(self.jsonl)

    def records(self, counts: Counter[str]) -> Iterator[Record]:
        """Every line as a record; faults are `broken_json`, `not_an_object`, and those of lines, columns and types.

        Raises:
            UserError: a file is empty, broken, or JSON but not JSON lines; a column is in no record at all.
        """
        mapper = Mapper(self, counts)
        loads = orjson.loads
        for file in self.files():
            blank = True
            for number, line in enumerate(lines(file, self.normalize, counts), 1):
                blank = blank and not isinstance(line, Fault) and not line.strip()
                if isinstance(line, Fault):
                    yield line.at(file, number)
                    continue
                try:
                    values = loads(line)
                except orjson.JSONDecodeError as error:
                    if number == 1:
                        _refuse_json(file, line)
                    if line.strip():
                        yield _fault(line, error).at(file, number)
                    continue
                if not isinstance(values, dict):
                    if number == 1:
                        _refuse_json(file, line)
                    yield Record(file, number, None, "not_an_object", excerpt(line))
                    continue
                yield mapper.record(file, number, values)
            if blank:
                raise UserError(f"{file} holds nothing but blank lines")
        mapper.finish()


def _refuse_json(file: str, line: bytes) -> None:
    """Refuse a file that is one JSON value over many lines, or an array."""
    start = line.strip()
    if start.startswith(b"["):
        raise UserError(
            f"{file} is a JSON array, expected JSON lines (one object a line). "
            "Convert it: jq -c '.[]' FILE > FILE.jsonl"
        )
    if start == b"{":
        raise UserError(
            f"{file} is one JSON object over several lines, expected JSON lines (one object a line). "
            "If a list within it holds the records: jq -c '.PATH.TO.LIST[]' FILE > FILE.jsonl"
        )


def _fault(line: bytes, error: orjson.JSONDecodeError) -> Fault:
    try:
        line.decode()
    except UnicodeDecodeError as wrong:
        return invalid_utf8(line, wrong)
    # A surrogate that has lost its other half cannot be written in UTF-8.
    reason = "invalid_utf8" if "surrogate" in str(error) else "broken_json"
    return Fault(reason, f"{error.msg} (column {error.colno}): {excerpt(line)}")
