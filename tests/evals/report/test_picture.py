"""The plot: what is drawn where, whatever models are called."""

import pytest
from evaluated import ARABIC, CHAT, HOSTILE, MT, TER, results
from matplotlib.figure import Figure as Plot

from evals.published import published
from evals.report.picture import draw
from evals.report.results import Picture
from filters.report.plots import as_svg


def texts(plot: Plot) -> list[str]:
    return [text.get_text() for panel in plot.axes for text in panel.texts]


@pytest.mark.parametrize(("axes", "panels"), [((MT, CHAT), 1), ((MT, CHAT, TER), 3)])
def test_every_two_axes_have_a_panel(axes: tuple, panels: int) -> None:
    plot = draw(results(), Picture(axes), published())
    assert len(plot.axes) == panels
    assert as_svg(plot) == as_svg(draw(results(), Picture(axes), published()))


def test_names_that_the_font_cannot_write_are_numbers() -> None:
    told = texts(draw(results(), Picture((MT, CHAT)), published()))
    assert {"base", "cpt-1", "#3", "#4", "Tower+ 9B [notes/memory]"} <= set(told)
    assert HOSTILE not in told
    assert ARABIC not in told


def test_better_is_right_and_up() -> None:
    panel = draw(results(), Picture((TER, MT)), []).axes[0]
    assert panel.xaxis_inverted()
    assert not panel.yaxis_inverted()
    assert panel.get_xlabel().endswith("(less is better)")


def test_what_is_in_the_loop_is_not_drawn() -> None:
    told = texts(draw(results(in_loop=frozenset({"base"})), Picture((MT, CHAT)), []))
    assert "base" not in told
    assert "cpt-1" in told
    every = draw(results(in_loop=frozenset({"base", "cpt-1", HOSTILE, ARABIC})), Picture((MT, CHAT)), [])
    assert [text for text in texts(every) if text] == []


def test_published_points_are_hollow() -> None:
    panel = draw(results(), Picture((MT, CHAT)), published()).axes[0]
    hollow = [line for line in panel.lines if line.get_fillstyle() == "none"]
    assert len(hollow) == 3
    assert sorted(float(line.get_xdata()[0]) for line in hollow) == [79.13, 83.74, 84.38]
