"""What a report is made of: models, what was measured of them, and which axes its Pareto pictures have."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evals.paired import LEVEL, Difference, significance_groups
from evals.pareto import Axis, Point
from evals.published import Figure, Published
from evals.statistics import Scored


@dataclass(frozen=True)
class Metric:
    """A way to measure models: numbers are compared only within one."""

    benchmark: str
    name: str
    set: str
    """Language pairs, part of the benchmark, judge, baseline."""
    higher_is_better: bool = True
    published: Published | None = None
    """Which published figures are drawn beside these numbers; None: none are."""
    share: bool = False
    """Whether values are shares, from 0 to 1."""
    baseline: str | None = None
    """The model that the others are compared with, whose own number is no measurement."""

    @property
    def key(self) -> str:
        """How the report calls it."""
        return f"{self.benchmark} · {self.name} · {self.set}"


@dataclass(frozen=True)
class Model:
    """A checkpoint."""

    name: str
    stage: str = ""
    """Where in the making it stands, or any group that a colour may stand for."""
    parents: tuple[str, ...] = ()
    """Models that it was trained on from (one), or merged of (several)."""
    share: float | None = None
    """Of a merge of two: the share of the second parent."""


@dataclass(frozen=True)
class Number:
    """One metric of one model."""

    scored: Scored
    signature: str
    """Model, data, prompt, decoding, scorer and its version: all that the number depends on."""
    in_loop: bool = False
    """Whether a metric of this family chose the model's training data: then the number is shown with a mark, and enters
    no ranking, no picture and no claim."""


@dataclass(frozen=True)
class Measured:
    """A metric's numbers."""

    metric: Metric
    numbers: Mapping[str, Number]
    """By model; a model may lack."""
    differences: tuple[Difference, ...] = ()
    """Of every two models, as `evals.paired.rank` gives them; empty where models were not compared item by item."""

    @property
    def ranked(self) -> tuple[str, ...]:
        """Models whose number is not in the loop, the best first; those without a score are left out."""
        sign = -1 if self.metric.higher_is_better else 1
        values = {name: number.scored.value for name, number in self.numbers.items() if not number.in_loop}
        judged = (name for name, value in values.items() if math.isfinite(value))
        return tuple(sorted(judged, key=lambda name: (sign * values[name], name)))

    @property
    def rest(self) -> tuple[str, ...]:
        """The other models: in the loop, or without a score."""
        return tuple(sorted(set(self.numbers) - set(self.ranked)))

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """The ranked models by `significance_groups`; empty where models were not compared."""
        if not self.differences:
            return ()
        return significance_groups(self.ranked, lambda left, right: self.finding(left, right) == left)

    def difference(self, left: str, right: str) -> Difference | None:
        """The comparison of two models, whichever stands left."""
        return next((told for told in self.differences if {told.left, told.right} == {left, right}), None)

    def finding(self, left: str, right: str) -> str | None:
        """The better one of two models, or None where no difference is shown."""
        told = self.difference(left, right)
        if told is None or not told.p_permutation < LEVEL:
            return None
        return told.left if (told.value > 0) == self.metric.higher_is_better else told.right


@dataclass(frozen=True)
class Picture:
    """Axes that models are looked at by together."""

    axes: tuple[Metric, ...]
    """Two or three."""
    reference: Mapping[str, float] = field(default_factory=dict)
    """By the metric's key, the value from which the hypervolume counts; none is told where one lacks."""


@dataclass(frozen=True)
class Results:
    """All that a report tells.

    Raises:
        ValueError: a model or metric that is named and not there, names that are not unique, or a picture of one axis
            or more than three.
    """

    name: str
    models: tuple[Model, ...]
    measured: tuple[Measured, ...]
    pictures: tuple[Picture, ...] = ()
    left_out: tuple[str, ...] = ()
    """In sentences, what somebody who knows the recipe would miss: items, and pictures that could not be drawn."""
    unmeasured: tuple[str, ...] = ()
    """Benchmarks of which there is no number at all."""

    def __post_init__(self) -> None:
        names = [model.name for model in self.models]
        keys = [measured.metric.key for measured in self.measured]
        for what, told in (("models", names), ("metrics", keys)):
            twice = [name for name in told if told.count(name) > 1]
            if twice:
                raise ValueError(f"two {what} are called {twice[0]!r}; names are unique")
        for measured in self.measured:
            compared = {name for told in measured.differences for name in (told.left, told.right)}
            unknown = sorted((set(measured.numbers) | compared) - set(names))
            if unknown:
                raise ValueError(f"{measured.metric.key} has numbers of {unknown[0]!r}, which is not among the models")
        for picture in self.pictures:
            unknown = [axis.key for axis in picture.axes if axis.key not in keys]
            if unknown:
                raise ValueError(f"a picture has the axis {unknown[0]!r}, of which nothing was measured")
            if not 2 <= len(picture.axes) <= 3:
                raise ValueError(f"a picture has {len(picture.axes)} axes; expected two or three")

    def of(self, metric: Metric) -> Measured:
        """What was measured by a metric."""
        return next(measured for measured in self.measured if measured.metric.key == metric.key)

    def points(self) -> list[Point]:
        """Models with their numbers that are not in the loop."""
        return [
            Point(
                model.name,
                {
                    measured.metric.key: measured.numbers[model.name].scored
                    for measured in self.measured
                    if model.name in measured.numbers and not measured.numbers[model.name].in_loop
                },
                model.stage,
                model.parents,
                model.share,
            )
            for model in self.models
        ]


def axes(metrics: Sequence[Metric]) -> list[Axis]:
    """Metrics as axes of a Pareto picture."""
    return [Axis(metric.key, metric.higher_is_better) for metric in metrics]


def beside(figures: Sequence[Figure], metric: Metric) -> dict[str, Figure]:
    """Published figures that are drawn beside a metric's numbers, by system."""
    return metric.published.of(figures) if metric.published else {}
