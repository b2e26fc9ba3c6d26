"""Readers by name: the option that names a file names the reader too, and is the name of the reader's module."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from corpus.config import validate
from corpus.errors import UserError, nearest
from corpus.named import class_named, names_in
from datagen.readers.base import Reader

_PACKAGE = "datagen.readers"


def reader_names() -> list[str]:
    """Names of all readers, in alphabetical order."""
    return names_in(_PACKAGE)


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
    return class_named(_PACKAGE, named[0], Reader, known)


def open_reader(options: Mapping[str, object]) -> Reader:
    """The reader that the options of a `read` stage describe, such as `{"jsonl": "data.jsonl", "kind": "pair"}`.

    Raises:
        UserError: no or several readers are named, or an option is unknown or wrong.
    """
    return validate(dict(options), reader_class(options))
