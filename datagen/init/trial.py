"""Read the first records of an input as a run would, and learn from them what the rest of a recipe depends on."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import corpus
from corpus.errors import UserError
from datagen.init.encoding import advice
from datagen.init.inputs import UNKNOWN, Input, short
from datagen.readers.base import Normalization, Reader, Record
from datagen.readers.dataset import Dataset
from datagen.stages.read import Read

_RECORDS = 20_000
_REPAIRS: dict[Normalization, str] = {
    "line_ends": "lines end in CR LF",
    "byte_order_mark": "a file starts with a byte-order mark",
}
_HOPELESS = 0.5
_MOST = 0.9
_SENTENCES = 300


@dataclass(frozen=True)
class Trial:
    """What the first rows of an input are like."""

    kind: str
    rows: Sequence[Mapping[str, Any]]
    whole: bool
    """Whether these are all."""
    scores: Mapping[str, bool | None]
    """Score columns that rows bring along, and whether higher is better."""

    @property
    def paired(self) -> bool:
        """Whether rows have a source that their text is to translate."""
        return self.kind == "pair" or (self.kind == "response" and self._have("source"))

    @property
    def output_language(self) -> bool:
        """Whether the language of the text or answer is known."""
        return self._have("tgt_lang")

    @property
    def languages(self) -> bool:
        """Whether both languages are known."""
        return self._have("src_lang") and self._have("tgt_lang")

    @property
    def references(self) -> bool:
        """Whether some rows have references."""
        return any(row.get("references") for row in self.rows)

    @property
    def sentences(self) -> bool:
        """Whether most texts are short: half of them at most 300 characters."""
        lengths = sorted(len(row.get("text") or row.get("target") or row.get("response") or "") for row in self.rows)
        return bool(lengths) and lengths[len(lengths) // 2] <= _SENTENCES

    @property
    def prompts(self) -> set[str]:
        """Ids of the prompts that are answered."""
        return {row["prompt_id"] for row in self.rows if row.get("prompt_id")}

    def _have(self, column: str) -> bool:
        found = sum(row.get(column) not in (None, UNKNOWN) for row in self.rows)
        return found >= _MOST * len(self.rows)


def try_out(read: Input) -> Trial:
    """Read the first records; what must be normalized or tolerated is added to the input's options.

    Raises:
        UserError: most records cannot be read, or more than a run tolerates are not UTF-8.
    """
    reader = read.open()
    if isinstance(reader, Dataset):
        return _of_dataset(reader)
    # All repairs are on, and what was repaired is then asked for.
    rows, faults, counts = _read(reader.model_copy(update={"normalize": tuple(_REPAIRS)}))
    if not rows and not faults:
        raise UserError(f"{', '.join(map(short, reader.files()))}: no record was found")
    repairs = [repair for repair in _REPAIRS if counts[f"normalized:{repair}"]]
    if repairs:
        read.options["normalize"] = repairs
        read.why["normalize"] = " and ".join(_REPAIRS[repair] for repair in repairs)
        read.told.append(f"{read.why['normalize']}: `normalize` strips them, and the run counts them")
    count = len(rows) + sum(map(len, faults.values()))
    other = faults.get("invalid_utf8", [])
    if len(other) > reader.max_bad * count:
        raise UserError(_not_utf8(other))
    share = sum(map(len, faults.values())) / count
    if share > _HOPELESS:
        first = next(iter(faults.values()))[0]
        raise UserError(
            f"{share:.0%} of the first records cannot be read as rows of kind {reader.row_kind()}: {_listed(faults)}. "
            f"The first: {first.file}:{first.line}: {first.reason}: {first.detail}"
        )
    if share - len(other) / count > reader.max_bad / 2:
        read.options["max_bad"] = min(1.0, float(f"{2 * share:.1g}"))
        read.why["max_bad"] = f"share of records that may be unreadable; among the first: {_listed(faults)}"
        read.assumed.append(f"{share:.2%} of the first records cannot be read and will be set aside: {_listed(faults)}")
    whole = count < _RECORDS
    scores = {column.name: column.higher_is_better for column in reader.score_columns()}
    return Trial(reader.row_kind(), rows, whole, scores)


def _read(reader: Reader) -> tuple[list[dict[str, Any]], dict[str, list[Record]], Counter[str]]:
    """The first rows, the records that cannot be read by reason, and how often what was repaired."""
    counts: Counter[str] = Counter()
    stage = Read(reader=reader)
    rows: list[dict[str, Any]] = []
    faults: dict[str, list[Record]] = {}
    for record in islice(reader.records(counts), _RECORDS):
        reason, detail = record.reason, record.detail
        if record.row is not None:
            reason, detail = stage.complete(record.row, record.file)
        if reason:
            faults.setdefault(reason, []).append(record._replace(reason=reason, detail=detail))
        else:
            assert record.row is not None
            rows.append(record.row)
    return rows, faults, counts


def _not_utf8(found: Sequence[Record]) -> str:
    first = found[0]
    if first.file.endswith(".parquet") or not os.path.isfile(first.file):
        return (
            f"{len(found):,} of the first records are not UTF-8, the first {first.file}:{first.line}: {first.detail}. "
            "Write the file anew from texts that were decoded rightly"
        )
    return advice(first.file)


def _listed(faults: Mapping[str, Sequence[Record]]) -> str:
    return ", ".join(f"{len(records):,} {reason}" for reason, records in faults.items())


def _of_dataset(reader: Dataset) -> Trial:
    dataset = corpus.open(reader.folder)
    scores = {name: score.higher_is_better for name, score in dataset.manifest.scores.items()}
    return Trial(dataset.manifest.kind, list(islice(dataset.rows(), _RECORDS)), len(dataset) < _RECORDS, scores)
