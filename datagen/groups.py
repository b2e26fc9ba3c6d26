"""The key of a row's group: rows made from the same thing stay on one side of every train/validation split.

A group is a document where one is known, else the source that was translated, else the first user turn or the text
itself. Stages that make other kinds of rows (`best`, `join`, `pair`, `prompt`, `render`, `verifiable`) hand the key on
in `meta`, so a segment that is held out as a pair is held out as a chat, as a preference and as running text too.
"""

from __future__ import annotations

import polars as pl

FIELD = "@group"
"""Name of the key in `meta`: 16 hex digits. Columns of users, which go into `meta` too, cannot have this name."""
_SALT = "group"

_FIRST_USER = pl.element().filter(pl.element().struct.field("role") == "user").first().struct.field("content")
_PROMPT = pl.col("prompt").list.eval(_FIRST_USER).list.first()
_ORIGINAL: dict[str, pl.Expr] = {
    "text": pl.col("text"),
    "pair": pl.col("source"),
    "prompt": pl.coalesce("source", _PROMPT),
    "response": pl.coalesce("source", _PROMPT),
    "sft": pl.col("messages").list.eval(_FIRST_USER).list.first(),
    "preference": _PROMPT,
    "verifiable": pl.coalesce("source", _PROMPT),
}


def group_keys(frame: pl.DataFrame, kind: str) -> pl.Series:
    """Each row's group as 16 hex digits; the one handed on in `meta` where there is one."""
    from corpus.mixing import hash64

    document = pl.lit(None, pl.String)
    if "doc_id" in frame.columns:
        document = pl.concat_str("origin", "doc_id", separator="\x1f")
    keys = frame.select(
        handed=pl.col("meta").str.json_path_match(f'$["{FIELD}"]'), own=pl.coalesce(document, _ORIGINAL[kind], "id")
    )
    if not keys["handed"].null_count():
        return keys["handed"].alias(FIELD)
    hashed = pl.Series("hashed", [f"{key:016x}" for key in hash64(keys["own"], _SALT).tolist()], dtype=pl.String)
    return keys.with_columns(hashed).select(pl.coalesce("handed", "hashed").alias(FIELD))[FIELD]
