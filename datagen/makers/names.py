"""Makers by name: `makers/math.py` is the maker `math`."""

from __future__ import annotations

from corpus.named import class_named, names_in
from datagen.makers.base import Maker

_PACKAGE = "datagen.makers"


def maker_names() -> list[str]:
    """Names of all makers, sorted."""
    return names_in(_PACKAGE)


def maker_class(name: str) -> type[Maker]:
    """The maker of this name.

    Raises:
        UserError: no such maker (with the nearest right spelling and all names).
    """
    return class_named(_PACKAGE, name, Maker)
