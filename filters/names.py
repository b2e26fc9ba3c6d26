"""Filters, scorers and verifiers by name: `rules/empty.py` is the filter `empty`, `scorers/chrf.py` the scorer `chrf`.

A new file is known by its name at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from corpus.errors import UserError
from corpus.named import class_named, names_in
from filters.base import Filter, Scorer

if TYPE_CHECKING:
    from filters.verifier import Verifier

Spec = str | Mapping[str, Mapping[str, Any] | None]
"""How a recipe writes a part: `empty`, or with options `{length_ratio: {max: 3}}`."""


def filter_names() -> list[str]:
    """Names of all filters, sorted."""
    return names_in("filters.rules")


def scorer_names() -> list[str]:
    """Names of all scorers, sorted."""
    return names_in("filters.scorers")


def filter_class(name: str) -> type[Filter]:
    """The filter of this name.

    Raises:
        UserError: no such filter (with the nearest right spelling and all names), or its file does not define one.
    """
    return class_named("filters.rules", name, Filter)


def scorer_class(name: str) -> type[Scorer]:
    """The scorer of this name.

    Raises:
        UserError: no such scorer (with the nearest right spelling and all names), or its file does not define one.
    """
    return class_named("filters.scorers", name, Scorer)


def verifier_names() -> list[str]:
    """Names of all verifiers, sorted."""
    return names_in("filters.verifiers")


def verifier_class(name: str) -> type[Verifier]:
    """The verifier of this name.

    Raises:
        UserError: no such verifier (with the nearest right spelling and all names), or its file does not define one.
    """
    from filters.verifier import Verifier

    return class_named("filters.verifiers", name, Verifier)


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
