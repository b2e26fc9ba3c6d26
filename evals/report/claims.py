"""What the numbers show, each claim with its evidence and with what would change it; all of it worked out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from evals.paired import Difference
from evals.pareto import Standing, pareto
from evals.report.results import Measured, Picture, Results, axes
from evals.report.tables import interval, p_told
from filters.report.markdown import count, real

_MOST_TIMES = 100
"""As many times the items; beyond that their number is no help to anybody."""


class Claim(NamedTuple):
    """A line of the table of claims."""

    claim: str
    evidence: str
    change: str
    """What would change it."""


def claims(results: Results) -> list[Claim]:
    """Of each metric, every model against those it was made of and those next to it in rank; then of each picture.

    Numbers in the loop support no claim.
    """
    told = [claim for measured in results.measured for claim in _of_metric(results, measured)]
    return told + [claim for picture in results.pictures for claim in _of_picture(results, picture)]


def _of_metric(results: Results, measured: Measured) -> Iterator[Claim]:
    ranked = measured.ranked
    made_of = [
        (model.name, parent)
        for model in results.models
        for parent in model.parents
        if model.name in ranked and parent in ranked
    ]
    pairs: dict[frozenset[str], tuple[str, str]] = {}
    for pair in (*made_of, *pairwise(ranked)):
        pairs.setdefault(frozenset(pair), pair)
    for left, right in pairs.values():
        difference = measured.difference(left, right)
        if difference is not None:
            yield _of_two(measured, difference)


def _of_two(measured: Measured, told: Difference) -> Claim:
    metric = measured.metric
    ahead, behind = told.left, told.right
    if (told.value < 0) == metric.higher_is_better:
        ahead, behind = behind, ahead
    if math.isnan(told.p_permutation):
        return Claim(
            f"{ahead} and {behind} cannot be compared on {metric.key}",
            f"{count(told.n)} items are judged for both",
            f"verdicts on the {count(told.unjudged)} other items",
        )
    low, high = (told.low, told.high) if told.value >= 0 else (-told.high, -told.low)
    size = f"difference {real(abs(told.value))}{interval(low, high)}"
    evidence = f"{size}, p {p_told(told.p_permutation)}, n = {count(told.n)}"
    missing = f"; {count(told.unjudged)} items are not judged for both" if told.unjudged else ""
    if measured.finding(ahead, behind):
        least = f"the interval begins at {real(low)}" if low > 0 else "the interval holds 0: more items would tell"
        return Claim(f"{ahead} beats {behind} on {metric.key}", evidence, f"{least}{missing}")
    return Claim(
        f"no difference is shown between {ahead} and {behind} on {metric.key}", evidence, f"{_more(told)}{missing}"
    )


def _more(told: Difference) -> str:
    """How many items would tell a difference of the size that was seen; intervals narrow by the root of the number."""
    half = (told.high - told.low) / 2
    if math.isnan(half) or half <= 0:
        return "a difference on other items"
    times = (half / told.value) ** 2 if told.value else math.inf
    if times > _MOST_TIMES:
        return f"nothing that {_MOST_TIMES} times as many items would show, were the difference the same"
    return f"the same difference on about {count(max(told.n + 1, round(told.n * times)))} items"


def _of_picture(results: Results, picture: Picture) -> Iterator[Claim]:
    found = pareto(results.points(), axes(picture.axes))
    names = " and ".join(metric.key for metric in picture.axes)
    for standing in found.standings:
        evidence = "; ".join(_told(standing, metric.key) for metric in picture.axes)
        name, above = standing.point.name, ", ".join(standing.dominated_by)
        if standing.on_frontier:
            change = (
                f"at the worse ends of its intervals it lies below {', '.join(standing.perhaps_by)}"
                if standing.perhaps_by
                else "another model: of these, none lies above the worse ends of its intervals"
            )
            yield Claim(f"{name} is on the frontier of {names}", f"{evidence}; {len(found.standings)} models", change)
        elif standing.surely_by:
            surely = ", ".join(standing.surely_by)
            yield Claim(
                f"{name} lies below the frontier of {names}, beyond its intervals",
                f"{evidence}; dominated by {above}",
                f"other items: {surely} would dominate it still at the better ends of its intervals",
            )
        else:
            yield Claim(
                f"{name} lies below the frontier of {names}, within its intervals",
                f"{evidence}; dominated by {above}",
                "at the better ends of its intervals none of these dominates it",
            )


def _told(standing: Standing, key: str) -> str:
    scored = standing.point.values[key]
    return f"{real(scored.value)}{interval(scored.low, scored.high)}"
