"""Readers by name: the option that names a file names the reader too, and is the name of the reader's module."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping

import datagen.readers
from corpus.config import validate
from corpus.errors import UserError, nearest
from datagen.readers.base import Reader

_NO_READERS = ("base", "names")


def reader_names() -> list[str]:
    """Names of all readers, in alphabetical order."""
    found = (module.name for module in pkgutil.iter_modules(datagen.readers.__path__))
    return sorted(name for name in found if name not in _NO_READERS and not name.startswith("_"))


def reader_class(options: Iterable[str]) -> type[Reader]:
    """The reader whose name is among the options of a `read` stage.

    Raises:
        UserError: none is, or several are.
    """
    given, known = list(options), reader_names()
    named = [name for name in known if name in given]
    if len(named) != 1:
        found = " and ".join(named) or ", ".join(given) or "nothing"
        near = "" if named else next(filter(None, (nearest(name, known) for name in given)), "")
        raise UserError(f"found {found}, expected one of: {', '.join(known)}.{near}")
    module = importlib.import_module(f"datagen.readers.{named[0]}")
    return next(
        part
        for part in vars(module).values()
        if isinstance(part, type) and issubclass(part, Reader) and part.__module__ == module.__name__
    )


def open_reader(options: Mapping[str, object]) -> Reader:
    """The reader that the options of a `read` stage describe, such as `{"jsonl": "data.jsonl", "kind": "pair"}`.

    Raises:
        UserError: no or several readers are named, or an option is unknown or wrong.
    """
    return validate(dict(options), reader_class(options))
