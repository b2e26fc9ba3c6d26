"""The manifest: what a dataset folder holds, what it was made of and how. Without it, there is no dataset."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from corpus.errors import UserError
from corpus.hashing import digest
from corpus.schema import SCHEMA_VERSION
from corpus.shards import Shard, replacing

FILE = "manifest.json"

Counts = dict[str, int | dict[str, int]]
"""Numbers that a stage's law balances: plain counts, and counts by reason."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InputDataset(_Entry):
    """A dataset that a stage read: its path relative to the reading dataset's folder, and its content."""

    path: str
    content: str
    use: Literal["rows", "compared"] = "rows"
    """Whether its rows came in, or were only compared with (a test set to keep apart from)."""


class InputFile(_Entry):
    """A raw file that `read` took in: its name (no folder) and the sha256 of its bytes."""

    name: str
    sha256: str


class Histogram(_Entry):
    """Distribution of a score: equal-width bins between the least and the greatest value."""

    low: float
    high: float
    counts: list[int]


class Score(_Entry):
    """A score column: direction, signature, and how its values are spread."""

    higher_is_better: bool | None = None
    signature: str = ""
    family: str = ""
    """What counts as the same judge: a metric of this family is no independent check on rows selected by it."""
    licence: str | None = None
    """Licence of the model that the numbers come from, where it is known."""
    scored: int = 0
    unjudged: int = 0
    """Rows where the column is null: the scorer could not judge."""
    mean: float | None = None
    histogram: Histogram | None = None
    labels: dict[str, int] = Field(default_factory=dict)
    """Rows by label, of a label column with few of them: languages, verdicts, why there is no number."""


class Spread(_Entry):
    """What is known of one shard's part of a score column; `total`, `low` and `high` are those of finite numbers."""

    scored: int
    unjudged: int
    finite: int = 0
    total: float = 0.0
    low: float | None = None
    high: float | None = None
    labels: dict[str, int] | None = None
    """Rows by label; None where it has too many, or is no label column."""


class Tally(_Entry):
    """What is counted of one shard while its rows are at hand."""

    languages: dict[str, int]
    origins: dict[str, int]
    licenses: dict[str, int]
    models: dict[str, int]
    scores: dict[str, Spread]


class Selection(_Entry):
    """A column that decided which rows are here; everything downstream inherits it.

    A metric of the same family is no independent judge of a model that was trained on these rows.
    """

    column: str
    stage: str
    signature: str = ""
    family: str = ""


class Manifest(BaseModel):
    """Everything that is known of a dataset. All but `run` is equal whenever the dataset is."""

    model_config = ConfigDict(extra="forbid")

    schema_version: int = SCHEMA_VERSION
    kind: str
    stage: str
    """The verb that made the dataset (`read`, `select` ...); `write` for `corpus.write`."""
    name: str
    """The stage's name in its recipe."""
    version: int = 1
    """Version of the verb's meaning."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Resolved options, defaults included."""
    plan: str
    """Hash of resolved options, versions and the inputs' content: what the dataset is asked to be."""
    content: str
    """Hash of the shards' names and sha256: what the dataset is."""
    inputs: list[InputDataset] = Field(default_factory=list)
    files: list[InputFile] = Field(default_factory=list)
    shards: list[Shard]
    splits: dict[str, list[str]]
    """Shard names by split; `train` alone unless the stage is `mix`."""
    grouped_by: str | None = None
    """Column whose equal values lie in one shard."""
    counts: Counts
    scores: dict[str, Score] = Field(default_factory=dict)
    selected_by: list[Selection] = Field(default_factory=list)
    languages: dict[str, int] = Field(default_factory=dict)
    """Rows by `src>tgt`, or by language for monolingual rows; `und` where unknown."""
    origins: dict[str, int] = Field(default_factory=dict)
    licenses: dict[str, int] = Field(default_factory=dict)
    """Rows by licence; `unknown` where none is stated."""
    models: dict[str, int] = Field(default_factory=dict)
    """Rows by engine or system, for rows that models answered."""
    run: dict[str, Any] = Field(default_factory=dict)
    """Times, host, versions, attempts: no part of equality."""

    @property
    def rows(self) -> int:
        """Rows in all shards."""
        return sum(shard.rows for shard in self.shards)


def content_hash(shards: list[Shard]) -> str:
    """The `content` of a dataset with these shards."""
    return digest([[shard.name, shard.sha256] for shard in shards])


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest: from now on the folder is a dataset."""
    text = json.dumps(manifest.model_dump(mode="json"), indent=2, ensure_ascii=False, sort_keys=False)
    with replacing(folder / FILE) as handle:
        handle.write(text.encode() + b"\n")


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a dataset folder.

    Raises:
        UserError: there is no manifest, it is of another schema version, or it is damaged.
    """
    path = folder / FILE
    if not path.is_file():
        hint = "" if folder.is_dir() else " (there is no such folder)"
        from corpus.current import read_current  # which reads manifests

        if current := read_current(folder):
            raise UserError(
                f"{folder} is a run; name one of its stages, such as {folder / list(current)[-1]}. "
                f"Stages: {', '.join(current)}"
            )
        raise UserError(
            f"{folder} is not a dataset{hint}: it has no {FILE}, which is written last, when all rows are there"
        )
    try:
        raw = json.loads(path.read_bytes())
        found = raw.get("schema_version")
    except (ValueError, AttributeError) as error:
        raise UserError(f"{path} is damaged: {error}") from None
    if found != SCHEMA_VERSION:
        raise UserError(
            f"{path} has schema_version {found!r}; this version of towerkit reads {SCHEMA_VERSION}. "
            "Make the dataset anew with this version, or read it with the one that wrote it"
        )
    try:
        return Manifest.model_validate(raw)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])
        raise UserError(f"{path} is damaged: {problems}") from None
