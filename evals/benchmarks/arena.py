"""`arena`: open questions, answers compared with a baseline's by a judge, as Arena-Hard does."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import polars as pl
from pydantic import Field

from evals.benchmarks.base import Ability, Benchmark, Spec
from evals.measures import Answered, Counted, Labelled, Measure, Together, judge_family
from evals.ratings import Coefficient, Game, Rating, Ratings, elo, rate
from evals.statistics import Scored, share
from evals.style import STYLE, difference, style_of

_REFERENCE = "reference"
_SCORE = "score_arena"


class Arena(Benchmark):
    """The share of questions on which a judge prefers the model's answer to a baseline's, each asked in both orders.

    For Arena-Hard (Li et al. 2024, arXiv 2406.11939) and M-ArenaHard with a judge and a baseline of your choice:
    numbers of other judges, baselines or rubrics cannot be compared with these. Ties, and verdicts that the order
    turned, count a half; what the judge could not decide is not judged. The rubric is our own (docs/judges.md).
    Bradley–Terry ratings of all models stand beside the win rate, plain and with style held alike.

    Arena-Hard v0.1: `read: {jsonl: question.jsonl, kind: prompt, tgt_lang: en}`, of older copies with `columns:
    {prompt: turns.0.content}`. M-ArenaHard: `read: {jsonl: m-arenahard-de.jsonl, kind: prompt, tgt_lang: de}`.
    """

    ability: ClassVar[Ability] = "general"
    headline: ClassVar[str] = "win rate"
    rated: ClassVar[tuple[str, ...]] = ("rating (Elo)", "rating, style alike (Elo)", "win rate, style alike")

    read: dict[str, Any]
    """Options of a `read` stage that gives `prompt` rows."""
    judge: dict[str, dict[str, Any]] = Field(min_length=1, max_length=1)
    """The engine that judges, as `generate` takes it. Not the family of a model that is measured: judges favour it."""
    against: str = _REFERENCE
    """The baseline: the name of a model of the evaluation, or `reference` for the rows' first reference."""
    rubric: str = "pairwise"
    """A rubric that compares."""

    @property
    def baseline(self) -> str | None:
        """The model whose answers are compared with; None where they come with the rows."""
        return None if self.against == _REFERENCE else self.against

    def stages(self, task: str) -> dict[str, Spec]:
        """The questions."""
        del task
        return {"prompts": {"read": self.read}}

    def scorers(self) -> Sequence[Spec | str]:
        """The judge."""
        return [{"judge": {"engine": self.judge, "rubric": self.rubric, "against": self.against, "as": "arena"}}]

    def measures(self) -> Sequence[Measure]:
        """Wins, and how often the order of the answers decided."""
        order = Labelled("order decided", "label_arena_order", ("first", "second"), higher_is_better=False)
        return [_Won(self._judged_so, judge_family(self.judge)), order]

    def together(self, models: Mapping[str, Answered], seed: int) -> Sequence[Together]:
        """Ratings beside the baseline's, which is 0, without style and with style held alike.

        With style, all models' games tell together what style adds, so another set of models gives other numbers.
        """
        games = [game for name, asked in models.items() for game in self._games(name, asked)]
        if all(game.points is None for game in games):
            return []
        plain, alike = (rate(games, self._beside, style=style, seed=seed) for style in ((), STYLE))
        rated = [name for name in models if name in plain.models and name != self.baseline]
        adds = " ".join(f"{name} {_told(found)}" for name, found in alike.style.items())
        signature = f"Bradley-Terry|{self._judged_so}"
        styled = f"{signature}|rated together:{','.join(sorted(rated))}|log-odds of a standard deviation:{adds}"
        family = judge_family(self.judge)
        rating, rating_alike, win_rate_alike = self.rated
        return [
            Together(rating, _scores(plain, rated, _elo), signature, family, columns=(_SCORE,)),
            Together(rating_alike, _scores(alike, rated, _elo), styled, family, columns=(_SCORE,)),
            Together(win_rate_alike, _scores(alike, rated, _win_rate), styled, family, share=True, columns=(_SCORE,)),
        ]

    @property
    def _judged_so(self) -> str:
        engine = next(iter(self.judge))
        return f"{self.rubric}|judge:{self.judge[engine].get('model')}|against:{self.against}"

    @property
    def _beside(self) -> str:
        """The baseline among the players; no model can have the references' name."""
        return self.baseline or "(reference)"

    def _games(self, model: str, asked: Answered) -> Iterator[Game]:
        """One for each answer: the judge saw it in both orders, and its points are the mean of the two.

        An answer that failed is a game without a verdict.
        """
        if model == self.baseline:
            return
        references = asked.items["references"].to_list()
        for item, rows, others, given in zip(
            asked.items["@item"], asked.answers, asked.others, references, strict=True
        ):
            if not rows.height:
                yield Game(item, model, self._beside, None, style=difference(style_of(""), style_of("")))
            beside = (given or [""])[0] if self.baseline is None else others["response"][0] if others.height else ""
            for answer, points in zip(rows["response"], _points(rows), strict=True):
                yield Game(item, model, self._beside, points, style=difference(style_of(answer), style_of(beside)))


def _points(rows: pl.DataFrame) -> list[float | None]:
    """What each answer won: 1, 0.5 or 0; None where the judge gave no verdict.

    An empty answer loses, whoever gave it, and equal ones tie, for which nobody need be asked.
    """
    settled = {"empty output": 0.0, "equal answers": 0.5, "empty other answer": 1.0}
    told = zip(rows[_SCORE].to_list(), rows["label_arena_note"].to_list(), strict=True)
    return [settled.get(note) if points is None else points for points, note in told]


class _Won:
    """The mean of what a model's answers won."""

    name = "win rate"
    higher_is_better = True

    def __init__(self, signature: str, family: str) -> None:
        self._signature, self.family = signature, family

    def count(self, items: pl.DataFrame, answers: Sequence[pl.DataFrame]) -> Counted:
        """Not judged where the judge refused or could not be read."""
        del items
        won = [[points for points in _points(rows) if points is not None] for rows in answers]
        values = np.array([np.mean(points) if points else np.nan for points in won], np.float64)
        return Counted(values, share, self._signature, (_SCORE,))


def _scores(ratings: Ratings, models: Sequence[str], told: Any) -> dict[str, Scored]:
    return {name: told(ratings.models[name]) for name in models}


def _win_rate(rating: Rating) -> Scored:
    return Scored(rating.win_rate, rating.low, rating.high, rating.games, rating.failures)


def _elo(rating: Rating) -> Scored:
    """In points of Elo; who won or lost all has none, though the interval begins or ends somewhere."""
    value = rating.elo if math.isfinite(rating.rating) else math.nan
    return Scored(value, elo(rating.low), elo(rating.high), rating.games, rating.failures)


def _told(found: Coefficient) -> str:
    return "undefined" if math.isnan(found.value) else f"{found.value:+.2f} [{found.low:.2f}, {found.high:.2f}]"
