"""Recipes: YAML that names stages and their options. Everything in it is built and fitted before anything runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from corpus.config import Loaded, dotted, load, validate
from corpus.current import newest
from corpus.errors import UserError, nearest
from corpus.manifest import read_manifest
from corpus.plain_yaml import KeyPath, parse
from datagen.engines.base import Engine
from datagen.engines.names import engine_class
from datagen.makers.names import maker_class
from datagen.readers.names import reader_class
from datagen.stages import STAGES
from datagen.stages.base import Header, Stage
from datagen.stages.read import Read, Sample
from filters.base import Part, Scorer
from filters.names import filter_class, scorer_class, verifier_class

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")
_TOP = ("name", "seed", "stages")
_PARTS: dict[str, Callable[[str], type[Part]]] = {
    "filters": filter_class,
    "gates": filter_class,
    "scorers": scorer_class,
    "engines": engine_class,
    "make": maker_class,
    "verifiers": verifier_class,
}
"""Stage options that are lists of parts opened by name."""


@dataclass(frozen=True)
class Named:
    """A stage of a recipe: its name, its verb with options, the stages it reads, and what comes in and goes out."""

    name: str
    verb: str
    options: Stage
    sources: tuple[str, ...]
    uses: tuple[str, ...]
    """Stages whose datasets the options name (test sets to keep apart from)."""
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
    return _built(load(path, sets=sets, place=_place), path, sample)


def recipe_of(data: Mapping[str, Any], told: Path, *, sample: Sample | None = None) -> Recipe:
    """A recipe from what its YAML would say, checked as one that is read.

    Args:
        data: `name`, `seed`, `stages`.
        told: the file that it was made from: messages name it, and relative paths start at its folder.
        sample: how much `read` stages take.

    Raises:
        UserError: with the path of what is wrong and the nearest right spelling.
    """
    return _built(Loaded(str(told), dict(data), {(): str(told)}), told, sample)


def _built(loaded: Loaded, path: Path, sample: Sample | None) -> Recipe:
    builder = _Builder(loaded, path.parent, sample)
    for key in loaded.data:
        if key not in _TOP:
            raise builder.fault((key,), f"unknown key {key!r}.{nearest(key, _TOP)} A recipe has: {', '.join(_TOP)}")
    name, seed = loaded.data.get("name", path.stem), loaded.data.get("seed", 0)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise builder.fault(("name",), f"name: found {name!r}, expected small letters, digits, -, _ and .")
    if not isinstance(seed, int) or isinstance(seed, bool):
        raise builder.fault(("seed",), f"seed: found {seed!r}, expected a whole number")
    return Recipe(path, name, seed, builder.stages())


def load_scorers(text: str) -> tuple[Scorer, ...]:
    """Scorers that a command line names, as a recipe writes them: a name, `{chrf: {word_order: 2}}`, or a list.

    Relative paths start at the working folder.

    Raises:
        UserError: no such scorer, or a wrong option.
    """
    value, _ = parse(text, lambda line: f"scorer, line {line}")
    specs: list[Any] = value if isinstance(value, list) else [value]
    builder = _Builder(Loaded("scorer", {"scorers": specs}, {(): "scorer"}), Path(), None)
    return tuple(cast(Scorer, builder.part(spec, scorer_class, ("scorers", n))) for n, spec in enumerate(specs))


def load_engine(loaded: Loaded, at: KeyPath, base: Path) -> Engine:
    """The engine that a file of another form than a recipe names at a path, as recipes do: `openai: {model: …}`.

    Args:
        loaded: the file.
        at: where in it the engine stands.
        base: folder at which relative paths start.

    Raises:
        UserError: no such engine, or a wrong option, with file and line.
    """
    spec: Any = loaded.data
    for key in at:
        spec = spec[key]
    return cast(Engine, _Builder(loaded, base, None).part(spec, engine_class, at))


@dataclass
class _Builder:
    """Builds the stages of one recipe in order; those that are built are what later ones may read."""

    loaded: Loaded
    base: Path
    sample: Sample | None
    before: dict[str, Named] = field(default_factory=dict)

    def fault(self, at: KeyPath, message: str) -> UserError:
        """An error about what lies at a path, with file and line."""
        return UserError(f"{self.loaded.where(at)}: {message}")

    def stages(self) -> dict[str, Named]:
        """All stages, built and fitted."""
        entries = _entries(self.loaded)
        for name, entry in entries.items():
            self.before[name] = self._stage(name, entry, list(entries))
        return self.before

    def _stage(self, name: str, entry: object, every: Sequence[str]) -> Named:
        at = ("stages", name)
        if not _NAME.fullmatch(name):
            raise self.fault(at, f"stage name {name!r}: expected small letters, digits, -, _ and .")
        if not isinstance(entry, dict):
            raise self.fault(at, f"{dotted(at)}: expected a mapping such as `{{select: {{filters: [empty]}}}}`")
        verbs = [key for key in entry if key != "from"]
        if len(verbs) != 1:
            raise self.fault(
                at,
                f"{dotted(at)}: found {' and '.join(verbs) or 'no verb'}, expected one of {', '.join(STAGES)} "
                "(and `from:` if it reads other stages than the one above)",
            )
        verb = verbs[0]
        if verb not in STAGES:
            raise self.fault(
                (*at, verb), f"{dotted(at)}: unknown verb {verb!r}.{nearest(verb, STAGES)} Known: {', '.join(STAGES)}"
            )
        sources = self._sources((*at, "from"), verb, entry.get("from"), every)
        options = self._options(verb, entry[verb], (*at, verb))
        inputs = tuple(self.before[source].header for source in sources)
        try:
            # Found once: other runs may go on while this one does.
            given = [path for path in options.datasets() if str(path) not in self.before]
            options = options.bound({str(path): newest(path) for path in given})
            options.check(sources)
            header = options.header(inputs, name)
            uses = [str(path) for path in options.datasets() if str(path) in self.before]
            for path in options.datasets():
                if str(path) not in uses:
                    read_manifest(path)
        except UserError as error:
            raise self.fault(at, f"{dotted(at)}: {error}") from None
        return Named(name, verb, options, sources, tuple(uses), inputs, header)

    def _sources(self, at: KeyPath, verb: str, given: object, every: Sequence[str]) -> tuple[str, ...]:
        """Names of the stages that a stage reads: those in `from:`, else the one above."""
        if verb == "read":
            if given is not None:
                raise self.fault(at, f"{dotted(at)}: `read` reads files; it takes no `from:`")
            return ()
        if given is None:
            return tuple(self.before)[-1:]
        sources = [given] if isinstance(given, str) else given
        if not isinstance(sources, list) or not sources or len(set(map(str, sources))) < len(sources):
            raise self.fault(at, f"{dotted(at)}: found {given!r}, expected a stage name or a list of different ones")
        for source in map(str, sources):
            if source in self.before:
                continue
            if source in every:
                raise self.fault(at, f"{dotted(at)}: stage {source!r} does not come before this one. Move it up")
            raise self.fault(
                at,
                f"{dotted(at)}: no stage is called {source!r}.{nearest(source, self.before)} "
                f"Stages before this one: {', '.join(self.before) or 'none'}",
            )
        return tuple(map(str, sources))

    def _options(self, verb: str, given: object, at: KeyPath) -> Stage:
        data: dict[str, Any] = given if isinstance(given, dict) else {}
        if given is not None and not isinstance(given, dict):
            raise self.fault(at, f"{dotted(at)}: expected a mapping of options")
        if verb == "read":
            try:
                reader = reader_class(data)
            except UserError as error:
                raise self.fault(at, f"{dotted(at)}: {error}") from None
            paths = reader.paths(data)
            # Absolute, since by its start a folder in the hub's form is told from a hub's id.
            base = self.base.absolute() if "hub" in paths else self.base
            options = validate(located(data, paths, base), reader, loaded=self.loaded, at=at)
            return Read(reader=options, sample=self.sample)
        model = STAGES[verb]
        data = located(data, model.locations, self.base)
        data = beside(data, model.models, self.base)
        for option, find in _PARTS.items():
            if option in data and option in model.model_fields:
                if not isinstance(data[option], list):
                    raise self.fault((*at, option), f"{dotted((*at, option))}: expected a list of names")
                parts = [self.part(spec, find, (*at, option, n)) for n, spec in enumerate(data[option])]
                data = {**data, option: tuple(parts)}
        return validate(data, model, loaded=self.loaded, at=at)

    def part(self, spec: object, find: Callable[[str], type[Part]], at: KeyPath) -> Part:
        """A filter or scorer from `name` or `{name: {options}}`."""
        options: object = {}
        if isinstance(spec, str):
            name = spec
        elif isinstance(spec, dict) and len(spec) == 1:
            name, options = next(iter(spec.items()))
            at = (*at, name)
        else:
            raise self.fault(at, f"{dotted(at)}: expected a name, or a name with options `name: {{...}}`")
        try:
            model = find(name)
        except UserError as error:
            raise self.fault(at, f"{dotted(at)}: {error}") from None
        data = located(options or {}, model.locations, self.base, self.before)
        data = beside(data, model.models, self.base)
        for option in getattr(model, "engines", ()):
            if isinstance(data, dict) and data.get(option) is not None:
                data = {**data, option: self.part(data[option], engine_class, (*at, option))}
        return validate(data, model, loaded=self.loaded, at=at)


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


def beside(data: Any, models: Collection[str], base: Path) -> Any:
    """Options with those that name a model made paths, where one lies in the recipe's folder under that name."""
    if not isinstance(data, dict):
        return data
    return data | {key: str(base / data[key]) for key in models if (base / str(data.get(key))).exists()}


def _entries(loaded: Loaded) -> dict[str, Any]:
    """What stands under `stages:`, by name.

    Raises:
        UserError: that is no mapping of stages.
    """
    entries: Any = loaded.data.get("stages")
    if not isinstance(entries, dict) or not entries:
        raise UserError(f"{loaded.where(('stages',))}: expected `stages:`, a mapping of stage names to verbs")
    return entries


def _place(loaded: Loaded, keys: list[str]) -> list[str]:
    """The whole path of a setting, whose stage need not be followed by its verb, nor a part by its list.

    `kept.length_ratio.max` is `stages.kept.select.filters.2.length_ratio.max` where the recipe says so.
    """
    if keys[0] in _TOP:
        return keys
    entries = _entries(loaded) if "stages" in loaded.data else {}
    path, around = ["stages", keys[0]], entries.get(keys[0])
    rest = keys[1:]
    if isinstance(around, dict) and rest and rest[0] not in around:
        verbs = [key for key in around if key != "from"]
        rest = [str(verbs[0]), *rest] if len(verbs) == 1 else rest
    for key in rest:
        if isinstance(around, dict) and key not in around:
            lists = [option for option in _PARTS if _named(around.get(option), key) is not None]
            if len(lists) == 1:
                path.append(lists[0])
                around = around[lists[0]]
        index = _named(around, key)
        if index is not None and isinstance(around, list):
            if around[index] == key:
                around[index] = {key: {}}  # a name alone has no options yet; the setting is about to give it one
            path.append(str(index))
            around = around[index]
        path.append(key)
        around = around.get(key) if isinstance(around, dict) else None
    return path


def _named(parts: object, name: str) -> int | None:
    """Where a part of this name stands in a list of parts."""
    if not isinstance(parts, list):
        return None
    return next((n for n, part in enumerate(parts) if part == name or (isinstance(part, dict) and name in part)), None)
