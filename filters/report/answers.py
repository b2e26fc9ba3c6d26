"""What engines answered: how much of it, what it cost, how it ended."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from filters.report.books import Step
from filters.report.folder import Folder
from filters.report.markdown import MISSING, code, count, percent, real, table

_COLUMNS = {
    "answers": pl.len(),
    "cut": (pl.col("finish_reason") == "length").sum(),
    "without_text": (pl.col("response").str.strip_chars() == "").sum(),
    "characters": pl.col("response").str.len_chars().mean(),
    "prompt_tokens": pl.col("prompt_tokens").sum(),
    "completion_tokens": pl.col("completion_tokens").sum(),
    "cost": pl.col("cost").sum(),
    "priced": pl.col("cost").count(),
    "latency_s": pl.col("latency_s").median(),
}


def section(run: Sequence[Step], folder: Folder) -> str:
    """A table of the engines of each stage that asked some."""
    return "\n\n".join(_stage(step, folder) for step in run if step.verb == "generate")


def _stage(step: Step, folder: Folder) -> str:
    lazy = step.dataset.scan().group_by("engine", "model").agg(expr.alias(name) for name, expr in _COLUMNS.items())
    found = lazy.sort("engine").collect(engine="streaming")
    # What was never asked, since an earlier prompt is the same, names no engine.
    failed = step.dataset.aside().drop_nulls("engine").group_by("engine").len("failed").collect()
    told = (
        found.join(failed, on="engine", how="full", coalesce=True)
        .sort("engine")
        .with_columns(
            pl.col("answers", "failed", "cut", "without_text", "prompt_tokens", "completion_tokens").fill_null(0)
        )
    )
    link = folder.csv(f"answers-{step.name}.csv", told)
    rows = [
        [
            code(row["engine"]),
            code(row["model"]) if row["model"] else MISSING,
            count(row["answers"]),
            count(row["failed"]),
            percent(row["cut"], row["answers"]),
            percent(row["without_text"], row["answers"]),
            real(row["characters"]),
            count(row["prompt_tokens"]),
            count(row["completion_tokens"]),
            real(row["cost"]) if row["priced"] else MISSING,
            real(row["latency_s"]),
        ]
        for row in told.iter_rows(named=True)
    ]
    header = ["engine", "model", "answers", "failed", "cut at the limit", "without text", "characters, mean"]
    header += ["tokens in", "tokens out", "cost", "seconds, median"]
    return f"### {step.name}\n\n{table('llrrrrrrrrr', header, rows, full=link)}"
