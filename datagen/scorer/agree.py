"""`datagen scorer agree`: how far scores agree with people, by language pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from corpus.dataset import Dataset
from corpus.describe import LANGUAGES
from corpus.errors import UserError
from corpus.manifest import Score
from corpus.mixing import hash64
from datagen.scorer.grid import Grid, paged, span
from datagen.scorer.rows import Say, direction, header_of, items_of, named_columns, scored
from filters.base import ScoreColumn, Scorer
from filters.report.folder import Folder
from filters.report.markdown import code, count, plural, signature
from filters.report.plots import Dot, dots
from filters.statistics import CONFIDENCE, RESAMPLES, Estimate, bootstrap, mean, over_all, within

Resample = Literal["segment", "document"]

OVER_ALL, WITHIN = "all rows", "one segment"
"""What is compared: any two rows of a language pair, or the answers to one source."""
MEASURES = {
    "pearson": "Pearson",
    "spearman": "Spearman",
    "kendall": "Kendall tau-b",
    "accuracy": "acc",
    "accuracy*": "acc*",
}
_COUNTS = ("rows", "unjudged", "segments", "pairs", "every")
"""What is counted of an agreement."""
_MEANS = "mean"
"""Stands for a language pair where it is the mean over all."""


@dataclass(frozen=True)
class Agreement:
    """How far one score agrees with people in one language pair."""

    language: str
    score: str
    level: str
    """`OVER_ALL` or `WITHIN`."""
    rows: int
    """Rows that people and the score judged."""
    unjudged: int
    """Rows that people judged and the score did not."""
    segments: int
    """Sources that the rows are answers to; within segments, those with several."""
    pairs: int
    """Pairs of rows that are compared."""
    every: int
    """Pairs of rows that there are; within segments more than `MOST_PAIRS` are not compared."""
    measures: Mapping[str, Estimate]
    tie: float | None = None
    """Within segments, up to which difference scores count as equal in `acc*`."""
    tied: float | None = None
    """Within segments, the share of pairs that people hold equal: the `acc*` of a score that tells nothing apart."""


@dataclass(frozen=True)
class Question:
    """What is asked."""

    human: str = "human"
    scores: Sequence[str] = ()
    """Columns; none for all that there are."""
    resample: Resample = "segment"
    times: int = RESAMPLES
    seed: int = 0


@dataclass(frozen=True)
class Answer:
    """Agreements, those over all rows first, and what the columns say of themselves."""

    human: str
    found: Sequence[Agreement]
    columns: Mapping[str, Score | ScoreColumn]
    question: Question


def agree(dataset: Dataset, question: Question, scorers: Sequence[Scorer] = (), say: Say = print) -> Answer:
    """Agreement of scores with people's.

    Args:
        dataset: rows with people's scores.
        question: which columns, and how sure one wants to be.
        scorers: scorers that are run first, whose columns are those that are asked for where none are named.
        say: told how far learned scorers are.

    Raises:
        UserError: a column is missing, or no row has both a score and people's.
    """
    [human] = named_columns(dataset, [question.human], "column of people's scores")
    if not human.startswith("score_"):
        raise UserError(f"{human} holds no numbers; people's scores are a column that begins with score_")
    kind, columns = dataset.manifest.kind, dict(dataset.manifest.scores)
    frame, rated = dataset.scan(), pl.col(human).is_not_null()
    named = named_columns(dataset, question.scores, "score") if question.scores else []
    told: dict[str, Score | ScoreColumn] = {**columns}
    if scorers:
        # What is compared with the other answers is compared with all of them, rated or not.
        asked = frame if any(scorer.compares_answers for scorer in scorers) else frame.filter(rated)
        rows, added = scored(asked.collect(), header_of(dataset), scorers, dataset, say)
        frame, told = rows.lazy(), {**told, **added}
        named += [name for name in sorted(added) if name.startswith("score_")]
    names = named or [name for name in columns if name.startswith("score_") and name != human]
    if not names:
        raise UserError(f"{dataset.path} has no score beside {human}; run a stage `score`, or name one with --scorer")
    if human in names:
        raise UserError(f"{human} is compared with itself; name another column with --human or --score")
    cluster = items_of(kind) if question.resample == "segment" else _document(dataset)
    rows = (
        frame.filter(rated)
        .select(LANGUAGES.alias("@language"), items_of(kind).alias("@item"), cluster.alias("@cluster"), human, *names)
        .collect()
    )
    if not rows.height:
        raise UserError(f"no row of {dataset.path} has a value in {human}")
    # The items that are compared where there are too many are those of the lowest numbers: a hash numbers them, so that
    # they are drawn by chance, and alike for every score.
    rows = rows.with_columns(pl.Series("@item", hash64(rows["@item"], "scorer agree")))
    found = [
        one
        for name in dict.fromkeys(names)
        for (language,), part in sorted(rows.group_by("@language"))
        for one in _agreements(str(language), part, name, human, told, question)
    ]
    if not any(one.rows for one in found):
        raise UserError(f"no row of {dataset.path} has both {human} and one of {', '.join(names)}")
    return Answer(human, _with_means(found), told, question)


def _document(dataset: Dataset) -> pl.Expr:
    if not dataset.scan().select(pl.col("^doc_id$").is_not_null().any()).collect().to_numpy().any():
        raise UserError(f"--resample document: the rows of {dataset.path} name no document (doc_id)")
    return pl.coalesce("doc_id", pl.lit("")).alias("@cluster")


def _agreements(
    language: str,
    part: pl.DataFrame,
    name: str,
    human: str,
    told: Mapping[str, Score | ScoreColumn],
    question: Question,
) -> list[Agreement]:
    """Over all rows and, where several answer one source, within segments."""
    judged = part.filter(pl.col(name).is_not_null())
    left, right = (judged[column].cast(pl.Float64).to_numpy() * direction(column, told) for column in (name, human))
    items, clusters = (judged[column].rank("dense").cast(pl.Int64).to_numpy() - 1 for column in ("@item", "@cluster"))
    unjudged = part.height - judged.height
    if not judged.height:
        nothing = dict.fromkeys([*MEASURES][:-1], Estimate(float("nan"), np.empty(0)))
        return [Agreement(language, name, OVER_ALL, 0, unjudged, 0, 0, 0, nothing)]
    options = {"times": question.times, "seed": question.seed}
    whole = bootstrap(over_all(left, right), clusters, **options)
    segments, pairs = int(items.max()) + 1, judged.height * (judged.height - 1) // 2
    found = [Agreement(language, name, OVER_ALL, judged.height, unjudged, segments, pairs, pairs, whole)]
    if segments < judged.height:
        inner = within(left, right, items)
        measures = bootstrap(inner.measure, clusters, **options)
        counts = (judged.height, unjudged, inner.items, inner.pairs, inner.every)
        found.append(Agreement(language, name, WITHIN, *counts, measures, inner.tie, inner.tied))
    return found


def _with_means(found: Sequence[Agreement]) -> list[Agreement]:
    """By level and score, the language pairs and after them their mean."""
    ordered = []
    for level in (OVER_ALL, WITHIN):
        for score in dict.fromkeys(one.score for one in found):
            of = [one for one in found if (one.level, one.score) == (level, score)]
            ordered += of
            able = [one for one in of if one.rows]
            if len(of) > 1 and able:
                means = {name: mean([one.measures[name] for one in able]) for name in able[0].measures}
                rows, unjudged, segments, pairs, every = (sum(getattr(one, what) for one in of) for what in _COUNTS)
                tied = float(np.mean([one.tied for one in able])) if level == WITHIN else None
                name = f"{_MEANS} of {len(able)}"
                ordered.append(Agreement(name, score, level, rows, unjudged, segments, pairs, every, means, tied=tied))
    return ordered


def grids(answer: Answer) -> list[Grid]:
    """A table for each level."""
    made = []
    for level, title in ((OVER_ALL, "Over all rows of a language pair"), (WITHIN, "Among the answers to one source")):
        of = [one for one in answer.found if one.level == level]
        if not of:
            continue
        names = list(of[0].measures)
        rows = [
            [
                one.score + {1.0: "", -1.0: " ↓"}[direction(one.score, answer.columns)],
                one.language,
                count(one.rows),
                count(one.unjudged),
                count(one.segments),
                count(one.pairs) + (f" of {count(one.every)}" if one.pairs < one.every else ""),
                *(span(one.measures[name].value, *one.measures[name].interval()) for name in names),
                *([] if one.tied is None else [f"{one.tied:.3f}"]),
            ]
            for one in of
        ]
        header = ["score", "languages", "rows", "null", "sources", "pairs", *(MEASURES[name] for name in names)]
        header += ["tied"] if level == WITHIN else []
        made.append(Grid(title, "ll" + "r" * (len(header) - 2), header, rows, _told(level, answer)))
    return made


def _told(level: str, answer: Answer) -> str:
    question = answer.question
    told = [
        f"Agreement with {answer.human}; 1 is perfect, ↓ marks scores of which less is better, turned round here. In "
        f"brackets the {CONFIDENCE:.0%} interval of {plural(question.times, 'resample')} by {question.resample}."
    ]
    if level == OVER_ALL:
        told.append("acc: share of pairs of rows that both order alike, ties included.")
    else:
        told.append(
            "Means over sources with several answers. acc*: where small differences of the score count as ties, up to "
            "the threshold that suits people's ties best (Deutsch et al. 2023). tied: pairs that people hold equal, "
            "which is the acc* of a score that tells nothing apart."
        )
        if any(one.pairs < one.every for one in answer.found):
            told.append(
                "pairs: where comparing all would take too long, those of sources that a hash draws, the same for "
                "every score."
            )
    names = dict.fromkeys([answer.human, *(one.score for one in answer.found)])
    undirected = [name for name in names if (of := answer.columns.get(name)) is None or of.higher_is_better is None]
    if undirected:
        told.append(f"No direction is known of {', '.join(undirected)}: more is taken as better.")
    return " ".join(told)


def written(answer: Answer, dataset: Dataset, out: Path) -> Path:
    """Write the page with its table (CSV) and plot (SVG)."""
    folder = Folder(out, "datagen scorer agree")
    link = folder.csv("agreement.csv", _frame(answer))
    families = [
        f"- {code(name)}: {signature(told.signature)}"
        + (f"; family {code(told.family)}" if told.family else "")
        + (f"; licence {told.licence}" if told.licence else "")
        for name in dict.fromkeys([answer.human, *(one.score for one in answer.found)])
        if (told := answer.columns.get(name)) is not None
    ]
    plots = [
        folder.svg(f"agreement-{file}.svg", dots(_dots(answer, level), label), f"Agreement {label}")
        for level, file, label in (
            (OVER_ALL, "all", "Kendall tau-b over all rows of a language pair"),
            (WITHIN, "segments", "acc* among the answers to one source"),
        )
        if any(one.level == level and one.rows for one in answer.found)
    ]
    head = (
        f"# Agreement with {code(answer.human)}\n\nOf {plural(dataset.manifest.rows, 'row')} of "
        f"{code(dataset.manifest.name)} (content {code(dataset.manifest.content[:8])}). As a file: {link}."
    )
    return folder.page("\n\n".join([head, *plots, paged(grids(answer)), "## Signatures", "\n".join(families)]))


def _dots(answer: Answer, level: str) -> list[Dot]:
    measure = "kendall" if level == OVER_ALL else "accuracy*"
    return [
        Dot(one.score, one.language, estimate.value, *estimate.interval())
        for one in answer.found
        if one.level == level and np.isfinite((estimate := one.measures[measure]).value)
    ]


def _frame(answer: Answer) -> pl.DataFrame:
    """A row for each number."""
    rows = [
        (
            one.score,
            one.language,
            one.level,
            *(getattr(one, what) for what in _COUNTS),
            name,
            *_finite(estimate),
            one.tie,
            one.tied,
        )
        for one in answer.found
        for name, estimate in one.measures.items()
    ]
    strings = dict.fromkeys(["score", "languages", "level"], pl.String)
    counts = dict.fromkeys(["rows", "unjudged", "sources", "pairs", "pairs_in_all"], pl.Int64)
    numbers = dict.fromkeys(["value", "low", "high", "tie", "tied"], pl.Float64)
    return pl.DataFrame(rows, schema={**strings, **counts, "measure": pl.String, **numbers}, orient="row")


def _finite(estimate: Estimate) -> list[float | None]:
    numbers = (estimate.value, *estimate.interval())
    return [float(number) if np.isfinite(number) else None for number in numbers]
