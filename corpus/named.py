"""Classes by name: a file of a package defines one class, which is known by the file's name.

The packages are open sets: a new file is known at once. Names are read from the folder, and a module is imported only
when it is opened.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from typing import TypeVar

from corpus.errors import UserError, nearest

C = TypeVar("C")
_NO_PARTS = ("base", "names")
"""Files that stand beside the parts of a package, as do those whose names begin with an underscore."""


def names_in(package: str) -> list[str]:
    """Names of all parts of a package such as `filters.rules`, sorted."""
    found = (module.name for module in pkgutil.iter_modules(importlib.import_module(package).__path__))
    return sorted(name for name in found if name not in _NO_PARTS and not name.startswith("_"))


def class_named(package: str, name: str, base: type[C], known: Sequence[str] | None = None) -> type[C]:
    """The subclass of `base` that `package/name.py` defines.

    Args:
        package: dotted name of the package.
        name: as a recipe has it.
        base: what all parts of the package are; messages call them by its name.
        known: names there are, where not every file is a part.

    Raises:
        UserError: no such name (with the nearest right spelling and all names), or its file does not define one class.
    """
    known = known or names_in(package)
    if name not in known:
        what = base.__name__.lower()
        raise UserError(f"there is no {what} {name!r}.{nearest(name, known)} Known: {', '.join(known)}")
    module = importlib.import_module(f"{package}.{name}")
    here = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, base) and value.__module__ == module.__name__
    ]
    if len(here) != 1:
        file = f"{package.replace('.', '/')}/{name}.py"
        raise UserError(f"{file} defines {len(here)} subclasses of {base.__name__}, expected exactly one")
    return here[0]
