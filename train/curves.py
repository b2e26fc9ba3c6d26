"""Curves of a training: what was logged, step by step, as SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from corpus.shards import replacing

_FIRST = ("loss", "eval_loss", "reward", "rewards/accuracies", "mean_token_accuracy", "learning_rate", "grad_norm")
"""What is drawn first, where it was logged."""
_LEFT_OUT = {"step", "epoch", "num_tokens", "num_input_tokens_seen", "total_flos", "train_runtime", "train_loss"}
_PANELS = 9


def draw(history: Sequence[Mapping[str, Any]], file: Path) -> None:
    """Draw every logged number over steps, one panel each, the important ones first."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    series = series_of(history)
    names = [name for name in _FIRST if name in series] + [name for name in series if name not in _FIRST]
    names = names[:_PANELS]
    if not names:
        return
    columns = min(3, len(names))
    rows = math.ceil(len(names) / columns)
    figure, axes = pyplot.subplots(rows, columns, figsize=(4.2 * columns, 2.8 * rows), squeeze=False)
    for place, panel in enumerate(axes.flat):
        if place >= len(names):
            panel.axis("off")
            continue
        steps, values = zip(*series[names[place]], strict=True)
        panel.plot(steps, values, linewidth=1.2, marker="." if len(steps) < 30 else None)
        panel.set_title(names[place], fontsize=9)
        panel.set_xlabel("step", fontsize=8)
        panel.tick_params(labelsize=7)
        panel.grid(alpha=0.3)
    figure.tight_layout()
    with replacing(file) as handle:
        figure.savefig(handle, format="svg", metadata={"Date": None})
    pyplot.close(figure)


def series_of(history: Sequence[Mapping[str, Any]]) -> dict[str, list[tuple[int, float]]]:
    """Logged numbers by name, each with its step; what is no finite number has no point."""
    found: dict[str, list[tuple[int, float]]] = {}
    for entry in history:
        for name, value in entry.items():
            if name not in _LEFT_OUT and isinstance(value, int | float) and math.isfinite(value):
                found.setdefault(name, []).append((int(entry.get("step", 0)), float(value)))
    return found
