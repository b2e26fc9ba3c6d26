"""Engines by name: `engines/openai.py` is the engine `openai`. A module is imported only when it is opened."""

from __future__ import annotations

import importlib
from functools import cache

from corpus.errors import UserError, nearest
from datagen.engines.base import Engine

ENGINES = ("openai", "openai_batch", "transformers", "vllm")


@cache
def engine_class(name: str) -> type[Engine]:
    """The engine of this name.

    Raises:
        UserError: no such engine (with the nearest right spelling and all names).
    """
    if name not in ENGINES:
        raise UserError(f"there is no engine {name!r}.{nearest(name, ENGINES)} Known: {', '.join(ENGINES)}")
    module = importlib.import_module(f"datagen.engines.{name}")
    [found] = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Engine) and value.__module__ == module.__name__
    ]
    return found
