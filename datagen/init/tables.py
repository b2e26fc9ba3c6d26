"""Files whose records have named columns: JSON lines, parquet, CSV, TSV, hub datasets."""

from __future__ import annotations

import io
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from csv import writer
from itertools import pairwise
from typing import Any

from corpus.errors import UserError
from datagen.init.columns import Column, Layout, Values, columns_of
from datagen.init.inputs import Input, short, stem
from datagen.init.languages import Language, decide, hear, named_pair
from datagen.init.layout import layout
from datagen.init.samples import Table, bare_name, objects_of, rows_of, table_of
from datagen.readers.mqm import COLUMNS as MQM_COLUMNS

_SIDES: dict[str, dict[str, str]] = {
    "text": {"text": "tgt_lang"},
    "pair": {"source": "src_lang", "target": "tgt_lang"},
    "prompt": {"source": "src_lang", "prompt": "tgt_lang"},
    "response": {"source": "src_lang", "response": "tgt_lang"},
    "sft": {"messages": "tgt_lang"},
    "preference": {"chosen": "tgt_lang"},
}
"""Columns of a kind whose language one of the options tells. An answer is expected in the language of its prompt."""


def jsonl(file: str) -> list[Input]:
    """JSON lines."""
    return table(file, "jsonl", objects_of(file))


def parquet(file: str) -> list[Input]:
    """Parquet."""
    return table(file, "parquet", rows_of(file))


def csv(file: str) -> list[Input]:
    """CSV, with any sign between fields."""
    return _delimited(file, "csv")


def tsv(file: str) -> list[Input]:
    """Tab-separated values, MQM ratings among them."""
    return _delimited(file, "tsv")


def _delimited(file: str, reader: str) -> list[Input]:
    found = table_of(file, tabs=reader == "tsv")
    if not found.records:
        raise UserError(f"{file} has no rows")
    if found.header != "none":
        _refuse_repeated(file, found)
    if found.header == "known" and set(MQM_COLUMNS) <= set(found.names):
        return [_mqm(file, found.records)]
    options: dict[str, Any] = {}
    if found.delimiter != {"csv": ",", "tsv": "\t"}[reader]:
        options["delimiter"] = found.delimiter
    if found.quoting != (reader == "csv"):
        options["quoting"] = found.quoting
    if found.header == "known":
        return table(file, reader, found.records, options, cells=True)
    if found.header == "guessed":
        inputs = table(file, reader, found.records, options, cells=True)
        inputs[0].assumed.append(
            f"{short(file)}: the first line ({', '.join(found.names)}) names the columns; if it is a row like the "
            "others, say `header: [names, of, columns]` and name these under `columns`"
        )
        return inputs
    names = _names_by_content(found.records)
    records = [dict(zip(names, record.values(), strict=True)) for record in found.records]
    inputs = table(file, reader, records, {**options, "header": names}, cells=True)
    for read in inputs:
        read.why["header"] = "the first line is a row; these names are by what the columns hold"
        read.assumed.append(
            f"{short(file)}: the first line is a row like the others; its columns are {', '.join(names)}"
        )
    return inputs


def _refuse_repeated(file: str, found: Table) -> None:
    """A reader takes names of columns from the first line, or from the recipe and then reads that line as a row."""
    repeated = [name for name, n in Counter(found.names).items() if n > 1]
    if not repeated:
        return
    names: list[str] = []
    for number, name in enumerate(found.names, 1):
        names.append(f"{name or 'column'}_{number}" if name in (*names, "") else name)
    first = io.StringIO()
    writer(first, delimiter=found.delimiter, lineterminator="").writerow(names)
    rest = sum(name.count("\n") for name in found.names) + 2
    raise UserError(
        f"{file}: the first line names the columns, {repeated[0]!r} more than once; expected a name of its own for "
        f"each. Write the line anew and give the new file: (echo {shlex.quote(first.getvalue())}; "
        f"tail -n +{rest} FILE) > NEW"
    )


def _names_by_content(records: Sequence[Values]) -> list[str]:
    """Names for columns that have none: two texts make a pair, a text and a number a question and its answer."""
    columns = columns_of(records)
    names = {column.path: column.path for column in columns}
    texts = [column for column in columns if column.is_text and column.is_varied]
    sentences = [column for column in texts if column.is_sentences]
    two = sentences if len(sentences) > 1 else texts
    if len(two) > 1:
        heard = [hear(column.texts).code for column in two]
        other = next((n for n, code in enumerate(heard) if code != heard[0]), 1)
        names |= {two[0].path: "source", two[other].path: "target"}
    elif texts:
        numbers = [column for column in columns if column.is_numeric and not _counts_rows(column)]
        names[texts[0].path] = "prompt" if numbers else "text"
        if numbers:
            names[numbers[0].path] = "references"
    return list(names.values())


def _counts_rows(column: Column) -> bool:
    return all(float(b) > float(a) for a, b in pairwise(column.given))


def _mqm(file: str, records: Sequence[Values]) -> Input:
    read = Input("mqm", file, stem(file))
    systems = {str(record["system"]) for record in records}
    read.told.append(f"{short(file)}: MQM ratings (columns {', '.join(MQM_COLUMNS)}) of {', '.join(sorted(systems))}")
    columns = {column.path: column for column in columns_of(records)}
    sides = [("source", "src_lang", columns["source"].texts), ("target", "tgt_lang", columns["target"].texts)]
    _set_languages(read, file, sides, {})
    return read


def table(
    file: str, reader: str, records: Sequence[Values], options: Mapping[str, Any] | None = None, *, cells: bool = False
) -> list[Input]:
    """An input for a file whose records have named columns; one for each system whose answers have a column.

    Args:
        file: its name.
        reader: the reader's name.
        records: a sample of the records.
        options: what the reader has to know already.
        cells: every value is text, as in CSV.

    Raises:
        UserError: there are no records, or their columns make no rows of any kind.
    """
    if not records:
        raise UserError(f"{file} has no rows")
    found, given = layout(file, records, cells=cells), dict(options or {})
    if not found.engines:
        return [_of_layout(file, reader, records, found, given)]
    inputs = []
    for engine, path in found.engines.items():
        alone = Layout(found.kind, {**found.columns, "response": path}, scores=found.scores, unused=found.unused)
        inputs.append(_of_layout(file, reader, records, alone, {**given, "engine": engine}))
        inputs[-1].label = engine
    inputs[0].told.append(
        f"{short(file)}: each of the columns {', '.join(found.engines)} holds the answers of a system"
    )
    inputs[0].assumed += [f"{short(file)}: {doubt}" for doubt in found.assumed]
    return inputs


def _of_layout(file: str, reader: str, records: Sequence[Values], found: Layout, options: dict[str, Any]) -> Input:
    read = Input(reader, file, stem(file), {"kind": found.kind, **options})
    columns = {column.path: column for column in columns_of(records)}
    sources = {ours: theirs for ours, theirs in found.columns.items() if theirs is not None}
    sources |= {name: name for name in columns if name in found.own and name not in found.columns}
    told = [ours if ours == theirs else f"{ours} from {theirs}" for ours, theirs in sources.items()]
    read.told.append(f"{short(file)}: rows of kind {found.kind}: {', '.join(told)}")
    if found.unused:
        read.told.append(f"{short(file)}: goes into `meta`: {', '.join(found.unused)}")
    if found.columns:
        read.options["columns"] = found.columns
    if found.kind == "response" and "engine" not in {*sources, *options}:
        read.options["engine"] = stem(file).replace(" ", "-")
        read.why["engine"] = "who answered: nobody says, so this is the file's name"
    sides = [
        (ours, option, _texts(columns[sources[ours]]))
        for ours, option in _sides(found.kind, sources, columns).items()
        if ours in sources and not _is_whole(columns.get(sources.get(option, "")))
    ]
    _set_languages(read, file, sides, found.languages)
    if "tgt_lang" in read.options and any(column == "prompt" for column, *_ in sides):
        read.assumed.append(f"{short(file)}: answers are to be in the language of the prompts; else change tgt_lang")
    if found.scores:
        read.options["scores"] = found.scores
        read.why["scores"] = "which way is better"
        read.assumed += [f"{name}: {way} is better" for name, way in found.scores.items() if way != "none"]
    read.assumed += [f"{short(file)}: {doubt}" for doubt in found.assumed]
    return read


def _sides(kind: str, sources: Mapping[str, str], columns: Mapping[str, Column]) -> dict[str, str]:
    """As `_SIDES`; of prompts with references these tell what language is asked for, unless they are numbers."""
    if kind == "prompt" and "references" in sources and hear(_texts(columns[sources["references"]])).code:
        return {"source": "src_lang", "references": "tgt_lang"}
    return _SIDES.get(kind, {})


def _texts(column: Column) -> list[str]:
    """The texts of a column; of chats the last turns, of lists of texts the last ones."""
    lists = [value for value in column.given if isinstance(value, list) and value and isinstance(value[-1], str)]
    return column.texts or [turns[-1]["content"] for turns in column.chats] or [texts[-1] for texts in lists]


def _is_whole(column: Column | None) -> bool:
    return column is not None and len(column.given) == len(column.values)


def _set_languages(
    read: Input, file: str, sides: Sequence[tuple[str, str, Sequence[str]]], named: Mapping[str, str]
) -> None:
    """Set `src_lang` and `tgt_lang` by what names say and by texts; a side is a column, its option, and its texts."""
    pair = named_pair(bare_name(file))
    for column, option, texts in sides:
        language = decide(texts, named.get(option))
        if language.code is None and pair and len(sides) == 2:
            language = Language(pair[option == "tgt_lang"], f"the file's name has {'-'.join(pair)}")
        read.tell_language(f"{short(file)}: {column}", option, language)
        if language.code is None:
            read.assumed.append(f"{short(file)}: {option} is not set: {language.why}")
        else:
            read.options[option] = language.code
