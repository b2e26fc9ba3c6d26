"""Benchmarks by name: `benchmarks/ifeval.py` is the benchmark `ifeval`. A module is imported only when it is opened."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

import evals.benchmarks
from corpus.errors import UserError, nearest
from evals.benchmarks.base import Benchmark

_NO_BENCHMARKS = ("base", "names")


def benchmark_names() -> list[str]:
    """Names of all benchmarks, sorted."""
    return sorted(
        module.name for module in pkgutil.iter_modules(evals.benchmarks.__path__) if module.name not in _NO_BENCHMARKS
    )


@cache
def benchmark_class(name: str) -> type[Benchmark]:
    """The benchmark of this name.

    Raises:
        UserError: no such benchmark (with the nearest right spelling and all names).
    """
    known = benchmark_names()
    if name not in known:
        raise UserError(f"there is no benchmark {name!r}.{nearest(name, known)} Known: {', '.join(known)}")
    module = importlib.import_module(f"evals.benchmarks.{name}")
    [found] = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Benchmark) and value.__module__ == module.__name__
    ]
    return found
