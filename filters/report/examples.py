"""Examples of rows kept and dropped, chosen by their ids: the same data always shows the same ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import xxhash

from corpus.dataset import Dataset
from corpus.describe import LANGUAGES
from corpus.schema import ROLES
from filters.base import with_roles
from filters.report.books import Step, outputs
from filters.report.drops import Loss
from filters.report.markdown import code, count, quoted, real

_EACH = 3
"""Examples for a reason, and at most for a task and language of an output."""
_REASONS = 20
"""Reasons of a stage that are shown, the commonest."""
_GROUPS = 6
"""Tasks and languages of an output that are shown, the largest."""
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class _Dropped:
    """A row set aside."""

    reason: str
    id: str | None
    value: str | None
    language: str
    engine: str | None
    file: str | None
    line: int | None


def section(run: Sequence[Step], lost: Sequence[Loss], *, text: bool) -> str:
    """Dropped rows by stage and reason, then kept rows of each output."""
    told = "Chosen by their ids, so neither the best nor the worst; the same data shows the same ones."
    if not text:
        told += " This report is made without text of the data: ids, reasons and numbers only."
    parts = [told]
    steps = {step.name: step for step in run}
    for loss in lost:
        parts += _dropped_section(steps[loss.stage], loss, text=text)
    for step in outputs(run):
        parts += _kept_section(step, text=text)
    return "\n\n".join(parts)


def _dropped_section(step: Step, loss: Loss, *, text: bool) -> Iterator[str]:
    reasons = list(loss.reasons)[:_REASONS]
    chosen = _choose(step.dataset, step.name, reasons)
    texts = _texts(step, [row.id for row in chosen if row.id]) if text else {}
    yield f"### {step.name}: {loss.unit}s {loss.fate}"
    for reason in reasons:
        lines = [f"**{code(reason)}**, {count(loss.reasons[reason])}:", ""]
        for row in chosen:
            if row.reason == reason:
                lines += _entry(row, texts.get(row.id or ""), text=text)
        yield "\n".join(lines)


def _choose(dataset: Dataset, stage: str, reasons: Sequence[str]) -> list[_Dropped]:
    """A few rows for each reason: the first ids from a point on that the stage and the reason name.

    Rows without an id, those that were never read, come in order of file and line.
    """
    starts = {reason: _start(stage, reason) for reason in reasons}
    start = pl.col("reason").replace_strict(starts, default=None, return_dtype=pl.String)
    # The name alone: folders are the machine's business.
    file = pl.col("file").str.split("/").list.last()
    line = pl.format("{}:{}", file.fill_null(""), pl.col("line").fill_null(0).cast(pl.String).str.zfill(12))
    rows = _few(
        sorted((dataset.path / "aside").glob("*.parquet")),
        [
            "reason",
            "id",
            "value",
            LANGUAGES.alias("language"),
            "engine",
            file,
            "line",
            pl.when(pl.col("id").is_null()).then(line).otherwise(_from(start)).alias("key"),
        ],
        ["reason"],
    )
    chosen = rows.filter(pl.col("reason").is_in(reasons)).sort("reason", "key").drop("key")
    return [_Dropped(*row) for row in chosen.iter_rows()]


def _few(files: Sequence[Path], columns: Sequence[str | pl.Expr], by: Sequence[str]) -> pl.DataFrame:
    """The rows with the lowest `key` of each group, each key once. One file at a time is in memory."""
    found: pl.DataFrame | None = None
    for file in files:
        rows = pl.scan_parquet(file).select(columns).collect()
        rows = rows if found is None else pl.concat([found, rows])
        found = (
            rows.unique([*by, "key"], keep="first", maintain_order=True)
            .sort(*by, "key")
            .group_by(by, maintain_order=True)
            .head(_EACH)
            .select(rows.columns)
        )
    return pl.DataFrame() if found is None else found


def _from(start: pl.Expr) -> pl.Expr:
    """A key that orders ids from a point on, those before it last."""
    return pl.format("{}{}", (pl.col("id") < start).cast(pl.Int8), pl.col("id"))


def _start(*words: str) -> str:
    """A place among the ids: the choice is as good as random and the same everywhere."""
    return xxhash.xxh3_128_hexdigest("\x1f".join(words))


def _texts(step: Step, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Source and output of dropped rows, from where they came; for prompts, from one of their answers."""
    found: dict[str, dict[str, Any]] = {}
    for dataset in (*step.inputs, step.dataset):
        missing = [key for key in ids if key not in found]
        if not missing:
            break
        kind = dataset.manifest.kind
        keys = ["id", "prompt_id"] if kind == "response" else ["id"]
        for key in keys:
            roles = [f"@{role}" for role in ROLES[kind] if key == "id" or role == "source"]
            rows = (
                with_roles(dataset.scan().filter(pl.col(key).is_in(missing)), kind)
                .select(pl.col(key).alias("key"), *roles)
                .unique("key", keep="first", maintain_order=True)
                .collect(engine="streaming")
            )
            for row in rows.iter_rows(named=True):
                found.setdefault(row["key"], row)
    return found


def _entry(row: _Dropped, texts: dict[str, Any] | None, *, text: bool) -> list[str]:
    told = [code(row.id) if row.id else f"{code(row.file or 'unknown file')} line {row.line}", code(row.language)]
    told += [code(row.engine)] if row.engine else []
    if row.value is not None and _NUMBER.fullmatch(row.value):
        told.append(f"value {row.value}")
    elif row.value is not None and _ID.fullmatch(row.value):
        told.append(f"stands for it: {code(row.value)}")
    lines = [f"- {' · '.join(told)}"]
    if text:
        if row.value is not None and not _NUMBER.fullmatch(row.value) and not _ID.fullmatch(row.value):
            lines.append(f"    - why: {quoted(row.value)}")
        lines += [
            f"    - {role}: {quoted(texts[f'@{role}'])}"
            for role in ("source", "output")
            if texts and f"@{role}" in texts
        ]
    return lines


def _kept_section(step: Step, *, text: bool) -> Iterator[str]:
    yield f"### {step.name}: {step.manifest.kind} rows kept"
    if not step.manifest.rows:
        yield "No row."
        return
    scan, task = step.dataset.scan(), pl.col("task").fill_null("")
    groups = (
        scan.group_by(task, language=LANGUAGES)
        .agg(pl.len().alias("rows"))
        .sort("rows", "task", "language", descending=[True, False, False])
        # The largest group of each task comes before other groups of it.
        .with_columns(nth=pl.int_range(pl.len()).over("task"))
        .sort("nth", "rows", descending=[False, True], maintain_order=True)
        .head(_GROUPS)
        .collect(engine="streaming")
    )
    each = _EACH if groups.height < 3 else 2 if groups.height < 5 else 1
    start = _from(pl.lit(_start(step.name, "kept")))
    by = ["task", "language"]
    few = _few(step.dataset.files(), ["id", task, LANGUAGES.alias("language"), start.alias("key")], by)
    ids = groups.join(few.group_by(by, maintain_order=True).head(each), on=by, maintain_order="left_right")[
        "id"
    ].to_list()
    rows = (
        scan.filter(pl.col("id").is_in(ids)).unique("id", keep="first", maintain_order=True).collect(engine="streaming")
    )
    told = rows.with_columns(language=LANGUAGES).to_dicts()
    lines = []
    for row in sorted(told, key=lambda row: ids.index(row["id"])):
        lines += _kept(row, step, text=text)
    yield "\n".join(lines)


def _kept(row: dict[str, Any], step: Step, *, text: bool) -> list[str]:
    kind = step.manifest.kind
    # What chose last is told first, one score of each scorer.
    by_scorer = {
        s.signature or s.column: s.column for s in step.manifest.selected_by if isinstance(row.get(s.column), float)
    }
    scores = [f"{code(name)} {real(row[name])}" for name in reversed(by_scorer.values())]
    head = [code(row["id"]), code(row["language"]), *([code(row["engine"])] if row.get("engine") else [])]
    if kind == "preference":
        sides = [
            f"{side} {code(row[f'model_{side}'] or 'unknown')} {real(row[f'score_{side}'])}"
            for side in ("chosen", "rejected")
        ]
        head += sides
    lines = [f"- {' · '.join([*head, *scores[:3]])}"]
    if text:
        lines += [f"    - {name}: {quoted(content)}" for name, content in _contents(row, kind)]
    return lines


def _contents(row: dict[str, Any], kind: str) -> list[tuple[str, str | None]]:
    """The texts of a kept row by name."""
    match kind:
        case "pair":
            return [("source", row["source"]), ("target", row["target"])]
        case "response":
            return [("source", row["source"] or row["prompt"][-1]["content"]), ("response", row["response"])]
        case "sft":
            return [(turn["role"], turn["content"]) for turn in row["messages"]]
        case "preference":
            prompt = [("prompt", row["prompt"][-1]["content"])]
            return [*prompt, *((side, row[side][-1]["content"]) for side in ("chosen", "rejected"))]
        case "prompt" | "verifiable":
            return [(turn["role"], turn["content"]) for turn in row["prompt"]]
    return [("text", row["text"])]
