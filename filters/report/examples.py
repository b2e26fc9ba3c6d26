"""Examples of rows kept and dropped, chosen by their ids: the same data always shows the same ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
"""Examples for a reason, and for a language of an output."""
_REASONS = 20
"""Reasons of a stage that are shown, the commonest."""
_LANGUAGES = 6
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
    yield f"### Dropped by {step.name} ({loss.unit}s)"
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
    starts = pl.DataFrame({"reason": reasons, "start": [_start(stage, reason) for reason in reasons]})
    place = pl.when(pl.col("id").is_null()).then(
        pl.format("{}:{}", pl.col("file").fill_null(""), pl.col("line").fill_null(0).cast(pl.String).str.zfill(12))
    ).otherwise(pl.format("{}{}", (pl.col("id") < pl.col("start")).cast(pl.Int8), pl.col("id")))
    keyed = dataset.aside().join(starts.lazy(), on="reason").with_columns(key=place)
    keys = (
        keyed.select("reason", "key").unique().group_by("reason").agg(pl.col("key").bottom_k(_EACH)).explode("key")
    )
    rows = (
        keyed.join(keys, on=["reason", "key"], how="semi")
        .select("reason", "id", "value", LANGUAGES.alias("language"), "engine", "file", "line", "key")
        .unique(["reason", "key"], keep="first", maintain_order=True)
        .sort("reason", "key")
        .collect(engine="streaming")
    )
    return [_Dropped(*row[:-1]) for row in rows.iter_rows()]


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
        lines += [f"    - {role}: {quoted(texts[f'@{role}'])}" for role in ("source", "output") if texts and f"@{role}" in texts]
    return lines


def _kept_section(step: Step, *, text: bool) -> Iterator[str]:
    manifest = step.manifest
    yield f"### Kept in {step.name}"
    if not manifest.rows:
        yield "No row."
        return
    languages = sorted(manifest.languages, key=lambda name: (-manifest.languages[name], name))[:_LANGUAGES]
    each = _EACH if len(languages) < 3 else 2 if len(languages) < 5 else 1
    start = _start(step.name, "kept")
    place = pl.format("{}{}", (pl.col("id") < start).cast(pl.Int8), pl.col("id"))
    scan = step.dataset.scan()
    keys = (
        scan.select(language=LANGUAGES, key=place)
        .filter(pl.col("language").is_in(languages))
        .unique()
        .group_by("language")
        .agg(pl.col("key").bottom_k(each))
        .explode("key")
        .collect(engine="streaming")
    )
    ids = [key[1:] for key in keys["key"]]
    rows = scan.filter(pl.col("id").is_in(ids)).unique("id", keep="first", maintain_order=True).collect(engine="streaming")
    order = {key[1:]: (languages.index(language), key) for language, key in keys.iter_rows()}
    told = rows.with_columns(language=LANGUAGES).to_dicts()
    lines = []
    for row in sorted(told, key=lambda row: order[row["id"]]):
        lines += _kept(row, step, text=text)
    yield "\n".join(lines)


def _kept(row: dict[str, Any], step: Step, *, text: bool) -> list[str]:
    kind = step.manifest.kind
    scores = [
        f"{code(name)} {real(row[name])}"
        for name in dict.fromkeys(s.column for s in step.manifest.selected_by)
        if isinstance(row.get(name), float)
    ]
    head = [code(row["id"]), code(row["language"]), *([code(row["engine"])] if row.get("engine") else [])]
    if kind == "preference":
        sides = [
            f"{side} {code(row[f'model_{side}'] or 'unknown')} {real(row[f'score_{side}'])}" for side in ("chosen", "rejected")
        ]
        head += sides
    lines = [f"- {' · '.join([*head, *scores[:4]])}"]
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
