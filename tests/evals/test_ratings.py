"""Bradley–Terry ratings are those of independent fits, and what the games say where no fit is finite."""

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from evals.paired import rank
from evals.ratings import Game, against, rate
from evals.statistics import intervals

MODELS = ["base", "first", "second", "third"]
NAN, INF = float("nan"), float("inf")


def made_up(seed: int, number: int = 400, style: float = 0.0) -> list[Game]:
    """Games of four models a third of a logit apart; the longer answer is liked better by `style`."""
    draw = random.Random(seed)
    games = []
    for place in range(number):
        left, right = draw.sample(range(4), 2)
        longer = draw.gauss(0.5 * (left - right), 1)
        chance = 1 / (1 + math.exp(-(left - right) / 3 - style * longer))
        points = draw.choices([1.0, 0.0, 0.5], [chance * 0.8, (1 - chance) * 0.8, 0.2])[0]
        weight = draw.choice([1.0, 3.0])
        games.append(Game(f"p{place // 4}", MODELS[left], MODELS[right], points, weight, (longer, draw.gauss(0, 0.2))))
    return games


def by_descent(games: list[Game], styles: int) -> tuple[dict[str, float], list[float]]:
    """Ratings and coefficients by a general minimizer; the baseline's rating is 0."""
    free = MODELS[1:]
    looks = np.array([game.style for game in games])[:, :styles]
    scale = np.sqrt((looks**2).mean(axis=0))

    def loss(found: np.ndarray) -> float:
        rating = dict(zip(MODELS, [0.0, *found[:3]], strict=True))
        total = 0.0
        for game, look in zip(games, looks / scale, strict=True):
            odds = rating[game.left] - rating[game.right] + float(look @ found[3:])
            assert game.points is not None
            total += game.weight * (
                game.points * math.log1p(math.exp(-odds)) + (1 - game.points) * math.log1p(math.exp(odds))
            )
        return total

    found = minimize(loss, np.zeros(3 + styles), method="BFGS", options={"gtol": 1e-6}).x
    return dict(zip(free, found, strict=False)), list(found[3:])


@pytest.mark.parametrize("styles", [0, 2])
def test_an_independent_fit_gives_the_same(styles: int) -> None:
    games = made_up(1, style=0.7)
    found = rate(games, "base", style=["length", "bold"][:styles], times=10)
    ratings, coefficients = by_descent(games, styles)
    assert {name: found.models[name].rating for name in ratings} == pytest.approx(ratings, abs=1e-5)
    assert [told.value for told in found.style.values()] == pytest.approx(coefficients, abs=1e-5)


@pytest.mark.parametrize("styles", [0, 2])
def test_scikit_learns_logistic_regression_gives_the_same(styles: int) -> None:
    games = made_up(2, style=0.4)
    looks = np.array([game.style for game in games])[:, :styles]
    players = np.zeros((len(games), 4))
    for row, game in enumerate(games):
        players[row, MODELS.index(game.left)], players[row, MODELS.index(game.right)] = 1, -1
    design = np.concatenate([players[:, 1:], looks / np.sqrt((looks**2).mean(axis=0))], axis=1)
    points = np.array([game.points for game in games])
    weights = np.array([game.weight for game in games])
    # A tie is half a game won and half a game lost.
    fit = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10, max_iter=10_000).fit(
        np.concatenate([design, design]),
        np.repeat([1, 0], len(games)),
        sample_weight=np.concatenate([weights * points, weights * (1 - points)]),
    )
    found = rate(games, "base", style=["length", "bold"][:styles], times=10)
    ours = [*(found.models[name].rating for name in MODELS[1:]), *(told.value for told in found.style.values())]
    assert ours == pytest.approx(list(fit.coef_[0]), abs=1e-4)


def test_against_one_baseline_the_win_rate_is_the_mean_of_points() -> None:
    games = [game for game in made_up(3) if "base" in (game.left, game.right)]
    found = rate(games, "base", times=10)
    for model in MODELS[1:]:
        own = [
            (game.points if game.left == model else 1 - game.points, game.weight)
            for game in games
            if model in (game.left, game.right) and game.points is not None
        ]
        mean = sum(points * weight for points, weight in own) / sum(weight for _, weight in own)
        assert found.models[model].win_rate == pytest.approx(mean)
        assert found.models[model].elo == pytest.approx(400 * math.log10(mean / (1 - mean)))
        assert found.models[model].low < mean < found.models[model].high
    assert found.models["base"].win_rate == 0.5
    assert (found.models["base"].low, found.models["base"].high) == (0.5, 0.5)


@given(st.randoms(use_true_random=False), st.integers(0, 3))
def test_neither_the_order_of_games_nor_of_answers_changes_a_number(draw: random.Random, seed: int) -> None:
    games = made_up(seed, 60, style=0.3)
    turned = [
        Game(
            g.prompt, g.right, g.left, None if g.points is None else 1 - g.points, g.weight, (-g.style[0], -g.style[1])
        )
        if draw.random() < 0.5
        else g
        for g in games
    ]
    draw.shuffle(turned)
    for style in ([], ["length", "bold"]):
        assert rate(games, "base", style=style, times=20) == rate(turned, "base", style=style, times=20)


def test_another_baseline_shifts_all_ratings_alike() -> None:
    games = made_up(4)
    ours, theirs = rate(games, "base", times=10), rate(games, "third", times=10)
    shifts = [ours.models[model].rating - theirs.models[model].rating for model in MODELS]
    assert shifts == pytest.approx([ours.models["third"].rating] * 4)
    assert list(ours.models) == list(theirs.models)


def test_style_held_alike() -> None:
    """Two models as good as each other, of which one writes longer answers to a judge who likes them."""
    draw = random.Random(5)
    games = []
    for place in range(1500):
        longer = draw.gauss(0.6, 0.6)
        points = float(draw.random() < 1 / (1 + math.exp(-1.5 * longer)))
        games.append(Game(f"p{place}", "long", "base", points, 1.0, (longer,)))
    plain, alike = rate(games, "base", times=200), rate(games, "base", style=["length"], times=200)
    assert plain.models["long"].low > 0.6
    assert alike.models["long"].low < 0.5 < alike.models["long"].high
    spread = math.sqrt(sum(game.style[0] ** 2 for game in games) / len(games))
    assert alike.style["length"].low < 1.5 * spread < alike.style["length"].high
    assert alike.style["length"].low > 0


def test_intervals_draw_prompts_with_all_their_games() -> None:
    """Ten games on one prompt that all come out alike are not ten findings."""
    draw = random.Random(6)
    wins = [float(draw.random() < 0.6) for _ in range(40)]
    together = [Game(f"p{n}", "a", "base", points) for n, points in enumerate(wins) for _ in range(10)]
    apart = [Game(f"p{n}.{m}", "a", "base", points) for n, points in enumerate(wins) for m in range(10)]
    widths = [rating.high - rating.low for rating in (rate(g, "base").models["a"] for g in (together, apart))]
    assert widths[0] > 2.5 * widths[1]


@pytest.mark.parametrize(
    ("games", "expected"),
    [
        # Won and lost all: the win rate is sure to be 1 or 0, and no fit is finite.
        ([("a", "base", 1.0), ("b", "base", 0.0)], {"a": INF, "b": -INF}),
        # Lost all against one that is tied to the baseline.
        ([("a", "base", 0.5), ("b", "a", 0.0)], {"a": 0.0, "b": -INF}),
        # Lost to the baseline, beat one that beat it: a ring is finite.
        ([("a", "base", 0.0), ("b", "a", 0.0), ("base", "b", 0.0)], {"a": 0.0, "b": 0.0}),
        # No chain of games to the baseline.
        ([("a", "base", 0.5), ("b", "c", 0.5)], {"a": 0.0, "b": NAN, "c": NAN}),
        # Beaten by the baseline's victim and by its master: nobody knows.
        ([("base", "a", 1.0), ("c", "a", 1.0)], {"a": -INF, "c": NAN}),
        # Not judged at all.
        ([("a", "base", 0.5), ("b", "base", None)], {"a": 0.0, "b": NAN}),
    ],
)
def test_where_no_rating_is_finite(games: list[tuple[str, str, float | None]], expected: dict[str, float]) -> None:
    found = rate([Game("p", *game) for game in games] + [Game("q", *game) for game in games], "base", times=20)
    assert {model: found.models[model].rating for model in expected} == pytest.approx(expected, nan_ok=True, abs=1e-9)
    for model, rating in expected.items():
        assert found.models[model].win_rate == pytest.approx(1 / (1 + math.exp(-rating)), nan_ok=True)


def test_a_model_that_wins_nothing_is_not_sure_to_win_nothing() -> None:
    games = [Game(f"p{n}", "a", "base", 0.0) for n in range(50)]
    found = rate(games, "base", times=50).models["a"]
    assert (found.win_rate, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(0.0714, abs=1e-4)
    assert np.isnan(rate(games[:1], "base").models["a"].high)


def test_failures_of_the_judge_are_counted_apart() -> None:
    games = made_up(7, 100)
    failed = [Game(f"p{n}", "third", "base", None) for n in range(12)]
    with_failures, without = rate([*games, *failed], "base", times=20), rate(games, "base", times=20)
    assert (with_failures.games, with_failures.failures) == (100, 12)
    assert with_failures.models["third"].failures == with_failures.models["base"].failures == 12
    assert with_failures.models["first"].failures == 0
    for model in MODELS:
        assert with_failures.models[model].win_rate == without.models[model].win_rate
        assert with_failures.models[model].low == without.models[model].low


def test_points_against_the_baseline_can_be_tested_in_pairs() -> None:
    games = [game for game in made_up(8, 12_000) if "base" in (game.left, game.right)]
    found = rank(against(games, "base"), times=100, permutations=500)
    ratings = rate(games, "base", times=10)
    for model in MODELS[1:]:
        assert found.scores[model].value == pytest.approx(ratings.models[model].win_rate)
    assert list(found.scores) == [model for model in ratings.models if model != "base"]
    assert "base" not in found.scores
    # The third is better than the first by two thirds of a logit.
    assert found.differences["third", "first"].p_permutation < 0.05


@pytest.mark.parametrize(
    ("games", "judged", "value"),
    [
        ([Game("p", "a", "base", 1.0), Game("p", "base", "a", 1.0)], 1, 0.5),
        ([Game("p", "a", "base", 1.0, 3.0), Game("p", "base", "a", 1.0)], 1, 0.75),
        # One order has no verdict: neither counts.
        ([Game("p", "a", "base", 1.0), Game("p", "base", "a", None), Game("q", "a", "base", 0.0)], 1, 0.0),
        ([Game("p", "a", "base", None), Game("p", "a", "other", 1.0)], 0, NAN),
    ],
)
def test_points_of_a_prompt(games: list[Game], judged: int, value: float) -> None:
    of = against(games, "base")
    assert of.judged.sum() == judged
    assert intervals(of)["a"].value == pytest.approx(value, nan_ok=True)


@pytest.mark.parametrize(
    ("games", "told"),
    [
        ([Game("p", "a", "a", 1.0)], "'a' plays itself"),
        ([Game("p", "a", "base", 2.0)], "2.0 points; expected 0 to 1"),
        ([Game("p", "a", "base", 1.0, 0.0)], "weight 0.0; expected more than 0"),
        ([Game("p", "a", "b", 1.0)], "'base' has no games; models with games: a, b"),
        ([], "models with games: none"),
    ],
)
def test_games_that_cannot_be(games: list[Game], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        rate(games, "base")


def test_games_without_the_style_that_is_asked_for() -> None:
    with pytest.raises(ValueError, match="0 differences of style; expected 1"):
        rate([Game("p", "a", "base", 1.0)], "base", style=["length"])
