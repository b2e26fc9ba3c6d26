"""`datagen scorer test`: which faults a score notices, on spoiled copies of good translations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from corpus.dataset import Dataset
from corpus.errors import UserError
from corpus.hashing import digest
from corpus.manifest import Score
from corpus.mixing import hash64
from corpus.schema import ROLES
from datagen.scorer.grid import Grid, paged, span
from datagen.scorer.rows import Say, direction, header_of, items_of, scored
from filters.base import ScoreColumn, Scorer
from filters.corruptions import CORRUPTIONS, Others, Translation, corrupted
from filters.report.folder import Folder
from filters.report.markdown import MISSING, code, count, percent, plural, signature
from filters.report.plots import Heatmap, heatmap
from filters.statistics import wilson

_OUTPUT = {"pair": "target", "response": "response"}
"""By kind, the column that is spoiled."""
_ALL = "all"


@dataclass(frozen=True)
class Caught:
    """How often a score called a kind of spoiled copy worse than its original, in one language."""

    score: str
    corruption: str
    language: str
    copies: int
    """Spoiled copies; the corruption did not apply to the rest of the originals."""
    inapplicable: int
    unjudged: int
    """Copies of which the score could judge one side at most."""
    caught: float
    """Copies that scored worse than their original, equal ones by half."""
    drop: float | None
    """Mean difference to the original, in the score's own unit; above 0 where the copy is worse."""
    kept: float | None = None
    """With a threshold: share of judged originals that it keeps."""
    rejected: float | None = None
    """With a threshold: share of judged copies that it drops."""

    @property
    def judged(self) -> int:
        """Copies that could be compared."""
        return self.copies - self.unjudged

    @property
    def rate(self) -> float | None:
        """The catch rate; a coin has 0.5."""
        return self.caught / self.judged if self.judged else None


@dataclass(frozen=True)
class Trial:
    """What came out, and of how many originals."""

    originals: Mapping[str, int]
    """By language."""
    found: Sequence[Caught]
    columns: Mapping[str, Score | ScoreColumn]
    threshold: float | None


def catch(
    dataset: Dataset, scorers: Sequence[Scorer], *, rows: int, seed: int, threshold: float | None, say: Say
) -> Trial:
    """Spoil good translations in every way and see which copies score worse.

    Args:
        dataset: `pair` or `response` rows that are good; of several answers to a source the one that people like best
            is taken, where they said so, else one by chance.
        scorers: what is tried.
        rows: originals of each language, at most.
        seed: of the choice of originals and of what is done to them.
        threshold: a cut to look at beside the order, in the score's own unit.
        say: told how far learned scorers are.

    Raises:
        UserError: the rows are of another kind, none can be spoiled, or no score has a direction.
    """
    kind = dataset.manifest.kind
    if kind not in _OUTPUT:
        raise UserError(
            f"{dataset.path} holds rows of kind {kind!r}; translations are spoiled, of kind pair or response"
        )
    among = [scorer.name() for scorer in scorers if scorer.compares_answers]
    if among:
        raise UserError(
            f"{among[0]} compares the answers to a prompt with each other, and here they would be spoiled copies of "
            "one answer. `datagen scorer agree` tells what such a score is worth"
        )
    good, every = _originals(dataset, rows, seed)
    copies = _copies(good, every, kind, seed)
    # Scorers see originals and copies alike, so that a model is loaded once.
    asked = pl.concat([good, copies.filter(pl.col(_OUTPUT[kind]).is_not_null())], how="diagonal")
    judged, told = scored(asked, header_of(dataset), scorers, dataset, say)
    names = [name for name, column in sorted(told.items()) if name.startswith("score_")]
    able = [name for name in names if told[name].higher_is_better is not None]
    if not able:
        raise UserError(
            f"none of {', '.join(names) or 'the columns'} says whether more is better, so none can be tried"
        )
    if threshold is not None and len(able) > 1:
        raise UserError(f"--threshold is for one score; these scorers give {', '.join(able)}")
    columns = asked.select("@place", "@language", "@corruption").hstack(judged.select(able))
    missing = copies.filter(pl.col(_OUTPUT[kind]).is_null()).group_by("@corruption", "@language").len()
    originals = dict(good.group_by("@language").len().sort("@language").iter_rows())
    found = [one for name in able for one in _caught(columns, name, missing, direction(name, told), threshold)]
    return Trial(originals, found, {name: told[name] for name in able}, threshold)


def _originals(dataset: Dataset, rows: int, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The originals, and all rows that they were chosen from: one for each source and language."""
    kind = dataset.manifest.kind
    source, output = (ROLES[kind][role] for role in ("source", "output"))
    frame = dataset.scan().filter(output.str.strip_chars() != "", source.is_not_null()).collect()
    if not frame.height:
        raise UserError(f"{dataset.path} has no row with a source and a translation")
    chance = pl.Series("@chance", hash64(frame["id"], f"scorer test {seed}"))
    frame = frame.with_columns(
        chance, items_of(kind).alias("@item"), pl.col("tgt_lang").fill_null("und").alias("@language")
    )
    liked = [pl.col("score_human") * direction("score_human", dataset.manifest.scores)] * (
        "score_human" in frame.columns
    )
    order = frame.sort([*liked, "@chance"], descending=[*[True] * len(liked), False], nulls_last=True)
    every = order.unique(["@item", "@language"], keep="first", maintain_order=True).sort("@chance", "id")
    few = every.with_columns(pl.col("@chance").rank("ordinal").over("@language").alias("@rank"))
    good = few.filter(pl.col("@rank") <= rows).sort("@language", "@rank").with_row_index("@place")
    extra = ["@chance", "@item", "@rank"]
    return good.drop(extra).with_columns(pl.lit(None, pl.String).alias("@corruption")), every


def _copies(good: pl.DataFrame, every: pl.DataFrame, kind: str, seed: int) -> pl.DataFrame:
    """A row for each original and corruption; the text is null where the corruption does not apply."""
    translations, others = (
        [
            Translation(*row)
            for row in frame.select(ROLES[kind]["source"], _OUTPUT[kind], "src_lang", "tgt_lang").iter_rows()
        ]
        for frame in (good, every)
    )
    made = list(corrupted(translations, Others(others), seed=seed))
    if all(one.output is None for one in made):
        raise UserError("no translation could be spoiled: the texts are too few or too short")
    rows = good[[one.place for one in made]]
    return rows.with_columns(
        pl.Series("@corruption", [one.corruption for one in made]),
        pl.Series(_OUTPUT[kind], [one.output for one in made], dtype=pl.String),
        pl.Series("id", [digest([row, one.corruption])[:32] for row, one in zip(rows["id"], made, strict=True)]),
        # What people said of the original does not hold of the copy.
        *(pl.lit(None, rows.schema[name]).alias(name) for name in rows.columns if name.startswith("score_")),
    )


def _caught(
    columns: pl.DataFrame, name: str, missing: pl.DataFrame, sign: float, threshold: float | None
) -> list[Caught]:
    value = pl.col(name).fill_nan(None) * sign
    frame = columns.select("@place", "@language", "@corruption", value=value)
    originals = frame.filter(pl.col("@corruption").is_null()).select("@place", original="value")
    copies = frame.filter(pl.col("@corruption").is_not_null()).join(originals, on="@place", how="left")
    gap = pl.col("original") - pl.col("value")
    both = gap.is_not_null()
    cut = None if threshold is None else threshold * sign
    measures = [
        pl.len().alias("copies"),
        (~both).sum().alias("unjudged"),
        ((gap > 0).sum() + (gap == 0).sum() / 2).alias("caught"),
        gap.mean().alias("drop"),
        (pl.lit(None, pl.Float64) if cut is None else (pl.col("original") >= cut).mean()).alias("kept"),
        (pl.lit(None, pl.Float64) if cut is None else (pl.col("value") < cut).mean()).alias("rejected"),
    ]
    gone = {(corruption, language): n for corruption, language, n in missing.iter_rows()}
    found = []
    languages = sorted(set(columns["@language"]))
    for language in [*languages, *([_ALL] if len(languages) > 1 else [])]:
        of = copies if language == _ALL else copies.filter(pl.col("@language") == language)
        told = {row["@corruption"]: row for row in of.group_by("@corruption").agg(measures).iter_rows(named=True)}
        for corruption in CORRUPTIONS:
            lost = sum(n for (what, where), n in gone.items() if what == corruption and language in (where, _ALL))
            row = told.get(corruption) or {"copies": 0, "unjudged": 0, "caught": 0.0}
            found.append(
                Caught(
                    score=name,
                    corruption=corruption,
                    language=language,
                    copies=row["copies"],
                    inapplicable=lost,
                    unjudged=row["unjudged"],
                    caught=float(row["caught"]),
                    drop=row.get("drop"),
                    kept=row.get("kept"),
                    rejected=row.get("rejected"),
                )
            )
    return found


def grids(trial: Trial) -> list[Grid]:
    """For each score a table of catch rates by corruption and language."""
    made = []
    languages = list(dict.fromkeys(one.language for one in trial.found))
    whole = _ALL if _ALL in languages else languages[0]
    shown = [language for language in languages if language != whole]
    for name in dict.fromkeys(one.score for one in trial.found):
        cells = {(one.corruption, one.language): one for one in trial.found if one.score == name}
        cut = ["kept", "dropped"] if trial.threshold is not None else []
        rows = []
        for corruption in CORRUPTIONS:
            one = cells[corruption, whole]
            rows.append(
                [
                    corruption,
                    _rate(one, interval=True),
                    MISSING if one.drop is None else f"{one.drop:.3g}",
                    count(one.judged),
                    count(one.unjudged),
                    count(one.inapplicable),
                    *([_share(one.kept), _share(one.rejected)] if cut else []),
                    *(_rate(cells[corruption, language]) for language in shown),
                ]
            )
        header = ["copy", f"caught ({whole})", "drop", "copies", "null", "n/a", *cut, *shown]
        made.append(
            Grid(f"{name}: share of spoiled copies that score worse", "l" + "r" * (len(header) - 1), header, rows)
        )
    return [*made[:-1], made[-1]._replace(told=_told(trial))] if made else []


def _rate(one: Caught, *, interval: bool = False) -> str:
    if one.rate is None:
        return MISSING
    low, high = wilson(one.caught, one.judged)
    return span(100 * one.rate, 100 * low, 100 * high, 0) + " %" if interval else f"{100 * one.rate:.0f} %"


def _share(value: float | None) -> str:
    return MISSING if value is None else percent(value, 1)


def _told(trial: Trial) -> str:
    originals = ", ".join(f"{plural(number, 'original')} in {language}" for language, number in trial.originals.items())
    told = (
        f"Of {originals}. A copy that scores worse than its original is caught, an equal one by half: a coin catches "
        "50 %. In brackets Wilson's 95 % interval. drop: mean loss in the score's own unit. null: the score could not "
        "judge both. n/a: originals that cannot be spoiled so."
    )
    if trial.threshold is not None:
        told += f" kept, dropped: at {trial.threshold:g}, originals that stay and copies that go."
    return told


def written(trial: Trial, dataset: Dataset, out: Path) -> Path:
    """Write the page with its table (CSV) and a plot for each score (SVG)."""
    folder = Folder(out, "datagen scorer test")
    link = folder.csv("caught.csv", _frame(trial))
    plots, lines = [], []
    for name, told in trial.columns.items():
        of = {(one.corruption, one.language): one.rate or 0.0 for one in trial.found if one.score == name}
        languages = list(dict.fromkeys(language for _, language in of))
        shares = [[of[corruption, language] for language in languages] for corruption in CORRUPTIONS]
        figure = heatmap(Heatmap(list(CORRUPTIONS), languages, shares, f"{name}: share caught"))
        plots.append(folder.svg(f"caught-{name}.svg", figure, f"Share of spoiled copies that {name} catches"))
        licence = f"; licence {told.licence}" if told.licence else ""
        lines.append(f"- {code(name)}: {signature(told.signature)}; family {code(told.family)}{licence}")
    head = (
        f"# Faults noticed by {', '.join(map(code, trial.columns))}\n\nOriginals are of "
        f"{code(dataset.manifest.name)} (content {code(dataset.manifest.content[:8])}). As a file: {link}."
    )
    return folder.page("\n\n".join([head, paged(grids(trial)), *plots, "## Signatures", "\n".join(lines)]))


def _frame(trial: Trial) -> pl.DataFrame:
    rows = []
    for one in trial.found:
        low, high = wilson(one.caught, one.judged) if one.judged else (None, None)
        counts = (one.copies, one.inapplicable, one.unjudged, one.judged)
        rows.append(
            (one.score, one.corruption, one.language, *counts, one.rate, low, high, one.drop, one.kept, one.rejected)
        )
    texts = dict.fromkeys(["score", "corruption", "language"], pl.String)
    counts_schema = dict.fromkeys(["copies", "inapplicable", "unjudged", "judged"], pl.Int64)
    numbers = dict.fromkeys(["caught", "low", "high", "drop", "kept", "dropped"], pl.Float64)
    return pl.DataFrame(rows, schema={**texts, **counts_schema, **numbers}, orient="row")
