"""Ratings of answers that a judge compared: what a judge likes by their looks, who wins all, what is not judged."""

import math
import random
from typing import Any

import polars as pl
import pytest

from evals.benchmarks.arena import Arena
from evals.measures import Answered, Together

JUDGE = {"openai": {"model": "Qwen/Qwen3-32B"}}
Verdict = tuple[str, float | None, str | None]
"""An answer, what it won, and the judge's note."""


def asked(verdicts: list[Verdict], beside: str | None = None, references: list[str] | None = None) -> Answered:
    """One model's answers, to questions p0, p1, ...; compared with a baseline's or the references."""
    names = [f"p{n}" for n in range(len(verdicts))]
    given = [[text] for text in references] if references else [None] * len(names)
    items = pl.DataFrame({"@item": names, "references": given}, schema_overrides={"references": pl.List(pl.String)})
    schema = {"response": pl.String, "score_arena": pl.Float64, "label_arena_note": pl.String}
    answers = [pl.DataFrame([verdict], schema=schema, orient="row") for verdict in verdicts]
    others = [pl.DataFrame({"response": [beside] if beside else []}, schema={"response": pl.String})] * len(names)
    return Answered(items, answers, others)


def told(arena: Arena, **models: Answered) -> dict[str, Together]:
    return {found.name: found for found in arena.together(models, seed=1)}


def benchmark(**options: Any) -> Arena:
    return Arena.model_validate({"read": {}, "judge": JUDGE, **options})


def liked_for_length(seed: int, better: float, number: int = 1500) -> list[Verdict]:
    """A judge who likes long answers, and a model that is better by so many logits, and mostly longer."""
    draw = random.Random(seed)
    made: list[Verdict] = []
    for _ in range(number):
        length = max(1, round(draw.gauss(160, 60)))
        odds = better + 3 * (length - 100) / (length + 100)
        made.append(("x" * length, float(draw.random() < 1 / (1 + math.exp(-odds))), None))
    return made


def test_style_held_alike() -> None:
    """Two models liked for their length, of which one is as good as the baseline."""
    models = {name: asked(liked_for_length(seed, better), "y" * 100) for seed, name, better in
              ((1, "long", 0.0), (2, "better", 1.0))}  # fmt: skip
    found = told(benchmark(against="base"), **models)
    plain, alike = found["rating (Elo)"].scores, found["rating, style alike (Elo)"].scores
    assert plain["long"].low > 50
    assert alike["long"].low < 0 < alike["long"].high
    assert alike["better"].low < 400 / math.log(10) < alike["better"].high
    assert alike["better"].value < plain["better"].value
    rate = found["win rate, style alike"].scores["better"]
    assert rate.low < 1 / (1 + math.exp(-1)) < rate.high
    assert (rate.n, rate.unjudged) == (1500, 0)
    assert (
        "rated together:better,long|log-odds of a standard deviation:length +"
        in found["win rate, style alike"].signature
    )
    assert "style" not in found["rating (Elo)"].signature


def test_without_style_a_rating_is_the_odds_of_the_win_rate() -> None:
    verdicts: list[Verdict] = [("a", 1.0, None)] * 6 + [("b", 0.5, None)] * 2 + [("c", 0.0, None)] * 2
    arena = benchmark()
    answered = asked(verdicts, references=["r"] * 10)
    rating = told(arena, m=answered)["rating (Elo)"].scores["m"]
    assert rating.value == pytest.approx(400 * math.log10(0.7 / 0.3))
    assert rating.low < rating.value < rating.high
    [won, _] = arena.measures()
    assert won.count(answered.items, answered.answers).values.mean() == pytest.approx(0.7)


def test_the_baseline_is_not_rated_and_failures_are_counted() -> None:
    verdicts: list[Verdict] = [("a", 1.0, None), ("b", None, "unreadable verdict"), ("c", 0.0, None)]
    baseline: list[Verdict] = [("y", None, "the one compared with")] * 3
    found = told(benchmark(against="base"), m=asked(verdicts, "y"), base=asked(baseline))
    rating = found["rating (Elo)"].scores
    assert list(rating) == ["m"]
    assert (rating["m"].value, rating["m"].n, rating["m"].unjudged) == (pytest.approx(0.0), 2, 1)


@pytest.mark.parametrize(
    ("verdict", "won"),
    [
        (("", None, "empty output"), 0.0),
        (("same", None, "equal answers"), 0.5),
        (("fine", None, "empty other answer"), 1.0),
        (("fine", None, "failed: timeout"), None),
        (("fine", None, "unreadable verdict"), None),
        (("fine", None, "no other answer"), None),
        (("fine", 0.5, "truncated"), 0.5),
    ],
)
def test_an_empty_answer_is_an_answer(verdict: Verdict, won: float | None) -> None:
    """It loses, whoever gave it, without a judge; what the judge did not tell is not judged."""
    answered = asked([verdict, ("good", 1.0, None)], references=["r", "r"])
    [measure, _] = benchmark().measures()
    value = measure.count(answered.items, answered.answers).values[0]
    assert value == pytest.approx(math.nan if won is None else won, nan_ok=True)


def test_who_wins_all_has_no_finite_rating_but_an_interval() -> None:
    scored = told(benchmark(), m=asked([("a", 1.0, None)] * 20, references=["r"] * 20))["rating (Elo)"].scores["m"]
    assert math.isnan(scored.value)
    assert 0 < scored.low < scored.high == math.inf
    assert (scored.n, scored.unjudged) == (20, 0)


def test_nothing_judged_is_not_rated() -> None:
    assert told(benchmark(), m=asked([("a", None, "unreadable verdict")], references=["r"])) == {}


def test_a_judge_that_chose_the_data_is_in_the_loop() -> None:
    arena = benchmark()
    assert arena.measures()[0].family == "judge:qwen"
    found = arena.together({"m": asked([("a", 1.0, None), ("b", 0.0, None)], references=["r", "r"])}, 1)
    assert {one.family for one in found} == {"judge:qwen"}
