"""Row kinds: which columns a row of each kind has, their types, and which of them make its identity.

The kinds are TRL's dataset types by name, plus the columns that tell where a row comes from, so that trainers map
nothing. The schema is declared here and never inferred from data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import polars as pl

from corpus.errors import UserError

SCHEMA_VERSION = 1

MESSAGE = pl.Struct({"role": pl.String, "content": pl.String})
"""One chat turn: a closed struct of two strings, so that parquet never fills in keys that a chat template would see."""
MESSAGES = pl.List(MESSAGE)
VERIFIERS = pl.List(pl.Struct({"name": pl.String, "args": pl.String}))
"""Verifiers of a row: `args` is canonical JSON."""

COMMON: dict[str, pl.DataType] = {
    "id": pl.String(),
    "origin": pl.String(),
    "license": pl.String(),
    "task": pl.String(),
    "src_lang": pl.String(),
    "tgt_lang": pl.String(),
    "meta": pl.String(),
}
"""Columns of every kind. `tgt_lang` is the language of the text or answer; `src_lang` is null for monolingual rows."""

SCORE_PREFIXES: dict[str, pl.DataType] = {
    "score_": pl.Float64(),
    "label_": pl.String(),
    "flag_": pl.Boolean(),
    "spans_": pl.String(),
}
"""Columns that scorers add, by prefix. All are nullable: null means *could not judge*, never 0."""

_PROMPT: dict[str, pl.DataType] = {
    "prompt": MESSAGES,
    "references": pl.List(pl.String),
    "source": pl.String(),
    "verifiers": VERIFIERS,
    "doc_id": pl.String(),
    "segment": pl.String(),
}


@dataclass(frozen=True)
class Kind:
    """A row kind: its own columns, those that may not be null, and those that make a row's identity."""

    name: str
    own: Mapping[str, pl.DataType]
    required: tuple[str, ...]
    identity: tuple[str, ...]

    @property
    def columns(self) -> dict[str, pl.DataType]:
        """Every declared column in file order: `id`, the kind's own, the rest of the common ones."""
        return {"id": COMMON["id"], **self.own, **{k: v for k, v in COMMON.items() if k != "id"}}


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("text", {"text": pl.String(), "doc_id": pl.String()}, ("text",), ("text",)),
        Kind(
            "pair",
            {
                "source": pl.String(),
                "target": pl.String(),
                "doc_id": pl.String(),
                "segment": pl.String(),
                "context": pl.String(),
            },
            ("source", "target"),
            ("source", "target", "src_lang", "tgt_lang", "doc_id", "segment"),
        ),
        Kind("prompt", _PROMPT, ("prompt",), ("prompt", "task", "doc_id", "segment")),
        Kind(
            "response",
            {
                **_PROMPT,
                "prompt_id": pl.String(),
                "engine": pl.String(),
                "model": pl.String(),
                "sample": pl.Int64(),
                "sampling": pl.String(),
                "response": pl.String(),
                "reasoning": pl.String(),
                "finish_reason": pl.String(),
                "prompt_tokens": pl.Int64(),
                "completion_tokens": pl.Int64(),
                "latency_s": pl.Float64(),
                "cost": pl.Float64(),
            },
            ("prompt", "prompt_id", "engine", "sample", "response"),
            ("prompt_id", "engine", "sample"),
        ),
        Kind("sft", {"messages": MESSAGES}, ("messages",), ("messages",)),
        Kind(
            "preference",
            {
                "prompt": MESSAGES,
                "chosen": MESSAGES,
                "rejected": MESSAGES,
                "score_chosen": pl.Float64(),
                "score_rejected": pl.Float64(),
                "model_chosen": pl.String(),
                "model_rejected": pl.String(),
            },
            ("prompt", "chosen", "rejected"),
            ("prompt", "chosen", "rejected", "model_chosen", "model_rejected"),
        ),
        Kind(
            "verifiable",
            {"prompt": MESSAGES, "references": pl.List(pl.String), "source": pl.String(), "verifiers": VERIFIERS},
            ("prompt", "verifiers"),
            ("prompt", "references", "verifiers"),
        ),
    )
}
KindName = Literal["text", "pair", "prompt", "response", "sft", "preference", "verifiable"]

ROLES: dict[str, dict[str, pl.Expr]] = {
    "text": {"output": pl.col("text")},
    "pair": {"source": pl.col("source"), "output": pl.col("target")},
    "prompt": {"source": pl.col("source"), "output": pl.col("prompt").list.last().struct.field("content")},
    "response": {"source": pl.col("source"), "output": pl.col("response")},
    "sft": {
        "source": pl.col("messages")
        .list.filter(pl.element().struct.field("role") == "user")
        .list.last()
        .struct.field("content"),
        "output": pl.col("messages").list.last().struct.field("content"),
    },
    "preference": {
        "source": pl.col("prompt").list.last().struct.field("content"),
        "output": pl.col("chosen").list.last().struct.field("content"),
    },
    "verifiable": {"output": pl.col("prompt").list.last().struct.field("content")},
}
"""The two roles that filters and scorers speak of, `source` and `output`, as expressions by kind."""


def kind_of(name: str) -> Kind:
    """The kind of this name, or an error that lists all kinds."""
    if name not in KINDS:
        raise UserError(f"found the kind {name!r}, expected one of: {', '.join(KINDS)}")
    return KINDS[name]


def score_dtype(column: str) -> pl.DataType | None:
    """The type that a scorer's column must have by its prefix; None where the name is not a scorer's."""
    return next((dtype for prefix, dtype in SCORE_PREFIXES.items() if column.startswith(prefix)), None)


def schema(kind: str, scores: Iterable[str] = ()) -> dict[str, pl.DataType]:
    """Declared columns of a kind followed by its score columns in name order.

    Raises:
        UserError: a score column's prefix is none of score_, label_, flag_, spans_.
    """
    columns = kind_of(kind).columns
    for name in sorted(set(scores) - set(columns)):
        dtype = score_dtype(name)
        if dtype is None:
            raise UserError(
                f"column {name!r} is neither declared for kind {kind!r} nor named like a score "
                f"({', '.join(SCORE_PREFIXES)}); known columns: {', '.join(columns)}"
            )
        columns[name] = dtype
    return columns
