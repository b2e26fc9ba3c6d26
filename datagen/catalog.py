"""Everything that a recipe may name, with options and docs, read from the classes themselves."""

from __future__ import annotations

import ast
import inspect
import sys
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import polars as pl
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from corpus.errors import UserError, nearest
from corpus.schema import KINDS, MESSAGES, ROLES, VERIFIERS, Kind, score_dtype
from datagen.engines.base import Engine, Price
from datagen.engines.names import ENGINES, engine_class
from datagen.makers.names import maker_class, maker_names
from datagen.readers.base import Reader
from datagen.readers.names import reader_class, reader_names
from datagen.stages import STAGES
from datagen.stages.base import DatasetStage, FlowStage, Stage
from datagen.stages.read import Read
from datagen.tasks.base import open_task, task_names
from filters.base import Filter, Part, ScoreColumn, Scorer, reject_columns
from filters.language_model import LanguageModel
from filters.learned import LearnedScorer
from filters.names import filter_class, filter_names, scorer_class, scorer_names, verifier_class, verifier_names
from filters.translation_rules.base import Rule
from filters.verifiers.code import Pair


@dataclass(frozen=True)
class Option:
    """An option as a recipe writes it."""

    name: str
    type: str
    """In the words of somebody who writes YAML: `number from 0 to 1`, `output | source | both`."""
    default: str | None
    """None where the option must be given."""
    doc: str


@dataclass(frozen=True)
class Entry:
    """One thing that has a name."""

    section: str
    name: str
    doc: str
    """Markdown; its first sentence can stand alone."""
    facts: Mapping[str, str]
    """What is known of it beside its options: columns that it reads or adds, its unit ..."""
    options: Sequence[Option]

    @property
    def summary(self) -> str:
        """The first sentence of the doc."""
        first = " ".join(self.doc.split("\n\n")[0].split())
        return first.partition(". ")[0].removesuffix(".").removesuffix(":")


def entries(section: str) -> list[Entry]:
    """The entries of a section, stages in the order of a recipe and the rest in the order of their names."""
    return list(SECTIONS[section]())


def find(word: str | None = None, name: str | None = None) -> list[Entry]:
    """The entries that are meant: all, those of a section, or those of one name (which two sections may have).

    Args:
        word: a section (`filters`, also `filter`) or a name (`length_ratio`).
        name: a name within the section.

    Raises:
        UserError: no section or entry is called so.
    """
    if word is None:
        return [entry for section in SECTIONS for entry in entries(section)]
    section = next((known for known in SECTIONS if word in (known, known.removesuffix("s"))), None)
    if section is None and name is not None:
        raise UserError(f"there is no section {word!r}.{nearest(word, SECTIONS)} Sections: {', '.join(SECTIONS)}")
    every = find() if section is None else entries(section)
    wanted = word if section is None else name
    found = [entry for entry in every if wanted in (None, entry.name)]
    if not found:
        names = [entry.name for entry in every]
        near = nearest(str(wanted), [*names, *(SECTIONS if section is None else ())])
        where = f"Sections: {', '.join(SECTIONS)}" if section is None else f"Known: {', '.join(names)}"
        raise UserError(f"nothing is called {wanted!r}.{near} {where}")
    return found


def _stages() -> Iterator[Entry]:
    for name, model in STAGES.items():
        if model is Read:
            facts = {"Formats": f"{', '.join(reader_names())}; each has options of its own beside these"}
            yield Entry("stages", name, _doc(model), facts, _options(Reader))
        else:
            yield Entry("stages", name, _doc(model), {"Works": _manner(model)}, _options(model))


def _manner(model: type[Stage]) -> str:
    if issubclass(model, DatasetStage):
        return "on all rows at once"
    if issubclass(model, FlowStage):
        return "on all missing rows in a stream, in one process"
    return "shard by shard, in parallel"


def _readers() -> Iterator[Entry]:
    for name in reader_names():
        model = reader_class([name])
        yield Entry("readers", name, _doc(model), {"Counts": model.unit}, _options(model))


def _engines() -> Iterator[Entry]:
    for name in ENGINES:
        model = engine_class(name)
        facts = {"Not in plans": ", ".join(f"`{option}`" for option in model.speed)}
        yield Entry("engines", name, _doc(model), facts, _options(model))


def _tasks() -> Iterator[Entry]:
    for name in task_names():
        task = open_task(name)
        facts = {"Made of": ", ".join(task.kinds)}
        facts |= {f"Wording {n}": repr(template)[1:-1] for n, template in enumerate(task.templates, 1)}
        yield Entry("tasks", name, _doc(type(task)), facts, [])


def _makers() -> Iterator[Entry]:
    for name in maker_names():
        model = maker_class(name)
        facts = {"Made of": ", ".join(model.kinds)}
        if model.runs_code:
            facts["Runs programs"] = "those of the data, so the stage must say `allow_code: true`"
        yield Entry("makers", name, _doc(model), facts, _options(model))


def _scorers() -> Iterator[Entry]:
    for name in scorer_names():
        model = scorer_class(name)
        scorer = _with_stand_ins(model)
        kinds = [kind for kind in KINDS if _fits(scorer, kind)]
        richest = max(kinds, key=lambda kind: len(_adds(scorer, kind)))
        facts = {
            "Needs": ", ".join(column.removeprefix("@") for column in scorer.needs(richest)),
            "Adds": "; ".join(
                f"`{column.name}`{_DIRECTIONS[column.higher_is_better]}" for column in _adds(scorer, richest)
            ),
            "Kinds": ", ".join(kinds),
        }
        yield Entry("scorers", name, _doc(model), facts, _options(model))


def _adds(scorer: Scorer, kind: str) -> list[ScoreColumn]:
    """The columns that a scorer adds. A learned one's signature would ask for its model, which need not be there."""
    if not isinstance(scorer, LearnedScorer):
        return scorer.columns(kind)
    ranks = {**scorer.values(), "label_note": None}
    return [ScoreColumn(name=scorer.column(name), higher_is_better=better) for name, better in ranks.items()]


_DIRECTIONS = {True: ", higher is better", False: ", lower is better", None: ""}


def _have(kind: str) -> set[str]:
    """Columns and roles that every row of a kind has."""
    return {*KINDS[kind].columns, *(f"@{role}" for role in ROLES[kind])}


_OWN = set.union(*map(_have, KINDS))
"""Columns that the contract knows; all others are scores."""


def _fits(scorer: Scorer, kind: str) -> bool:
    try:
        needs = scorer.needs(kind)
    except UserError:  # kinds that a rubric is not for
        return False
    # Scores that other scorers add are of any kind.
    return bool(needs) and _have(kind).issuperset(need for need in needs if score_dtype(need) is None)


def _filters() -> Iterator[Entry]:
    parts = {name: _with_stand_ins(scorer_class(name)) for name in scorer_names()}
    added = {name: {column.name for kind in KINDS for column in _adds(part, kind)} for name, part in parts.items()}
    for name in filter_names():
        model = filter_class(name)
        try:
            columns = reject_columns(_with_stand_ins(model))
        except (pl.exceptions.PolarsError, AttributeError, LookupError, TypeError, ValueError):
            # Options that only make sense together, such as limits of which one must be given.
            yield Entry("filters", name, _doc(model), {"Reads": "what its options name"}, _options(model))
            continue
        kinds = [kind for kind in KINDS if _OWN.intersection(columns) <= _have(kind)]
        facts = {"Reads": ", ".join(f"`{column.removeprefix('@')}`" for column in columns)}
        if scorers := [scorer for scorer, adds in added.items() if not adds.isdisjoint(columns)]:
            facts["After the scorer"] = ", ".join(scorers)
        facts["Kinds"] = ", ".join(kinds)
        yield Entry("filters", name, _doc(model), facts, _options(model))


def _verifiers() -> Iterator[Entry]:
    for name in verifier_names():
        model = verifier_class(name)
        facts = {
            "Is a gate": "yes: a failed one makes the reward 0" if model.gate else "no",
            "Runs programs": "yes: only where `allow_code` says so" if model.runs_code else "no",
        }
        yield Entry("verifiers", name, _doc(model), facts, _options(model))


def _kinds() -> Iterator[Entry]:
    for name, kind in KINDS.items():
        facts = {
            "Own columns": ", ".join(_column(kind, column) for column in kind.own),
            "Never null": ", ".join(kind.required),
            "Identity": ", ".join(kind.identity),
            "Judged": ", ".join(ROLES[name]),
        }
        yield Entry("kinds", name, _KINDS[name], facts, [])


_KINDS: dict[str, str] = {
    "text": "A text by itself, for continued pretraining.",
    "pair": "A text and its translation.",
    "prompt": "What a model is asked, with right answers where they are known.",
    "response": "What a system answered to a prompt; one row for each answer.",
    "sft": "A chat that ends with the assistant's turn, for fine-tuning.",
    "preference": "A prompt with a better and a worse answer.",
    "verifiable": "A prompt with verifiers that can tell whether an answer is right.",
}


def _column(kind: Kind, column: str) -> str:
    dtype = kind.own[column]
    words = next((name for known, name in _DTYPES if dtype == known), str(dtype))
    return f"{column} ({words})"


_DTYPES: list[tuple[pl.DataType, str]] = [
    (pl.String(), "text"),
    (pl.Int64(), "whole number"),
    (pl.Float64(), "number"),
    (pl.List(pl.String), "texts"),
    (MESSAGES, "messages"),
    (VERIFIERS, "verifiers"),
]


SECTIONS: dict[str, Callable[[], Iterator[Entry]]] = {
    "stages": _stages,
    "readers": _readers,
    "tasks": _tasks,
    "engines": _engines,
    "makers": _makers,
    "scorers": _scorers,
    "filters": _filters,
    "verifiers": _verifiers,
    "kinds": _kinds,
}
"""What there is to list, in the order in which a recipe meets it."""


def _doc(model: type) -> str:
    return inspect.cleandoc(model.__doc__ or "")


def _with_stand_ins(model: type[Any]) -> Any:
    """A filter or scorer with its defaults; options that must be given are filled with their own names.

    Nothing is validated, so that what a part would ask of the machine (a model file) need not be there.
    """
    fields = {name: field.annotation for name, field in model.model_fields.items() if field.is_required()}
    part: Part = model.model_construct(**{name: _stand_in(f"<{name}>", type_) for name, type_ in fields.items()})
    return part


def _stand_in(name: str, type_: Any) -> Any:
    if get_origin(type_) in (tuple, list):
        return get_origin(type_)([_stand_in(name, get_args(type_)[0])])
    return {Path: Path(name), int: 1, float: 1.0, bool: True}.get(type_, name)


def _options(model: type[BaseModel]) -> list[Option]:
    """The options of a model: its own first, then those that it shares with others of its family."""
    docs = _field_docs(model)
    family = [cls for cls in model.__mro__ if issubclass(cls, BaseModel)]
    own_first = sorted(
        model.model_fields,
        key=lambda name: next(n for n, cls in reversed([*enumerate(family)]) if name in cls.__annotations__),
    )
    return [
        Option(
            model.model_fields[name].alias or name,
            _type(model.model_fields[name].annotation) + _limits(model.model_fields[name]),
            _default(model.model_fields[name]),
            docs.get(name, ""),
        )
        for name in own_first
    ]


def _field_docs(model: type[BaseModel]) -> dict[str, str]:
    """The docstrings under the fields of a class and of those that it derives from.

    Read from the source when they are asked for: pydantic can do it too, but for every class whenever it is imported.
    """
    return {
        name: doc
        for cls in reversed(model.__mro__)
        if issubclass(cls, BaseModel) and cls is not BaseModel
        for name, doc in _own_field_docs(cls).items()
    }


@cache
def _own_field_docs(model: type[BaseModel]) -> dict[str, str]:
    tree = ast.parse(inspect.getsource(sys.modules[model.__module__]))
    definition = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == model.__name__)
    found: dict[str, str] = {}
    for field, doc in pairwise(definition.body):
        match field, doc:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = " ".join(inspect.cleandoc(text).split())
    return found


_WORDS: dict[object, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Path: "path",
    Any: "anything",
    types.NoneType: "null",
    Filter: "filters",
    Scorer: "scorers",
    Engine: "engines",
    LanguageModel: "an engine",
    Pair: "pair of texts",
    Price: "{input: number, output: number, cached_input: number}",
}


def _type(annotation: Any) -> str:
    """A type in the words of YAML."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(inner[0])
    if annotation in _WORDS:
        return _WORDS[annotation]
    if origin is Literal:
        return " | ".join(map(str, inner))
    if origin in (Union, types.UnionType):
        if all(isinstance(part, type) and issubclass(part, Rule) for part in inner):
            return "rule"
        # That an option may be left out is said by its default.
        return " or ".join(dict.fromkeys(_type(part) for part in inner if part is not types.NoneType))
    if origin in (tuple, list, Sequence):
        return f"list of {_plural(_type(inner[0]))}"
    if origin in (dict, Mapping):
        return f"mapping of {_plural(_type(inner[0]))} to {_plural(_type(inner[1]))}"
    return str(getattr(annotation, "__name__", annotation))


def _plural(words: str) -> str:
    if "|" in words or " or " in words:
        return f"({words})"
    if words == _WORDS[Any]:
        return words
    head, of, rest = words.partition(" of ")
    return f"{head if head.endswith('s') else head + 's'}{of}{rest}"


def _limits(field: FieldInfo) -> str:
    """The limits that a field states, as words after its type."""
    words = []
    for limit in field.metadata:
        for name, word in _LIMITS.items():
            value = getattr(limit, name, None)
            if value is not None:
                words.append(f"{word} {value:g}" if isinstance(value, int | float) else f"{word} {value}")
    return f", {' and '.join(words)}" if words else ""


_LIMITS = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}


def _default(field: FieldInfo) -> str | None:
    return None if field.is_required() else _yaml(field.get_default(call_default_factory=True))


def _yaml(value: Any) -> str:
    """A value as YAML writes it on one line."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case dict():
            return "{" + ", ".join(f"{key}: {_yaml(part)}" for key, part in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(_yaml, value)) + "]"
        case str():
            return value if value.strip() == value != "" and "\n" not in value else repr(value)
    return f"{value:g}" if isinstance(value, float) else str(value)
