"""`datagen scorer calibrate`: a threshold for each language, with its interval, as a piece of a recipe."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from corpus.dataset import Dataset
from corpus.errors import UserError
from datagen.scorer.grid import Grid, paged, span
from datagen.scorer.rows import direction, items_of, named_columns
from filters.report.folder import Folder
from filters.report.markdown import MISSING, code, count, percent, plural, signature
from filters.report.plots import Curve, curves
from filters.statistics import RESAMPLES, Estimate, Floats, Ints, resamples

FEWEST = 20
"""Rows below which a share, and so a threshold, says nothing."""
_POINTS = 200
_DIGITS = 6


@dataclass(frozen=True)
class Goal:
    """What a threshold is to reach: a share of good rows among the kept, or a share of rows kept."""

    score: str
    label: str | None = None
    good: str | None = None
    """Value of the label from which on a row is good, in the label's direction; of a text label, the good one."""
    min_precision: float | None = None
    keep: float | None = None
    times: int = RESAMPLES
    seed: int = 0


@dataclass(frozen=True)
class Cut:
    """The threshold of one language."""

    language: str
    rows: int
    unjudged: int
    """Rows without a score; they are not kept."""
    threshold: Estimate
    """NaN where none reaches the goal."""
    kept: float | None
    """Share of all rows that are kept."""
    good: float | None
    """Share of the kept that is good."""
    base: float | None
    """Share of all rows that is good."""
    curve: pl.DataFrame
    """Columns threshold, kept, good: every threshold, loosest last."""
    why: str = ""
    """Where there is no threshold."""

    @property
    def found(self) -> bool:
        """Whether there is a threshold."""
        return math.isfinite(self.threshold.value)


@dataclass(frozen=True)
class Calibration:
    """Thresholds by language."""

    goal: Goal
    score: str
    sign: float
    cuts: Sequence[Cut]
    signature: str


def calibrate(dataset: Dataset, goal: Goal) -> Calibration:
    """Find the loosest threshold of each language that reaches the goal.

    Raises:
        UserError: the goal is none, a column is missing or of no use, or no language has a threshold.
    """
    _check(goal)
    [score] = named_columns(dataset, [goal.score], "score")
    if not score.startswith("score_"):
        raise UserError(f"{score} holds no numbers; a threshold is on a column that begins with score_")
    told, sign = dataset.manifest.scores.get(score), direction(score, dataset.manifest.scores)
    good = _good(dataset, goal)
    rows = dataset.scan().select(
        pl.col("tgt_lang").fill_null("und").alias("language"),
        items_of(dataset.manifest.kind).rank("dense").cast(pl.Int64).alias("item") - 1,
        (pl.col(score).fill_nan(None) * sign).alias("value"),
        good.alias("good"),
    )
    frame = rows.filter(pl.col("good").is_not_null() if goal.label else pl.lit(value=True)).collect()
    if not frame.height:
        raise UserError(f"no row of {dataset.path} has a value in {goal.label}")
    if not frame["value"].count():
        raise UserError(f"{score} is null in every row of {dataset.path} that could be used: nothing to cut")
    cuts = [_cut(str(language), part, goal, sign) for (language,), part in sorted(frame.group_by("language"))]
    return Calibration(goal, score, sign, cuts, told.signature if told else "")


def _check(goal: Goal) -> None:
    if (goal.keep is None) == (goal.min_precision is None):
        raise UserError("give either --min-precision with --label, or --keep")
    if (goal.label is None) != (goal.min_precision is None):
        raise UserError("--min-precision is the share of good rows, which --label says; give both")
    for name, value in (("--keep", goal.keep), ("--min-precision", goal.min_precision)):
        if value is not None and not 0 < value <= 1:
            raise UserError(f"{name} {value:g}: expected a share above 0 and at most 1, such as 0.9")


def _good(dataset: Dataset, goal: Goal) -> pl.Expr:
    """Whether a row is good, null where nobody says."""
    if goal.label is None:
        return pl.lit(None, pl.Boolean)
    have = dataset.manifest.scores
    label = goal.label if goal.label in have else named_columns(dataset, [goal.label], "label")[0]
    if label.startswith("flag_"):
        return pl.col(label)
    if goal.good is None:
        raise UserError(
            f"--label {label}: say with --good from which value on (of a text label, by which) a row is good"
        )
    if label.startswith("label_"):
        return pl.col(label) == goal.good
    try:
        least = float(goal.good)
    except ValueError:
        raise UserError(f"--good {goal.good}: expected a number, since {label} holds numbers") from None
    sign = direction(label, have)
    return pl.col(label).fill_nan(None) * sign >= least * sign


def _cut(language: str, part: pl.DataFrame, goal: Goal, sign: float) -> Cut:
    judged = part.filter(pl.col("value").is_not_null()).sort("value", descending=True)
    unjudged = part.height - judged.height
    base = _mean(part["good"])
    nothing = Estimate(math.nan, np.empty(0))
    if part.height < FEWEST or not judged.height:
        why = f"fewer than {FEWEST} rows" if part.height < FEWEST else "the score judged no row"
        return Cut(
            language, part.height, unjudged, nothing, None, None, base, _curve(np.empty(0), np.empty(0), None), why
        )
    # Rows without a score stand last: they are in no cut, and resampled all the same.
    every = pl.concat([judged, part.filter(pl.col("value").is_null())])
    values = judged["value"].to_numpy()
    ends = np.flatnonzero(np.diff(values, append=-np.inf))
    good = every["good"].fill_null(value=False).to_numpy().astype(np.int64)
    items = every["item"].rank("dense").cast(pl.Int64).to_numpy() - 1
    kept, right, where = _reached(np.ones((every.height, 1), np.int64), good, ends, goal)
    shares, precisions = kept[:, 0], right[:, 0]
    curve = _curve(sign * values[ends], shares, precisions if goal.label else None)
    draws = [
        np.where(place >= 0, sign * values[ends[place]], np.nan)
        for weights in resamples(items, goal.times, goal.seed)
        for place in [_reached(weights, good, ends, goal)[2]]
    ]
    if where[0] < 0:
        why = f"no threshold gives {goal.min_precision:.0%} good rows" if goal.label else "too many rows have no score"
        return Cut(language, part.height, unjudged, nothing, None, None, base, curve, why)
    chosen = int(where[0])
    threshold = Estimate(_loosened(float(sign * values[ends[chosen]]), sign), np.concatenate(draws))
    good_share = float(precisions[chosen]) if goal.label else None
    return Cut(language, part.height, unjudged, threshold, float(shares[chosen]), good_share, base, curve)


def _reached(weights: Ints, good: Ints, ends: Ints, goal: Goal) -> tuple[Floats, Floats, Ints]:
    """Share kept and share good at each end (ends × resamples), and the end where the goal is reached, or -1.

    A share of good rows is reached by the loosest threshold that has it, a share of rows by the strictest.
    """
    kept = np.cumsum(weights, axis=0)[ends]
    right = np.cumsum(weights * good[:, None], axis=0)[ends] / np.maximum(kept, 1)
    share = kept / weights.sum(axis=0)
    if goal.keep is not None:
        fits = share >= goal.keep - 1e-12
        return share, right, np.where(fits.any(axis=0), fits.argmax(axis=0), -1)
    fits = (right >= (goal.min_precision or 0.0)) & (kept >= FEWEST)
    return share, right, np.where(fits.any(axis=0), len(ends) - 1 - fits[::-1].argmax(axis=0), -1)


def _curve(thresholds: Floats, kept: Floats, good: Floats | None) -> pl.DataFrame:
    schema = {"threshold": pl.Float64, "kept": pl.Float64, "good": pl.Float64}
    shares = [None] * len(kept) if good is None else good
    return pl.DataFrame({"threshold": thresholds, "kept": kept, "good": shares}, schema=schema)


def _loosened(threshold: float, sign: float) -> float:
    """The threshold with few digits, on the side where the row that it was taken from stays."""
    if not threshold:
        return 0.0
    scale = 10.0 ** (_DIGITS - 1 - math.floor(math.log10(abs(threshold))))
    rounded = (math.floor if sign > 0 else math.ceil)(threshold * scale) / scale
    return rounded if sign * rounded <= sign * threshold else threshold


def _mean(values: pl.Series) -> float | None:
    known = values.drop_nulls().cast(pl.Float64)
    return float(known.to_numpy().mean()) if len(known) else None


def fragment(found: Calibration) -> str:
    """The piece of a recipe: a stage that keeps what reaches the goal.

    Raises:
        UserError: no language has a threshold.
    """
    cuts = [cut for cut in found.cuts if cut.found and cut.language != "und"]
    if not cuts:
        told = "; ".join(f"{cut.language}: {cut.why or 'of no known language'}" for cut in found.cuts)
        raise UserError(f"{found.score}: no language has a threshold ({told})")
    goal, limit = found.goal, "min" if found.sign > 0 else "max"
    aim = f"keeps {goal.keep:.0%} of rows" if goal.keep else f"{goal.min_precision:.0%} good by {goal.label}"
    lines = [
        f"# Made by `datagen scorer calibrate`: {aim}, by language. Put it under `stages:`.",
        f"# {found.score}: {found.signature or 'signature unknown'}",
        "calibrated:",
        "  select:",
        "    filters:",
        "      - threshold:",
        f"          column: {found.score}",
        f"          {limit}:",
    ]
    for cut in cuts:
        low, high = cut.threshold.interval()
        told = f"95 % interval {low:.4g} to {high:.4g}; " if math.isfinite(low) else ""
        lines.append(
            f"            {_key(cut.language)}: {_number(cut.threshold.value)}  # {told}{plural(cut.rows, 'row')}"
        )
    left = [cut for cut in found.cuts if cut not in cuts]
    lines += [f"            # {cut.language}: none, {cut.why or 'of no known language'}" for cut in left]
    return "\n".join(lines) + "\n"


def _key(language: str) -> str:
    """A language code as a key; YAML takes the code of Norwegian for a no."""
    return f"'{language}'" if language == "no" else language


def _number(value: float) -> str:
    """A number that YAML reads as one: `1e-05` would be text."""
    text = repr(value)
    return text if "e" not in text or "." in text.partition("e")[0] else text.replace("e", ".0e")


def grids(found: Calibration) -> list[Grid]:
    """A row for each language."""
    rows = []
    for cut in found.cuts:
        low, high = cut.threshold.interval()
        rows.append(
            [
                cut.language,
                span(cut.threshold.value, low, high, 4) if cut.found else MISSING,
                count(cut.rows),
                count(cut.unjudged),
                *(MISSING if share is None else percent(share, 1) for share in (cut.kept, cut.good, cut.base)),
                cut.why,
            ]
        )
    header = ["language", "min" if found.sign > 0 else "max", "rows", "null", "kept", "good", "good of all", ""]
    told = (
        "In brackets the 95 % interval over resamples by source. null: rows without a score, which a threshold drops. "
        "good: share of good rows among the kept."
    )
    return [Grid(f"Thresholds on {found.score}", "lrrrrrrl", header, rows, told)]


def written(found: Calibration, dataset: Dataset, out: Path) -> Path:
    """Write the page, the recipe's piece (YAML), the curves (CSV, SVG) and the thresholds (CSV)."""
    text = fragment(found)
    folder = Folder(out, "datagen scorer calibrate")
    links = [
        folder.text("threshold.yaml", text),
        folder.csv("thresholds.csv", _thresholds(found)),
        folder.csv("curve.csv", pl.concat([_thinned(cut)[0] for cut in found.cuts])),
    ]
    drawn = []
    for cut in found.cuts:
        curve, chosen = _thinned(cut)
        good = curve["good"].to_list() if found.goal.label else None
        if curve.height:
            drawn.append(Curve(cut.language, curve["kept"].to_list(), good, curve["threshold"].to_list(), chosen))
    plot = folder.svg("curve.svg", curves(drawn, found.score), f"What thresholds on {found.score} keep")
    head = (
        f"# Thresholds on {code(found.score)}\n\nOf {plural(dataset.manifest.rows, 'row')} of "
        f"{code(dataset.manifest.name)} (content {code(dataset.manifest.content[:8])}). Signature: "
        f"{signature(found.signature)}. As files: {', '.join(links)}."
    )
    return folder.page("\n\n".join([head, plot, paged(grids(found)), f"```yaml\n{text}```"]))


def _thinned(cut: Cut) -> tuple[pl.DataFrame, int | None]:
    """The curve with some of its points, the chosen one among them, and where that is."""
    height = cut.curve.height
    if not height:
        return cut.curve.select(pl.lit(cut.language).alias("language"), pl.all()), None
    places = set(np.linspace(0, height - 1, min(height, _POINTS)).round().astype(int).tolist())
    chosen = None if cut.kept is None else int((cut.curve["kept"] - cut.kept).abs().arg_min() or 0)
    places |= set() if chosen is None else {chosen}
    kept = sorted(places)
    thinned = cut.curve[kept].select(pl.lit(cut.language).alias("language"), pl.all())
    return thinned, None if chosen is None else kept.index(chosen)


def _thresholds(found: Calibration) -> pl.DataFrame:
    rows = []
    for cut in found.cuts:
        numbers = [
            number if math.isfinite(number) else None for number in (cut.threshold.value, *cut.threshold.interval())
        ]
        rows.append((cut.language, *numbers, cut.rows, cut.unjudged, cut.kept, cut.good, cut.base, cut.why))
    floats = dict.fromkeys(["threshold", "low", "high"], pl.Float64)
    counts = dict.fromkeys(["rows", "unjudged"], pl.Int64)
    shares = dict.fromkeys(["kept", "good", "good_of_all"], pl.Float64)
    return pl.DataFrame(
        rows, schema={"language": pl.String, **floats, **counts, **shares, "why": pl.String}, orient="row"
    )
