"""From a table's columns to the contract's: names, meta, scores and unique keys.

A column that has one of our names is ours, unless `columns:` says where ours comes from; all others go into `meta`.
What values are allowed where is `_types.py`'s subject.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import polars as pl
import xxhash
from pydantic import Field, model_validator

from corpus.errors import UserError, nearest
from corpus.hashing import canonical_json
from corpus.schema import KindName, kind_of, score_dtype
from datagen.groups import FIELD as GROUP
from datagen.readers._files import composer
from datagen.readers._types import Convert, Unreadable, as_json, cell_converter, converter, plain, wrong_type
from datagen.readers.base import Reader, Record
from filters.base import ScoreColumn

_MADE_LATER = ("prompt_id", "sample")
"""Columns that may not be null in a dataset, but that `read` fills in."""
_TURNS = ("system", "user", "assistant")
"""Columns of which a chat of one question and answer can be made."""
_MOST_PLANS = 10_000
_MISSING = object()


class TableReader(Reader):
    """Options of every format whose records have named columns."""

    version: ClassVar[int] = 3

    kind: KindName
    """Kind of the rows: text, pair, prompt, response, sft, preference or verifiable."""
    columns: dict[str, str | list[str] | None] = Field(default_factory=dict)
    """Column mapping, ours: theirs. A dotted name reaches into nested records (`source: translation.de`), a number into
    lists (`prompt: turns.0.content`). `source: null` keeps a column of theirs that has one of our names by chance in
    `meta`. Columns that already have our names need no mapping; all others go into `meta`. References may stand in
    several columns (`references: [reference_1, reference_2]`); of these, empty ones are left out. For `sft` rows,
    `user` and `assistant` (and `system`, if some have one) may stand for `messages`: `{user: question, assistant:
    answer}`."""
    keep: tuple[str, ...] | None = None
    """Other columns of theirs to keep in `meta`; default: all."""
    key: str | None = None
    """A column of theirs that should be unique; kept in `meta`. The same key with different content stops the stage, a
    repeat with equal content does not. Takes about 200 bytes of memory a row."""
    engine: str | None = None
    """Name of the system that answered, for `response` rows that do not say it themselves."""
    scores: dict[str, Literal["higher", "lower", "none"]] = Field(default_factory=dict)
    """Score columns to keep as such, and which way is better (`score_da: higher`; `none` for labels, flags, spans)."""

    def row_kind(self) -> KindName:
        """The kind of the rows."""
        return self.kind

    def score_columns(self) -> list[ScoreColumn]:
        """The columns of `scores`."""
        better = {"higher": True, "lower": False, "none": None}
        return [ScoreColumn(name=name, higher_is_better=better[way]) for name, way in sorted(self.scores.items())]

    def ours(self) -> dict[str, pl.DataType]:
        """Columns of ours that a record may bring: the kind's and the scores, without `id`, which is our hash."""
        columns = kind_of(self.kind).columns
        turns = self.turns()
        names = {name: dtype for name, dtype in columns.items() if name != "id" and not (turns and name == "messages")}
        names |= {turn: pl.String() for turn in turns}
        return names | {name: dtype for name in self.scores if (dtype := score_dtype(name)) is not None}

    def turns(self) -> list[str]:
        """Who speaks in the chats that are made of a column each; empty where chats are read whole."""
        return [turn for turn in _TURNS if turn in self.columns] if self.kind == "sft" else []

    def required(self) -> list[str]:
        """Columns that every record must have. `prompt` can be made of `source`, so neither is among them alone."""
        kind = kind_of(self.kind)
        if self.turns():
            return ["user", "assistant"]
        others = {*_MADE_LATER, *(("engine",) if self.engine is not None else ())}
        return [
            name for name in kind.required if name not in others and not (name == "prompt" and "source" in kind.own)
        ]

    @model_validator(mode="after")
    def _check(self) -> TableReader:
        for name, way in self.scores.items():
            if score_dtype(name) is None:
                raise ValueError(
                    f"scores: {name!r} is no score column; those begin with score_, label_, flag_ or spans_"
                )
            if way != "none" and not name.startswith("score_"):
                raise ValueError(f"scores: {name!r} does not rank rows; write `{name}: none`")
        turns = self.turns()
        if turns and "messages" in self.columns:
            raise ValueError(f"columns: found `messages` and `{turns[0]}`; a chat is read whole or made of its turns")
        for turn in ("user", "assistant"):
            if turns and self.columns.get(turn) is None:
                raise ValueError(f"columns: found {' and '.join(turns)}; a chat also needs `{turn}: NAME`")
        for name, theirs in self.columns.items():
            if isinstance(theirs, list) and (name != "references" or not theirs):
                raise ValueError(
                    f"columns: {name!r} is made of one column, found {theirs}; only references have several"
                )
        known = self.ours() | {turn: pl.String() for turn in _TURNS if self.kind == "sft"}
        for name in self.columns:
            if name == "id":
                raise ValueError("columns: `id` is our hash of a row; for an id of theirs use `key`")
            if name not in known:
                hint = f" A score column is also named in `scores: {{{name}: higher}}`." if score_dtype(name) else ""
                raise ValueError(
                    f"columns: {name!r} is no column of kind {self.kind!r}.{nearest(name, known)}{hint} "
                    f"Known: {', '.join(known)}"
                )
        if self.engine is not None and self.kind != "response":
            raise ValueError(f"engine: rows of kind {self.kind!r} have none")
        return self


@dataclass
class _Plan:
    """Where the values of records with certain columns go."""

    whole: list[tuple[str, str, Convert]] = field(default_factory=list)
    """Ours, theirs, and what checks the value."""
    nested: list[tuple[str, list[str], Convert]] = field(default_factory=list)
    """Ours, the path to theirs, and what checks the value."""
    several: list[tuple[str, list[list[str]], Convert]] = field(default_factory=list)
    """Ours, the paths to theirs, and what checks the list of their values."""
    meta: list[str] = field(default_factory=list)
    """Theirs that are kept whole."""
    rests: list[tuple[str, list[list[str]]]] = field(default_factory=list)
    """Theirs of which parts are taken, and the paths of those parts; what is left is kept."""
    missing: list[str] = field(default_factory=list)
    """Ours that are needed or mapped, and not there."""
    unreadable: str = ""
    """The needed column that is missing, if any: no such record makes a row."""


class Mapper:
    """Makes records of a reader's contract from records of a table. One mapper serves all files of a reader."""

    def __init__(self, reader: TableReader, counts: Counter[str], *, cells: bool = False, json: bool = True) -> None:
        """A mapper for a reader.

        Args:
            reader: whose options to follow.
            counts: takes up `normalized:nfc`.
            cells: every value is text (CSV).
            json: every value is one of JSON's; else dates and the like are made so for `meta`.
        """
        self.reader = reader
        self.json = json
        self.required = reader.required()
        self.turns = reader.turns()
        self.converters = self._converters(composer(reader.normalize, counts), cells=cells)
        self.plans: dict[tuple[str, ...], _Plan] = {}
        self.keys: dict[int, int] = {}
        self.key_files: list[str] = []
        self.seen: dict[str, None] = {}
        """Columns of theirs that some record had, in order."""
        self.unfound = [ours for ours, theirs in reader.columns.items() if theirs is not None]
        self.unfound += [name for name in self.required if name not in reader.columns]
        self.unfound += ["key"] if reader.key is not None else []

    def header(self, file: str, names: Sequence[str]) -> None:
        """Check the columns of a file whose records all have the same.

        Raises:
            UserError: a column that is needed or mapped is not there; names what is, and the nearest spelling.
        """
        plan = self._plan(file, tuple(names))
        taken = {ours for ours, *_ in (*plan.whole, *plan.nested)}
        if self._can_make_prompts() and not taken & {"prompt", "source"}:
            plan.missing.append("prompt")
        if plan.missing:
            raise UserError(f"{file}: {self._absent(plan.missing[0], names)}")

    def record(self, file: str, line: int, values: Mapping[str, Any]) -> Record:
        """The record that a table's record makes.

        Raises:
            UserError: a key stood before with different content, or a column is named like a score and not declared.
        """
        plan = self.plans.get(tuple(values)) or self._plan(file, tuple(values))
        if plan.unreadable:
            return self._missing(file, line, plan.unreadable, values)
        row: dict[str, object] = {}
        ours = ""
        try:
            for ours, theirs, convert in plan.whole:
                row[ours] = convert(values[theirs])
            for ours, steps, convert in plan.nested:
                value = _walk(values, steps)
                if value is not _MISSING:
                    row[ours] = convert(value)
                    self._found(ours)
                elif ours in self.required:
                    return self._missing(file, line, ours, values)
            for ours, paths, convert in plan.several:
                found = [value for steps in paths if (value := _walk(values, steps)) not in (_MISSING, None, "")]
                row[ours] = convert(found)
            meta = {name: values[name] for name in plan.meta}
            for name, paths in plan.rests:
                rest = _without(values[name], paths)
                if rest not in ({}, []):
                    meta[name] = rest
            if given := row.pop("meta", None):
                meta = {**given, **meta}  # type: ignore[dict-item]  # the converter of `meta` returns a dict
            ours = "meta"
            if not self.json:
                meta = plain(meta)
        except Unreadable as error:
            return Record(file, line, None, error.reason, f"column {ours!r}: {error.detail}"[:200])
        if self.turns:
            said = {turn: row.pop(turn, None) for turn in self.turns}
            row["messages"] = [{"role": turn, "content": text} for turn, text in said.items() if text is not None]
        if row.get("prompt") is None and row.get("source") is None and self._can_make_prompts():
            return self._missing(file, line, "prompt", values)
        if self.reader.engine is not None and row.get("engine") is None:
            row["engine"] = self.reader.engine
        if meta:
            row["meta"] = meta
        return Record(file, line, row) if self.reader.key is None else self._keyed(file, line, row, values)

    def finish(self) -> None:
        """Say what no record of any file had; nothing where no record could be parsed at all.

        Raises:
            UserError: a column that is needed or mapped was in none.
        """
        if self.unfound and self.seen:
            raise UserError(f"in none of the records: {self._absent(self.unfound[0], self.seen)}")

    def _converters(self, compose: Callable[[str], str] | None, *, cells: bool) -> dict[str, Convert]:
        found: dict[str, Convert] = {}
        for name, dtype in self.reader.ours().items():
            nullable = name not in self.required
            if cells and not isinstance(self.reader.columns.get(name), list):
                found[name] = cell_converter(name, dtype, compose, nullable=nullable)
            else:
                convert = converter(name, dtype, compose)
                found[name] = _nullable(convert) if nullable else convert
        return found

    def _plan(self, file: str, names: tuple[str, ...]) -> _Plan:
        reader, plan = self.reader, _Plan()
        self.seen.update(dict.fromkeys(names))
        parts: dict[str, list[list[str]]] = {}
        for ours, convert in self.converters.items():
            theirs = reader.columns.get(ours, ours)
            if isinstance(theirs, list):
                paths = [[name] if name in names else name.split(".") for name in theirs]
                there = [steps for steps in paths if steps[0] in names]
                plan.several.append((ours, there, convert))
                for steps in there:
                    parts.setdefault(steps[0], []).append(steps[1:])
                if len(there) < len(theirs):
                    plan.missing.append(ours)
                else:
                    self._found(ours)
                continue
            steps = theirs.split(".") if theirs is not None else []
            if theirs in names:
                plan.whole.append((ours, theirs, convert))
                parts[theirs] = [[]]
                self._found(ours)
            elif len(steps) > 1 and steps[0] in names:
                plan.nested.append((ours, steps, convert))
                parts.setdefault(steps[0], []).append(steps[1:])
            elif theirs is not None and (ours in reader.columns or ours in self.required):
                plan.missing.append(ours)
        if reader.key is not None and reader.key not in names and reader.key.split(".")[0] not in names:
            plan.missing.append("key")
        plan.unreadable = next((ours for ours in plan.missing if ours in self.required), "")
        kept = [name for name in names if reader.keep is None or name in reader.keep]
        plan.meta = [name for name in kept if name not in parts]
        plan.rests = [(name, parts[name]) for name in kept if name in parts and [] not in parts[name]]
        for name in plan.meta:
            if score_dtype(name) is not None:
                raise UserError(
                    f"{file}: the column {name!r} is named like a score; say which way is better "
                    f"(`scores: {{{name}: higher}}`), or leave it out by naming the columns to `keep`"
                )
        if GROUP in (*plan.meta, *(name for name, _ in plan.rests), reader.key):
            raise UserError(
                f"{file}: the column {GROUP!r} has the name under which `meta` hands on the key of a row's group; "
                f"rename it, say what it is (`columns: {{doc_id: '{GROUP}'}}`), or name the columns to `keep`"
            )
        if len(self.plans) < _MOST_PLANS:
            self.plans[names] = plan
        return plan

    def _keyed(self, file: str, line: int, row: dict[str, object], values: Mapping[str, Any]) -> Record:
        name = self.reader.key or ""
        key = values[name] if name in values else _walk(values, name.split("."))
        if key is _MISSING:
            return self._missing(file, line, "key", values)
        if not isinstance(key, str | int):
            detail = wrong_type(key, "a string or a whole number").detail
            return Record(file, line, None, "wrong_type", f"key {name!r}: {detail}")
        self._found("key")
        row["meta"] = {**row.get("meta", {}), name: key}  # type: ignore[dict-item]  # `meta` is a dict until it is written
        if not self.key_files or self.key_files[-1] != file:
            self.key_files.append(file)
        try:
            content = xxhash.xxh3_128_intdigest(as_json(row))
        except Unreadable as error:
            return Record(file, line, None, error.reason, error.detail)
        # One integer says all of a row, because a tuple would take four times the memory.
        known = content << 64 | len(self.key_files) << 40 | line
        first = self.keys.setdefault(xxhash.xxh3_128_intdigest(canonical_json(key)), known)
        if first >> 64 != content:
            place = f"{self.key_files[(first >> 40 & 0xFFFFFF) - 1]}:{first & 0xFFFFFFFFFF}"
            raise UserError(
                f"the key {name} = {key!r} stands for two different records: {place} and {file}:{line}. "
                "If it need not be unique, leave out `key`"
            )
        return Record(file, line, row)

    def _can_make_prompts(self) -> bool:
        kind = kind_of(self.reader.kind)
        return "prompt" in kind.required and "source" in kind.own

    def _found(self, ours: str) -> None:
        if ours in self.unfound:
            self.unfound.remove(ours)

    def _missing(self, file: str, line: int, ours: str, names: Iterable[str]) -> Record:
        return Record(file, line, None, "missing_column", self._absent(ours, names)[:200])

    def _absent(self, ours: str, names: Iterable[str]) -> str:
        """Words for a column that is not there: what was looked for, what is there, and what to write."""
        names = list(names)
        theirs = self.reader.key if ours == "key" else self.reader.columns.get(ours)
        if isinstance(theirs, list):
            theirs = next((name for name in theirs if name not in names and name.split(".")[0] not in names), theirs[0])
        wanted = f"no column {theirs or ours!r}"
        if theirs:
            wanted += f" (named in the recipe as {'the key' if ours == 'key' else f'our {ours!r}'})"
        elif ours == "prompt" and self._can_make_prompts():
            wanted += ", nor a 'source' to make it of"
        advice = "" if theirs else f". If it has another name: `columns: {{{ours}: NAME}}`"
        if len(names) == 1 and (sign := next((sign for sign in ";\t|," if sign in names[0]), "")):
            advice = f". If {sign!r} stands between columns: `delimiter: {json.dumps(sign)}`"
        return f"{wanted}.{nearest(theirs or ours, names)} Found: {', '.join(names)}{advice}"


def _nullable(convert: Convert) -> Convert:
    return lambda value: None if value is None else convert(value)


def _walk(value: Any, steps: Sequence[str]) -> Any:
    for step in steps:
        if isinstance(value, Mapping):
            value = value.get(step, _MISSING)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return _MISSING
    return value


def _without(value: Any, paths: Sequence[Sequence[str]]) -> Any:
    """A nested record less the parts at these paths. Lists stay whole: leaving out an item would move the others."""
    if not isinstance(value, dict):
        return value
    rest = {}
    for key, part in value.items():
        below = [path[1:] for path in paths if path[0] == key]
        if [] in below:
            continue
        left = _without(part, below) if below else part
        if not below or left not in ({}, []):
            rest[key] = left
    return rest
