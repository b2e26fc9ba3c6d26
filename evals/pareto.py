"""The Pareto picture: models that none beats on every axis, how much they cover, and how each stage moved them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal

from evals.statistics import Scored


@dataclass(frozen=True)
class Axis:
    """What models are measured by."""

    name: str
    higher_is_better: bool = True


@dataclass(frozen=True)
class Point:
    """A model and what was measured of it."""

    name: str
    values: Mapping[str, Scored]
    """By the axis's name; an axis may lack."""
    stage: str = ""
    """Where in the making of a model it stands: `base`, `cpt`, `sft`, ..., or any group that a colour may stand for."""
    parents: tuple[str, ...] = ()
    """Points that it was made of: one where it was trained on, several where they were merged."""
    share: float | None = None
    """Of a merge of two parents: the share of the second one, 0 to 1."""


@dataclass(frozen=True)
class Standing:
    """Where a point stands among others."""

    point: Point
    dominated_by: tuple[str, ...]
    """Points that are as good on every axis and better on one; empty on the frontier."""
    surely_by: tuple[str, ...]
    """Of these, those that would dominate it still if it had the better end of its interval on every axis."""
    perhaps_by: tuple[str, ...]
    """Points that would dominate it if it had the worse end of its interval on every axis."""

    @property
    def on_frontier(self) -> bool:
        """Whether no point dominates it."""
        return not self.dominated_by


@dataclass(frozen=True)
class Curve:
    """Merges of the same two points, with both ends."""

    parents: tuple[str, str]
    points: tuple[str, ...]
    """By the share of the second parent."""


@dataclass(frozen=True)
class Pareto:
    """What a picture of some axes shows."""

    axes: tuple[Axis, ...]
    standings: tuple[Standing, ...]
    """Of every point that has a value on all axes, by name."""
    unplaced: tuple[str, ...]
    """Points that lack a value on an axis."""
    arrows: tuple[tuple[str, str], ...]
    """From a point to each that was trained on from it."""
    curves: tuple[Curve, ...] = field(default=())

    @property
    def frontier(self) -> tuple[str, ...]:
        """Names of the points that none dominates."""
        return tuple(standing.point.name for standing in self.standings if standing.on_frontier)


def pareto(points: Sequence[Point], axes: Sequence[Axis]) -> Pareto:
    """Place points; their order changes nothing.

    Raises:
        ValueError: two points of one name, no axis, or two axes of one name.
    """
    names = [point.name for point in points]
    for what, told in (("points", names), ("axes", [axis.name for axis in axes])):
        if len(set(told)) != len(told):
            raise ValueError(f"two {what} are called {next(n for n in told if told.count(n) > 1)!r}; names are unique")
    if not axes:
        raise ValueError("a Pareto picture needs one axis at least")
    placed = sorted((point for point in points if _placed(point, axes)), key=lambda point: point.name)
    standings = []
    for point in placed:
        others = {other.name: _corner(other, axes) for other in placed if other.name != point.name}
        value, best, worst = (_corner(point, axes, end) for end in ("value", "best", "worst"))
        above, surely, perhaps = (
            tuple(name for name, other in others.items() if dominates(other, own)) for own in (value, best, worst)
        )
        standings.append(Standing(point, above, surely, perhaps))
    here = {point.name for point in placed}
    arrows = [
        (point.parents[0], point.name) for point in placed if len(point.parents) == 1 and point.parents[0] in here
    ]
    return Pareto(
        tuple(axes),
        tuple(standings),
        tuple(sorted(set(names) - here)),
        tuple(arrows),
        _curves(placed, here),
    )


def dominates(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether the first is as good everywhere and better somewhere; more is better."""
    return all(a >= b for a, b in zip(one, other, strict=True)) and any(a > b for a, b in zip(one, other, strict=True))


def _placed(point: Point, axes: Sequence[Axis]) -> bool:
    return all(axis.name in point.values and math.isfinite(point.values[axis.name].value) for axis in axes)


def _corner(point: Point, axes: Sequence[Axis], end: Literal["value", "best", "worst"] = "value") -> tuple[float, ...]:
    """The point's values, or the better or worse ends of their intervals, turned so that more is better.

    An interval that is not known has no better end, so that nothing dominates the point beyond it; its worse end is
    the value itself.
    """
    told = []
    for axis in axes:
        scored, sign = point.values[axis.name], 1 if axis.higher_is_better else -1
        best, worst = (scored.high, scored.low) if axis.higher_is_better else (scored.low, scored.high)
        if end == "best":
            told.append(math.inf if math.isnan(best) else sign * best)
        else:
            told.append(sign * (worst if end == "worst" and not math.isnan(worst) else scored.value))
    return tuple(told)


def _curves(placed: Sequence[Point], here: set[str]) -> tuple[Curve, ...]:
    merges = [
        point for point in placed if len(point.parents) == 2 and point.share is not None and here >= set(point.parents)
    ]
    # Merges of b and a are those of a and b, counted from the other end.
    told = sorted(
        (
            tuple(sorted(point.parents)),
            point.share if point.parents[0] <= point.parents[1] else 1 - point.share,
            point.name,
        )
        for point in merges
        if point.share is not None
    )
    found = []
    for parents, of in groupby(told, key=lambda merge: merge[0]):
        first, second = parents
        found.append(Curve((first, second), (first, *(name for _, _, name in of), second)))
    return tuple(found)


def hypervolume(of: Pareto, reference: Mapping[str, float]) -> float:
    """The volume between a reference point and the frontier (Zitzler and Thiele 1998), in the axes' own units.

    It is exact; each axis more takes as many times longer as there are points. A point that is not better than the
    reference on every axis adds nothing, and nothing does that is dominated.

    Args:
        of: placed points.
        reference: by axis a value that is worse than those that matter, such as that of the base model, or 0.

    Raises:
        ValueError: an axis without a reference.
    """
    missing = [axis.name for axis in of.axes if axis.name not in reference]
    if missing:
        raise ValueError(f"no reference for the axes {', '.join(missing)}; a hypervolume means nothing without one")
    signs = [1 if axis.higher_is_better else -1 for axis in of.axes]
    corners = [
        tuple(
            value - sign * reference[axis.name]
            for value, sign, axis in zip(_corner(standing.point, of.axes), signs, of.axes, strict=True)
        )
        for standing in of.standings
        if standing.on_frontier
    ]
    return _volume([corner for corner in corners if min(corner) > 0])


def _volume(corners: Sequence[tuple[float, ...]]) -> float:
    """The volume of a union of boxes that all begin at 0, slice by slice along the last axis."""
    if not corners:
        return 0.0
    if len(corners[0]) == 1:
        return max(corner[0] for corner in corners)
    ordered = sorted(corners, key=lambda corner: -corner[-1])
    total = 0.0
    for place, corner in enumerate(ordered):
        below = ordered[place + 1][-1] if place + 1 < len(ordered) else 0.0
        if corner[-1] > below:
            total += (corner[-1] - below) * _volume([other[:-1] for other in ordered[: place + 1]])
    return total
