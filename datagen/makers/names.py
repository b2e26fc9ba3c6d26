"""Makers by name: `makers/math.py` is the maker `math`. A module is imported only when it is opened."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

import datagen.makers
from corpus.errors import UserError, nearest
from datagen.makers.base import Maker

_NO_MAKERS = ("base", "names")


def maker_names() -> list[str]:
    """Names of all makers, sorted."""
    return sorted(
        module.name for module in pkgutil.iter_modules(datagen.makers.__path__) if module.name not in _NO_MAKERS
    )


@cache
def maker_class(name: str) -> type[Maker]:
    """The maker of this name.

    Raises:
        UserError: no such maker (with the nearest right spelling and all names).
    """
    known = maker_names()
    if name not in known:
        raise UserError(f"there is no maker {name!r}.{nearest(name, known)} Known: {', '.join(known)}")
    module = importlib.import_module(f"datagen.makers.{name}")
    [found] = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Maker) and value.__module__ == module.__name__
    ]
    return found
