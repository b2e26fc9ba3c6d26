"""Keys of answers: what was asked of which model, in 16 bytes. Equal keys are one answer, paid for once."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import xxhash

from corpus.hashing import digest

_LENGTH, _ROLE, _CONTENT = (
    pl.element().struct.field("content").str.len_bytes(),
    *map(pl.element().struct.field, ("role", "content")),
)


def engine_salt(identity: object, sampling: object, seed: int) -> bytes:
    """What all keys of an engine share: the model, how it is sampled, and the recipe's seed."""
    return bytes.fromhex(digest({"model": identity, "sampling": sampling, "seed": seed}))


def message_digests(prompts: pl.Series) -> list[bytes]:
    """16 bytes for each list of messages.

    Every content stands behind its length, so that no two lists are written alike. Rows whose messages have a null are
    no prompts; their digest means nothing.
    """
    written = prompts.to_frame("prompt").select(
        pl.col("prompt").list.eval(pl.format("{}:{}:{}", _ROLE, _LENGTH, _CONTENT)).list.join("\n", ignore_nulls=True)
    )
    return [xxhash.xxh3_128_digest(text or "") for text in written["prompt"]]


def sample_keys(salt: bytes, digests: Sequence[bytes], samples: int) -> list[bytes]:
    """Keys of samples 0, 1 … of the first prompt, then of the second and so on."""
    return [sample_key(salt, messages, sample) for messages in digests for sample in range(samples)]


def sample_key(salt: bytes, messages: bytes, sample: int) -> bytes:
    """The key of one sample of an answer to messages of this digest."""
    return xxhash.xxh3_128_digest(salt + messages + sample.to_bytes(4, "little"))


def seed_of(key: bytes) -> int:
    """The seed of a request, from 0 to 2³¹-1."""
    return int.from_bytes(key[:4], "little") & 0x7FFFFFFF
