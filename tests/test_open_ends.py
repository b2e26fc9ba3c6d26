"""What a base class leaves to others is done by every part that a recipe can name."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from datagen.engines.names import ENGINES, engine_class
from datagen.makers.names import maker_class, maker_names
from datagen.readers.names import reader_class, reader_names
from datagen.stages import STAGES
from datagen.tasks.base import open_task, task_names
from evals.benchmarks.names import benchmark_class, benchmark_names
from filters.names import filter_class, filter_names, scorer_class, scorer_names, verifier_class, verifier_names
from filters.translation_rules.families import FAMILIES
from train.encode import ChatEncoder, Encoder, PreferenceEncoder, PromptEncoder, RankedEncoder, TextEncoder

DELIBERATE = {"datagen.readers.dataset.Dataset.records"}
"""The stage `read` passes a dataset's shards through and never asks its reader for records; its docstring says so."""


def opened(names: Iterable[str], find: Callable[[str], type]) -> list[type]:
    return [find(name) for name in names]


PARTS: dict[str, list[type]] = {
    "filters": opened(filter_names(), filter_class),
    "scorers": opened(scorer_names(), scorer_class),
    "verifiers": opened(verifier_names(), verifier_class),
    "rules": list(FAMILIES.values()),
    "makers": opened(maker_names(), maker_class),
    "readers": [reader_class([name]) for name in reader_names()],
    "engines": opened(ENGINES, engine_class),
    "tasks": [type(open_task(name)) for name in task_names()],
    "stages": list(STAGES.values()),
    "benchmarks": opened(benchmark_names(), benchmark_class),
    "encoders": [ChatEncoder, PreferenceEncoder, PromptEncoder, RankedEncoder, TextEncoder],
}


def open_ends(part: type) -> set[str]:
    """Methods and properties of a class whose whole body is `raise NotImplementedError`."""
    found = set()
    for name in dir(part):
        member: Any = inspect.getattr_static(part, name)
        function = getattr(member, "fget", None) or getattr(member, "__func__", None) or member
        if inspect.isfunction(function) and _is_open(function):
            found.add(f"{part.__module__}.{part.__name__}.{name}")
    return found


def _is_open(function: Any) -> bool:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return False
    statements = getattr(tree.body[0], "body", [])
    last = statements[-1] if statements else None
    return isinstance(last, ast.Raise) and isinstance(last.exc, ast.Name) and last.exc.id == "NotImplementedError"


@pytest.mark.parametrize("kind", PARTS)
def test_no_part_that_can_be_named_has_an_open_end(kind: str) -> None:
    assert PARTS[kind]
    found = set().union(*(open_ends(part) for part in PARTS[kind]))
    assert found - DELIBERATE == set()


def test_open_ends_are_found() -> None:
    assert open_ends(Encoder) == {"train.encode.Encoder.encode"}
