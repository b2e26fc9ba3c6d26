"""What the scores say: how each is spread over languages and systems, before and after rows were dropped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from corpus.describe import LANGUAGES
from corpus.manifest import Histogram, Score
from corpus.schema import kind_of
from filters.report import origins
from filters.report.books import Step
from filters.report.folder import Folder
from filters.report.markdown import MISSING, code, count, percent, plural, real, table
from filters.report.plots import Panel, histograms

_LEADING = 6
"""Scores that the page shows by system and language; the files have all."""
_OF_ONE = 2
"""Of these, how many of one scorer that no stage ranks by."""
_PANELS = 12
"""Languages that a plot shows."""
_PILED = 0.9
"""Share of rows in one bin from which on a histogram tells no more than a number does."""
_RANKS = ("best", "pair", "dedup")
"""Verbs that rank by a score."""
_LABELS = 8


@dataclass(frozen=True)
class Column:
    """A score column at the stage that added it."""

    name: str
    step: Step
    told: Score
    later: Step | None
    """The last stage whose rows are still of the same kind and descend from these."""
    ranks: bool
    """Whether a stage of the run ranks by it."""
    selects: bool
    """Whether any stage of the run looked at it to decide."""

    @property
    def rows(self) -> int:
        """Rows with and without a verdict."""
        return self.told.scored + self.told.unjudged

    @property
    def scorer(self) -> str:
        """What columns of one scorer have in common."""
        return self.told.signature or self.name

    @property
    def numeric(self) -> bool:
        """Whether it is a number that can be averaged."""
        return self.name.startswith("score_")

    @property
    def piled(self) -> float:
        """Share of the judged rows in the fullest bin."""
        histogram = self.told.histogram
        return max(histogram.counts) / self.told.scored if histogram and self.told.scored else 0.0

    @property
    def constant(self) -> bool:
        """Whether all judged rows have one value: then the last bin, where the greatest value lies, is empty."""
        histogram = self.told.histogram
        return histogram is not None and not histogram.counts[-1]

    @property
    def sign(self) -> float:
        """1 where higher is better or no direction is known, else -1."""
        return -1.0 if self.told.higher_is_better is False else 1.0

    @property
    def arrow(self) -> str:
        """The name with the direction in which it gets better."""
        better = {True: " ↑", False: " ↓", None: ""}[self.told.higher_is_better]
        return f"{code(self.name)}{better}"


@dataclass(frozen=True)
class Scored:
    """The scores that one stage added, with what its rows say of them."""

    step: Step
    columns: list[Column]
    """All of them, those that rank first, then those that select."""
    by_language: pl.DataFrame
    """Columns language, column, rows, scored, mean, quartiles; by rows, most first."""
    by_system: pl.DataFrame
    """Columns language, system, column, rows, scored, mean; empty where no systems answered."""
    overall: pl.DataFrame
    """As `by_language`, over all."""

    @property
    def leading(self) -> list[Column]:
        """The scores to look at first."""
        useful, seen = [], Counter[str]()
        for column in self.columns:
            seen[column.scorer] += column.numeric and not column.constant
            if column.numeric and not column.constant and (column.ranks or seen[column.scorer] <= _OF_ONE):
                useful.append(column)
        return useful[:_LEADING]

    @property
    def systems(self) -> pl.DataFrame:
        """Means by system over all languages."""
        weighted = self.by_system.with_columns(total=pl.col("mean") * pl.col("scored"))
        return (
            weighted.group_by("system", "column")
            .agg(pl.col("rows").sum(), pl.col("scored").sum(), pl.col("total").sum())
            .select(
                "system",
                "column",
                "rows",
                "scored",
                mean=pl.when(pl.col("scored") > 0).then(pl.col("total") / pl.col("scored")),
            )
        )


def scored(run: Sequence[Step]) -> list[Scored]:
    """The scores of a run, each at the stage that added it."""
    names = {step.name: step for step in run}
    judging = {(s.column, s.signature) for step in run for s in step.manifest.selected_by}
    ranking = {
        (s.column, s.signature)
        for step in run
        for s in step.manifest.selected_by
        if s.stage in names and names[s.stage].verb in _RANKS
    }
    found = []
    for step in run:
        # A pair's own scores are those that its candidates had.
        declared = kind_of(step.manifest.kind).columns
        # What came with rows that were read is new to this run.
        inputs = step.inputs if step.verb != "read" else ()
        known = {name for source in inputs for name in source.manifest.scores}
        columns = [
            Column(
                name,
                step,
                told,
                _later(run, step, name),
                (name, told.signature) in ranking,
                (name, told.signature) in judging,
            )
            for name, told in step.manifest.scores.items()
            if name not in known and name not in declared
        ]
        if columns and step.manifest.rows:
            columns.sort(key=lambda column: (not column.ranks, not column.selects))
            found.append(_measured(step, columns))
    return found


def _later(run: Sequence[Step], first: Step, column: str) -> Step | None:
    descend, last = {first.name}, None
    for step in run:
        if descend & set(step.sources):
            descend.add(step.name)
            if step.manifest.kind == first.manifest.kind and column in step.manifest.scores:
                last = step
    return last if last is not None and last.manifest.rows < first.manifest.rows else None


def _measured(step: Step, columns: Sequence[Column]) -> Scored:
    names = [column.name for column in columns if column.name.startswith(("score_", "flag_"))]
    by_language = _measures(step, names, {"language": LANGUAGES}, quartiles=True)
    by_system = {"language": LANGUAGES, "system": pl.col("engine") if step.manifest.models else pl.lit(None, pl.String)}
    return Scored(
        step,
        list(columns),
        by_language.sort("rows", "language", descending=[True, False], maintain_order=True),
        _measures(step, names if step.manifest.models else [], by_system, quartiles=False),
        _measures(step, names, {"language": pl.lit("all")}, quartiles=True),
    )


def _measures(step: Step, names: Sequence[str], by: dict[str, pl.Expr], *, quartiles: bool) -> pl.DataFrame:
    """Rows, judged rows, mean and quartiles of each score by the values of `by`, one score in memory at a time."""
    value = pl.col("value")
    measures = [
        pl.len().cast(pl.Int64).alias("rows"),
        value.count().cast(pl.Int64).alias("scored"),
        value.mean().alias("mean"),
        *(value.quantile(q / 100, "linear").alias(f"q{q}") for q in (25, 50, 75) if quartiles),
    ]

    def measured(name: str) -> pl.DataFrame:
        scores = step.dataset.scan().select(value=pl.col(name).cast(pl.Float64), **by)
        return scores.group_by(*by).agg(*measures).sort(*by).collect(engine="streaming")

    parts = [measured(name).select(*by, pl.lit(name).alias("column"), pl.all().exclude(*by)) for name in names]
    return pl.concat(parts) if parts else pl.DataFrame(schema={"language": pl.String, "system": pl.String})


def section(found: Sequence[Scored], folder: Folder, *, text: bool) -> str:
    """Scores one by one, by language and by system."""
    if not found:
        return "No scores: no stage added any."
    links = _files(found, folder)
    parts = [
        "Null means that a scorer could not judge a row; it is never counted as 0. ↑ marks scores of which more is "
        f"better, ↓ those of which less is. As files: {', '.join(link for link in links if link)}."
    ]
    for one in found:
        names = [column.name for column in one.columns]
        parts += [f"### Added by {one.step.name}", _overview(one), origins.origins(one.step.manifest, names)]
        noted = origins.noted(origins.notes(one.step, names), one.step.manifest.rows, text=text)
        parts += [noted] if noted else []
        labels = _labels(one, text=text)
        if labels:
            parts.append(labels)
        if one.step.manifest.models:
            parts += _systems(one)
        parts += _languages(one)
        parts += _plots(one, folder)
    return "\n\n".join(parts)


def _overview(one: Scored) -> str:
    spread = {row["column"]: row for row in one.overall.iter_rows(named=True)}
    rows = []
    for column in one.columns:
        if not column.name.startswith(("score_", "flag_")):
            continue
        measured, histogram = spread[column.name], column.told.histogram
        constant = column.constant or not column.told.scored
        low, high = (histogram.low, histogram.high) if histogram and not column.constant else (column.told.mean,) * 2
        rows.append(
            [
                column.arrow,
                count(column.told.scored),
                count(column.told.unjudged),
                percent(column.told.unjudged, column.rows),
                real(column.told.mean),
                real(low),
                *(real(None if constant and not column.numeric else measured[q]) for q in ("q25", "q50", "q75")),
                real(high),
                "ranks" if column.ranks else "selects" if column.selects else "",
            ]
        )
    header = ["score", "judged", "null", "share", "mean", "least", "25 %", "median", "75 %", "most", "used"]
    return table("lrrrrrrrrrl", header, rows, limit=40)


_CODE_LIKE = pl.col("value").str.contains(r"^[A-Za-z][A-Za-z0-9-]{0,15}$")


def _labels(one: Scored, *, text: bool) -> str:
    lines, names = [], [column.name for column in one.columns]
    for column in one.columns:
        if not column.name.startswith("label_") or origins.is_note(column.name, names):
            continue
        counted = (
            one.step.dataset.scan()
            .group_by(value=pl.col(column.name))
            .len()
            .drop_nulls("value")
            .sort("len", "value", descending=[True, False])
            .collect(engine="streaming")
        )
        shown = counted.head(_LABELS)
        if not text:
            # A label may be text that a scorer took out of the answer; codes are told, other text is not.
            shown = shown.filter(_CODE_LIKE)
        values = [f"{code(value)} {percent(rows, column.told.scored)}" for value, rows in shown.iter_rows()]
        more = counted.height - shown.height
        values += [plural(more, "other value")] if more else []
        lines.append(
            f"- {code(column.name)}: {', '.join(values) or 'never judged'}; null {count(column.told.unjudged)}"
        )
    return "\n".join(lines)


def _systems(one: Scored) -> list[str]:
    """Means by system, which is what people look at first; then the leading score by system and language."""
    leading = one.leading
    if not leading:
        return []
    means = {(row["system"], row["column"]): row for row in one.systems.iter_rows(named=True)}
    lead = leading[0]
    systems = sorted(one.step.manifest.models, key=lambda name: _best_first(means[name, lead.name]["mean"], lead, name))
    rows = [
        [
            code(system),
            count(one.step.manifest.models[system]),
            *(real(means[system, column.name]["mean"]) for column in leading),
        ]
        for system in systems
    ]
    header = ["system", "rows", *(column.arrow for column in leading)]
    parts = [
        "Means by system, over the rows that were judged:",
        table("lr" + "r" * len(leading), header, rows, limit=40),
    ]
    if len({tuple(sorted(one.by_system.filter(pl.col("system") == s)["language"].unique())) for s in systems}) > 1:
        parts.append("The systems answered in different languages, so these means are not of the same prompts.")
    languages = list(dict.fromkeys(one.by_language["language"]))[:8]
    if len(languages) > 1:
        cells = {(row["system"], row["language"]): row for row in _of(one.by_system, lead).iter_rows(named=True)}
        rows = [
            [code(system), *(real(cells[system, at]["mean"]) if (system, at) in cells else MISSING for at in languages)]
            for system in systems
        ]
        parts += [
            f"{lead.arrow} by system and language:",
            table("l" + "r" * len(languages), ["system", *map(code, languages)], rows, limit=40),
        ]
    return parts


def _best_first(mean: float | None, lead: Column, name: str) -> tuple[bool, float, str]:
    return mean is None, -lead.sign * mean if mean is not None else 0.0, name


def _of(frame: pl.DataFrame, column: Column) -> pl.DataFrame:
    return frame.filter(pl.col("column") == column.name)


def _languages(one: Scored) -> list[str]:
    """Medians and nulls of the leading scores by language, where there are several."""
    languages = one.by_language["language"].n_unique()
    leading = one.leading[:3]
    if languages < 2 or not leading:
        return []
    by = [_of(one.by_language, column).iter_rows(named=True) for column in leading]
    rows = []
    for told in zip(*by, strict=True):
        cells = [code(told[0]["language"]), count(told[0]["rows"])]
        for row in told:
            cells += [real(row["mean"]), real(row["q50"]), percent(row["rows"] - row["scored"], row["rows"])]
        rows.append(cells)
    header = ["language", "rows", *(f"{c.arrow} {what}" for c in leading for what in ("mean", "median", "null"))]
    return [
        "By language:",
        table(
            "lr" + "rrr" * len(leading),
            header,
            rows,
            full="[scores-by-language.csv](scores-by-language.csv)" if len(rows) > 20 else "",
        ),
    ]


def _plots(one: Scored, folder: Folder) -> list[str]:
    parts, piled = [], []
    for column in one.leading:
        if column.piled >= _PILED:
            piled.append(column)
            continue
        histogram = column.told.histogram
        if histogram is None:
            continue
        later = column.later
        panels = _panels(column, histogram)
        figure = histograms(
            panels,
            histogram.low,
            histogram.high,
            _axis(column),
            every=f"all rows of {one.step.name}",
            kept=f"those left in {later.name}" if later else "",
        )
        told = f"Histogram of {column.name} by language"
        parts.append(folder.svg(f"scores-{one.step.name}-{column.name}.svg", figure, told))
    if parts:
        after = "; dark is what later stages left of it" if any(column.later for column in one.leading) else ""
        more = one.by_language["language"].n_unique() - _PANELS
        most = f" The {_PANELS} languages with the most rows of {_PANELS + more} are shown." if more > 0 else ""
        parts.insert(0, f"How scores are spread: heights are shares of a language's judged rows{after}.{most}")
    if piled:
        told = ", ".join(f"{code(c.name)} ({percent(c.piled, 1)} within {_bin(c)})" for c in piled)
        parts.append(f"Not drawn, since nearly all rows lie together: {told}.")
    return parts


def _axis(column: Column) -> str:
    better = {True: "  (higher is better →)", False: "  (← lower is better)", None: ""}
    return column.name + better[column.told.higher_is_better]


def _bin(column: Column) -> str:
    histogram = column.told.histogram
    assert histogram is not None
    edges = np.linspace(histogram.low, histogram.high, len(histogram.counts) + 1)
    fullest = int(np.argmax(histogram.counts))
    return f"{real(float(edges[fullest]))} to {real(float(edges[fullest + 1]))}"


def _panels(column: Column, histogram: Histogram) -> list[Panel]:
    every = _binned(column.step, column.name, histogram)
    kept = _binned(column.later, column.name, histogram) if column.later else {}
    largest = sorted(every, key=lambda language: (-int(every[language].sum()), language))[:_PANELS]
    return [
        Panel(
            language,
            every[language],
            kept.get(language, np.zeros(len(histogram.counts), np.int64)) if column.later else None,
        )
        for language in largest
    ]


def _binned(step: Step, name: str, histogram: Histogram) -> dict[str, NDArray[np.int64]]:
    """A score's histogram by language, over the bins of the manifest's."""
    bins = len(histogram.counts)
    width = (histogram.high - histogram.low) / bins
    place = ((pl.col(name) - histogram.low) / width).floor().clip(0, bins - 1).cast(pl.Int64)
    counted = (
        step.dataset.scan()
        .filter(pl.col(name).is_not_null())
        .group_by(language=LANGUAGES, place=place)
        .len()
        .collect(engine="streaming")
    )
    found: dict[str, NDArray[np.int64]] = {}
    for language, at, rows in counted.iter_rows():
        found.setdefault(language, np.zeros(bins, np.int64))[at] = rows
    return found


def _files(found: Sequence[Scored], folder: Folder) -> list[str]:
    def stacked(frames: Iterator[tuple[str, pl.DataFrame]]) -> pl.DataFrame:
        told = [frame.select(pl.lit(stage).alias("stage"), pl.all()) for stage, frame in frames if frame.height]
        return pl.concat(told) if told else pl.DataFrame()

    columns = [
        {
            "stage": one.step.name,
            "column": column.name,
            "higher_is_better": column.told.higher_is_better,
            "judged": column.told.scored,
            "null": column.told.unjudged,
            "mean": column.told.mean,
            "signature": column.told.signature,
        }
        for one in found
        for column in one.columns
    ]
    schema = {"higher_is_better": pl.Boolean, "mean": pl.Float64}
    return [
        folder.csv("scores.csv", pl.DataFrame(columns, schema_overrides=schema)),
        folder.csv("scores-by-language.csv", stacked((one.step.name, one.by_language) for one in found)),
        folder.csv("scores-by-system.csv", stacked((one.step.name, one.by_system) for one in found)),
    ]
