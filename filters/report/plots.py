"""Plots of the report: the same numbers give the same bytes, and no letter of the reader's fonts is needed.

Colours are of Okabe and Ito's palette, which colour-blind people can tell apart. Labels are stage names, rules, score
columns and language codes, all of them ASCII.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREY, INK, FAINT = "#0072B2", "#E69F00", "#9AA5AE", "#222222", "#D9DEE2"
_WIDTH = 8.0
STYLE: Mapping[str, object] = {
    "svg.hashsalt": "towerkit",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "axes.formatter.useoffset": False,
}


def as_svg(figure: Figure) -> bytes:
    """The figure as SVG, without date and version, so that equal figures are equal files."""
    import matplotlib

    stream = BytesIO()
    with matplotlib.rc_context(STYLE):  # type: ignore[arg-type]
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return stream.getvalue()


def blank(width: float, height: float) -> Figure:
    """A figure of a size in inches; to be made and drawn with STYLE in force."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


@dataclass(frozen=True)
class Bar:
    """A stage in the funnel: what went on of what came in."""

    name: str
    into: int
    out: int
    told: str
    """The numbers in words."""


def funnel(bars: Sequence[Bar]) -> Figure:
    """A bar for each stage, as long as what came in; what was dropped is its light end."""
    import matplotlib

    with matplotlib.rc_context(STYLE):  # type: ignore[arg-type]
        figure = blank(_WIDTH, 0.6 + 0.32 * len(bars))
        axes = figure.add_subplot()
        places = np.arange(len(bars))
        out = np.array([min(bar.out, bar.into) for bar in bars], dtype=float)
        into = np.array([bar.into for bar in bars], dtype=float)
        axes.barh(places, out, height=0.62, color=BLUE, label="went on")
        axes.barh(
            places,
            into - out,
            left=out,
            height=0.62,
            color=ORANGE,
            hatch="////",
            edgecolor="white",
            linewidth=0,
            label="dropped",
        )
        longest = max(into.max(initial=0), 1.0)
        # A letter of the labels is about a hundredth as wide as the plot.
        room = 1 - min(0.6, 0.011 * max((len(bar.told) for bar in bars), default=0))
        for place, bar in enumerate(bars):
            axes.text(bar.into + longest * 0.012, place, bar.told, va="center", fontsize=8)
        axes.set_yticks(places, [bar.name for bar in bars])
        axes.set_ylim(len(bars) - 0.4, -0.6)
        axes.set_xlim(0, longest / room)
        _bare(axes)
        if any(bar.into > bar.out for bar in bars):
            figure.legend(loc="outside lower left", ncols=2, frameon=False, fontsize=8)
    return figure


def _bare(axes: Axes) -> None:
    for side in ("bottom", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(left=False, bottom=False, labelbottom=False)


@dataclass(frozen=True)
class Heatmap:
    """Shares by two names."""

    rows: list[str]
    columns: list[str]
    shares: list[list[float]]
    label: str


def heatmap(of: Heatmap) -> Figure:
    """A cell for each pair of names, the darker the larger the share, with the share written in."""
    import matplotlib

    with matplotlib.rc_context(STYLE):  # type: ignore[arg-type]
        width = min(_WIDTH, 2.4 + 0.62 * len(of.columns))
        figure = blank(width, 1.0 + 0.28 * len(of.rows))
        axes = figure.add_subplot()
        shares = np.array(of.shares)
        # Dark is a fifth or more, in every report: a rule that drops little must not look as if it dropped much.
        most = max(float(shares.max(initial=0)), 0.2)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=most * 1.15, aspect="auto")
        for row, column in np.argwhere(shares > 0):
            share = shares[row, column]
            text = f"{100 * share:.0f}%" if share >= 0.0095 else "<1%"
            axes.text(
                column, row, text, ha="center", va="center", fontsize=7.5, color="white" if share > 0.6 * most else INK
            )
        axes.set_xticks(range(len(of.columns)), of.columns, rotation=40, ha="left", rotation_mode="anchor")
        axes.set_yticks(range(len(of.rows)), of.rows)
        axes.set_xticks(np.arange(len(of.columns) + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(len(of.rows) + 1) - 0.5, minor=True)
        axes.grid(which="minor", color="white", linewidth=1.5)
        axes.tick_params(which="both", length=0, labeltop=True, labelbottom=False)
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.set_xlabel(of.label, fontsize=8)
    return figure


@dataclass(frozen=True)
class Panel:
    """Two histograms over the same bins: everything, and what was kept of it."""

    name: str
    """What is counted; empty where there is one panel only."""
    every: NDArray[np.int64]
    kept: NDArray[np.int64] | None


def _brief(number: int) -> str:
    """A count in the width of a panel."""
    if number < 100_000:
        return f"{number:,}"
    return f"{number / 1e3:.0f}k" if number < 1_000_000 else f"{number / 1e6:.3g}M"


def _coarse(panels: Sequence[Panel]) -> Sequence[Panel]:
    """The panels with two or four bins made one where there are too few rows for many."""
    most = max(int(panel.every.sum()) for panel in panels)
    together = 4 if most < 100 else 2 if most < 1000 else 1

    def merged(counts: NDArray[np.int64]) -> NDArray[np.int64]:
        return counts.reshape(-1, together).sum(axis=1) if len(counts) % together == 0 else counts

    return [Panel(p.name, merged(p.every), None if p.kept is None else merged(p.kept)) for p in panels]


def histograms(panels: Sequence[Panel], low: float, high: float, label: str, *, every: str, kept: str) -> Figure:
    """Small panels with one scale of values; heights are shares of all that the panel counts.

    Args:
        panels: histograms of equally many bins from `low` to `high`.
        low: where the first bin starts.
        high: where the last bin ends.
        label: what the values are.
        every: what the outer histograms count.
        kept: what the inner histograms count.
    """
    import matplotlib
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    with matplotlib.rc_context(STYLE):  # type: ignore[arg-type]
        across = min(4, len(panels))
        down = math.ceil(len(panels) / across)
        width = _WIDTH if across > 1 else 5.0
        figure = blank(width, 0.75 + (1.35 if across > 1 else 2.0) * down)
        grid = figure.subplots(down, across, sharex=True, squeeze=False)
        panels = _coarse(panels)
        edges = np.linspace(low, high, len(panels[0].every) + 1)
        drawn: dict[str, Artist] = {}
        for axes, panel in zip(grid.flat, panels, strict=False):
            whole = max(int(panel.every.sum()), 1)
            drawn[every] = axes.stairs(
                panel.every / whole, edges, fill=True, color=FAINT if panel.kept is not None else BLUE
            )
            if panel.kept is not None:
                drawn[kept] = axes.stairs(panel.kept / whole, edges, fill=True, color=BLUE)
                axes.stairs(panel.every / whole, edges, color=GREY, linewidth=0.7)
            axes.set_title(f"{panel.name}  n={_brief(int(panel.every.sum()))}".strip())
            axes.margins(x=0)
            axes.set_ylim(bottom=0)
            axes.yaxis.set_major_locator(MaxNLocator(3, min_n_ticks=2, steps=[1, 2, 5, 10]))
            axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0 if axes.get_ylim()[1] > 0.04 else None))
            axes.xaxis.set_major_locator(MaxNLocator(4 if across < 4 else 3))
        for axes in grid.flat[len(panels) :]:
            axes.set_visible(False)
        # The lowest panel of each column shows the scale, also where the last row is not full.
        for column in range(across):
            grid[(len(panels) - 1 - column) // across, column].tick_params(labelbottom=True)
        figure.supxlabel(label, fontsize=9)
        if panels[0].kept is not None:
            figure.legend(
                list(drawn.values()), list(drawn), loc="outside upper right", ncols=2, frameon=False, fontsize=8
            )
    return figure


@dataclass(frozen=True)
class Dot:
    """A number with its interval, of a row of the plot and of a group that a colour stands for."""

    row: str
    group: str
    value: float
    low: float
    high: float


GROUPS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#222222")
"""Colours of what stands side by side."""


def dots(of: Sequence[Dot], label: str) -> Figure:
    """A dot with its interval for each number; rows below each other, groups side by side in each. Seven at most."""
    import matplotlib

    with matplotlib.rc_context(STYLE):  # type: ignore[arg-type]
        rows, groups = list(dict.fromkeys(dot.row for dot in of)), list(dict.fromkeys(dot.group for dot in of))
        groups = groups[: len(GROUPS) - 1] + groups[-1:] if len(groups) > len(GROUPS) else groups
        figure = blank(_WIDTH, 0.9 + (0.12 + 0.16 * len(groups)) * max(1, len(rows)))
        axes = figure.add_subplot()
        for place, group in enumerate(groups):
            shown = [dot for dot in of if dot.group == group]
            offset = (place - (len(groups) - 1) / 2) * 0.75 / max(1, len(groups))
            heights = [rows.index(dot.row) + offset for dot in shown]
            axes.hlines(heights, [d.low for d in shown], [d.high for d in shown], color=GROUPS[place], linewidth=1.4)
            axes.plot([dot.value for dot in shown], heights, "o", color=GROUPS[place], markersize=4, label=group)
        axes.set_yticks(range(len(rows)), rows)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.grid(axis="x", color=FAINT, linewidth=0.7)
        axes.set_axisbelow(True)
        axes.set_xlabel(label)
        if len(groups) > 1:
            figure.legend(loc="outside lower left", ncols=min(len(groups), 6), frameon=False, fontsize=8)
    return figure


@dataclass(frozen=True)
class Curve:
    """What is kept at each threshold of one language, and how much of it is good."""

    name: str
    kept: Sequence[float]
    """Share of rows kept, ascending."""
    good: Sequence[float] | None
    """Share of the kept that is good; None where that is not known."""
    threshold: Sequence[float]
    chosen: int | None
    """Which of the thresholds was chosen."""


def curves(of: Sequence[Curve], score: str) -> Figure:
    """For each language: precision by the share kept where it is known, else the threshold by the share kept."""
    import matplotlib
    from matplotlib.ticker import PercentFormatter

    with matplotlib.rc_context(STYLE):  # type: ignore[arg-type]
        figure = blank(_WIDTH, 3.6)
        axes = figure.add_subplot()
        for place, curve in enumerate(of[: len(GROUPS)]):
            heights = curve.threshold if curve.good is None else curve.good
            axes.plot(curve.kept, heights, color=GROUPS[place], linewidth=1.4, label=curve.name)
            if curve.chosen is not None:
                axes.plot(curve.kept[curve.chosen], heights[curve.chosen], "o", color=GROUPS[place], markersize=6)
        axes.set_xlim(0, 1)
        axes.xaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_xlabel(f"share of rows kept by {score}")
        axes.grid(color=FAINT, linewidth=0.7)
        if all(curve.good is not None for curve in of):
            axes.yaxis.set_major_formatter(PercentFormatter(1.0))
            axes.set_ylabel("share of good rows among them")
        else:
            axes.set_ylabel("threshold")
        figure.legend(loc="outside lower left", ncols=min(max(len(of), 1), 7), frameon=False, fontsize=8)
    return figure
