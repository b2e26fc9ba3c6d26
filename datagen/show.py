"""Show a dataset's rows as readable text."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from corpus.dataset import Dataset
from corpus.dataset import open as open_dataset
from corpus.errors import UserError, nearest
from corpus.manifest import FILE
from corpus.schema import score_dtype

_RULE = "─" * 72
_LONG = 2_000
"""Characters of a text that are shown; the rest is counted."""


def show(path: Path, *, rows: int, split: str | None = None) -> Iterator[str]:
    """The first rows of a dataset, one text each."""
    dataset = open_dataset(path)
    yield _head(dataset)
    for row in dataset.scan(split).head(rows).collect().iter_rows(named=True):
        yield as_text(row)


def show_aside(path: Path, reason: str, *, rows: int) -> Iterator[str]:
    """Rows that were set aside for a reason (`all` for any), with what can be found of them in the stage's input.

    Raises:
        UserError: no row was set aside for that reason; it lists the reasons.
    """
    dataset = open_dataset(path)
    counted = dict(dataset.aside().group_by("reason").len().sort("len", descending=True).collect().iter_rows())
    if reason != "all" and reason not in counted:
        listed = ", ".join(f"{name} ({n:,})" for name, n in counted.items())
        raise UserError(
            f"{path}: nothing was set aside for {reason!r}.{nearest(reason, counted)} Reasons here: {listed or 'none'}"
        )
    aside = dataset.aside() if reason == "all" else dataset.aside().filter(pl.col("reason") == reason)
    found = aside.head(rows).collect()
    texts = _input_rows(dataset, found["id"].drop_nulls().to_list())
    total = sum(counted.values()) if reason == "all" else counted[reason]
    yield f"{_head(dataset)}\n{total:,} set aside for {reason}"
    for row in found.iter_rows(named=True):
        place = f" at {row['file']}:{row['line']}" if row["file"] else ""
        value = f": {_short(row['value'])}" if row["value"] is not None else ""
        head = f"{_RULE}\nset aside{place} for {row['reason']}{value}"
        inner = texts.get(row["id"])
        yield f"{head}\n{as_text(inner)}" if inner else head


def as_text(row: Mapping[str, Any]) -> str:
    """A row as a person reads it: where it comes from, its texts, its scores."""
    languages = " > ".join(row[key] for key in ("src_lang", "tgt_lang") if row.get(key))
    facts = [row["id"], languages, *(str(row[key]) for key in ("origin", "engine", "task", "license") if row.get(key))]
    lines = [_RULE, "  ".join(fact for fact in facts if fact)]
    for name in ("text", "source", "target", "response", "reasoning"):
        if row.get(name) is not None:
            lines.append(f"[{name}] {_short(row[name])}")
    for name in ("prompt", "messages", "chosen", "rejected"):
        if row.get(name) and not (name == "prompt" and row.get("source")):
            lines += [f"[{name}: {turn['role']}] {_short(turn['content'])}" for turn in row[name]]
    for number, reference in enumerate(row.get("references") or [], 1):
        lines.append(f"[reference {number}] {_short(reference)}")
    scores = {name: value for name, value in row.items() if score_dtype(name) is not None and value is not None}
    if scores:
        told = {name: f"{value:.4g}" if isinstance(value, float) else str(value) for name, value in scores.items()}
        lines.append("  ".join(f"{name}={value}" for name, value in told.items()))
    if row.get("meta"):
        lines.append(f"meta {json.dumps(json.loads(row['meta']), ensure_ascii=False)}")
    return "\n".join(lines)


def _head(dataset: Dataset) -> str:
    manifest = dataset.manifest
    return f"{manifest.name}: {manifest.rows:,} rows of kind {manifest.kind}, made by {manifest.stage}"


def _input_rows(dataset: Dataset, ids: list[str]) -> dict[str, dict[str, Any]]:
    """Rows of the stage's inputs by id; for groups, which are set aside under their prompt's id, one of their rows."""
    found: dict[str, dict[str, Any]] = {}
    for one in dataset.manifest.inputs:
        folder = Path(os.path.normpath(dataset.path / one.path))
        if not (folder / FILE).is_file():
            continue
        scan = open_dataset(folder).scan()
        keys = [key for key in ("id", "prompt_id") if key in scan.collect_schema().names()]
        for key in keys:
            for row in scan.filter(pl.col(key).is_in(ids)).collect().iter_rows(named=True):
                found.setdefault(row[key], row)
    return found


def _short(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[:_LONG]}… ({len(text) - _LONG:,} characters more)"
