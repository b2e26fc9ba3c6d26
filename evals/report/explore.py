"""The report as one HTML page to explore: no file beside it, nothing fetched, and no name that could act on it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import Any

from evals.published import Figure
from evals.report.results import Results, beside
from evals.report.tables import Sheet, models_sheet, published_sheet, sheets
from filters.report.markdown import escaped

_HERE = Path(__file__).parent


def explore(results: Results, figures: Sequence[Figure], claims: Sheet) -> str:
    """The page.

    Args:
        results: what was measured.
        figures: published ones.
        claims: the table that closes the page.
    """
    elsewhere = published_sheet(figures, results)
    tables = [models_sheet(results), *sheets(results), *([elsewhere] if elsewhere else []), claims]
    return Template((_HERE / "explore.html").read_text("utf-8")).substitute(
        title=escaped(results.name),
        style=(_HERE / "explore.css").read_text("utf-8"),
        tables="\n".join(f"<section>\n<h2>{escaped(sheet.title)}</h2>\n{sheet.html()}</section>" for sheet in tables),
        data=_json(data(results, figures)),
        script=(_HERE / "explore.js").read_text("utf-8"),
    )


def data(results: Results, figures: Sequence[Figure]) -> dict[str, Any]:
    """What the script draws: axes, and points with a value or null for each axis, in the axes' order."""
    metrics = [measured.metric for measured in results.measured]
    start = results.pictures[0].axes[:2] if results.pictures else metrics[:2]
    aside = [beside(figures, metric) for metric in metrics]
    models = [
        {
            "name": model.name,
            "stage": model.stage,
            "parents": list(model.parents),
            "published": False,
            "values": [_value(results, model.name, place) for place in range(len(metrics))],
        }
        for model in results.models
    ]
    systems = list(dict.fromkeys(system for told in aside for system in told))
    others = [
        {
            "name": system,
            "stage": "published",
            "parents": [],
            "published": True,
            "values": [_figure(told[system]) if system in told else None for told in aside],
        }
        for system in systems
    ]
    return {
        "axes": [{"name": metric.key, "higher": metric.higher_is_better} for metric in metrics],
        "start": [metrics.index(metric) for metric in start],
        "points": models + others,
    }


def _value(results: Results, model: str, place: int) -> dict[str, Any] | None:
    number = results.measured[place].numbers.get(model)
    if number is None or not math.isfinite(number.scored.value):
        return None
    known = math.isfinite(number.scored.low) and math.isfinite(number.scored.high)
    return {
        "value": number.scored.value,
        "low": number.scored.low if known else None,
        "high": number.scored.high if known else None,
        "in_loop": number.in_loop,
        "told": f"n = {number.scored.n:,}, {number.scored.unjudged:,} unjudged; {number.signature}",
    }


def _figure(figure: Figure) -> dict[str, Any]:
    told = f"[{figure.mark}] {figure.set}; {figure.source}"
    return {"value": figure.value, "low": None, "high": None, "in_loop": False, "told": told}


def _json(value: object) -> str:
    """JSON that may stand in a script element: nothing in it can end the element or begin a comment."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
