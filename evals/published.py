"""Figures that others published, as far as they are known: drawn beside ours, never ranked or averaged with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from corpus.config import load, validate
from corpus.errors import UserError

SHIPPED = Path(__file__).with_name("published.yaml")
Mark = Literal["paper", "notes", "memory", "inference"]
"""How a figure is known: read in the source itself, read in notes of third parties, only recalled, or worked out."""


class Figure(BaseModel):
    """One number of one system."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    system: str = Field(min_length=1)
    benchmark: str = Field(min_length=1)
    metric: str = Field(min_length=1)
    set: str = Field(min_length=1)
    """Language pairs, part of the benchmark, judge: on what it was measured, as far as that is known."""
    value: float = Field(allow_inf_nan=False)
    mark: Mark
    source: str = Field(min_length=1)
    """Where it stands."""


class Published(BaseModel):
    """Which published figures belong to an axis of ours: as near as is known, in the same unit after `scale`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    benchmark: str
    metric: str
    set: str
    scale: float = 1.0
    """What a published value is multiplied by: 0.01 for per cent, where ours are shares."""

    def of(self, figures: Sequence[Figure]) -> dict[str, Figure]:
        """Those figures by system, in our unit."""
        mine = (self.benchmark, self.metric, self.set)
        return {
            figure.system: figure.model_copy(update={"value": figure.value * self.scale})
            for figure in figures
            if (figure.benchmark, figure.metric, figure.set) == mine
        }


class _Figures(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    figures: tuple[Figure, ...]


def published(file: Path = SHIPPED) -> tuple[Figure, ...]:
    """The figures of a file, in its order.

    Raises:
        UserError: naming file and line where one is not of the form, or stands there twice.
    """
    loaded = load(file)
    figures = validate(loaded.data, _Figures, loaded=loaded).figures
    seen: Counter[tuple[str, str, str, str]] = Counter()
    for place, figure in enumerate(figures):
        key = (figure.system, figure.benchmark, figure.metric, figure.set)
        seen[key] += 1
        if seen[key] > 1:
            where = loaded.where(("figures", place))
            raise UserError(
                f"{where}: {figure.system} on {figure.benchmark} by {figure.metric} ({figure.set}) is there twice"
            )
    return figures
