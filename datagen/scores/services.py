"""What learned scorers get from the stage that runs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from datagen.engines.rewards import rate
from datagen.scores.fill import STORE, MakeServices
from datagen.stages.base import Context
from filters.learned import LearnedScorer, Services


def services(context: Context) -> MakeServices:
    """How to make what a scorer of this stage gets."""

    def make(scorer: LearnedScorer, tell: Callable[[Mapping[str, Any]], None]) -> Services:
        folder = context.run_folder / STORE / f"work-{scorer.stem}"
        folder.mkdir(parents=True, exist_ok=True)
        return Services(folder=folder, rate=rate, tell=tell)

    return make
