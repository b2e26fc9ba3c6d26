"""Count tokens by a named tokenizer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from corpus.errors import UserError
from corpus.hashing import digest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

_BATCH = 2_000
_CHARACTERS = 2_000_000
"""Texts, and characters, that are encoded at once."""


@dataclass(frozen=True)
class NamedTokenizer:
    """A tokenizer and the hash of what it is."""

    tokenizer: Tokenizer
    identity: str


@lru_cache(maxsize=4)
def load_tokenizer(name: str) -> NamedTokenizer:
    """A tokenizer by file (tokenizer.json), model folder or hub id.

    Raises:
        UserError: there is none of this name, or it cannot be fetched.
    """
    from tokenizers import Tokenizer

    path = Path(name) / "tokenizer.json" if Path(name).is_dir() else Path(name)
    try:
        found = Tokenizer.from_file(str(path)) if path.is_file() else Tokenizer.from_pretrained(name)
    except Exception as error:  # the library raises plain Exception for whatever goes wrong
        raise UserError(
            f"tokenizer {name!r} is neither a tokenizer.json, nor a folder that holds one, nor a hub id that can be "
            f"fetched: {error}"
        ) from None
    return NamedTokenizer(found, digest(found.to_str()))


def token_counts(named: NamedTokenizer, texts: Sequence[str]) -> NDArray[np.int64]:
    """Tokens of each text, special tokens not counted."""
    import numpy as np

    counts: list[int] = []
    for batch in _batches(texts):
        encodings = named.tokenizer.encode_batch_fast(batch, add_special_tokens=False)
        counts += [len(encoding) for encoding in encodings]
    return np.array(counts, dtype=np.int64)


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """Texts in order, so many at a time that their encodings, a hundred bytes a token or so, fit in memory."""
    batch: list[str] = []
    characters = 0
    for text in texts:
        batch.append(text)
        characters += len(text)
        if len(batch) == _BATCH or characters >= _CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def row_texts(frame: pl.DataFrame, kind: str) -> list[str]:
    """All that a model would read of each row, as one text."""
    turns = pl.element().struct.field("content")
    columns = {
        "text": [pl.col("text")],
        "pair": [pl.col("source"), pl.col("target")],
        "prompt": [pl.col("prompt").list.eval(turns).list.join("\n")],
        "response": [pl.col("prompt").list.eval(turns).list.join("\n"), pl.col("response")],
        "sft": [pl.col("messages").list.eval(turns).list.join("\n")],
        "preference": [pl.col(name).list.eval(turns).list.join("\n") for name in ("prompt", "chosen", "rejected")],
        "verifiable": [pl.col("prompt").list.eval(turns).list.join("\n")],
    }[kind]
    return frame.select(pl.concat_str(columns, separator="\n", ignore_nulls=True).alias("text"))["text"].to_list()
