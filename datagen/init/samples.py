"""The first records of a file in any of the formats, for a look at them."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from statistics import median
from typing import Any, Literal, NamedTuple

import orjson
import polars as pl
import regex

from corpus.errors import UserError
from datagen.init.columns import NAMES, Values, folded, unspaced
from datagen.init.encoding import advice, refuse_other_encodings
from datagen.readers._files import lines, open_raw, stream, text_lines
from datagen.readers.base import Normalization
from datagen.readers.jsonl import JsonLines
from filters.expressions import weighted_length

RECORDS = 1_000
_LONGEST_NAME = 3
"""Words of a column's name at most."""
_NAME = regex.compile(r"[(（]?\p{L}[\p{L}\p{M}\p{N}\u200c\u200d_ .:/#()（）&'’・-]*(?<!\.)")
"""Signs that stand in names; a full stop at the end, and signs that end sentences, stand in texts. Persian and Indic
words are written with joiners."""
_ENDED = regex.compile(r"\p{Sentence_Terminal}\W*$")
_NUMBER_SIGNS = ("#", "№")
_KNOWN = {name for names in NAMES.values() for name in names} | {"id", "idx", "key", "uid", "lp", "score"}
"""Names of columns that tell a header alone."""
_REPAIRED: tuple[Normalization, ...] = ("line_ends", "byte_order_mark")
_ARCHIVES = (".zip", ".tar", ".tgz", ".7z", ".rar")
_OTHERS = (".xlsx", ".xls", ".ods", ".docx", ".doc", ".pdf", ".yaml", ".yml", ".toml", ".py", ".safetensors", ".arrow")
_BY_ENDING = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".tmx": "tmx",
}


class Table(NamedTuple):
    """The first rows of a table of delimited text, and how it is written."""

    names: list[str]
    rows: list[list[str]]
    delimiter: str
    header: Literal["none", "known", "guessed"]
    """How the first line is known to name the columns: by a usual name, or by its words where rows hold sentences."""
    quoting: bool

    @property
    def records(self) -> list[Values]:
        """The rows as records; an empty cell is null."""
        return [{n: cell or None for n, cell in zip(self.names, row, strict=False)} for row in self.rows]


def bare_name(file: str) -> str:
    """A file's name without folders and the ending of its compression."""
    return re.sub(r"\.(gz|zst|xz|bz2)$", "", file.rpartition("/")[2])


def format_of(file: str) -> str:
    """The reader that fits a file: by the ending of its name, else by how it begins; `text` for any other text.

    Raises:
        UserError: it is an archive, a document, or binary.
    """
    name = bare_name(file).lower()
    if name.endswith(_ARCHIVES):
        raise UserError(f"{file} is an archive; {_advice_on_archive(file)}")
    if name.endswith(_OTHERS):
        raise UserError(f"{file}: no reader for {name.rpartition('.')[2]} files. Known: {', '.join(_BY_ENDING)}, text")
    known = next((reader for ending, reader in _BY_ENDING.items() if name.endswith(ending)), None)
    if known:
        return known
    with stream(file) as content:
        head = content.peek(4096)[:4096]
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UserError(advice(file))
    if b"\0" in head:
        raise UserError(f"{file} is binary, expected text (UTF-8), parquet, or text compressed as .gz, .zst, .xz, .bz2")
    if re.match(rb"(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?(<!DOCTYPE[^>]*>\s*)?<tmx", head):
        return "tmx"
    return "jsonl" if re.match(rb'(\xef\xbb\xbf)?\{"', head) and _is_object(head.split(b"\n")[0]) else "text"


def _advice_on_archive(file: str) -> str:
    """What to do about it; the archives of MLQE-PE are read as they are."""
    root = re.match(r"(?:(.*)/)?(?:direct-assessments|post-editing)/", file)
    if root:
        return f"the reader mlqe_pe takes it as it is, in the folder of the data set: datagen init {root[1] or '.'}"
    return "unpack it and name the files in it"


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line.removeprefix(b"\xef\xbb\xbf")), dict)
    except orjson.JSONDecodeError:
        return False


def texts_of(file: str) -> list[str]:
    """The first lines of a text file that can be read.

    Raises:
        UserError: they are not UTF-8.
    """
    return [line for line in _first_lines(file) if line.strip()]


def _first_lines(file: str) -> list[str]:
    found = list(islice(text_lines(file, _REPAIRED, Counter()), RECORDS))
    refuse_other_encodings(file, found)
    return [line for line in found if isinstance(line, str)]


def line_count(file: str) -> int:
    """How many lines a file has."""
    return sum(1 for _ in lines(file, (), Counter()))


def objects_of(file: str) -> list[Values]:
    """The first JSON objects of a file of JSON lines.

    Raises:
        UserError: it holds something else.
    """
    found: list[Values] = []
    for line in _first_lines(file):
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(value, dict):
            found.append(value)
    if not found:
        # The reader says best what is wrong with JSON that is not JSON lines.
        next(JsonLines(jsonl=file, kind="text", normalize=_REPAIRED).records(Counter()))
        raise UserError(f"{file}: none of the first {RECORDS} lines is a JSON object; expected one object a line")
    return found


def rows_of(file: str) -> Sequence[Values]:
    """The first rows of a parquet file that can be read.

    Raises:
        UserError: it is none, or is damaged.
    """
    import pyarrow as pa

    from datagen.readers import parquet

    with open_raw(file) as handle:
        batches = parquet.open_whole(file, handle).iter_batches(batch_size=RECORDS)
        try:
            rows = list(islice((row for batch in batches for row in parquet.rows_of(batch)), RECORDS))
        except (pa.ArrowException, OSError) as error:
            raise UserError(f"{file} is damaged: {error}") from None
    found = [row for row in rows if not isinstance(row, str)]
    if rows and not found:
        raise UserError(f"{file}: none of the first {len(rows)} rows is UTF-8 text")
    return found


def table_of(file: str, *, tabs: bool) -> Table:
    """The first rows of CSV, or of tab-separated values.

    Raises:
        UserError: there are none, or they are not UTF-8.
    """
    found = _first_lines(file)
    tried = [("\t", False), ("\t", True)] if tabs else [(d, True) for d in ",;\t|"]
    tables = [(delimiter, quoting, _split(found, delimiter, quoting=quoting)) for delimiter, quoting in tried]
    delimiter, quoting, rows = max(tables, key=lambda table: _evenness(table[2]))
    width = Counter(map(len, rows)).most_common(1)[0][0]
    rows = [row for row in rows if row != [""]]
    if not rows:
        raise UserError(f"{file} has no rows, only blank lines")
    header = _header(rows[0], rows[1:]) if len(rows[0]) == width else "none"
    if header != "none":
        return Table(rows[0], [row for row in rows[1:] if len(row) == width], delimiter, header, quoting)
    names = [f"column_{n}" for n in range(1, width + 1)]
    return Table(names, [row for row in rows if len(row) == width], delimiter, header, quoting)


def _split(found: Sequence[str], delimiter: str, *, quoting: bool) -> list[list[str]]:
    if not quoting:
        return [line.split(delimiter) for line in found]
    try:
        rows = [row or [""] for row in csv.reader((line + "\n" for line in found), delimiter=delimiter)]
    except csv.Error:
        return [[line] for line in found]
    # The sample may end within a quoted field.
    return rows[:-1] if len(found) == RECORDS and len(rows) > 1 else rows


def _evenness(rows: Sequence[Sequence[str]]) -> float:
    """How well rows of one width come out: the share of the commonest, if that is more than one field."""
    width, count = Counter(map(len, rows)).most_common(1)[0]
    return count / len(rows) if width > 1 else 0.0


def _header(first: Sequence[str], rows: Sequence[Sequence[str]]) -> Literal["none", "known", "guessed"]:
    """Whether the first row names the columns: with known names, or as words where numbers or sentences follow."""
    if any(folded(cell) in _KNOWN and count == 1 for cell, count in Counter(first).items()):
        return "known"
    below = [[row[n] for row in rows if len(row) == len(first)] for n in range(len(first))]
    # A column without a name is the number of the row, or comes of a sign too many at the end of each line.
    columns = [(name, cells) for name, cells in zip(first, below, strict=True) if name.strip() or not _is_bare(cells)]
    if not any(below) or not columns or not all(_may_name(name, cells) for name, cells in columns):
        return "none"
    sentences = [(name, cells) for name, cells in columns if _are_sentences(cells)]
    if len(sentences) > 1 and len({name for name, _ in sentences}) == 1:
        return "none"
    named = any(all(_spells_number(c) for c in cells) or _has_more_words(name, cells) for name, cells in columns)
    return "guessed" if named or (sentences and _are_much_longer(sentences)) else "none"


def _is_bare(cells: Sequence[str]) -> bool:
    """Whether cells hold numbers, or nothing."""
    return all(not cell.strip() or _spells_number(cell) for cell in cells)


def _may_name(name: str, cells: Sequence[str]) -> bool:
    """Whether a name has the form of one: a few words, and no sentence; above numbers it may be short for a word."""
    name = name.strip().removesuffix("." if _is_bare(cells) else "")
    return name in _NUMBER_SIGNS or (bool(_NAME.fullmatch(name)) and len(name.split()) <= _LONGEST_NAME)


def _has_more_words(name: str, cells: Sequence[str]) -> bool:
    """Whether most cells have several words where the name is one; of scripts without spaces, are twice as long."""
    if " " in name:
        return False
    longer = [" " in cell.strip() or len(unspaced(cell)) > 2 * len(name) for cell in cells]
    return sum(longer) > len(cells) / 2


def _are_sentences(cells: Sequence[str]) -> bool:
    """Whether most cells that hold something have several words, or are of a script without spaces."""
    given = [cell.strip() for cell in cells if cell.strip()]
    return sum(" " in cell or len(unspaced(cell)) > 1 for cell in given) > len(given) / 2


def _are_much_longer(columns: Sequence[tuple[str, Sequence[str]]]) -> bool:
    """Whether in each column half of the cells are twice as long as the name, in characters of English text.

    Three times where cells have no sentence ends, so that a name's having none tells nothing.
    """
    for name, cells in columns:
        given = [cell for cell in cells if cell.strip()]
        ended = sum(bool(_ENDED.search(cell)) for cell in given) > len(given) / 2
        if (2 if ended else 3) * _lengths([name])[0] > median(_lengths(given)):
            return False
    return True


def _lengths(texts: Sequence[str]) -> list[float]:
    return pl.select(weighted_length(pl.lit(pl.Series(texts, dtype=pl.String)))).to_series().to_list()


def _spells_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def hub_records(dataset: str, config: str | None, split: str) -> list[Values]:
    """The first rows of a dataset of the hub."""
    import datasets

    rows: Any = datasets.load_dataset(dataset, name=config, split=split, streaming=True)
    return [dict(row) for row in islice(rows, RECORDS)]
