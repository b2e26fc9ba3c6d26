"""Lists of filters, scorers, engines and the like as options: opened by name, written back with resolved options."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import PlainSerializer

from datagen.engines.base import Engine
from datagen.makers.base import Maker
from filters.base import Filter, Part, Scorer
from filters.models import model_name
from filters.verifier import Verifier


def _dump(parts: tuple[Part, ...]) -> list[dict[str, Any]]:
    return [{part.name(): _options(part), "version": part.version} for part in parts]


def _options(part: Part) -> dict[str, Any]:
    """Options as a plan holds them: models by name, engines as stages list them, no path and no matter of speed."""
    dumped = part.model_dump(mode="json", by_alias=True, exclude={*part.locations, *part.speed})
    named = {option: model_name(dumped[option]) for option in part.models if isinstance(dumped.get(option), str)}
    held = getattr(part, "engines", ())
    asked = {option: _dump_engines((getattr(part, option),))[0] for option in held if getattr(part, option)}
    return {**dumped, **named, **asked}


Filters = Annotated[tuple[Filter, ...], PlainSerializer(_dump)]
Scorers = Annotated[tuple[Scorer, ...], PlainSerializer(_dump)]
Makers = Annotated[tuple[Maker, ...], PlainSerializer(_dump)]
Verifiers = Annotated[tuple[Verifier, ...], PlainSerializer(_dump)]


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
