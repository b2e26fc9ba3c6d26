"""What learned scorers get from the stage that runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus.chat import Generate
from datagen.engines.base import Engine
from datagen.engines.rewards import rate
from datagen.scores.fill import STORE, MakeServices
from datagen.stages.base import Context
from filters.language_model import LanguageModel
from filters.learned import LearnedScorer, Services

if TYPE_CHECKING:
    from datagen.answers.store import Answers

ANSWERS = "answers"
"""Folder of a run where answers of models are kept."""


def services(context: Context) -> MakeServices:
    """How to make what a scorer of this stage gets."""

    @contextmanager
    def make(scorer: LearnedScorer, tell: Callable[[Mapping[str, Any]], None]) -> Iterator[Services]:
        folder = context.run_folder / STORE / f"work-{scorer.stem}"
        folder.mkdir(parents=True, exist_ok=True)
        asked = scorer.asked()
        with ExitStack() as stack:
            generate: dict[str, Generate] = {}
            if asked:
                store = stack.enter_context(_store(context.run_folder / ANSWERS))
                paid = folder / context.name
                paid.mkdir(exist_ok=True)
                generate = {name: _asking(model, store, paid, tell, stack) for name, model in asked.items()}
            yield Services(folder=folder, generate=generate, rate=rate, tell=tell)

    return make


def _store(folder: Path) -> Answers:
    """The run's answers. The lock of the run folder sees to it that nobody else has them open."""
    from datagen.answers.store import Answers

    return Answers(folder)


def _asking(
    model: LanguageModel,
    store: Answers,
    folder: Path,
    tell: Callable[[Mapping[str, Any]], None],
    stack: ExitStack,
) -> Generate:
    from datagen.answers.chats import ChatEngine

    if not isinstance(model, Engine):
        raise TypeError(f"a scorer asks {model!r}, which is no engine")
    stack.enter_context(model.kept())
    return stack.enter_context(ChatEngine(model, store, folder, tell))
