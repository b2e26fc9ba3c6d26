"""The model's card in the hub's format: lineage, data, licences, and what measured it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from corpus.model_manifest import ModelManifest
from corpus.shards import replacing

if TYPE_CHECKING:
    from train.recipe import Recipe

_NON_COMMERCIAL = re.compile(r"(^|[-_ ])nc([-_ ]|$)|non-?commercial", re.IGNORECASE)
_METHODS = {
    "cpt": "continued pretraining",
    "sft": "supervised fine-tuning",
    "wpo": "preference optimization (DPO, weighted as in WPO where `use_weighting` is on)",
    "grpo": "reinforcement learning with verifiable rewards (GRPO)",
    "reward": "a reward model from preferences",
    "merge": "interpolation of checkpoints",
}


def write_card(folder: Path, manifest: ModelManifest, parent: ModelManifest | None, recipe: Recipe | None) -> None:
    """Write README.md of a model's folder."""
    with replacing(folder / "README.md") as handle:
        handle.write(card(folder.name, manifest, parent, recipe).encode())


def card(name: str, manifest: ModelManifest, parent: ModelManifest | None, recipe: Recipe | None) -> str:
    """The card's text."""
    licences = licences_of(manifest, parent)
    barred = sorted(licence for licence in licences if _NON_COMMERCIAL.search(licence))
    languages = sorted(_languages(manifest))
    head = {
        "library_name": "transformers",
        "pipeline_tag": "text-classification" if manifest.method == "reward" else "text-generation",
        "base_model": manifest.parents,
        "language": languages or None,
        "license": "other",
        "license_name": "non-commercial" if barred else "see-sources",
        "tags": ["towerkit", manifest.method],
    }
    front = yaml.safe_dump({key: value for key, value in head.items() if value}, allow_unicode=True, sort_keys=False)
    lines = ["---", front.strip(), "---", "", f"# {name}", ""]
    lines += [
        f"Made by {_METHODS[manifest.method]} from {', '.join(manifest.parents)} with towerkit, an independent "
        "re-implementation of the published Tower+ recipe that is not affiliated with its authors. This model is not "
        "Tower+.",
        "",
    ]
    if barred:
        lines += [
            f"**Not for commercial use**: {', '.join(barred)} among the licences of what it was made of.",
            "",
        ]
    lines += _data(manifest, licences)
    lines += _losses(manifest)
    lines += _lineage(manifest, recipe)
    return "\n".join(lines).rstrip() + "\n"


def licences_of(manifest: ModelManifest, parent: ModelManifest | None) -> Counter[str]:
    """Rows by licence, of this model's data and of the model's before it."""
    found: Counter[str] = Counter()
    for trained in (*manifest.datasets, *(parent.datasets if parent else ())):
        found.update(trained.licenses)
    return found


def _languages(manifest: ModelManifest) -> set[str]:
    keys = manifest.facts.get("tokens_by_language", {})
    return {code for key in keys for code in key.split(">") if code not in ("und", "none")}


def _data(manifest: ModelManifest, licences: Counter[str]) -> list[str]:
    if not manifest.datasets:
        return []
    lines = ["## Data", "", "| dataset | kind | rows | share | licences |", "| --- | --- | ---: | ---: | --- |"]
    for trained in manifest.datasets:
        told = ", ".join(sorted(trained.licenses)) or "unknown"
        share = f"{trained.weight:.1%}" if trained.weight is not None else ""
        name = f"{Path(trained.path).name} `{trained.content[:12]}`"
        lines.append(f"| {name} | {trained.kind} | {trained.rows:,} | {share} | {told} |")
    lines += ["", "Licences with those of the model that it started from: "]
    lines[-1] += ", ".join(f"{licence} ({rows:,} rows)" for licence, rows in licences.most_common()) + "."
    if tokens := manifest.facts.get("tokens_by_language"):
        whole = sum(tokens.values()) or 1
        lines += ["", "| language | tokens | share |", "| --- | ---: | ---: |"]
        lines += [f"| {name} | {count:,} | {count / whole:.1%} |" for name, count in tokens.items()]
    return [*lines, ""]


def _losses(manifest: ModelManifest) -> list[str]:
    if not manifest.losses:
        return []
    lines = ["## Losses", "", "| measured on | loss |", "| --- | ---: |"]
    lines += [f"| {name} | {value:.4f} |" for name, value in manifest.losses.items()]
    return [*lines, "", "![curves](curves.svg)", ""]


def _lineage(manifest: ModelManifest, recipe: Recipe | None) -> list[str]:
    lines = ["## Lineage", "", f"- started from: {', '.join(manifest.parents)}"]
    if recipe is not None:
        lines.append(f"- chat template: {recipe.template or 'the one of the model'}")
    families = sorted({selection.family or selection.column for selection in manifest.selected_by})
    if families:
        lines.append(f"- scores that chose its training data, so no independent judges of it: {', '.join(families)}")
    versions = ", ".join(f"{name} {number}" for name, number in manifest.versions.items())
    lines += [f"- made with {versions}", "- everything else: towerkit.json", ""]
    return lines
