"""Tokenized datasets, kept by what they were made of: never made twice, on no rank, on no resume.

A folder under the cache holds one Arrow file for each shard of the dataset, and `tokens.json` last, which counts what
became of the rows. Its name is the hash of the dataset's content, the tokenizer, the template and the limits; whoever
finds it finds it whole. Of several processes one tokenizes, and the others wait for its file lock: no collective
operation is open meanwhile, so none can time out.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from corpus.errors import Failure, UserError
from corpus.hashing import digest
from corpus.schema import KINDS
from corpus.shards import replacing
from train.encode import IGNORED, Batch, Encoder
from train.sources import Opened

VERSION = 2
"""Raised whenever the same rows would become other tokens."""
FACTS = "tokens.json"
_CARRIED = pl.DataFrame(schema=KINDS["verifiable"].columns).to_arrow(compat_level=pl.CompatLevel.oldest()).schema
"""Types of columns that are handed to the trainer as they are."""
_BATCH = 1_000
_EXAMPLES = 3
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Tokens:
    """A tokenized dataset: Arrow files of its usable rows, and what is known of them."""

    name: str
    files: list[Path]
    facts: dict[str, Any]

    def table(self, columns: Sequence[str]) -> pl.DataFrame:
        """Columns of all rows: `row` (number in the dataset, from 0), `id`, `task`, `lang`, `tokens`, `learned`."""
        frames = [pl.DataFrame(_read(file).select(list(columns))) for file in self.files]
        return pl.concat(frames) if frames else pl.DataFrame(schema=dict.fromkeys(columns, pl.Null))


def tokenize(opened: Opened, encoder: Encoder, identity: str, cache: Path, max_dropped: float, tell: Tell) -> Tokens:
    """The tokens of a dataset: as they are kept, or made now.

    Args:
        opened: the dataset.
        encoder: how its rows become tokens.
        identity: hash of the tokenizer.
        cache: folder that holds tokenized datasets.
        max_dropped: share of its rows that may be unusable.
        tell: takes a line for whoever watches.

    Raises:
        UserError: more rows than `max_dropped` are unusable, or none is usable.
    """
    key = digest(["tokens", VERSION, *opened.identity, identity, *_settings(encoder)])[:16]
    folder = cache / key
    if not (folder / FACTS).is_file():
        cache.mkdir(parents=True, exist_ok=True)
        with locked(cache / f".{key}.lock"):
            if not (folder / FACTS).is_file():
                _make(opened, encoder, folder, tell)
    facts = orjson.loads((folder / FACTS).read_bytes())
    _check(opened, facts, max_dropped, encoder)
    return Tokens(opened.name, [folder / name for name in facts["files"]], facts)


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold a file's lock; the kernel lets go of it when the process dies, however it dies."""
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def tokenizer_identity(tokenizer: Any) -> str:
    """Hash of what a fast tokenizer does: its own file's content and the tokens it gives a role.

    Raises:
        UserError: the tokenizer is a slow one, which cannot tell which characters a token covers.
    """
    if not getattr(tokenizer, "is_fast", False):
        raise UserError("the model's tokenizer has no fast version (tokenizer.json), which training needs")
    roles = {name: str(token) for name, token in tokenizer.special_tokens_map.items()}
    return digest([tokenizer.backend_tokenizer.to_str(), roles])


def _settings(encoder: Encoder) -> list[Any]:
    settings = asdict(replace(encoder, tokenizer=None))
    return [type(encoder).__name__, {name: value for name, value in settings.items() if name != "tokenizer"}]


def _make(opened: Opened, encoder: Encoder, folder: Path, tell: Tell) -> None:
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    for left in folder.parent.glob(f".{folder.name}.*.tmp"):
        shutil.rmtree(left, ignore_errors=True)
    temporary.mkdir()
    counts: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    examples: dict[str, list[str]] = {}
    languages: Counter[str] = Counter()
    files: list[str] = []
    start, began, told = 0, time.monotonic(), time.monotonic()
    total = opened.rows
    for number, frame in enumerate(opened.frames()):
        files.append(f"{number:05}.arrow")
        with pa.OSFile(str(temporary / files[-1]), "wb") as sink, pa.ipc.new_stream(sink, _schema(encoder)) as writer:
            for offset in range(0, frame.height, _BATCH):
                part = frame[offset : offset + _BATCH]
                batch = encoder.encode({name: part[name].to_list() for name in encoder.needs})
                table = _table(encoder, batch, part, start + offset)
                writer.write_table(table)
                counts.update(_counted(batch, table))
                languages.update(_by_language(table))
                for row_id, reason in zip(part["id"], batch.reasons, strict=True):
                    if reason is not None:
                        dropped[reason] += 1
                        if len(seen := examples.setdefault(reason, [])) < _EXAMPLES:
                            seen.append(row_id)
                if time.monotonic() - told > 2:
                    told = time.monotonic()
                    rate = counts["tokens"] / (told - began)
                    tell(f"tokenizing {opened.name}: {counts['rows']:,} of {total:,} rows, {rate:,.0f} tokens/s")
        start += frame.height
    facts = {
        **{name: counts[name] for name in ("rows", "usable", "tokens", "learned", "truncated")},
        "dropped": dict(dropped.most_common()),
        "examples": examples,
        "languages": dict(languages.most_common()),
        "files": files,
    }
    with replacing(temporary / FACTS) as handle:
        handle.write(orjson.dumps(facts, option=orjson.OPT_INDENT_2))
    shutil.rmtree(folder, ignore_errors=True)
    temporary.rename(folder)
    tell(f"tokenized {opened.name}: {facts['usable']:,} rows, {facts['tokens']:,} tokens")


def _schema(encoder: Encoder) -> pa.Schema:
    own = [(name, pa.list_(pa.int32())) for name in encoder.columns]
    own += [(name, _CARRIED.field(name).type) for name in encoder.carried]
    told = [("row", pa.int64()), ("id", pa.string()), ("task", pa.string()), ("lang", pa.string())]
    return pa.schema([*own, *told, ("tokens", pa.int32()), ("learned", pa.int32())])


def _table(encoder: Encoder, batch: Batch, part: pl.DataFrame, start: int) -> pa.Table:
    """Usable rows with their tokens and what groups them."""
    usable = [place for place, reason in enumerate(batch.reasons) if reason is None]
    columns: dict[str, Any] = {}
    for name, values in batch.columns.items():
        # Of texts every token is learned: labels are the ids, and one column serves as both.
        same = next((other for other in columns if batch.columns[other] is values), None)
        columns[name] = columns[same] if same else _lists([values[place] for place in usable])
    kept = part[usable]
    language = pl.concat_str(pl.col("src_lang") + ">", pl.col("tgt_lang"), ignore_nulls=True)
    told = kept.select(
        pl.Series("row", np.array(usable, dtype=np.int64) + start, dtype=pl.Int64),
        "id",
        pl.col("task").fill_null("none"),
        language.replace("", None).fill_null("und").alias("lang"),
    )
    lengths = {
        name: pa.compute.list_value_length(values).to_numpy(zero_copy_only=False) for name, values in columns.items()
    }
    tokens = _tokens(lengths)
    learned = _learned(columns, tokens)
    carried = kept.select(encoder.carried).to_arrow(compat_level=pl.CompatLevel.oldest()).combine_chunks()
    arrays = [
        *columns.values(),
        *(_array(carried[name]) for name in encoder.carried),
        *(told[name].to_arrow() for name in told.columns),
        pa.array(tokens),
        pa.array(learned),
    ]
    return pa.Table.from_arrays(
        [_cast(array, field) for array, field in zip(arrays, _schema(encoder), strict=True)], schema=_schema(encoder)
    )


def _lists(rows: Sequence[Sequence[int]]) -> pa.ListArray:
    """Rows of token ids; numpy reads them twice as fast as `pa.array` does."""
    offsets = np.cumsum([0, *map(len, rows)], dtype=np.int32)
    tokens = np.fromiter(chain.from_iterable(rows), np.int32, count=int(offsets[-1]))
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(tokens))


def _array(column: pa.ChunkedArray) -> Any:
    return column.chunk(0) if column.num_chunks else pa.array([], column.type)


def _cast(array: Any, field: pa.Field) -> Any:
    return array if array.type == field.type else array.cast(field.type)


def _tokens(lengths: dict[str, NDArray[np.int32]]) -> NDArray[np.int32]:
    """Tokens that are computed for each row: a prompt is read once with each answer that is there."""
    if len(lengths) == 1 or "input_ids" in lengths:
        return next(iter(lengths.values())).astype(np.int32)
    prompts = 2 * lengths["prompt_ids"] if "prompt_ids" in lengths else 0
    return (prompts + lengths["chosen_ids"] + lengths["rejected_ids"]).astype(np.int32)


def _learned(columns: dict[str, Any], tokens: NDArray[np.int32]) -> NDArray[np.int32]:
    """Tokens of each row that are learned from."""
    if "labels" not in columns:
        return tokens
    labels = columns["labels"]
    flat = np.concatenate([[0], np.cumsum(labels.flatten().to_numpy() != IGNORED)])
    offsets = labels.offsets.to_numpy() - labels.offsets[0].as_py()
    learned: NDArray[np.int32] = (flat[offsets[1:]] - flat[offsets[:-1]]).astype(np.int32)
    return learned


def _counted(batch: Batch, table: pa.Table) -> dict[str, int]:
    sums = {name: pa.compute.sum(table[name]).as_py() or 0 for name in ("tokens", "learned")}
    return {"rows": len(batch.reasons), "usable": table.num_rows, "truncated": batch.truncated, **sums}


def _by_language(table: pa.Table) -> dict[str, int]:
    grouped = table.group_by("lang").aggregate([("tokens", "sum")])
    return dict(zip(grouped["lang"].to_pylist(), grouped["tokens_sum"].to_pylist(), strict=True))


def _read(file: Path) -> pa.Table:
    try:
        with pa.memory_map(str(file)) as source:
            return pa.ipc.open_stream(source).read_all()
    except (OSError, pa.ArrowInvalid) as error:
        raise Failure(f"{file} is damaged ({error}); remove the folder {file.parent} and train again") from None


def _check(opened: Opened, facts: dict[str, Any], max_dropped: float, encoder: Encoder) -> None:
    """Refuse a dataset of which too much is unusable, with the reasons and rows to look at."""
    lost = sum(facts["dropped"].values())
    share = lost / max(1, facts["rows"])
    long = facts["dropped"].get(encoder.too_many, 0)
    if not lost or (facts["usable"] and share <= max_dropped and not (long and encoder.too_long == "refuse")):
        return
    lines = [
        f"  {count:,} rows: {reason} (such as {', '.join(facts['examples'][reason])})"
        for reason, count in facts["dropped"].items()
    ]
    if long and encoder.too_long == "refuse" and facts["usable"] and share <= max_dropped:
        raise UserError(
            f"data: {opened.name}: {long:,} of {facts['rows']:,} rows are {encoder.too_many}, and `too_long: refuse` "
            f"allows none (such as {', '.join(facts['examples'][encoder.too_many])})"
        )
    prompts = encoder.limited_by == "max_prompt"
    longer = "Raise `max_prompt`" if prompts else "Raise `trainer.max_length`, set `too_long: truncate`"
    raise UserError(
        f"data: {opened.name}: {lost:,} of {facts['rows']:,} rows are unusable ({share:.1%}, max_dropped allows "
        f"{max_dropped:.1%}):\n" + "\n".join(lines) + f"\n{longer}, filter the dataset with `datagen`, or allow more "
        "with `max_dropped`"
    )
