"""What ranking and mixing chose: which systems win and lose, margins, lengths, and shares asked and got."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from polars.lazyframe.group_by import LazyGroupBy

from corpus.describe import LANGUAGES
from corpus.laws import plain
from filters.report.books import Step, tally
from filters.report.folder import Folder
from filters.report.markdown import MISSING, code, count, percent, plural, real, table
from filters.report.plots import Panel, histograms

_BINS = 40
_LENGTHS, _LENGTH_BINS = 2.1, 21
"""The plot of lengths goes from 2.1 times halved to 2.1 times doubled; equal lengths are the middle of a bin."""


@dataclass(frozen=True)
class Picks:
    """What a `best` or `pair` stage chose."""

    step: Step
    by_system: pl.DataFrame
    """Columns language, system, candidates, chosen, rejected."""
    pairs: pl.DataFrame
    """For preference pairs by language: pairs, longer, shorter, ratio, margins; empty for `best`."""
    lengths: list[int]
    """Pairs by log2 of chosen length over rejected, in equal bins; the outermost hold all that lie beyond."""
    margins: tuple[float, float, list[int]] | None
    """Least and greatest margin, and pairs by margin in equal bins between; None where pairs have none."""

    @property
    def systems(self) -> pl.DataFrame:
        """Over all languages, the most chosen first."""
        totals = self.by_system.group_by("system").agg(pl.col("candidates", "chosen", "rejected").sum())
        return totals.sort("chosen", "rejected", "system", descending=[True, False, False])

    @property
    def chosen(self) -> int:
        """Rows that have a winner whose name is known."""
        return int(self.by_system["chosen"].sum())

    @property
    def total(self) -> dict[str, Any] | None:
        """The figures of pairs over all languages."""
        found = self.pairs.filter(pl.col("language") == "all")
        return found.row(0, named=True) if found.height else None


def picks(step: Step) -> Picks | None:
    """What a stage chose; None for stages that choose nothing."""
    if step.verb not in ("best", "pair") or not step.manifest.rows:
        return None
    if any(source.manifest.kind != "response" for source in step.inputs):  # references, among which nothing chooses
        return None
    kind, rows = step.manifest.kind, step.dataset.scan()
    if kind == "sft":
        winner = pl.col("meta").str.json_path_match("$.engine")
        tables = [_named(rows, winner, "chosen"), _candidates(step)]
        return Picks(step, _joined(tables), pl.DataFrame(schema={"language": pl.String}), [], None)
    tables = [
        _named(rows, pl.col("model_chosen"), "chosen"),
        _named(rows, pl.col("model_rejected"), "rejected"),
        _candidates(step),
    ]
    figures = rows.select(
        language=LANGUAGES,
        margin=(pl.col("score_chosen") - pl.col("score_rejected")).abs(),
        chosen=_length("chosen"),
        rejected=_length("rejected"),
    ).with_columns(doubled=((pl.col("chosen") + 1) / (pl.col("rejected") + 1)).log(2))
    return Picks(step, _joined(tables), _figures(figures), _length_bins(figures), _margin_bins(figures))


def _named(rows: pl.LazyFrame, system: pl.Expr, what: str) -> pl.DataFrame:
    return (
        rows.group_by(language=LANGUAGES, system=system)
        .agg(pl.len().cast(pl.Int64).alias(what))
        .drop_nulls("system")
        .collect(engine="streaming")
    )


def _candidates(step: Step) -> pl.DataFrame:
    found = [_named(source.scan(), pl.col("engine"), "candidates") for source in step.inputs]
    empty = pl.DataFrame(schema={"language": pl.String, "system": pl.String, "candidates": pl.Int64})
    return pl.concat([empty, *found]).group_by("language", "system").agg(pl.col("candidates").sum())


def _joined(tables: Sequence[pl.DataFrame]) -> pl.DataFrame:
    joined = tables[0]
    for other in tables[1:]:
        joined = joined.join(other, on=["language", "system"], how="full", coalesce=True)
    numbers = ("candidates", "chosen", "rejected")
    return joined.select(
        "language",
        "system",
        *(pl.col(n).fill_null(0) if n in joined.columns else pl.lit(0, pl.Int64).alias(n) for n in numbers),
    ).sort("language", "system")


def _length(column: str) -> pl.Expr:
    return pl.col(column).list.last().struct.field("content").str.len_chars().cast(pl.Float64)


def _figures(figures: pl.LazyFrame) -> pl.DataFrame:
    longer, shorter = pl.col("chosen") > pl.col("rejected"), pl.col("chosen") < pl.col("rejected")
    measures = [
        pl.len().cast(pl.Int64).alias("pairs"),
        longer.sum().cast(pl.Int64).alias("longer"),
        shorter.sum().cast(pl.Int64).alias("shorter"),
        pl.col("chosen").mean().alias("chosen_length"),
        pl.col("rejected").mean().alias("rejected_length"),
        pl.col("margin").min().alias("margin_least"),
        *(pl.col("margin").quantile(q / 100, "linear").alias(f"margin_q{q}") for q in (25, 50, 75)),
        pl.col("margin").max().alias("margin_most"),
    ]
    by = figures.group_by("language").agg(*measures).collect(engine="streaming")
    every = figures.select(pl.lit("all").alias("language"), *measures).collect(engine="streaming")
    return pl.concat([every, by.sort("pairs", "language", descending=[True, False])])


def _length_bins(figures: pl.LazyFrame) -> list[int]:
    place = ((pl.col("doubled") + _LENGTHS) / (2 * _LENGTHS) * _LENGTH_BINS).floor()
    return _bins(figures.group_by(place=place.clip(0, _LENGTH_BINS - 1).cast(pl.Int64)), _LENGTH_BINS)


def _margin_bins(figures: pl.LazyFrame) -> tuple[float, float, list[int]] | None:
    low, high = figures.select(low=pl.col("margin").min(), high=pl.col("margin").max()).collect().row(0)
    if low is None:
        return None
    width = (high - low) / _BINS if high > low else 1.0
    place = ((pl.col("margin") - low) / width).floor().clip(0, _BINS - 1).cast(pl.Int64)
    return low, low + width * _BINS, _bins(figures.drop_nulls("margin").group_by(place=place), _BINS)


def _bins(grouped: LazyGroupBy, bins: int) -> list[int]:
    counts = [0] * bins
    for place, rows in grouped.len().collect(engine="streaming").iter_rows():
        counts[place] = rows
    return counts


def section(found: Sequence[Picks], mixes: Sequence[Step], folder: Folder) -> str:
    """One part for each stage that chose or mixed."""
    if not found and not mixes:
        return "No stage of this run chose among answers or mixed datasets."
    parts = []
    if found:
        systems = pl.concat([pick.by_system.select(pl.lit(pick.step.name).alias("stage"), pl.all()) for pick in found])
        pairs = [pick.pairs.select(pl.lit(pick.step.name).alias("stage"), pl.all()) for pick in found if pick.lengths]
        links = [folder.csv("chosen.csv", systems), folder.csv("pairs.csv", pl.concat(pairs)) if pairs else ""]
        parts.append(f"As files: {', '.join(link for link in links if link)}.")
    for pick in found:
        parts.append(f"### {pick.step.name}: {plural(pick.step.manifest.rows, pick.step.manifest.kind + ' row')}")
        parts.append(_asked(pick.step))
        parts.append(_winners(pick) if not pick.lengths else _both(pick))
        if pick.lengths:
            parts += _pairs(pick, folder)
    parts += [_mix(step) for step in mixes]
    return "\n\n".join(parts)


def _asked(step: Step) -> str:
    options = step.manifest.options
    by = options.get("by")
    columns = [by] if isinstance(by, str) else list(by or [])
    told = f"Ranked by {', then '.join(map(code, columns))}."
    if isinstance(by, dict):
        weights = ", ".join(f"{code(column)} × {weight:g}" for column, weight in by.items())
        told = f"Ranked by the sum of {weights} (normalized: {options.get('normalize')}, {options.get('within')})."
    if step.verb == "pair":
        told += (
            f" Least margin {options.get('min_margin'):g}; at most {plural(options.get('pairs', 1), 'pair')} a prompt."
        )
        told += " Chosen is the reference." if options.get("chosen") == "reference" else ""
    return told


def _winners(pick: Picks) -> str:
    rows = [
        [
            code(system),
            count(candidates),
            count(chosen),
            percent(chosen, pick.chosen),
            percent(chosen, candidates),
        ]
        for system, candidates, chosen, _ in pick.systems.iter_rows()
    ]
    return table("lrrrr", ["system", "candidates", "chosen", "of all chosen", "of its candidates"], rows)


def _both(pick: Picks) -> str:
    rows = [
        [
            code(system),
            count(candidates) if candidates else MISSING,
            count(chosen),
            percent(chosen, pick.step.manifest.rows),
            count(rejected),
            percent(rejected, pick.step.manifest.rows),
            percent(chosen, chosen + rejected),
        ]
        for system, candidates, chosen, rejected in pick.systems.iter_rows()
    ]
    header = ["system", "candidates", "chosen", "of all pairs", "rejected", "of all pairs", "won"]
    return table("lrrrrrr", header, rows)


def _pairs(pick: Picks, folder: Folder) -> list[str]:
    rows = [
        [
            code(told["language"]) if told["language"] != "all" else "all",
            count(told["pairs"]),
            percent(told["longer"], told["pairs"]),
            percent(told["shorter"], told["pairs"]),
            real(told["chosen_length"]),
            real(told["rejected_length"]),
            *(real(told[name]) for name in ("margin_least", "margin_q25", "margin_q50", "margin_q75", "margin_most")),
        ]
        for told in pick.pairs.iter_rows(named=True)
    ]
    # A single language is the whole.
    rows = rows[:1] if len(rows) == 2 else rows
    header = ["language", "pairs", "chosen longer", "chosen shorter", "chosen length", "rejected length"]
    header += ["margin: least", "25 %", "median", "75 %", "most"]
    name = pick.step.name
    parts = [
        "Lengths are means in characters. A model trained on pairs in which the longer answer wins learns to write "
        "long.",
        table("l" + "r" * 10, header, rows),
    ]
    lengths = histograms(
        [Panel("", np.array(pick.lengths), None)],
        -_LENGTHS,
        _LENGTHS,
        "length of chosen against rejected, log2  (0 = equal, 1 = twice as long)",
        every="pairs",
        kept="",
    )
    parts.append(
        folder.svg(f"lengths-{name}.svg", lengths, f"Histogram of lengths of chosen against rejected in {name}")
    )
    if pick.margins:
        low, high, counts = pick.margins
        margins = histograms(
            [Panel("", np.array(counts), None)],
            low,
            high,
            "margin between chosen and rejected",
            every="pairs",
            kept="",
        )
        parts.append(folder.svg(f"margins-{name}.svg", margins, f"Histogram of margins in {name}"))
    return parts


def _mix(step: Step) -> str:
    counts, options = step.manifest.counts, step.manifest.options
    sizes, taken, tokens = tally(counts, "in"), tally(counts, "taken"), tally(counts, "tokens")
    weights = options.get("weights") or {}
    asked = {name: weights.get(name) for name in sizes} if weights else {}
    whole = sum(weight for weight in asked.values() if weight) or 1.0
    got = tokens or taken
    rows = []
    for name, size in sizes.items():
        weight = asked.get(name)
        rows.append(
            [
                code(name),
                count(size),
                count(taken.get(name, 0)),
                f"{taken.get(name, 0) / size:.3g}" if size else MISSING,
                MISSING if weight is None else percent(weight, whole),
                percent(got.get(name, 0), sum(got.values())),
            ]
        )
    unit = options.get("unit", "rows")
    header = ["source", "rows", "rows taken", "times", f"share asked, {unit}", f"share got, {unit}"]
    train, held = plain(counts, "train"), plain(counts, "validation")
    told = f"Train {plural(train, 'row')}, validation {plural(held, 'row')} ({percent(held, train + held)}"
    told += f", asked {percent(options.get('validation', 0.0), 1)} of groups)."
    if options.get("temperature"):
        told += f" Shares follow from sizes to the power of 1/{options['temperature']:g}."
    return "\n\n".join([f"### {step.name}: a mix", table("lrrrrr", header, rows), told])
