"""What is to be doubted of judges: that they like answers of their own family, and that the order decides for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import polars as pl

from filters.families import model_family
from filters.report.books import Step
from filters.report.markdown import code, count, listed, percent, plural
from filters.report.scores import Column, Scored

BY_ORDER = 0.20
"""Share of comparisons that the order of the answers may decide."""
_FAMILY = "judge:"
_MODELS = {"response": ("model",), "preference": ("model_chosen", "model_rejected")}
"""Columns that say, by row kind, who wrote what is judged."""


def kinship(scored: Sequence[Scored]) -> Iterator[str]:
    """Judges that judged answers of a model of their own family.

    Models whose name says nothing of a family (a checkpoint of one's own) are not recognized.
    """
    for one in scored:
        families: dict[str, list[Column]] = {}
        for column in one.columns:
            if column.told.family.startswith(_FAMILY) and column.numeric:
                families.setdefault(column.told.family.removeprefix(_FAMILY), []).append(column)
        writers = _writers(one.step) if families else Counter[str]()
        for family, columns in families.items():
            kin = {name: rows for name, rows in writers.items() if model_family(name) == family}
            if kin:
                rows = plural(sum(kin.values()), "answer")
                yield (
                    f"{listed([column.name for column in columns])}: the judge is of the family {code(family)}, and so "
                    f"are the models that wrote {rows} of {code(one.step.name)} ({listed(list(kin))}). Judges favour "
                    "answers of their own family."
                )


def _writers(step: Step) -> Counter[str]:
    """Answers by the model that wrote them, by the system's name where no model is told."""
    found: Counter[str] = Counter()
    for column in _MODELS.get(step.manifest.kind, ()):
        name = pl.coalesce(column, "engine") if column == "model" else pl.col(column)
        counted = step.dataset.scan().group_by(name=name).len().drop_nulls("name").collect(engine="streaming")
        found.update(dict(counted.iter_rows()))
    return Counter(dict(sorted(found.items())))


def order_bias(scored: Sequence[Scored], meaningful: int) -> Iterator[str]:
    """Comparisons in both orders of which many went to whatever stood in one place.

    Args:
        scored: the scores of a run.
        meaningful: comparisons below which a share says nothing.
    """
    for one in scored:
        for column in one.columns:
            if not (column.told.family.startswith(_FAMILY) and column.name.endswith("_order")):
                continue
            counted = one.step.dataset.scan().group_by(value=pl.col(column.name)).len().collect(engine="streaming")
            tally = dict(counted.drop_nulls("value").iter_rows())
            judged, first, second = sum(tally.values()), tally.get("first", 0), tally.get("second", 0)
            if judged >= meaningful and first + second > BY_ORDER * judged:
                yield (
                    f"{code(column.name)}: the order decides {percent(first + second, judged)} of {count(judged)} "
                    f"comparisons of {code(one.step.name)}; what stands first wins {count(first)} of them, what stands "
                    f"second {count(second)}."
                )
