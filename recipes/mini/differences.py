"""Which stage is better than which, over all seeds of a report, and whether the miniature came to what it aims at."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sacrebleu.metrics.chrf import CHRF

from evals.corpus_metrics import CorpusMetric
from evals.paired import LEVEL, Difference, compare
from evals.statistics import Table, mean, table

FINAL = "grpo"
AXES = ("translation", "general", "instructed")
PAIRS = (
    *((FINAL, other) for other in ("teacher_a", "teacher_b", "control")),
    *(("sft", "control"), ("wpo", "sft"), ("grpo", "wpo")),
)
"""The last model against its teachers and the control, then each stage against the one before."""

Answers = Callable[[str, str], Sequence[pl.DataFrame]]
"""Of a benchmark and a model: its scored answers, a frame a seed."""


def differences(answers: Answers) -> dict[tuple[str, str, str], Difference]:
    """By axis and the two models: how far apart they are, over the items of all seeds together."""
    return {
        (axis, left, right): compare(_both(axis, left, answers(axis, left), right, answers(axis, right)), left, right)
        for axis in AXES
        for left, right in PAIRS
    }


def right(frame: pl.DataFrame) -> NDArray[np.float64]:
    """100 where an answer meets its verifiers, 0 where it does not, NaN where none could judge it."""
    judged = frame["score_verified"]
    met = (judged.fill_null(0) >= 1).cast(pl.Float64).to_numpy() * 100
    return np.where(judged.is_null().to_numpy(), np.nan, met)


def directions(frame: pl.DataFrame) -> list[str]:
    """The direction of each row."""
    return (frame["src_lang"].fill_null("") + ">" + frame["tgt_lang"].fill_null("")).to_list()


def items(frame: pl.DataFrame, seed: int = 0) -> list[str]:
    """A name for each row; equal prompts of a test set are told apart by their number."""
    return [f"{seed}:{prompt}:{number}" for number, prompt in enumerate(frame["prompt_id"])]


def _both(axis: str, left: str, ours: Sequence[pl.DataFrame], right_name: str, theirs: Sequence[pl.DataFrame]) -> Table:
    """A table of the two models on the items of every seed."""
    for mine, other in zip(ours, theirs, strict=True):
        assert mine["prompt_id"].equals(other["prompt_id"]), f"{left} and {right_name} answered other questions"
    named = [name for seed, frame in enumerate(ours) for name in items(frame, seed)]
    mine, other = pl.concat(ours, how="diagonal_relaxed"), pl.concat(theirs, how="diagonal_relaxed")
    if axis != "translation":
        return table(named, {left: right(mine), right_name: right(other)}, score=mean)
    metric = CorpusMetric(CHRF(word_order=2), mine["references"].to_list())
    values = {name: metric.statistics(each["response"].to_list()) for name, each in ((left, mine), (right_name, other))}
    return table(named, values, strata=directions(mine), score=metric.score)


def shown(found: Difference) -> bool:
    """Whether chance alone would seldom make two models differ so."""
    return found.p_permutation < LEVEL


def told(found: Difference) -> str:
    """A difference in words: its size and interval, and a star where it is shown."""
    if np.isnan(found.value):
        return "none judged"
    return f"{found.value:+.1f} [{found.low:+.1f}, {found.high:+.1f}]{' *' if shown(found) else ''}"


def aims(found: dict[tuple[str, str, str], Difference]) -> list[str]:
    """What the miniature aims at, each with what became of it."""
    lines = []
    for teacher in ("teacher_a", "teacher_b"):
        for axis in ("translation", "general"):
            lines.append(_better(found[axis, FINAL, teacher], f"{FINAL} beats {teacher} in {axis}"))
    lines.append(_better(found["general", FINAL, "control"], f"{FINAL} beats the control in general"))
    lost = found["translation", FINAL, "control"]
    words = "not met" if shown(lost) and lost.value < 0 else "met: none is shown"
    lines.append(f"{FINAL} loses no translation against the control: **{words}** ({told(lost)})")
    return lines


def _better(found: Difference, aim: str) -> str:
    direction = "met" if found.value > 0 else "not met, it is worse"
    words = direction if shown(found) else "not shown"
    return f"{aim}: **{words}** ({told(found)})"
