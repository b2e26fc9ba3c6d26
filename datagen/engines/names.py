"""Engines by name: `engines/openai.py` is the engine `openai`."""

from __future__ import annotations

from corpus.named import class_named
from datagen.engines.base import Engine

ENGINES = ("openai", "openai_batch", "transformers", "vllm")


def engine_class(name: str) -> type[Engine]:
    """The engine of this name.

    Raises:
        UserError: no such engine (with the nearest right spelling and all names).
    """
    return class_named("datagen.engines", name, Engine, ENGINES)
