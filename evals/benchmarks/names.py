"""Benchmarks by name: `benchmarks/ifeval.py` is the benchmark `ifeval`."""

from __future__ import annotations

from corpus.named import class_named, names_in
from evals.benchmarks.base import Benchmark

_PACKAGE = "evals.benchmarks"


def benchmark_names() -> list[str]:
    """Names of all benchmarks, sorted."""
    return names_in(_PACKAGE)


def benchmark_class(name: str) -> type[Benchmark]:
    """The benchmark of this name.

    Raises:
        UserError: no such benchmark (with the nearest right spelling and all names).
    """
    return class_named(_PACKAGE, name, Benchmark)
