"""Which stage is better than which, over all seeds of a report, and whether the miniature came to what it aims at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sacrebleu.metrics.chrf import CHRF

from corpus.errors import UserError
from evals.corpus_metrics import CorpusMetric
from evals.paired import LEVEL, Difference, compare
from evals.statistics import Table, mean, table

FINAL = "grpo"
AXES = ("translation", "general", "instructed")
PAIRS = (
    *((FINAL, other) for other in ("teacher_a", "teacher_b", "control")),
    *(("sft", "control"), ("wpo", "sft"), ("grpo", "wpo")),
    *(("merge-0.85", "grpo"), ("merge-0.85", "control")),
)
"""The last model against its teachers and the control, each stage against the one before, and the merge nearest to the
last model against the two that it lies between."""

BEFORE = {"wpo": "sft", "grpo": "wpo"}
"""The model that each of these started from."""
MARGIN = 1.0
"""What counts as no loss, in chrF++."""

Answers = Callable[[str, str], Sequence[pl.DataFrame]]
"""Of a benchmark and a model: its scored answers, a frame a seed."""


def differences(answers: Answers) -> dict[tuple[str, str, str], Difference]:
    """By axis and the two models: how far apart they are, over the items of all seeds together."""
    return {
        (axis, left, right): compare(_both(axis, left, answers(axis, left), right, answers(axis, right)), left, right)
        for axis in AXES
        for left, right in PAIRS
    }


def percent_right(frame: pl.DataFrame) -> NDArray[np.float64]:
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


def meanings(frame: pl.DataFrame) -> list[str]:
    """What rows have in common, so that they are drawn together: of translations the English side, else the prompt.

    A meaning stands in all ten directions, and may come again in the test set of another seed.
    """
    english = pl.when(pl.col("src_lang") == "en").then(pl.col("source")).otherwise(pl.col("references").list.first())
    of_pair = pl.col("source").is_not_null() & pl.col("src_lang").is_not_null()
    return frame.select(pl.when(of_pair).then(english).otherwise(pl.col("prompt_id")))[:, 0].to_list()


def _both(axis: str, one: str, ours: Sequence[pl.DataFrame], other: str, theirs: Sequence[pl.DataFrame]) -> Table:
    """A table of the two models on the items of every seed."""
    for mine, yours in zip(ours, theirs, strict=True):
        if not mine["prompt_id"].equals(yours["prompt_id"]):
            raise UserError(f"{axis}: {one} and {other} did not answer the same questions; evaluate them again")
    named = [name for seed, frame in enumerate(ours) for name in items(frame, seed)]
    frames = {name: pl.concat(each, how="diagonal_relaxed") for name, each in ((one, ours), (other, theirs))}
    return measured(axis, named, frames)


def measured(axis: str, named: Sequence[str], frames: Mapping[str, pl.DataFrame]) -> Table:
    """Answers of models to the same items: chrF++ of translation, percent right on the other axes."""
    first = next(iter(frames.values()))
    clusters = meanings(first)
    if axis != "translation":
        right = {name: percent_right(frame) for name, frame in frames.items()}
        return table(named, right, clusters=clusters, score=mean)
    metric = CorpusMetric(CHRF(word_order=2), first["references"].to_list())
    values = {name: metric.statistics(frame["response"].to_list()) for name, frame in frames.items()}
    return table(named, values, clusters=clusters, strata=directions(first), score=metric.score)


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
    worse = "not met" if shown(lost) and lost.value < 0 else "not shown"
    words = "met" if lost.low > -MARGIN else worse
    lines.append(f"{FINAL} loses less than {MARGIN:g} chrF++ against the control: **{words}** ({told(lost)})")
    return lines


def unmoved(found: Mapping[tuple[str, str, str], Difference]) -> list[str]:
    """Stages that are not shown to move the model that they started from, on any axis."""
    steps = [(left, other) for left, other in PAIRS if other == BEFORE.get(left)]
    return [left for left, other in steps if not any(shown(found[axis, left, other]) for axis in AXES)]


def _better(found: Difference, aim: str) -> str:
    direction = "met" if found.value > 0 else "not met, it is worse"
    words = direction if shown(found) else "not shown"
    return f"{aim}: **{words}** ({told(found)})"
