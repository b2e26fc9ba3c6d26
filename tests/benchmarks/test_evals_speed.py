"""Intervals of all systems of a real test set, beside sacreBLEU's own bootstrap; ranks and ratings."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from harness import Report, in_turns, median
from rated_outputs import wmt23
from sacrebleu.metrics.base import Metric
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.significance import _bootstrap_resample

from evals.corpus_metrics import CorpusMetric
from evals.measures import Corpus
from evals.paired import rank
from evals.ratings import Game, rate
from evals.statistics import Table, intervals, table
from evals.style import STYLE
from filters.scorers.langid import LangId

pytestmark = pytest.mark.bench

RESAMPLES = 1_000
TURNS = 3


def timed(work: Callable[..., object], *given: object, **options: object) -> float:
    start = time.perf_counter()
    work(*given, **options)
    return time.perf_counter() - start


def sacrebleus(of: Table, metric: Metric) -> None:
    for place in range(len(of.systems)):
        _bootstrap_resample(of.statistics[:, place].tolist(), metric, RESAMPLES)


def test_intervals(report: Report, shared_data: Path) -> None:
    references, outputs = wmt23(shared_data, "de-en")
    segments, systems = len(references), len(outputs)
    items = [str(n) for n in range(segments)]
    tables: dict[str, Table] = {}
    metrics = {"BLEU": BLEU(), "chrF++": CHRF(word_order=2)}
    for name, theirs in metrics.items():
        metric = CorpusMetric(theirs, [[text] for text in references])
        statistics = {system: metric.statistics(texts) for system, texts in outputs.items()}
        tables[name] = table(items, statistics, score=metric.score)
    draw = np.random.default_rng(1)
    tables["mean"] = table(items, {system: draw.normal(size=segments) for system in outputs})
    what = f"{RESAMPLES:,} resamples × {systems} systems × {segments} segments"
    taken = {name: [timed(intervals, of, times=RESAMPLES) for _ in range(TURNS)] for name, of in tables.items()}
    for name, seconds in taken.items():
        report.add(f"intervals of {name}, {what}", median(seconds), "s")
    report.add(f"intervals of all three, {what}", sum(map(median, taken.values())), "s", most=3)
    for name, theirs in metrics.items():
        seconds = [timed(sacrebleus, tables[name], theirs) for _ in range(TURNS)]
        report.add(f"sacreBLEU's bootstrap of {name}, {what}", median(seconds), "s")
        report.add(f"sacreBLEU's bootstrap of {name} by ours", in_turns(seconds, taken[name]), "times", least=1)


def test_ratings(report: Report) -> None:
    """As many games as Arena-Hard has of twenty models, with four differences of style."""
    draw = np.random.default_rng(2)
    games = [
        Game(f"p{prompt}", f"m{model}", "base", float(draw.choice([0.0, 0.5, 1.0])), 1.0, tuple(draw.normal(size=4)))
        for prompt in range(500)
        for model in range(20)
        for _ in range(2)
    ]
    what = f"{len(games):,} games of 21 models, {RESAMPLES:,} resamples"
    report.add(f"ratings of {what}", timed(rate, games, "base", times=RESAMPLES), "s")
    report.add(f"ratings of {what}, style held alike", timed(rate, games, "base", style=STYLE, times=RESAMPLES), "s")


def test_every_pair(report: Report, shared_data: Path) -> None:
    references, outputs = wmt23(shared_data, "de-en")
    metric = CorpusMetric(CHRF(word_order=2), [[text] for text in references])
    statistics = {system: metric.statistics(texts) for system, texts in outputs.items()}
    of = table([str(n) for n in range(len(references))], statistics, score=metric.score)
    seconds = timed(rank, of)
    report.add(f"chrF++ of {len(outputs)} systems ranked: 78 paired tests of 10,000 permutations", seconds, "s")


def test_scoring(report: Report, shared_data: Path) -> None:
    """chrF++, BLEU and language identification of all systems' outputs, beside sacreBLEU's two scores alone."""
    references, outputs = wmt23(shared_data, "de-en")
    items = pl.DataFrame({"references": [[text] for text in references], "tgt_lang": "en"})
    frames = {
        system: pl.DataFrame({"@output": texts, "response": texts, "tgt_lang": "en", "prompt_id": items_named(texts)})
        for system, texts in outputs.items()
    }
    langid = LangId()
    langid.score(frames[next(iter(frames))].head(5))

    def ours() -> None:
        for frame in frames.values():
            scored = frame.hstack(langid.score(frame))
            answers = scored.partition_by("prompt_id", maintain_order=True)
            for measure in (Corpus("chrF++"), Corpus("BLEU")):
                counted = measure.count(items, answers)
                counted.score(counted.values.sum(axis=0))

    def theirs() -> None:
        for texts in outputs.values():
            CHRF(word_order=2).corpus_score(texts, [references])
            BLEU().corpus_score(texts, [references])

    taken, alone = [], []
    for _ in range(TURNS):
        taken.append(timed(ours))
        alone.append(timed(theirs))
    what = f"{len(outputs)} systems × {len(references)} segments"
    report.add(f"chrF++, BLEU and langid of {what}", median(taken), "s")
    report.add("the same by sacreBLEU's chrF++ and BLEU alone", in_turns(taken, alone), "times", most=1.5)


def items_named(texts: list[str]) -> list[str]:
    return [f"{number:05d}" for number in range(len(texts))]
