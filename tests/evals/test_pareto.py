"""The Pareto picture: frontier, what lies below it for sure, volume, arrows and curves."""

import random
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.pareto import Axis, Curve, Point, dominates, hypervolume, pareto
from evals.statistics import Scored

NAN = float("nan")
MT, CHAT, ERRORS = Axis("translation"), Axis("chat"), Axis("errors", higher_is_better=False)
GRID = st.integers(0, 6).map(float)


def scored(value: float, half: float = NAN) -> Scored:
    return Scored(value, value - half, value + half, 100, 0)


def point(name: str, *values: float, half: float = NAN, axes: tuple[Axis, ...] = (MT, CHAT, ERRORS)) -> Point:
    return Point(name, {axis.name: scored(value, half) for axis, value in zip(axes, values, strict=False)})


def points(axes: int) -> st.SearchStrategy[list[Point]]:
    corners = st.lists(st.tuples(*[GRID] * axes), max_size=12)
    return corners.map(lambda told: [point(f"p{n:02}", *corner) for n, corner in enumerate(told)])


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [((1, 1), (1, 1), False), ((2, 1), (1, 1), True), ((2, 0), (1, 1), False), ((1,), (2,), False)],
)
def test_dominates(one: tuple[float, ...], other: tuple[float, ...], expected: bool) -> None:
    assert dominates(one, other) is expected


def test_a_frontier() -> None:
    told = [point("a", 3, 1), point("b", 2, 2), point("c", 1, 3), point("d", 1, 2), point("same as b", 2, 2)]
    found = pareto([*told, point("no chat", 9)], [MT, CHAT])
    assert found.frontier == ("a", "b", "c", "same as b")
    assert found.unplaced == ("no chat",)
    below = {standing.point.name: standing.dominated_by for standing in found.standings}
    assert below["d"] == ("b", "c", "same as b")
    # Of errors, fewer are better.
    errors = pareto([point("few", 1, axes=(ERRORS,)), point("many", 2, axes=(ERRORS,))], [ERRORS])
    assert errors.frontier == ("few",)


@pytest.mark.parametrize(("half", "surely"), [(0.5, ("above",)), (1.0, ()), (2.0, ()), (NAN, ())])
def test_dominated_beyond_its_interval(half: float, surely: tuple[str, ...]) -> None:
    """By what lies above the better ends of the interval; where none is known, nothing does."""
    found = pareto([point("above", 3, 3), point("below", 2, 2, half=half)], [MT, CHAT])
    below = next(standing for standing in found.standings if standing.point.name == "below")
    assert below.dominated_by == ("above",)
    assert below.surely_by == surely
    above = next(standing for standing in found.standings if standing.point.name == "above")
    assert (above.on_frontier, above.perhaps_by) == (True, ())
    turned = pareto([Point("above", {"errors": scored(1)}), Point("below", {"errors": scored(2, half)})], [ERRORS])
    assert turned.standings[1].surely_by == surely


def test_a_frontier_that_is_not_sure() -> None:
    found = pareto([point("a", 3, 3, half=2), point("b", 2, 4, half=0.5), point("c", 2, 2)], [MT, CHAT])
    told = {standing.point.name: standing.perhaps_by for standing in found.standings}
    assert found.frontier == ("a", "b")
    assert told == {"a": ("b", "c"), "b": (), "c": ("a", "b")}


def test_a_point_that_failed_is_not_placed() -> None:
    assert pareto([point("a", 1, NAN), point("b", 1, 1)], [MT, CHAT]).unplaced == ("a",)


@given(points(2), st.randoms(use_true_random=False))
def test_no_order_changes_anything(told: list[Point], draw: random.Random) -> None:
    shuffled = draw.sample(told, len(told))
    assert pareto(told, [MT, CHAT]) == pareto(shuffled, [MT, CHAT])


@given(points(3), st.tuples(GRID, GRID, GRID))
def test_a_dominated_point_changes_nothing(told: list[Point], extra: tuple[float, float, float]) -> None:
    axes, reference = [MT, CHAT, ERRORS], {"translation": 0.0, "chat": 0.0, "errors": 6.0}
    before, after = pareto(told, axes), pareto([*told, point("extra", *extra)], axes)
    assert hypervolume(after, reference) >= hypervolume(before, reference) - 1e-12
    if "extra" not in after.frontier:
        assert after.frontier == before.frontier
        assert hypervolume(after, reference) == hypervolume(before, reference)
    # Whatever the frontier is, it dominates what is not on it.
    for standing in after.standings:
        assert standing.on_frontier or set(standing.dominated_by) & set(after.frontier)


@pytest.mark.parametrize("axes", [2, 3])
@given(data=st.data())
def test_the_volume_is_the_number_of_unit_boxes(axes: int, data: st.DataObject) -> None:
    told = data.draw(points(axes))
    every = [MT, CHAT, Axis("errors")][:axes]
    found = hypervolume(pareto(told, every), {axis.name: 0.0 for axis in every})
    corners = [[of.values[axis.name].value for axis in every] for of in told]
    boxes = sum(
        any(all(corner[n] >= box[n] + 1 for n in range(axes)) for corner in corners)
        for box in product(range(6), repeat=axes)
    )
    assert found == pytest.approx(boxes)


def test_the_volume_of_many_points_is_that_of_many_darts() -> None:
    draw = np.random.default_rng(1)
    corners = draw.random((60, 3))
    every = [MT, CHAT, Axis("errors")]
    found = hypervolume(
        pareto([point(f"p{n}", *corner) for n, corner in enumerate(corners)], every),
        dict.fromkeys((axis.name for axis in every), 0.0),
    )
    darts = draw.random((20_000, 3))
    hit = (corners[:, None, :] >= darts[None]).all(axis=2).any(axis=0).mean()
    assert found == pytest.approx(hit, abs=0.02)


@pytest.mark.parametrize(
    ("told", "reference", "expected"),
    [
        ([], (0, 0), 0),
        ([(2, 3)], (0, 0), 6),
        ([(2, 3)], (1, 1), 2),
        # Not better than the reference everywhere.
        ([(2, 3), (9, 1)], (1, 1), 2),
        ([(2, 3), (3, 2)], (0, 0), 8),
    ],
)
def test_volumes(told: list[tuple[float, float]], reference: tuple[float, float], expected: float) -> None:
    found = pareto([point(f"p{n}", *corner) for n, corner in enumerate(told)], [MT, CHAT])
    assert hypervolume(found, dict(zip(("translation", "chat"), reference, strict=True))) == pytest.approx(expected)


def test_a_volume_needs_a_reference() -> None:
    with pytest.raises(ValueError, match="no reference for the axes chat"):
        hypervolume(pareto([point("a", 1, 1)], [MT, CHAT]), {"translation": 0.0})


def test_arrows_go_from_stage_to_stage_and_merges_make_curves() -> None:
    values = point("", 1, 1).values
    told = [
        Point("base", values, "base"),
        Point("cpt", values, "cpt", ("base",)),
        Point("sft", values, "sft", ("cpt",)),
        Point("elsewhere", values, "sft", ("not measured",)),
        Point("merge 75", values, "merge", ("base", "sft"), 0.75),
        Point("merge 25", values, "merge", ("base", "sft"), 0.25),
        # The same merge told from the other end.
        Point("merge 50", values, "merge", ("sft", "base"), 0.5),
        Point("of three", values, "merge", ("base", "cpt", "sft")),
        Point("of one unknown", values, "merge", ("base", "not measured"), 0.5),
    ]
    found = pareto(told, [MT, CHAT])
    assert set(found.arrows) == {("base", "cpt"), ("cpt", "sft")}
    assert found.curves == (Curve(("base", "sft"), ("base", "merge 25", "merge 50", "merge 75", "sft")),)


@pytest.mark.parametrize(
    ("told", "axes", "message"),
    [
        ([point("a", 1), point("a", 2)], [MT], "two points are called 'a'"),
        ([point("a", 1)], [MT, MT], "two axes are called 'translation'"),
        ([point("a", 1)], [], "needs one axis at least"),
    ],
)
def test_pictures_that_cannot_be(told: list[Point], axes: list[Axis], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pareto(told, axes)
