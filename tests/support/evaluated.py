"""Made-up results of a few models, whose names would harm a page that trusted them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from evals.paired import rank
from evals.published import Published
from evals.report.results import Measured, Metric, Model, Number, Picture, Results
from evals.statistics import share, table

HOSTILE = "</script><script>alert(1)</script> $x$ | *a*"
ARABIC = "نموذج \u202eمدمج"
WMT = Published(benchmark="wmt24pp", metric="xcomet-xxl", set="en→24 languages, unconfirmed")
ARENA = Published(benchmark="m-arenahard", metric="win rate", set="judge, baseline and languages not found")
MT = Metric("wmt24pp", "xcomet-xxl", "en→ar, en→hi, en→ja", published=WMT)
CHAT = Metric("m-arenahard", "win rate", "zh, he", published=ARENA)
TER = Metric("wmt24pp", "TER", "en→th", higher_is_better=False)

MODELS = (
    Model("base", "base"),
    Model("cpt-1", "cpt", ("base",)),
    Model(HOSTILE, "sft", ("cpt-1",)),
    Model(ARABIC, "merge", ("cpt-1", HOSTILE), 0.5),
)
LEVELS = {
    MT: {"base": 70.0, "cpt-1": 78.0, HOSTILE: 84.0, ARABIC: 83.8},
    CHAT: {"base": 50.0, "cpt-1": 30.0, HOSTILE: 62.0, ARABIC: 66.0},
    TER: {"base": 60.0, "cpt-1": 50.0, HOSTILE: 40.0, ARABIC: 45.0},
}


def measured(
    metric: Metric,
    levels: Mapping[str, float],
    *,
    items: int = 60,
    unjudged: Mapping[str, int] | None = None,
    in_loop: frozenset[str] = frozenset(),
) -> Measured:
    """Numbers drawn around a level for each model; the first items of some are not judged."""
    draw = np.random.default_rng(len(metric.key))
    hard = draw.normal(0, 8, items)
    values = {}
    for name, level in levels.items():
        values[name] = level + hard + draw.normal(0, 3, items)
        values[name][: (unjudged or {}).get(name, 0)] = np.nan
    names = [f"item {n}" for n in range(items)]
    found = rank(table(names, values, higher_is_better=metric.higher_is_better), times=100, permutations=200)
    numbers = {
        name: Number(scored, f"{metric.name}|model:{name}|version:1", name in in_loop)
        for name, scored in found.scores.items()
    }
    return Measured(metric, numbers, tuple(found.differences.values()))


def results(*, in_loop: frozenset[str] = frozenset(), unjudged: Mapping[str, int] | None = None) -> Results:
    """Three metrics of four models, and two pictures of them."""
    told = tuple(
        measured(metric, levels, unjudged=unjudged, in_loop=in_loop if metric == MT else frozenset())
        for metric, levels in LEVELS.items()
    )
    pictures = (Picture((MT, CHAT), {MT.key: 60.0, CHAT.key: 0.0}), Picture((MT, CHAT, TER)))
    return Results("A <b>small</b> comparison", MODELS, told, pictures)


def right_or_wrong(name: str, right: list[float]) -> Measured:
    """A share of right answers, of one model."""
    found = rank(table([f"{n}" for n in range(len(right))], {name: right}, score=share), times=20, permutations=20)
    return Measured(Metric("ifeval", "accuracy", "en"), {name: Number(found.scores[name], "s")})
