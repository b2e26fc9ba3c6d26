"""What a recipe or training configuration says: values with the places they came from, `--set`, and helpful errors.

`load` reads a file (the rules of `corpus.plain_yaml`), `validate` checks a part of it against a pydantic model. Parts
that are opened by name (a stage, a filter) are validated on their own: `at` says where in the file they lie.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from corpus.errors import UserError, nearest
from corpus.plain_yaml import KeyPath, Value, parse

Model = TypeVar("Model", bound=BaseModel)
Place: TypeAlias = "Callable[[Loaded, list[str]], list[str]]"
"""Turns the keys of a `--set` into the whole path within the data, where a file's own words for it are shorter; may
refuse data in which nothing can be found."""


@dataclass(frozen=True)
class Loaded:
    """What a YAML file says, and where each value came from."""

    file: str
    data: dict[str, Value]
    origins: dict[KeyPath, int | str]
    """By path: the 1-based line in the file, or the `--set ...` that gave the value."""

    def line(self, path: KeyPath) -> int | None:
        """Line of a value, or of the nearest mapping or list around it; None where `--set` gave it."""
        origin = self._origin(path)
        return origin if isinstance(origin, int) else None

    def where(self, path: KeyPath) -> str:
        """Where to look for a value: `recipe.yaml:12`, or `--set kept.select.unjudged=keep`."""
        origin = self._origin(path)
        return f"{self.file}:{origin}" if isinstance(origin, int) else origin

    def _origin(self, path: KeyPath) -> int | str:
        return next(self.origins[path[:n]] for n in range(len(path), -1, -1) if path[:n] in self.origins)


def load(path: str | os.PathLike[str], *, sets: Sequence[str] = (), place: Place | None = None) -> Loaded:
    """Read a YAML file whose top is a mapping, then apply each `a.b.c=value` of `sets`, in order.

    The value of a setting is YAML too. It changes what is there or adds a last key; `filters.2` and `filters[2]` both
    name the third entry of a list.

    Raises:
        UserError: naming file and line, or the setting, where one cannot be read or leads nowhere.
    """
    file = os.fspath(path)
    data, lines = parse(_text(file), lambda line: f"{file}:{line}")
    if not isinstance(data, dict):
        raise UserError(f"{file}: found {_shown(data)}, expected a mapping (`name: ...`)")
    loaded = Loaded(file, data, dict(lines))
    for setting in sets:
        _override(loaded, setting, place)
    return loaded


def validate(data: object, model: type[Model], *, loaded: Loaded | None = None, at: KeyPath = ()) -> Model:
    """The model made of `data`, which lies at `at` within `loaded`.

    Raises:
        UserError: all problems, one a line: place, path, what was found and what was expected, and for an unknown
            option the nearest right spelling and all that are known.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = _by_path(error.errors(include_url=False), data)
    lines = []
    for path, details in problems.items():
        place = f"{loaded.where((*at, *path))}: " if loaded else ""
        lines.append(f"{place}{_problem(details, (*at, *path), model)}")
    raise UserError("\n".join(lines))


def dotted(path: KeyPath) -> str:
    """A path as messages write it: `stages.kept.select.filters[2].length_ratio`."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).removeprefix(".")


def _text(file: str) -> str:
    try:
        return Path(file).read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise UserError(f"{file}:{line}: not valid UTF-8; save the file as UTF-8") from None


def _override(loaded: Loaded, setting: str, place: Place | None) -> None:
    name, equals, text = setting.partition("=")
    keys = re.sub(r"\[(\d+)\]", r".\1", name).split(".")
    origin = f"--set {setting}"
    if not equals or not all(keys):
        raise UserError(f"{origin}: expected a path and a value, such as kept.select.unjudged=keep")
    *parents, last = place(loaded, keys) if place else keys
    path: KeyPath = ()
    around: Any = loaded.data
    for key in parents:
        step = _step(around, key, path, origin, may_be_new=False)
        path, around = (*path, step), around[step]
    step = _step(around, last, path, origin, may_be_new=True)
    path = (*path, step)
    around[step], _ = parse(text, lambda _: origin)
    for old in [old for old in loaded.origins if old[: len(path)] == path]:
        del loaded.origins[old]
    loaded.origins[path] = origin


def _step(around: object, key: str, path: KeyPath, origin: str, *, may_be_new: bool) -> str | int:
    """The key or index in `around` (which lies at `path`) that one part of a setting names."""
    here = dotted(path) or "the file"
    if isinstance(around, dict):
        if may_be_new or key in around:
            return key
        raise UserError(f"{origin}: {here} has no {key!r}.{nearest(key, around)} It has: {', '.join(around)}")
    if isinstance(around, list):
        if re.fullmatch("[0-9]+", key) and int(key) < len(around):
            return int(key)
        raise UserError(f"{origin}: {here} is a list of {len(around)}, counted from 0; {key!r} is not in it")
    raise UserError(f"{origin}: {here} is {_shown(around)}, in which {key!r} cannot be set")


def _by_path(errors: list[ErrorDetails], data: object) -> dict[KeyPath, list[ErrorDetails]]:
    """Errors by their path in the data.

    Where a value may be one of several types, pydantic tells of each type's failure. The type that came furthest is
    what the user meant: an error within a value hides those about the value as a whole.
    """
    found: dict[KeyPath, list[ErrorDetails]] = {}
    for error in errors:
        found.setdefault(_path(error, data), []).append(error)
    around = {path[:n] for path in found for n in range(len(path))}
    return {path: details for path, details in found.items() if path not in around}


def _path(error: ErrorDetails, data: object) -> KeyPath:
    """An error's path in the data: pydantic's, without the names of types tried on the way."""
    path: KeyPath = ()
    for key in error["loc"]:
        inside = (isinstance(data, dict) and key in data) or (
            isinstance(data, list | tuple) and isinstance(key, int) and key < len(data)
        )
        if inside:
            path, data = (*path, key), data[key]  # type: ignore[index]
    return (*path, error["loc"][-1]) if error["type"] == "missing" else path


def _problem(details: list[ErrorDetails], path: KeyPath, model: type[BaseModel]) -> str:
    first = details[0]
    match first["type"]:
        case "missing":
            return f"{dotted(path[:-1])}: {str(path[-1])!r} is missing".removeprefix(": ")
        case "extra_forbidden":
            known = _options(model, first["loc"][:-1])
            name = str(path[-1])
            words = f"{dotted(path[:-1])}: unknown option {name!r}.{nearest(name, known)}".removeprefix(": ")
            return f"{words} Known: {', '.join(known) or 'none, it takes no options'}"
        case "value_error" | "assertion_error":
            return f"{dotted(path)}: {first['msg'].partition(', ')[2]}".removeprefix(": ")
    expected = " or ".join(dict.fromkeys(_expected(error) for error in details))
    advice = "".join(
        nearest(str(error["input"]), re.findall(r"'([^']+)'", error["ctx"]["expected"]))
        for error in details
        if error["type"] in ("literal_error", "enum")
    )
    return f"{dotted(path)}: found {_shown(first['input'])}, expected {expected}{'.' if advice else ''}{advice}"


_EXPECTED = {
    "string_type": "a text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping of options",
}


def _expected(error: ErrorDetails) -> str:
    words = _EXPECTED.get(error["type"]) or error["msg"].removeprefix("Input should be ")
    if words.startswith(("greater", "less")):
        return f"a number {words}"
    return f"{words} (write it in quotes)" if words == "a text" and isinstance(error["input"], int | float) else words


def _options(annotation: object, loc: Sequence[str | int]) -> list[str]:
    """Names of the options that the model at `loc` (pydantic's) within a type knows; none where no model lies there."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = {field.alias or name: field.annotation for name, field in annotation.model_fields.items()}
        if not loc:
            return list(fields)
        return _options(fields.get(str(loc[0])), loc[1:])
    # A list's index, a mapping's key or the name of the type tried takes one step; so an inner type has it or not.
    tried = ((inner, rest) for inner in get_args(annotation) for rest in (loc, loc[1:]))
    return next((names for inner, rest in tried if (names := _options(inner, rest))), [])


def _shown(value: object) -> str:
    """A value on one short line and in YAML's words."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case str():
            return repr(value) if len(value) <= 60 else f"{value[:60]!r}…"
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list"
    return str(value)
