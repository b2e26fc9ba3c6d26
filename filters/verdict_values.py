"""Columns made of a judge's verdicts: means over samples, weighted errors, both orders of a comparison together."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from filters.mqm import weight
from filters.rubric import Rubric
from filters.verdicts import clean

_POINTS = ({"A": 1.0, "tie": 0.5, "B": 0.0}, {"A": 0.0, "tie": 0.5, "B": 1.0})
"""What a verdict gives the row's own answer, which stands first in order 0 and second in order 1."""


def values_of(rubric: Rubric, samples: Sequence[Sequence[dict[str, Any]]], row: Mapping[str, Any]) -> dict[str, Any]:
    """The rubric's values of an item.

    Args:
        rubric: says what becomes of which field.
        samples: of each sample the verdict, of a comparison those in both orders.
        row: the item.
    """
    return {name: _value(rubric, name, samples, row) for name in rubric.told.columns}


def _value(rubric: Rubric, name: str, samples: Sequence[Sequence[dict[str, Any]]], row: Mapping[str, Any]) -> Any:
    told = [[verdict[rubric.told.columns[name].field] for verdict in sample] for sample in samples]
    match rubric.use(name):
        case "number":
            return fmean(float(field) for [field] in told)
        case "text":
            return clean(Counter(field for [field] in told).most_common(1)[0][0])
        case "yes_no":
            return Counter(field for [field] in told).most_common(1)[0][0]
        case "mqm":
            return fmean(penalty(errors) for [errors] in told)
        case "spans":
            return clean(json.dumps(located(told[0][0], row), ensure_ascii=False))
        case "preference":
            return _preference(told)
        case "winner":
            mean = _preference(told)
            return "tie" if mean == 0.5 else row["left"] if mean > 0.5 else row["right"]
        case "consistent":
            return all(_order(*orders) == "consistent" for orders in told)
        case "order":
            return Counter(_order(*orders) for orders in told).most_common(1)[0][0]


def penalty(errors: Sequence[Mapping[str, Any]]) -> float:
    """Minus the sum of the errors' MQM weights: at most 0, and 0 is flawless."""
    return 0.0 - sum(_weight(error) for error in errors)


def _weight(error: Mapping[str, Any]) -> float:
    found = weight(error["category"], error["severity"])
    assert found is not None, "a rubric is refused where a severity of its schema has no weight"
    return found


def located(spans: Sequence[Mapping[str, Any]], row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Spans with the characters where their text stands: in the output, else in the source (`side`), else nowhere.

    The second of two equal texts is looked for behind the first.
    """
    ends: dict[tuple[str, str], int] = {}
    found = []
    for span in spans:
        text, place = str(span["text"]), None
        for side in ("output", "source"):
            start = (row.get(side) or "").find(text, ends.get((side, text), 0)) if text else -1
            if start >= 0:
                ends[side, text] = start + len(text)
                place = {"start": start, "end": start + len(text), "side": side}
                break
        found.append({"text": text, **(place or {"start": None, "end": None, "side": None}), **span})
    return found


def _preference(told: Sequence[Sequence[str]]) -> float:
    return fmean(_POINTS[order][verdict] for orders in told for order, verdict in enumerate(orders))


def _order(first: str, second: str) -> str:
    """What two verdicts say, the second of which saw the answers the other way round.

    `consistent`: they name the same answer, or both call it a tie; `first` and `second`: both take what stands there,
    whichever it is; `mixed`: one of them is a tie.
    """
    if first == second:
        return {"A": "first", "B": "second", "tie": "consistent"}[first]
    return "mixed" if "tie" in (first, second) else "consistent"
