"""`read`: files become a dataset. What cannot be read is set aside with its place; too much of it stops the stage."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
from pydantic import BaseModel, ConfigDict, PrivateAttr

from corpus.chat import CHATS, misfit
from corpus.dataset import open as open_dataset
from corpus.errors import UserError
from corpus.filehash import Version
from corpus.hashing import row_id, row_ids
from corpus.languages import canonical
from corpus.manifest import Counts, InputFile
from corpus.schema import kind_of, schema
from corpus.shards import aside_frame, shard_name
from datagen.filehash import file_hashes, versions
from datagen.readers._types import Unreadable, as_json
from datagen.readers.base import Reader, Record
from datagen.readers.dataset import Dataset as DatasetFolder
from datagen.spool import regroup
from datagen.stages.base import Context, DatasetStage, Header, Output, Piece, Result, by_reason, no_rows_aside
from datagen.tasks.base import Task, open_task
from datagen.urls import file_name, is_url, shown, without_secrets

_EXAMPLES = 5
_HOPELESS = 1_000
"""Unreadable records after which a share ten times over the limit stops the stage before the input's end."""
_GATHERED = 50_000
"""Rows that are typed at once where shards are made of groups."""


class Sample(BaseModel):
    """How much of the input `read` takes: a share of the rows or prompts (by hash of the id), or the first so many."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    share: float | None = None
    count: int | None = None

    @staticmethod
    def parse(text: str) -> Sample:
        """`0.01` is a share, `500` a count.

        Raises:
            UserError: neither.
        """
        if text.isascii() and text.isdecimal() and int(text) > 0:
            return Sample(count=int(text))
        try:
            share = float(text)
        except ValueError:
            share = 0.0
        if not 0 < share < 1:
            raise UserError(f"--sample {text}: expected a share between 0 and 1 (0.01) or a count of rows (500)")
        return Sample(share=share)


class Chunk(NamedTuple):
    """Records on their way into a shard: rows, and what was set aside among them."""

    rows: list[dict[str, object]]
    aside: list[dict[str, object]]


class Read(DatasetStage):
    """Read files into a dataset, in input order."""

    reader: Reader
    sample: Sample | None = None
    _planned: list[Version] = PrivateAttr(default_factory=list)
    """The files' versions when they were hashed: those that the plan speaks of."""

    @cached_property
    def kind(self) -> str:
        """The kind of the rows."""
        return self.reader.row_kind()

    @property
    def grouped_by(self) -> str | None:
        """Column whose equal values lie in one shard."""
        return "prompt_id" if self.kind == "response" else None

    def header(self, inputs: Sequence[Header], name: str) -> Header:
        """Known from the options, or from the manifest of the dataset that is read."""
        del inputs, name
        columns = {column.name: column for column in self.reader.score_columns()}
        if isinstance(self.reader, DatasetFolder):
            told = self.reader.manifest()
            splits = ("train",) if self.reader.split else tuple(told.splits)
            return Header(told.kind, columns, told.grouped_by, tuple(told.selected_by), splits)
        return Header(self.kind, columns, self.grouped_by)

    def options(self) -> dict[str, Any]:
        """The reader's options without its paths, and the sample."""
        paths = self.reader.paths(dict(self.reader))
        options = self.reader.model_dump(mode="json", by_alias=True, exclude=set(paths))
        return {**options, "sample": self.sample and self.sample.model_dump()}

    def identity(self) -> object:
        """The format with its version and what it says of itself; the wording of the task that fills prompts."""
        name = type(self.reader).__module__.rpartition(".")[2]
        return [name, self.reader.version, self.reader.identity(), self._task.identity() if self._task else None]

    @cached_property
    def _task(self) -> Task | None:
        return open_task(self.reader.task) if self.kind in ("prompt", "response") else None

    def datasets(self) -> Sequence[Path]:
        """The dataset that is read, where it is one."""
        return [self.reader.folder] if isinstance(self.reader, DatasetFolder) else []

    def input_files(self, cache: Path) -> list[InputFile]:
        """Every file that is read, by name and sha256; hashes of unchanged files come from a cache in this folder."""
        self._planned = versions(self.reader.files())
        return file_hashes(self._planned, cache)

    def run_all(self, inputs: Sequence[Sequence[Piece]], headers: Sequence[Header], out: Output, ctx: Context) -> None:
        """Records become typed rows, rows become shards.

        Raises:
            UserError: the input cannot be read, too much of it is unreadable, or it changed on the way.
        """
        del inputs, headers
        if isinstance(self.reader, DatasetFolder):
            self._pass_through(self.reader, out, ctx)
            return
        planned = self._planned or versions(self.reader.files())
        try:
            self._read(out, ctx)
        except UserError as error:
            self._refuse_changed(planned, out)
            raise UserError(without_secrets(str(error), [version.file for version in planned])) from None
        except Exception:
            self._refuse_changed(planned, out)
            raise
        self._refuse_changed(planned, out)

    def _refuse_changed(self, planned: Sequence[Version], out: Output) -> None:
        """Refuse rows of other files than those that were hashed, and keep none of them."""
        try:
            found = versions(self.reader.files())
        except (UserError, OSError):
            found = []
        if found != planned:
            out.discard()
            file = next((a.file for a, b in zip_longest(planned, found) if a != b and a), "the list of files")
            raise UserError(f"{shown(file)} changed while it was read, so nothing of it is kept; run again")

    def _read(self, out: Output, ctx: Context) -> None:
        from filters.dedup.exact import id_keys, repeats

        repairs: Counter[str] = Counter()
        total: Counter[str] = Counter()
        examples: list[str] = []
        size = _GATHERED if self.grouped_by else self.reader.rows_per_shard
        chunks = self._chunks(self.reader.records(repairs), size, total, examples)
        if self.grouped_by:
            shards = self._write_groups(chunks, out, ctx, total)
        else:
            shards = self._write_rows(chunks, out, ctx, total)
        keys = [id_keys(rows["id"]) for rows in shards]
        self._refuse_bad(total, examples)
        if not total["rows"] and not total["sampled_out"]:
            raise UserError(f"nothing was read: {total['records']} records gave no row")
        counts: Counts = {"records": total["records"], "sampled_out": total["sampled_out"], "repeated": repeats(keys)}
        if repairs:
            counts["repairs"] = {key.removeprefix("normalized:"): n for key, n in sorted(repairs.items())}
        out.count(counts)

    def _write_rows(
        self, chunks: Iterator[Chunk], out: Output, ctx: Context, total: Counter[str]
    ) -> Iterator[pl.DataFrame]:
        """Shards in input order, and what was set aside around them; yields what each holds."""
        for number, chunk in enumerate(chunks):
            name = shard_name(number)
            frame = _frame(chunk.rows, ctx.out)
            frame = frame.with_columns(row_ids(ctx.out.kind, frame))
            taken = self._sampled(frame, "id", total["rows"])
            total["rows"] += taken.height
            total["sampled_out"] += frame.height - taken.height
            if not out.done(name):
                out.write(name, _result(taken, aside_frame(chunk.aside)))
            yield taken

    def _write_groups(
        self, chunks: Iterator[Chunk], out: Output, ctx: Context, total: Counter[str]
    ) -> Iterator[pl.DataFrame]:
        """Shards of whole groups. What was set aside belongs to no group; it goes with the first shard."""
        aside: list[dict[str, object]] = []

        def frames() -> Iterator[pl.DataFrame]:
            for chunk in chunks:
                aside.extend(chunk.aside)
                yield _frame(chunk.rows, ctx.out)

        groups = 0
        for number, frame in enumerate(
            regroup(frames(), str(self.grouped_by), self.reader.rows_per_shard, ctx.scratch / "regroup")
        ):
            taken = self._sampled(_numbered(frame), str(self.grouped_by), groups)
            groups += taken[str(self.grouped_by)].n_unique()
            total["rows"] += taken.height
            total["sampled_out"] += frame.height - taken.height
            out.write(shard_name(number), _result(taken, aside_frame(aside if number == 0 else [])))
            yield taken

    def _chunks(
        self, records: Iterator[Record], size: int, total: Counter[str], examples: list[str]
    ) -> Iterator[Chunk]:
        """Records in input order, by `size` rows; what is set aside stays with the rows around it."""
        chunk, last = Chunk([], []), self.sample.count if self.sample and not self.grouped_by else None
        accepted = 0
        for record in records:
            total["records"] += 1
            row, reason, detail = record.row, record.reason, record.detail
            if row is not None:
                reason, detail = self.complete(row, record.file)
            if reason:
                total["bad"] += 1
                chunk.aside.append(self._aside(record, reason, detail))
                if len(examples) < _EXAMPLES:
                    examples.append(f"{shown(record.file)}:{record.line}: {reason}: {detail[:120]}")
                if total["bad"] > _HOPELESS and total["bad"] > 10 * self.reader.max_bad * total["records"]:
                    self._refuse_bad(total, examples, so_far="the first ")
                continue
            assert row is not None
            chunk.rows.append(row)
            accepted += 1
            if len(chunk.rows) == size or accepted == last:
                yield chunk
                chunk = Chunk([], [])
                if accepted == last:
                    return
        if chunk.rows or chunk.aside:
            yield chunk

    def complete(self, row: dict[str, Any], file: str) -> tuple[str, str]:
        """Fill in what the options say and the contract wants; a reason and its detail where the row cannot stay."""
        reader = self.reader
        for column, default in (("src_lang", reader.src_lang), ("tgt_lang", reader.tgt_lang)):
            code = row.get(column) or default
            if code is None:
                continue
            known = _canonical(code)
            if isinstance(known, UserError):
                advice = f"One for all rows: `columns: {{{column}: null}}` and `{column}: CODE`"
                return "unknown_language", f"{column}: {known} {advice}"
            row[column] = known
        row["license"] = row.get("license") or reader.license
        row["origin"] = row.get("origin") or reader.origin or file_name(file)
        if self._task:
            reason = self._prompt(row, self._task)
            if reason:
                return reason, str(row.get("source"))[:200]
        elif reader.task:
            row["task"] = row.get("task") or reader.task
        try:
            row["meta"] = as_json(row["meta"]).decode() if row.get("meta") else None
        except Unreadable as error:
            return error.reason, f"meta: {error.detail}"
        for column in sorted(CHATS):
            wrong = misfit(column, row[column]) if row.get(column) is not None else None
            if wrong:
                return "bad_chat", f"{column}: {wrong}"
        # Samples are numbered when all answers to a prompt lie together.
        missing = [name for name in kind_of(self.kind).required if name != "sample" and row.get(name) is None]
        return ("missing_column", f"no {', '.join(missing)}") if missing else ("", "")

    def _prompt(self, row: dict[str, Any], task: Task) -> str:
        """Word the prompt of a row that has none, and give it its id; the reason where that cannot be."""
        if row.get("prompt") is None:
            made = task.prompts(row)
            if isinstance(made, str):
                return made
            row["prompt"] = made[0]
            row["task"] = row.get("task") or task.name
        else:
            row["task"] = row.get("task") or self.reader.task
        if self.kind == "response":
            theirs, row["prompt_id"] = row.get("prompt_id"), row_id("prompt", row)
            if theirs not in (None, row["prompt_id"]):
                row["meta"] = {**(row.get("meta") or {}), "prompt_id": theirs}
        return ""

    def _sampled(self, frame: pl.DataFrame, key: str, have: int) -> pl.DataFrame:
        """Rows in the sample: those whose key (prompt or id) falls into its share, or the first keys after `have`."""
        if self.sample is None:
            return frame
        if self.sample.share is not None:
            from corpus.mixing import hash64

            threshold = int(self.sample.share * 2**64)
            return frame.filter(pl.Series(hash64(frame[key], "sample") < threshold))
        left = max(0, (self.sample.count or 0) - have)
        if key == "id":
            return frame.head(left)
        first = frame[key].unique(maintain_order=True).head(left)
        return frame.filter(pl.col(key).is_in(first.implode()))

    def _aside(self, record: Record, reason: str, detail: str) -> dict[str, object]:
        row: Mapping[str, Any] = record.row or {}
        return {
            "reason": reason,
            "value": detail[:200],
            "src_lang": row.get("src_lang") or self.reader.src_lang,
            "tgt_lang": row.get("tgt_lang") or self.reader.tgt_lang,
            "origin": row.get("origin") or self.reader.origin or file_name(record.file),
            "engine": row.get("engine"),
            "file": self._shown(record.file),
            "line": record.line,
        }

    @cached_property
    def _root(self) -> str:
        """The folder that all files lie in: what is above it belongs to the machine, not to the data."""
        local = [os.path.dirname(os.path.abspath(file)) for file in self.reader.files() if not is_url(file)]
        return os.path.commonpath(local) if local else ""

    def _shown(self, file: str) -> str:
        """A file as rows set aside name it: below the folder that all files lie in; URLs as `shown`."""
        inside = not is_url(file) and os.path.abspath(file).startswith(self._root)
        return os.path.relpath(file, self._root) if inside else shown(file)

    def _refuse_bad(self, total: Counter[str], examples: Sequence[str], so_far: str = "") -> None:
        if total["bad"] > self.reader.max_bad * total["records"]:
            listed = "\n  ".join(examples)
            raise UserError(
                f"{total['bad']} of {so_far}{total['records']} records cannot be read, more than max_bad "
                f"({self.reader.max_bad:g} of them). The first:\n  {listed}\n"
                "Mend the input, let `normalize:` repair it, or raise `max_bad`; what cannot be read is set aside"
            )

    def _pass_through(self, reader: DatasetFolder, out: Output, ctx: Context) -> None:
        """Shards of another dataset under their own names and splits; of one split alone, if asked, as `train`."""
        from filters.dedup.exact import id_keys, repeats

        dataset = open_dataset(reader.folder)
        splits = dataset.manifest.splits
        if reader.split is not None:
            splits = {"train": splits[reader.split]}
        total: Counter[str] = Counter()
        keys = []
        key = self.grouped_by or "id"
        for split, names in splits.items():
            for name in names:
                frame = Piece(name, (dataset.path / "data" / name,)).load(ctx.out)
                taken = self._sampled(frame, key, total["keys"])
                total["keys"] += taken.height if key == "id" else taken[key].n_unique()
                total["records"] += frame.height
                total["rows"] += taken.height
                keys.append(id_keys(taken["id"]))
                if not out.done(name):
                    out.write(name, _result(taken, no_rows_aside()), split)
        sampled_out = total["records"] - total["rows"]
        out.count({"records": total["records"], "sampled_out": sampled_out, "repeated": repeats(keys)})


def _frame(rows: list[dict[str, Any]], header: Header) -> pl.DataFrame:
    """Rows as a typed frame, without ids yet."""
    import pyarrow

    columns = []
    for name, dtype in schema(header.kind, header.scores).items():
        values = [row.get(name) for row in rows]
        if dtype.is_nested():
            # Arrow takes nested Python values ten times as fast as polars does.
            nested = pl.from_arrow(pyarrow.array(values, type=pl.Series([], dtype=dtype).to_arrow().type))
            assert isinstance(nested, pl.Series)
            columns.append(nested.cast(dtype).alias(name))
        else:
            columns.append(pl.Series(name, values, dtype=dtype))
    return pl.DataFrame(columns)


def _numbered(frame: pl.DataFrame) -> pl.DataFrame:
    """Responses with ids. Different answers of one engine to one prompt are its samples 0, 1 ..., if none says its own.

    Raises:
        UserError: two different answers carry the same prompt, engine and sample.
    """
    answer = ["prompt_id", "engine"]
    # A row number first: an expression that counts rows would count them within each group.
    placed = frame.with_row_index("@row").with_columns(pl.col("@row").min().over(*answer, "response").alias("@first"))
    place = pl.col("@first").rank("dense").over(answer).cast(pl.Int64) - 1
    numbered = placed.with_columns(pl.coalesce("sample", place).alias("sample")).drop("@row", "@first")
    clash = numbered.filter(pl.col("response").n_unique().over(*answer, "sample") > 1)
    if clash.height:
        row = clash.row(0, named=True)
        raise UserError(
            f"engine {row['engine']!r} has different answers to one prompt under the same sample number "
            f"{row['sample']}: {row['response'][:80]!r} is one of them. Number its samples, or name engines apart"
        )
    return numbered.with_columns(row_ids("response", numbered))


def _result(rows: pl.DataFrame, aside: pl.DataFrame) -> Result:
    return Result(rows, aside, {"rows": rows.height, "aside": by_reason(aside)})


_KNOWN: dict[str, str | UserError] = {}


def _canonical(code: str) -> str | UserError:
    """The canonical code, or why there is none; each is looked up once."""
    if code not in _KNOWN:
        try:
            _KNOWN[code] = canonical(code)
        except UserError as error:
            _KNOWN[code] = error
    return _KNOWN[code]
