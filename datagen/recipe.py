"""Recipes: YAML that names stages and their options. Everything in it is built and fitted before anything runs."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus.config import Loaded, dotted, load, validate
from corpus.errors import UserError, nearest
from datagen.readers.names import reader_class
from datagen.stages import STAGES
from datagen.stages.base import Header, Stage
from datagen.stages.read import Read, Sample
from filters.base import Part
from filters.names import filter_class, scorer_class

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")
_TOP = ("name", "seed", "stages")
_PARTS = {"filters": filter_class, "gates": filter_class, "scorers": scorer_class}
"""Stage options that are lists of parts opened by name."""


@dataclass(frozen=True)
class Named:
    """A stage of a recipe: its name, its verb with options, the stages it reads, and what comes in and goes out."""

    name: str
    verb: str
    options: Stage
    sources: tuple[str, ...]
    inputs: tuple[Header, ...]
    header: Header


@dataclass(frozen=True)
class Recipe:
    """A checked recipe."""

    file: Path
    name: str
    seed: int
    stages: dict[str, Named]


def load_recipe(path: Path, *, sets: tuple[str, ...] = (), sample: Sample | None = None) -> Recipe:
    """Read a recipe and check all of it: names, options, and that every stage fits the ones it reads.

    Args:
        path: the YAML file; relative paths in it start at its folder.
        sets: `stage.option=value` settings that override the file; part of the plan.
        sample: share or count of rows that `read` stages take; part of the plan.

    Raises:
        UserError: with file, line and the nearest right spelling.
    """
    loaded = load(path, sets=sets, place=_place)
    unknown = [key for key in loaded.data if key not in _TOP]
    if unknown:
        raise UserError(
            f"{loaded.where((unknown[0],))}: unknown key {unknown[0]!r}.{nearest(unknown[0], _TOP)} "
            f"A recipe has: {', '.join(_TOP)}"
        )
    name = loaded.data.get("name", path.stem)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise UserError(f"{loaded.where(('name',))}: name: found {name!r}, expected small letters, digits, - and _")
    seed = loaded.data.get("seed", 0)
    if not isinstance(seed, int) or isinstance(seed, bool):
        raise UserError(f"{loaded.where(('seed',))}: seed: found {seed!r}, expected a whole number")
    entries = loaded.data.get("stages")
    if not isinstance(entries, dict) or not entries:
        raise UserError(f"{loaded.where(('stages',))}: expected `stages:`, a mapping of stage names to verbs")
    stages: dict[str, Named] = {}
    for stage in entries:
        stages[stage] = _stage(loaded, stage, stages, path.parent, sample)
    return Recipe(path, name, seed, stages)


def _stage(
    loaded: Loaded, name: str, before: Mapping[str, Named], base: Path, sample: Sample | None
) -> Named:
    at = ("stages", name)
    entry = loaded.data["stages"][name]  # type: ignore[index,call-overload]
    if not _NAME.fullmatch(name):
        raise UserError(f"{loaded.where(at)}: stage name {name!r}: expected small letters, digits, - and _")
    if not isinstance(entry, dict):
        raise UserError(f"{loaded.where(at)}: {dotted(at)}: expected a mapping such as `{{select: {{filters: [empty]}}}}`")
    verbs = [key for key in entry if key != "from"]
    if len(verbs) != 1:
        raise UserError(
            f"{loaded.where(at)}: {dotted(at)}: found {' and '.join(verbs) or 'no verb'}, expected one of "
            f"{', '.join(STAGES)} (and `from:` if it reads other stages than the one above)"
        )
    verb = str(verbs[0])
    if verb not in STAGES:
        raise UserError(
            f"{loaded.where((*at, verb))}: {dotted(at)}: unknown verb {verb!r}.{nearest(verb, STAGES)} "
            f"Known: {', '.join(STAGES)}"
        )
    sources = _sources(loaded, name, verb, entry.get("from"), before)
    options = _options(loaded, verb, entry[verb], (*at, verb), base, sample, before)
    inputs = tuple(before[source].header for source in sources)
    try:
        header = options.header(inputs, name)
    except UserError as error:
        raise UserError(f"{loaded.where(at)}: {dotted(at)}: {error}") from None
    return Named(name, verb, options, sources, inputs, header)


def _sources(loaded: Loaded, name: str, verb: str, given: object, before: Mapping[str, Named]) -> tuple[str, ...]:
    """Names of the stages that a stage reads: those in `from:`, else the one above."""
    at = ("stages", name, "from")
    if verb == "read":
        if given is not None:
            raise UserError(f"{loaded.where(at)}: {dotted(at)}: `read` reads files; it takes no `from:`")
        return ()
    if given is None:
        return tuple(before)[-1:]
    sources = [given] if isinstance(given, str) else given
    if not isinstance(sources, list) or not sources:
        raise UserError(f"{loaded.where(at)}: {dotted(at)}: found {given!r}, expected a stage name or a list of them")
    every = list(loaded.data["stages"])  # type: ignore[call-overload]
    for source in sources:
        if source in before:
            continue
        if source in every:
            raise UserError(
                f"{loaded.where(at)}: {dotted(at)}: stage {source!r} comes later (or is this one); "
                "a stage reads earlier ones. Move it up"
            )
        raise UserError(
            f"{loaded.where(at)}: {dotted(at)}: no stage is called {source!r}.{nearest(str(source), before)} "
            f"Stages before this one: {', '.join(before) or 'none'}"
        )
    if len(set(sources)) != len(sources):
        raise UserError(f"{loaded.where(at)}: {dotted(at)}: a stage is named twice")
    return tuple(sources)


def _options(
    loaded: Loaded,
    verb: str,
    given: object,
    at: tuple[str, ...],
    base: Path,
    sample: Sample | None,
    before: Mapping[str, Named],
) -> Stage:
    data: dict[str, Any] = {} if given is None else given  # type: ignore[assignment]
    if not isinstance(data, dict):
        raise UserError(f"{loaded.where(at)}: {dotted(at)}: expected a mapping of options")
    if verb == "read":
        try:
            reader = reader_class(data)
        except UserError as error:
            raise UserError(f"{loaded.where(at)}: {dotted(at)}: {error}") from None
        built = validate(located(data, reader.locations, base), reader, loaded=loaded, at=at)
        return Read(reader=built, sample=sample)
    model = STAGES[verb]
    data = located(data, model.locations, base)
    for field, find in _PARTS.items():
        if field in data and field in model.model_fields:
            specs = data[field]
            if not isinstance(specs, list):
                raise UserError(f"{loaded.where((*at, field))}: {dotted((*at, field))}: expected a list of names")
            parts = [_part(loaded, spec, find, (*at, field, n), base, before) for n, spec in enumerate(specs)]
            data = {**data, field: tuple(parts)}
    return validate(data, model, loaded=loaded, at=at)


def _part(
    loaded: Loaded, spec: object, find: Any, at: tuple[str | int, ...], base: Path, before: Mapping[str, Named]
) -> Part:
    """A filter or scorer from `name` or `{name: {options}}`."""
    if isinstance(spec, str):
        name, options = spec, {}
    elif isinstance(spec, dict) and len(spec) == 1:
        name, options = next(iter(spec.items()))
    else:
        raise UserError(f"{loaded.where(at)}: {dotted(at)}: expected a name, or a name with options `name: {{...}}`")
    try:
        model: type[Part] = find(name)
    except UserError as error:
        raise UserError(f"{loaded.where(at)}: {dotted(at)}: {error}") from None
    data = located(options or {}, model.locations, base, before)
    return validate(data, model, loaded=loaded, at=at if isinstance(spec, str) else (*at, name))


def located(data: Any, fields: Collection[str], base: Path, stages: Collection[str] = ()) -> Any:
    """Options with the relative paths in `fields` (texts, or lists or mappings of them) taken from `base`.

    URLs, absolute paths and the names of `stages` stay as they are.
    """

    def move(value: Any) -> Any:
        match value:
            case str():
                kept = "://" in value or value in stages or Path(value).is_absolute()
                return value if kept else str(base / value)
            case list():
                return [move(item) for item in value]
            case dict():
                return {key: move(item) for key, item in value.items()}
        return value

    if not isinstance(data, dict):
        return data
    return {key: move(value) if key in fields else value for key, value in data.items()}


def _place(data: dict[str, Any], keys: list[str]) -> list[str]:
    """The whole path of a setting: `kept.length_ratio.max` for `stages.kept.select.filters.2.length_ratio.max`."""
    if keys[0] in _TOP:
        return keys
    path, around = ["stages", keys[0]], (data.get("stages") or {}).get(keys[0])
    rest = keys[1:]
    if isinstance(around, dict) and rest:
        verbs = [key for key in around if key != "from"]
        if rest[0] not in around and len(verbs) == 1:
            rest = [str(verbs[0]), *rest]
    for key in rest:
        if isinstance(around, list) and not key.isdigit():
            found = [n for n, item in enumerate(around) if item == key or (isinstance(item, dict) and key in item)]
            if found:
                path.append(str(found[0]))
                around = around[found[0]]
        path.append(key)
        around = around.get(key) if isinstance(around, dict) else _item(around, key)
    return path


def _item(around: object, key: str) -> object:
    if isinstance(around, list) and key.isdigit() and int(key) < len(around):
        return around[int(key)]
    return None
