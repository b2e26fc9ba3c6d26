"""What stands beside a trained model: which datasets it was made of, how, and which scores chose them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from corpus.errors import UserError
from corpus.manifest import Selection
from corpus.shards import replacing

FILE = "towerkit.json"
SCHEMA_VERSION = 1


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TrainedOn(_Entry):
    """A dataset that a model was trained on."""

    path: str
    """Where it lay, relative to the model's folder."""
    content: str
    """Its content hash."""
    kind: str
    rows: int
    weight: float | None = None
    """Its share of the training, where it was mixed."""
    licenses: dict[str, int] = {}
    """Rows by licence."""


class ModelManifest(_Entry):
    """A model's papers. `selected_by` holds every score that chose its training data, those of its parent included."""

    schema_version: int = SCHEMA_VERSION
    method: str
    """`cpt`, `sft`, `wpo`, `grpo`, `reward`, `merge`."""
    parents: list[str] = []
    """Names or folders of the models that it was made of."""
    datasets: list[TrainedOn] = []
    inherited: dict[str, int] = {}
    """Rows by licence of the datasets that its parents, and theirs, were made of."""
    licences: list[str] = []
    """Licences of models that it comes from: of its parents as their cards state them, and of what rewarded them."""
    selected_by: list[Selection] = []
    options: dict[str, Any] = {}
    versions: dict[str, str] = {}
    losses: dict[str, float] = {}
    """Mean loss of the last logged steps (`train`), and of validation rows, whole and by task and language."""
    plan: str = ""
    """Hash of all that decided the weights: the same recipe on the same data need not be trained again."""
    facts: dict[str, Any] = {}
    """What is known of the training data: rows, tokens, by language and by task, what was left out and why."""
    run: dict[str, Any] = {}
    """Times, devices, attempts: no part of equality."""


def write_model_manifest(folder: Path, manifest: ModelManifest) -> None:
    """Write a model's manifest into its folder, whole or not at all."""
    with replacing(folder / FILE) as handle:
        handle.write(orjson.dumps(manifest.model_dump(mode="json"), option=orjson.OPT_INDENT_2) + b"\n")


def read_model_manifest(folder: Path) -> ModelManifest | None:
    """The manifest of a model's folder; None where it has none, as models from elsewhere.

    Raises:
        UserError: the file is not of this form.
    """
    file = folder / FILE
    if not file.is_file():
        return None
    try:
        manifest = ModelManifest.model_validate_json(file.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(f"{file}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    if manifest.schema_version != SCHEMA_VERSION:
        raise UserError(f"{file} has schema version {manifest.schema_version}; this towerkit reads {SCHEMA_VERSION}")
    return manifest
