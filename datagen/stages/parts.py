"""Lists of filters and scorers as stage options: opened by name, written back as names with their resolved options."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import PlainSerializer

from filters.base import Filter, Part, Scorer


def _dump(parts: tuple[Part, ...]) -> list[dict[str, Any]]:
    return [
        {
            part.name(): part.model_dump(mode="json", by_alias=True, exclude=set(part.locations)),
            "version": part.version,
        }
        for part in parts
    ]


Filters = Annotated[tuple[Filter, ...], PlainSerializer(_dump)]
Scorers = Annotated[tuple[Scorer, ...], PlainSerializer(_dump)]
