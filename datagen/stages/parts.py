"""Lists of filters, scorers and engines as options: opened by name, written back as names with resolved options."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import PlainSerializer

from datagen.engines.base import Engine
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


def _dump_engines(engines: tuple[Engine, ...]) -> list[dict[str, Any]]:
    return [
        {
            engine.name(): {
                **engine.model_dump(mode="json", by_alias=True, exclude={*engine.locations, *engine.speed}),
                "as": engine.called,
                "model": engine.model_name,
            },
            "version": engine.version,
        }
        for engine in engines
    ]


Engines = Annotated[tuple[Engine, ...], PlainSerializer(_dump_engines)]
