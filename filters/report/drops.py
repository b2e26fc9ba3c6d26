"""What did not go on, by rule, language, origin and system: of the manifests and the tables of rows set aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from corpus.describe import LANGUAGES
from corpus.laws import plain
from corpus.manifest import Manifest
from filters.report.books import Step, flow, tally
from filters.report.folder import Folder
from filters.report.markdown import MISSING, code, count, percent, plural, table
from filters.report.plots import Heatmap, heatmap

DIMENSIONS = ("language", "origin", "system")
_COLUMNS = ("reason", *DIMENSIONS, "rows")
_FATES = {"read": "set aside", "render": "set aside", "verifiable": "rejected"}


@dataclass(frozen=True)
class Loss:
    """What one stage did not pass on, in one unit."""

    stage: str
    unit: str
    fate: str
    """What it means not to go on: `dropped`, `set aside` ..."""
    into: int
    reasons: dict[str, int]
    """First reasons, as the manifest counts them."""
    alone: dict[str, int]
    """How many each rule would drop by itself; empty where that was not counted."""
    overlap: dict[str, int]
    rows: pl.DataFrame
    """Rows set aside: columns reason, language, origin, system and their number."""
    into_by: dict[str, dict[str, int]]
    """What came in, by the values of each dimension that is known."""

    @property
    def dropped(self) -> int:
        """All that did not go on."""
        return sum(self.reasons.values())

    def by(self, dimension: str) -> pl.DataFrame:
        """What came in and what was dropped, by the values of a dimension that is known, most first."""
        known = self.rows.drop_nulls(dimension)
        dropped = known.group_by(pl.col(dimension).alias("value")).agg(dropped=pl.col("rows").sum().cast(pl.Int64))
        into = pl.DataFrame(
            list(self.into_by[dimension].items()), schema={"value": pl.String, "in": pl.Int64}, orient="row"
        )
        both = into.join(dropped, on="value", how="full", coalesce=True).with_columns(
            pl.col("in", "dropped").fill_null(0)
        )
        return both.sort("in", "dropped", "value", descending=[True, True, False])


def losses(step: Step) -> list[Loss]:
    """What a stage did not pass on; for stages that rank, candidates and prompts apart. Empty where all went on."""
    flowed, counts = flow(step), step.manifest.counts
    left = tally(counts, "left")
    again = plain(counts, "repeated") if step.verb == "generate" else 0
    if not (flowed.lost or left or again):
        return []
    aside = (
        step.dataset.aside()
        .group_by(
            "reason",
            LANGUAGES.alias("language"),
            pl.col("origin").fill_null("unknown"),
            pl.col("engine").alias("system"),
        )
        .agg(rows=pl.len())
        .sort("reason", *DIMENSIONS)
        .collect(engine="streaming")
        .select(*_COLUMNS)
    )
    found = []
    if left:
        came = _tables([source.manifest for source in step.inputs])
        found.append(_loss(step, ("candidate", "not compared"), plain(counts, "in"), left, aside, came))
    if again:
        came = _tables([source.manifest for source in step.inputs])
        found.append(_loss(step, ("prompt", "not asked"), plain(counts, "in"), {"repeated": again}, aside, came))
    if step.verb in ("best", "pair") and flowed.lost:
        found.append(_loss(step, ("prompt", "without output"), flowed.into, flowed.lost, aside, _prompts(step)))
    elif step.verb == "prompt":
        found += _unworded(step, aside)
    elif flowed.lost:
        words = (flowed.unit, _FATES.get(step.verb, "dropped"))
        found.append(_loss(step, words, flowed.into, flowed.lost, aside, _came(step, aside)))
    return found


def _unworded(step: Step, aside: pl.DataFrame) -> list[Loss]:
    """Rows that gave no prompt, and prompts that were there already."""
    found = []
    counts = step.manifest.counts
    dropped, repeated = tally(counts, "dropped"), plain(counts, "repeated")
    if dropped:
        came = _tables([source.manifest for source in step.inputs])
        found.append(_loss(step, ("row", "dropped"), plain(counts, "in"), dropped, aside, came))
    if repeated:
        again = aside.filter(pl.col("reason") == "repeated")
        came = _with_dropped(_tables([step.manifest]), again)
        found.append(
            _loss(step, ("prompt", "dropped"), step.manifest.rows + repeated, {"repeated": repeated}, aside, came)
        )
    return found


def _loss(
    step: Step,
    words: tuple[str, str],
    into: int,
    reasons: dict[str, int],
    aside: pl.DataFrame,
    came: dict[str, dict[str, int]],
) -> Loss:
    counts = step.manifest.counts
    first = dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0])))
    mine = aside.filter(pl.col("reason").is_in(list(reasons)))
    overlap = dict(sorted(tally(counts, "overlap").items(), key=lambda item: (-item[1], item[0])))
    return Loss(step.name, *words, into, first, tally(counts, "alone"), overlap, mine, came)


def _tables(manifests: Sequence[Manifest]) -> dict[str, dict[str, int]]:
    """Rows by language, origin and, where models answered, system."""
    total: dict[str, dict[str, int]] = {}
    for manifest in manifests:
        for dimension, told in zip(DIMENSIONS, (manifest.languages, manifest.origins, manifest.models), strict=True):
            for value, rows in told.items():
                by = total.setdefault(dimension, {})
                by[value] = by.get(value, 0) + rows
    return total


def _came(step: Step, aside: pl.DataFrame) -> dict[str, dict[str, int]]:
    """What came in, by the values of each dimension that is known, where every row that went on came in as one."""
    if step.verb == "join":  # documents went on, but pairs came in
        return _tables([source.manifest for source in step.inputs])
    if (
        step.verb == "verifiable"
    ):  # problems know no system, and their language may not be that of what they are made of
        aside = aside.with_columns(system=pl.lit(None, pl.String), language=pl.lit(None, pl.String))
    if step.verb == "generate":  # of equal prompts but one was asked
        aside = aside.filter(pl.col("reason") != "repeated")
    return _with_dropped(_tables([step.manifest]), aside)


def _with_dropped(kept: dict[str, dict[str, int]], aside: pl.DataFrame) -> dict[str, dict[str, int]]:
    """What came in: what went on and what did not."""
    for dimension in DIMENSIONS:
        dropped = aside.drop_nulls(dimension).group_by(dimension).agg(pl.col("rows").sum())
        for value, rows in dropped.iter_rows():
            by = kept.setdefault(dimension, {})
            by[value] = by.get(value, 0) + rows
    return kept


def _prompts(step: Step) -> dict[str, dict[str, int]]:
    """Prompts by language and origin; each lies in one dataset's one shard, whatever stage answered it."""
    if not step.inputs:
        return {}
    if all(source.manifest.kind == "prompt" for source in step.inputs):  # of which references are taken
        return _tables([source.manifest for source in step.inputs])
    answers = pl.concat([source.scan().select("prompt_id", "src_lang", "tgt_lang", "origin") for source in step.inputs])
    groups = {"language": LANGUAGES, "origin": pl.col("origin").fill_null("unknown")}
    return {
        name: dict(
            answers.group_by(key.alias("key"))
            .agg(pl.col("prompt_id").n_unique())
            .sort("key")
            .collect(engine="streaming")
            .iter_rows()
        )
        for name, key in groups.items()
    }


def section(lost: Sequence[Loss], folder: Folder) -> str:
    """Drops by rule, and for each stage by language, origin and system."""
    if not lost:
        return "Nothing was dropped: every row that came in went on."
    files = _files(lost, folder)
    parts = [
        "A row counts under the first rule that rejects it, in the recipe's order; *alone* counts all rows that a rule "
        f"would drop by itself. As files: {', '.join(link for link in files.values() if link)}."
    ]
    for loss in lost:
        share = percent(loss.dropped, loss.into)
        parts.append(f"### {loss.stage}: {count(loss.dropped)} of {plural(loss.into, loss.unit)} {loss.fate} ({share})")
        parts.append(_by_rule(loss))
        if loss.overlap:
            parts.append(_overlaps(loss))
        parts += _by_dimensions(loss, files)
        drawn = _heatmap(loss)
        if drawn:
            told = f"Share of {loss.unit}s {loss.fate} by rule and language at the stage {loss.stage}"
            parts.append(folder.svg(f"drops-{loss.stage}-{loss.unit}s.svg", heatmap(drawn), told))
    return "\n\n".join(parts)


def _by_rule(loss: Loss) -> str:
    judged = bool(loss.alone)
    header = ["rule", "first reason", f"of {loss.unit}s in", *(["alone", f"of {loss.unit}s in"] if judged else [])]
    names = [*loss.reasons, *(name for name in loss.alone if name not in loss.reasons)]
    rows = []
    for name in names:
        first = loss.reasons.get(name, 0)
        cells = [code(name), count(first), percent(first, loss.into)]
        if judged:
            cells += [count(loss.alone.get(name, 0)), percent(loss.alone.get(name, 0), loss.into)]
        rows.append(cells)
    return table("l" + "r" * (len(header) - 1), header, rows, limit=40)


def _overlaps(loss: Loss) -> str:
    rows = [[*map(code, pair.split(" & ")), count(n)] for pair, n in loss.overlap.items()]
    shown = table("llr", ["rule", "and rule", f"{loss.unit}s that both reject"], rows, limit=10)
    more = len(rows) - 10
    return shown + (f"\n\n{more} pairs of rules share fewer rows." if more > 0 else "")


def _by_dimensions(loss: Loss, files: dict[str, str]) -> list[str]:
    found = []
    for dimension in DIMENSIONS:
        if dimension not in loss.into_by:
            continue
        by = loss.by(dimension)
        # One value says no more than the whole did.
        if by.height < 2:
            continue
        main = _main_reasons(loss, dimension)
        rows = [
            [code(value), count(into), count(dropped), percent(dropped, into), main.get(value, MISSING)]
            for value, into, dropped in by.iter_rows()
        ]
        header = [dimension, f"{loss.unit}s in", loss.fate, "share", "most often by"]
        several = len(loss.reasons) > 1
        cells = rows if several else [row[:-1] for row in rows]
        full = files[dimension] if len(rows) > 20 else ""
        found.append(table("lrrr" + "l" * several, header[: 4 + several], cells, limit=20, full=full))
    return found


def _main_reasons(loss: Loss, dimension: str) -> dict[str, str]:
    """The two commonest reasons of each value of a dimension."""
    by = (
        loss.rows.group_by(dimension, "reason")
        .agg(pl.col("rows").sum())
        .sort(["rows", "reason"], descending=[True, False])
    )
    main: dict[str, list[str]] = {}
    for value, reason, rows in by.iter_rows():
        told = main.setdefault(value, [])
        if len(told) < 2:
            told.append(f"{code(reason)} {count(rows)}")
    return {value: ", ".join(told) for value, told in main.items()}


def _heatmap(loss: Loss, most: int = 12) -> Heatmap | None:
    """Shares by rule and language, where there are several of both."""
    by = loss.by("language").filter(pl.col("in") > 0).head(most) if "language" in loss.into_by else None
    rules = list(loss.reasons)[:most]
    if by is None or by.height < 2 or len(rules) < 2:
        return None
    dropped = {
        (reason, language): rows
        for reason, language, rows in loss.rows.group_by("reason", "language").agg(pl.col("rows").sum()).iter_rows()
    }
    languages = by["value"].to_list()
    into = by["in"].to_list()
    shares = [[dropped.get((rule, code), 0) / n for code, n in zip(languages, into, strict=True)] for rule in rules]
    return Heatmap(rules, languages, shares, f"share of {loss.unit}s {loss.fate}")


def _files(lost: Sequence[Loss], folder: Folder) -> dict[str, str]:
    """Every table as CSV: links by what they tell."""
    rules, overlaps = [], []
    for loss in lost:
        for name in dict.fromkeys((*loss.reasons, *loss.alone)):
            alone = loss.alone.get(name, 0) if loss.alone else None
            rules.append((loss.stage, loss.unit, name, loss.into, loss.reasons.get(name, 0), alone))
        overlaps += [(loss.stage, *pair.split(" & "), n) for pair, n in loss.overlap.items()]
    schema = {
        "stage": pl.String,
        "unit": pl.String,
        "rule": pl.String,
        "in": pl.Int64,
        "first": pl.Int64,
        "alone": pl.Int64,
    }
    files = {
        "rule": folder.csv("drops-by-rule.csv", pl.DataFrame(rules, schema=schema, orient="row")),
        "overlap": folder.csv(
            "drops-overlap.csv",
            pl.DataFrame(
                overlaps,
                schema={"stage": pl.String, "rule": pl.String, "and": pl.String, "rows": pl.Int64},
                orient="row",
            ),
        ),
    }
    for dimension in DIMENSIONS:
        known = [loss for loss in lost if dimension in loss.into_by]
        tables = [
            loss.by(dimension).select(
                pl.lit(loss.stage).alias("stage"),
                pl.lit(loss.unit).alias("unit"),
                pl.col("value").alias(dimension),
                "in",
                "dropped",
            )
            for loss in known
        ]
        files[dimension] = folder.csv(f"drops-by-{dimension}.csv", pl.concat(tables)) if tables else ""
    every = [loss.rows.select(pl.lit(loss.stage).alias("stage"), pl.all()) for loss in lost]
    files["all"] = folder.csv("drops.csv", pl.concat(every))
    return files
