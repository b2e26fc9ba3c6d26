"""What a rubric is: a folder that says what a judge is asked, in which form it answers, and what becomes of that.

- `user.md`, and `system.md` where a judge shall have one: the wording, with `{placeholders}`;
- `schema.json`: the JSON schema of a verdict;
- `rubric.yaml`: what it is for, its scale, the kinds of rows that it fits, and the columns made of a verdict's fields.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from corpus.config import load, validate
from corpus.errors import UserError, nearest
from corpus.hashing import digest
from corpus.schema import SCORE_PREFIXES, KindName
from corpus.templates import holes
from filters import json_schema
from filters.mqm import WEIGHTS

SHIPPED = Path(__file__).parent / "rubrics"
TEXTS: dict[str, str] = {
    "source": "source",
    "output": "output",
    "prompt": "prompt",
    "reference": "reference",
    "a": "answer to compare",
    "b": "answer to compare",
}
"""Placeholders that stand for a row's text, with what a row lacks where there is none."""
WORDS = ("source_language", "target_language")
"""Placeholders that stand for a word: English names of languages."""
PLACEHOLDERS = (*TEXTS, *WORDS, "schema")

Use = Literal["number", "text", "yes_no", "spans", "mqm", "preference", "winner", "consistent", "order"]
_USES: dict[str, tuple[Use, ...]] = {
    "score": ("number", "mqm", "preference"),
    "label": ("text", "winner", "order"),
    "flag": ("yes_no", "consistent"),
    "spans": ("spans",),
}
"""What may become of a field, by the prefix of the column; the first is what is meant where nothing is said."""
COMPARING: tuple[Use, ...] = ("preference", "winner", "consistent", "order")
"""Uses of a field that says which of two answers is better: `A`, `B` or `tie`."""
_RETRY = (
    "Your reply cannot be used: {problem}. Judge once more, and reply with one JSON object of this schema and nothing "
    "else:\n\n{schema}"
)


class Column(BaseModel):
    """A column made of a verdict."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    field: str
    """The property of the verdict that it is made of."""
    better: Literal["higher", "lower"] | None = None
    """Which values of a score are better; left out where it does not rank."""
    use: Use | None = Field(default=None, alias="as")
    """How: see `docs/judges.md`. Default: the field as it is."""


class Told(BaseModel):
    """What `rubric.yaml` says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    summary: str
    """What is judged, in one sentence."""
    scale: str
    """What the ends of the scale mean, and which is better."""
    kinds: tuple[KindName, ...] = Field(min_length=1)
    """Kinds of rows that it fits."""
    columns: dict[str, Column] = Field(min_length=1)
    """What is made of a verdict, by the column's name without the scorer's: `score`, `score_fluency`, `label_topic`."""
    compares: bool = False
    """Whether two answers are compared, in both orders; then each field says `A`, `B` or `tie`."""
    retry: str = _RETRY
    """What a judge is told whose reply cannot be used; `{problem}` and `{schema}` stand for that."""


@dataclass(frozen=True)
class Rubric:
    """A rubric that was read and checked."""

    name: str
    told: Told
    user: str
    system: str | None
    schema: dict[str, Any]

    @property
    def placeholders(self) -> list[str]:
        """What its wordings ask of a row, each once."""
        return [name for name in dict.fromkeys(holes((self.system or "") + self.user)) if name != "schema"]

    @cached_property
    def content(self) -> str:
        """Hash of all that a verdict depends on."""
        return digest([self.told.model_dump(mode="json"), self.user, self.system, self.schema])

    @property
    def schema_text(self) -> str:
        """The schema as a judge is shown it."""
        return json.dumps(self.schema, indent=1, ensure_ascii=False)

    def use(self, column: str) -> Use:
        """What becomes of the field of a column."""
        return self.told.columns[column].use or _USES[column.partition("_")[0]][0]

    def values(self) -> dict[str, bool | None]:
        """The columns, and whether higher is better."""
        ranks = {"higher": True, "lower": False, None: None}
        return {name: ranks[column.better] for name, column in self.told.columns.items()}


def shipped() -> list[str]:
    """Names of the rubrics that come with the package."""
    return sorted(folder.name for folder in SHIPPED.iterdir() if (folder / "rubric.yaml").is_file())


def read_rubric(name: str) -> Rubric:
    """The rubric of this name, or that in a folder of one's own.

    Raises:
        UserError: there is none, or something in it is wrong: the message names the file.
    """
    folder = Path(name) if "/" in name or Path(name).is_absolute() else SHIPPED / name
    if not folder.is_dir():
        known = shipped()
        raise UserError(
            f"there is no rubric {name!r}.{nearest(name, known)} Known: {', '.join(known)}; or the path of a folder "
            "with user.md, schema.json and rubric.yaml, which begins with ./ where it lies beside the recipe"
        )
    file = folder / "rubric.yaml"
    loaded = load(file)
    system = folder / "system.md"
    rubric = Rubric(
        folder.resolve().name,
        validate(loaded.data, Told, loaded=loaded),
        _text(folder / "user.md"),
        _text(system) if system.is_file() else None,
        _schema(folder / "schema.json"),
    )
    for words, where in _faults(rubric, folder):
        raise UserError(f"{where}: {words}")
    return rubric


def _text(file: Path) -> str:
    try:
        text = file.read_bytes().decode("utf-8-sig").strip()
    except FileNotFoundError:
        raise UserError(f"{file.parent} has no {file.name}; a rubric is user.md, schema.json and rubric.yaml") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: cannot be read: {error}") from None
    if not text:
        raise UserError(f"{file} is empty")
    return text


def _schema(file: Path) -> dict[str, Any]:
    try:
        schema = json.loads(_text(file))
    except ValueError as error:
        raise UserError(f"{file}: no JSON: {error}") from None
    for problem in json_schema.problems(schema):
        raise UserError(f"{file}: {problem}")
    if schema["type"] != "object":
        raise UserError(f"{file}: found the type {schema['type']!r}, expected 'object': a verdict has named fields")
    return dict(schema)


def _faults(rubric: Rubric, folder: Path) -> Iterator[tuple[str, Path]]:
    """What does not fit together, and in which file."""
    for file, text in (("user.md", rubric.user), ("system.md", rubric.system or "")):
        for hole in holes(text):
            if hole not in PLACEHOLDERS:
                known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
                line = text.count("\n", 0, text.index(f"{{{hole}}}")) + 1
                yield (
                    f"line {line}: unknown placeholder {{{hole}}}.{nearest(hole, PLACEHOLDERS)} Known: {known}",
                    folder / file,
                )
    for hole in holes(rubric.told.retry):
        if hole not in ("problem", "schema"):
            yield f"retry: unknown placeholder {{{hole}}}; known: {{problem}}, {{schema}}", folder / "rubric.yaml"
    if not set(rubric.placeholders) & set(TEXTS):
        yield (
            "shows the judge no text of a row: it has none of {source}, {output}, {prompt}, {a}, {b}",
            folder / "user.md",
        )
    if rubric.told.compares != {"a", "b"}.issubset(rubric.placeholders):
        words = (
            "has `compares: true`, so user.md must hold {a} and {b}"
            if rubric.told.compares
            else ("needs `compares: true`, since user.md has {a} or {b}")
        )
        if rubric.told.compares or {"a", "b"} & set(rubric.placeholders):
            yield words, folder / "rubric.yaml"
    for name in rubric.told.columns:
        for words in _column_faults(rubric, name):
            yield f"columns.{name}: {words}", folder / "rubric.yaml"


def _column_faults(rubric: Rubric, name: str) -> Iterator[str]:
    column, properties = rubric.told.columns[name], rubric.schema.get("properties", {})
    prefix = name.partition("_")[0]
    if f"{prefix}_" not in SCORE_PREFIXES:
        yield f"a column's name begins with one of {', '.join(p.rstrip('_') for p in SCORE_PREFIXES)}"
        return
    if name == "label_note":
        yield "a judge makes that column itself: why there is no verdict"
    if column.field not in properties or column.field not in rubric.schema.get("required", ()):
        yield (
            f"the field {column.field!r} is no required property of schema.json."
            f"{nearest(column.field, properties)} It requires: {', '.join(rubric.schema.get('required', ())) or 'none'}"
        )
        return
    use = rubric.use(name)
    if use not in _USES[prefix]:
        yield f"found `as: {use}`, expected one of {', '.join(_USES[prefix])}"
    if column.better and prefix != "score":
        yield "`better` is for scores"
    if rubric.told.compares != (use in COMPARING):
        yield f"`as: {use}` {'needs' if use in COMPARING else 'does not go with'} `compares: true`"
    wrong = _type_fault(properties[column.field], use)
    if wrong:
        yield f"the field {column.field!r} of schema.json must be {wrong}"


def _type_fault(schema: Mapping[str, Any], use: Use) -> str | None:
    """What a field must be to be used so; None where it is."""
    if use == "number":
        scaled = schema["type"] in ("integer", "number") and {"minimum", "maximum"} <= set(schema)
        return None if scaled else "a number with `minimum` and `maximum`: without a scale nothing is out of it"
    if use == "text":
        return None if schema["type"] == "string" else "a string"
    if use == "yes_no":
        return None if schema["type"] == "boolean" else "a boolean"
    if use in ("spans", "mqm"):
        inner = schema.get("items", {})
        needed = {"mqm": {"category", "severity"}, "spans": {"text"}}[use]
        if schema["type"] != "array" or not needed <= set(inner.get("required", ())):
            return f"a list of objects that require {' and '.join(sorted(needed))}"
        return _severity_fault(inner["properties"]["severity"]) if use == "mqm" else None
    fits = schema["type"] == "string" and sorted(map(str, schema.get("enum", ()))) == ["A", "B", "tie"]
    return None if fits else 'a string with `enum: ["A", "B", "tie"]`'


def _severity_fault(schema: Mapping[str, Any]) -> str | None:
    """What severities must be to have weights; None where they are."""
    words = [str(word) for word in schema.get("enum", ())]
    strange = [word for word in words if word.lower() not in WEIGHTS]
    if schema["type"] == "string" and words and not strange:
        return None
    found = f"; there is no weight for {', '.join(map(repr, strange))}" if strange else ""
    return f"a list whose `severity` is a string with an `enum` of some of {', '.join(WEIGHTS)}{found}"
