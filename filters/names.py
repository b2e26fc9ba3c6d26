"""Filters, scorers and verifiers by name: `rules/empty.py` is the filter `empty`, `scorers/chrf.py` the scorer `chrf`.

The folders are open sets: a new file is known by its name at once. Names are read from the folders, and a module is
imported only when it is opened.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from corpus.errors import UserError, nearest
from filters.base import Filter, Part, Scorer

if TYPE_CHECKING:
    from filters.verifier import Verifier

P = TypeVar("P", bound=Part)
Spec = str | Mapping[str, Mapping[str, Any] | None]
"""How a recipe writes a part: `empty`, or with options `{length_ratio: {max: 3}}`."""


def filter_names() -> list[str]:
    """Names of all filters, sorted."""
    return _names("rules")


def scorer_names() -> list[str]:
    """Names of all scorers, sorted."""
    return _names("scorers")


def filter_class(name: str) -> type[Filter]:
    """The filter of this name.

    Raises:
        UserError: no such filter (with the nearest right spelling and all names), or its file does not define one.
    """
    return _find("rules", name, Filter)


def scorer_class(name: str) -> type[Scorer]:
    """The scorer of this name.

    Raises:
        UserError: no such scorer (with the nearest right spelling and all names), or its file does not define one.
    """
    return _find("scorers", name, Scorer)


def verifier_names() -> list[str]:
    """Names of all verifiers, sorted."""
    return _names("verifiers")


def verifier_class(name: str) -> type[Verifier]:
    """The verifier of this name.

    Raises:
        UserError: no such verifier (with the nearest right spelling and all names), or its file does not define one.
    """
    from filters.verifier import Verifier

    return _find("verifiers", name, Verifier)


def open_filter(spec: Spec) -> Filter:
    """The filter that a recipe's entry means.

    Raises:
        UserError: no such filter, or an entry of another form.
        pydantic.ValidationError: wrong options.
    """
    name, options = _split(spec)
    return filter_class(name).model_validate(options)


def open_scorer(spec: Spec) -> Scorer:
    """The scorer that a recipe's entry means.

    Raises:
        UserError: no such scorer, or an entry of another form.
        pydantic.ValidationError: wrong options.
    """
    name, options = _split(spec)
    return scorer_class(name).model_validate(options)


def _split(spec: Spec) -> tuple[str, Mapping[str, Any]]:
    if isinstance(spec, str):
        return spec, {}
    if isinstance(spec, Mapping) and len(spec) == 1:
        name, options = next(iter(spec.items()))
        return name, options or {}
    raise UserError(f"found {spec!r}, expected a name, or a name with options such as {{length_ratio: {{max: 3}}}}")


def _names(folder: str) -> list[str]:
    package = importlib.import_module(f"filters.{folder}")
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__))


@cache
def _find(folder: str, name: str, base: type[P]) -> type[P]:
    known = _names(folder)
    if name not in known:
        raise UserError(
            f"there is no {base.__name__.lower()} {name!r}.{nearest(name, known)} Known: {', '.join(known)}"
        )
    module = importlib.import_module(f"filters.{folder}.{name}")
    here = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, base) and value.__module__ == module.__name__
    ]
    if len(here) != 1:
        raise UserError(
            f"filters/{folder}/{name}.py defines {len(here)} subclasses of {base.__name__}, expected exactly one"
        )
    return here[0]
