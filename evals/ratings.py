"""Ratings of models from verdicts on two answers: Bradley–Terry, with intervals, and with style held alike.

The chance that the left answer wins is the logistic function of the left rating less the right one (Bradley and Terry
1952); a tie is half a win. With style, differences of style times their coefficients are added, so that ratings tell
which answer would be liked if both looked alike, as in Arena-Hard's style control.

No penalty keeps ratings finite. A model that lost whatever it played has a win rate of 0 and a rating of minus
infinity, which is what the likelihood says; one that no chain of games ties to the baseline has none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evals.statistics import Table, share, table
from filters.statistics import CONFIDENCE, RESAMPLES, Estimate, Floats, Ints, bootstrap, wilson

_STEPS = 100
_LONGEST_STEP = 2.0
"""Of a rating in one step: a full one may lead far away where nearly all games are won."""
_SETTLED = 1e-10


class Game(NamedTuple):
    """One verdict on two answers; answers that are judged in both orders are two games."""

    prompt: str
    left: str
    """Model."""
    right: str
    points: float | None
    """Of the left model: 1 won, 0.5 tied, 0 lost; None where the judge gave no verdict that can be read."""
    weight: float = 1.0
    """How many games it counts as: Arena-Hard takes a clear win (`A>>B`) for three."""
    style: tuple[float, ...] = ()
    """The left answer's style less the right one's (`evals.style.difference`)."""


@dataclass(frozen=True)
class Rating:
    """A model beside the baseline."""

    rating: float
    """Log-odds of winning against the baseline, whose rating is 0; infinite where every chain of games says so."""
    win_rate: float
    """Chance of winning against the baseline, ties half; NaN where no chain of games leads to it and back."""
    low: float
    high: float
    """The interval of the win rate."""
    games: int
    """Games with a verdict."""
    failures: int
    """Games without one; they enter nothing."""

    @property
    def elo(self) -> float:
        """The rating in points of Elo: 400 are odds of ten to one."""
        return 400 * self.rating / math.log(10)


def elo(win_rate: float) -> float:
    """Points of Elo that a chance of winning stands for: infinite at 0 and 1, NaN of NaN."""
    if win_rate in (0.0, 1.0):
        return math.inf if win_rate else -math.inf
    return 400 * math.log10(win_rate / (1 - win_rate))


@dataclass(frozen=True)
class Coefficient:
    """What a standard deviation more of a style adds to the log-odds."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Ratings:
    """All models of some games, best first."""

    baseline: str
    models: dict[str, Rating]
    style: dict[str, Coefficient]
    games: int
    failures: int


def rate(
    games: Sequence[Game],
    baseline: str,
    *,
    style: Sequence[str] = (),
    times: int = RESAMPLES,
    seed: int = 0,
    confidence: float = CONFIDENCE,
) -> Ratings:
    """Fit ratings, and their intervals by drawing prompts with all their games.

    Args:
        games: in any order; the order changes nothing.
        baseline: the model whose rating is 0.
        style: names of what each game's `style` tells, to hold it alike; empty to leave style out.
        times: how many resamples.
        seed: of the drawing.
        confidence: the share of resamples within an interval.

    Raises:
        ValueError: a baseline without games, a game of a model with itself, points or weights out of range, or a game
            whose `style` has another length than `style`.
    """
    for game in games:
        _check(game, len(style))
    models = sorted({model for game in games for model in (game.left, game.right)})
    if baseline not in models:
        raise ValueError(f"the baseline {baseline!r} has no games; models with games: {', '.join(models) or 'none'}")
    played = _played(games, models, baseline, len(style))
    found = bootstrap(lambda weights: _fit(played, weights), played.prompts, times=times, seed=seed)
    prompts = int(played.prompts.max(initial=-1)) + 1
    rated = {}
    for place, model in enumerate(models):
        own = [game for game in games if model in (game.left, game.right)]
        judged = [game for game in own if game.points is not None]
        rating, chance = found[f"rating {place}"].value, found[f"win rate {place}"]
        low, high = _interval(chance, confidence, prompts, len({game.prompt for game in judged}))
        rated[model] = Rating(rating, chance.value, low, high, len(judged), len(own) - len(judged))
    ranked = sorted(models, key=lambda model: (np.isnan(rated[model].rating), -rated[model].rating, model))
    coefficients = {}
    for place, name in enumerate(style):
        estimate = found[f"style {place}"]
        coefficients[name] = Coefficient(estimate.value, *_interval(estimate, confidence, prompts, prompts))
    judged_games = sum(game.points is not None for game in games)
    return Ratings(
        baseline, {model: rated[model] for model in ranked}, coefficients, judged_games, len(games) - judged_games
    )


def against(games: Sequence[Game], baseline: str) -> Table:
    """What each model scored on each prompt against the baseline, for paired tests between models.

    A model's mean is its win rate against the baseline, as it is without style. A prompt is judged for a model where
    all of its games on it have verdicts: one order without the other favours who stands first.

    Args:
        games: in any order; those without the baseline are left out.
        baseline: the model that all are set beside.

    Raises:
        ValueError: points, weights or models of a game that cannot be.
    """
    sums: dict[tuple[str, str], Floats] = {}
    for game in games:
        _check(game, 0)
        if baseline in (game.left, game.right):
            own = game if game.right == baseline else _turned(game)
            points = math.nan if own.points is None else own.points
            key = (own.left, own.prompt)
            sums[key] = sums.get(key, np.zeros(2)) + np.array([points * own.weight, own.weight])
    prompts = sorted({prompt for _, prompt in sums})
    nothing = np.full(2, np.nan)
    values = {
        model: np.array([sums.get((model, prompt), nothing) for prompt in prompts])
        for model in sorted({model for model, _ in sums})
    }
    return table(prompts, values, score=share)


def _check(game: Game, styles: int) -> None:
    if game.left == game.right:
        raise ValueError(f"prompt {game.prompt!r}: {game.left!r} plays itself; a game needs two models")
    if game.points is not None and not 0 <= game.points <= 1:
        raise ValueError(f"prompt {game.prompt!r}: {game.points} points; expected 0 to 1, or None for no verdict")
    if not game.weight > 0:
        raise ValueError(f"prompt {game.prompt!r}: weight {game.weight}; expected more than 0")
    if styles and len(game.style) != styles:
        raise ValueError(f"prompt {game.prompt!r}: {len(game.style)} differences of style; expected {styles}")


def _interval(estimate: Estimate, confidence: float, prompts: int, own: int) -> tuple[float, float]:
    if prompts < 2:
        return float("nan"), float("nan")
    low, high = estimate.interval(confidence)
    if low == high and estimate.value in (0.0, 1.0) and own:
        # Every resample of games that are all won is all won, which is no proof that none could be lost.
        return wilson(estimate.value * own, own, confidence)
    return low, high


@dataclass(frozen=True)
class _Played:
    """Games with verdicts as arrays; rows are sorted by the pair of models, each pair turned one way."""

    models: int
    baseline: int
    prompts: Ints
    """Number of each row's prompt."""
    points: Floats
    weights: Floats
    pair_starts: Ints
    """First row of each pair."""
    pairs: Ints
    """Pairs × 2: places of the models."""
    cell_starts: Ints
    """First row of each cell: rows that the fit cannot tell apart."""
    cell_pair: Ints
    players: Floats
    """Pairs × models: 1 for the left one, -1 for the right one; the baseline's column is 0."""
    looks: Floats
    """Cells × styles, each by its spread."""


def _played(games: Sequence[Game], models: Sequence[str], baseline: str, styles: int) -> _Played:
    place = {model: number for number, model in enumerate(models)}
    rows = sorted(
        (game if game.left < game.right else _turned(game) for game in games if game.points is not None),
        key=lambda game: (game.left, game.right, game.prompt, game.points, game.weight, game.style),
    )
    prompt = {name: number for number, name in enumerate(sorted({game.prompt for game in rows}))}
    pair_of = np.array([(place[game.left], place[game.right]) for game in rows], np.int64).reshape(-1, 2)
    pair_starts = np.flatnonzero((np.diff(pair_of, axis=0, prepend=-1) != 0).any(axis=1))
    pairs = pair_of[pair_starts]
    cell_starts = np.arange(len(rows)) if styles else pair_starts
    cell_pair = np.searchsorted(pair_starts, cell_starts, side="right") - 1
    players = np.zeros((len(pairs), len(models)))
    players[np.arange(len(pairs)), pairs[:, 0]] = 1
    players[np.arange(len(pairs)), pairs[:, 1]] = -1
    players[:, place[baseline]] = 0
    looks = np.zeros((cell_starts.size, styles))
    if styles and rows:
        told = np.array([game.style for game in rows], np.float64)
        spread = np.sqrt((told**2).mean(axis=0))
        # Not centred: alike is alike, whichever way a game is turned.
        looks = told / np.where(spread > 0, spread, 1)
    return _Played(
        len(models),
        place[baseline],
        np.array([prompt[game.prompt] for game in rows], np.int64),
        np.array([game.points for game in rows], np.float64),
        np.array([game.weight for game in rows], np.float64),
        pair_starts,
        pairs,
        cell_starts,
        cell_pair,
        players,
        looks,
    )


def _turned(game: Game) -> Game:
    points = None if game.points is None else 1 - game.points
    return Game(game.prompt, game.right, game.left, points, game.weight, tuple(-part for part in game.style))


def _fit(of: _Played, counts: Ints) -> dict[str, Floats]:
    """Ratings, win rates and coefficients in each draw, where rows count so many times (rows × draws)."""
    weights = counts * of.weights[:, None]
    won = weights * of.points[:, None]
    forth, back = _reach(of, _sums(won, of.pair_starts), _sums(weights - won, of.pair_starts))
    both: NDArray[np.bool_] = forth & back
    tied = (both[:, of.pairs[:, 0]] & both[:, of.pairs[:, 1]]).T[of.cell_pair]
    played, wins = (np.where(tied, _sums(part, of.cell_starts), 0.0) for part in (weights, won))
    solved = _newton(of, played, wins)
    ratings = solved[: of.models]
    ratings = np.where(both.T, ratings, np.nan)
    ratings = np.where((forth & ~back).T, -np.inf, ratings)
    ratings = np.where((back & ~forth).T, np.inf, ratings)
    with np.errstate(over="ignore"):
        chances = 1 / (1 + np.exp(-ratings))
    return {
        **{f"rating {place}": row for place, row in enumerate(ratings)},
        **{f"win rate {place}": row for place, row in enumerate(chances)},
        **{f"style {place}": row for place, row in enumerate(solved[of.models :])},
    }


def _sums(rows: Floats, starts: Ints) -> Floats:
    """Sums over the rows from each start to the next."""
    return np.add.reduceat(rows, starts, axis=0) if starts.size else np.zeros((0, rows.shape[1]))


def _reach(of: _Played, won: Floats, lost: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether a chain of points leads from the baseline to each model, and from each to the baseline (draws × models).

    Ratings are finite just among models between which chains lead both ways (Ford 1957).
    """
    scored = np.zeros((won.shape[1], of.models, of.models), np.float32)
    scored[:, of.pairs[:, 0], of.pairs[:, 1]] = won.T > 0
    scored[:, of.pairs[:, 1], of.pairs[:, 0]] = lost.T > 0
    scored[:, np.arange(of.models), np.arange(of.models)] = 1
    for _ in range(max(1, of.models - 1).bit_length()):
        scored = (scored @ scored > 0).astype(np.float32)
    return scored[:, of.baseline, :] > 0, scored[:, :, of.baseline] > 0


def _newton(of: _Played, played: Floats, wins: Floats) -> Floats:
    """The most likely ratings, then coefficients (× draws), by Newton's method; NaN in draws in which it has no end.

    Sums over the cells of a pair come first: a pair's cells differ in style alone.
    """
    models, columns, draws = of.models, of.models + of.looks.shape[1], played.shape[1]
    pair_cells = np.searchsorted(of.cell_starts, of.pair_starts)
    of_players = (of.players[:, :, None] * of.players[:, None, :]).reshape(-1, models * models)
    of_looks = (of.looks[:, :, None] * of.looks[:, None, :]).reshape(of.looks.shape[0], -1)
    found, curve = np.zeros((columns, draws)), np.zeros((draws, columns, columns))
    longest = np.full(draws, np.inf)
    for _ in range(_STEPS):
        odds = (of.players @ found[:models])[of.cell_pair] + of.looks @ found[models:]
        chances = 1 / (1 + np.exp(-odds))
        left = wins - played * chances
        slope = np.concatenate([of.players.T @ _sums(left, pair_cells), of.looks.T @ left])
        bend = played * chances * (1 - chances)
        curve[:, :models, :models] = (of_players.T @ _sums(bend, pair_cells)).T.reshape(draws, models, models)
        curve[:, models:, models:] = (of_looks.T @ bend).T.reshape(draws, columns - models, columns - models)
        for place in range(columns - models):
            mixed = of.players.T @ _sums(bend * of.looks[:, place, None], pair_cells)
            curve[:, :models, models + place] = curve[:, models + place, :models] = mixed.T
        # What has no bearing on the games, as the baseline's column, is left where it is.
        ridge = 1e-9 * np.trace(curve, axis1=1, axis2=2) + 1e-12
        step = np.linalg.solve(curve + ridge[:, None, None] * np.eye(columns), slope.T[:, :, None])[:, :, 0].T
        longest = np.abs(step).max(axis=0, initial=0.0)
        found += step * np.minimum(1, _LONGEST_STEP / np.maximum(longest, _LONGEST_STEP))
        if (longest < _SETTLED).all():
            break
    return np.where(longest < _SETTLED, found, np.nan)
