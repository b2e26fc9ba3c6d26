"""The Pareto picture as a plot: filled what was measured here, hollow what others published."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from evals.pareto import Pareto, pareto
from evals.published import Figure
from evals.report.results import Metric, Picture, Results, axes, beside
from filters.report.markdown import shortened
from filters.report.plots import FAINT, GREY, GROUPS, INK, STYLE, blank

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Plot

_HEIGHT = 4.2
_NAME_LENGTH = 24


def draw(results: Results, picture: Picture, figures: Sequence[Figure]) -> Plot:
    """A panel for every two axes of a picture."""
    import matplotlib

    panels = list(combinations(picture.axes, 2))
    stages = list(dict.fromkeys(model.stage for model in results.models))
    colours = {stage: GROUPS[place % len(GROUPS)] for place, stage in enumerate(stages)}
    labels = {model.name: _label(model.name, place + 1) for place, model in enumerate(results.models)}
    with matplotlib.rc_context(STYLE):  # type: ignore[arg-type]
        plot = blank(8.0, _HEIGHT * len(panels))
        grid = plot.subplots(len(panels), 1, squeeze=False)
        for panel, (across, up) in zip(grid.flat, panels, strict=True):
            found = pareto(results.points(), axes((across, up)))
            _frontier(panel, found)
            _ways(panel, found)
            _models(panel, found, colours, labels)
            _published(panel, beside(figures, across), beside(figures, up))
            for metric, name in ((across, panel.set_xlabel), (up, panel.set_ylabel)):
                name(f"{_plain(metric.key)}{'' if metric.higher_is_better else ' (less is better)'}")
            _turn(panel, across, up)
            panel.grid(color=FAINT, linewidth=0.7)
            panel.set_axisbelow(True)
        from matplotlib.lines import Line2D

        told = [
            Line2D(
                [], [], color=colours[stage], marker="o", linestyle="", markersize=5, label=_plain(stage) or "models"
            )
            for stage in stages
        ]
        if any(line.get_fillstyle() == "none" for panel in grid.flat for line in panel.lines):
            told.append(
                Line2D([], [], color=GREY, marker="o", linestyle="", markersize=5, fillstyle="none", label="published")
            )
        plot.legend(handles=told, loc="outside lower left", ncols=6, frameon=False, fontsize=8)
    return plot


def _models(panel: Axes, found: Pareto, colours: Mapping[str, str], labels: Mapping[str, str]) -> None:
    across, up = found.axes
    for standing in found.standings:
        x, y = standing.point.values[across.name], standing.point.values[up.name]
        colour = colours[standing.point.stage]
        for scored, line in ((x, panel.hlines), (y, panel.vlines)):
            if not math.isnan(scored.low + scored.high):
                line(
                    y.value if scored is x else x.value, scored.low, scored.high, color=colour, linewidth=0.9, alpha=0.7
                )
        panel.plot(x.value, y.value, "o", color=colour, markersize=6 if standing.on_frontier else 4)
        panel.annotate(
            labels[standing.point.name], (x.value, y.value), xytext=(5, 4), textcoords="offset points", fontsize=7.5
        )


def _published(panel: Axes, across: Mapping[str, Figure], up: Mapping[str, Figure]) -> None:
    for system in (system for system in across if system in up):
        x, y = across[system].value, up[system].value
        panel.plot(x, y, "o", color=GREY, markersize=6, fillstyle="none")
        marks = "/".join(dict.fromkeys((across[system].mark, up[system].mark)))
        told = f"{_plain(shortened(system, _NAME_LENGTH))} [{marks}]"
        panel.annotate(told, (x, y), xytext=(5, -9), textcoords="offset points", fontsize=7, color=GREY)


def _frontier(panel: Axes, found: Pareto) -> None:
    """The frontier as a staircase: what lies behind it is dominated."""
    across, up = found.axes
    corners = sorted(
        (standing.point.values[across.name].value, standing.point.values[up.name].value)
        for standing in found.standings
        if standing.on_frontier
    )
    if len(corners) > 1:
        where = "pre" if across.higher_is_better else "post"
        panel.step(*zip(*corners, strict=True), where=where, color=INK, linewidth=0.9, linestyle=":")  # type: ignore[arg-type]


def _ways(panel: Axes, found: Pareto) -> None:
    """Arrows from stage to stage, and the curves of merges."""
    across, up = found.axes
    places = {
        standing.point.name: (standing.point.values[across.name].value, standing.point.values[up.name].value)
        for standing in found.standings
    }
    for start, end in found.arrows:
        panel.annotate(
            "", places[end], xytext=places[start],
            arrowprops={"arrowstyle": "->", "color": GREY, "linewidth": 1.0, "shrinkA": 4, "shrinkB": 4},
        )  # fmt: skip
    for curve in found.curves:
        panel.plot(
            *zip(*(places[name] for name in curve.points), strict=True), color=GREY, linewidth=0.9, linestyle="--"
        )


def _turn(panel: Axes, across: Metric, up: Metric) -> None:
    """Better is to the right and up."""
    panel.margins(0.12)
    if not across.higher_is_better:
        panel.invert_xaxis()
    if not up.higher_is_better:
        panel.invert_yaxis()


def _label(name: str, number: int) -> str:
    """A name that the plot's font has letters for; else its number in the list of models."""
    return _plain(shortened(name, _NAME_LENGTH)).replace("…", "...") if _plain(name) == name else f"#{number}"


def _plain(text: str) -> str:
    """Text without letters that the plot's font lacks, and without what the plotter takes for formulas."""
    told = text.replace("→", "->").replace("·", "-")
    return "".join(letter if " " <= letter <= "~" and letter != "$" else "?" for letter in told)
