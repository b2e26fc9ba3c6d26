"""The model's card in the hub's format: lineage, data, licences, and what measured it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from corpus.model_manifest import ModelManifest
from corpus.shards import replacing
from filters.models import card_licence

_NON_COMMERCIAL = re.compile(r"(^|[-_ ])nc([-_ ]|$)|non-?commercial", re.IGNORECASE)
_METHODS = {
    "cpt": "continued pretraining",
    "sft": "supervised fine-tuning",
    "wpo": "preference optimization (DPO, weighted as in WPO where `use_weighting` is on)",
    "grpo": "reinforcement learning with verifiable rewards (GRPO)",
    "reward": "a reward model from preferences",
    "merge": "interpolation of checkpoints",
}


def write_card(folder: Path, manifest: ModelManifest, *, name: str | None = None, template: str | None = None) -> None:
    """Write README.md of a model's folder.

    Args:
        folder: the folder.
        manifest: the model's papers.
        name: the model's, where it is not the folder's.
        template: the chat template's name, where it is not the parent's own.
    """
    with replacing(folder / "README.md") as handle:
        handle.write(card(name or folder.name, manifest, template).encode())


def card(name: str, manifest: ModelManifest, template: str | None = None) -> str:
    """The card's text."""
    licences = licences_of(manifest)
    rewards = manifest.facts.get("rewards", {})
    barred = sorted(each for each in {*licences, *licences_of_models(manifest)} if _NON_COMMERCIAL.search(each))
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
    lines += _rewards(rewards)
    lines += _losses(manifest)
    lines += _lineage(manifest, template)
    return "\n".join(lines).rstrip() + "\n"


def licences_of(manifest: ModelManifest) -> Counter[str]:
    """Rows by licence, of this model's data and of all models before it."""
    found = Counter(manifest.inherited)
    for trained in manifest.datasets:
        found.update(trained.licenses)
    return found


def licences_of_models(manifest: ModelManifest) -> set[str]:
    """Licences of the models that this one comes from, and of those that rewarded it or them."""
    rewards = manifest.facts.get("rewards", {})
    return {*manifest.licences, *(each["licence"] for each in rewards.values() if each.get("licence"))}


def licences_from(model: str, revision: str | None, papers: ModelManifest | None) -> set[str]:
    """What a model hands on to those that are made of it: a licence of its own, or those that its papers tell."""
    if papers is not None:
        return licences_of_models(papers)
    stated = card_licence(model, revision)
    return {stated} if stated else set()


def _languages(manifest: ModelManifest) -> set[str]:
    keys = manifest.facts.get("tokens_by_language", {})
    return {code for key in keys for code in key.split(">") if code not in ("und", "none")}


def _data(manifest: ModelManifest, licences: Counter[str]) -> list[str]:
    if not licences:
        return []
    told = "Licences with those of the models before it: "
    told += ", ".join(f"{licence} ({rows:,} rows)" for licence, rows in licences.most_common()) + "."
    if not manifest.datasets:
        return ["## Data", "", told, ""]
    lines = ["## Data", "", "| dataset | kind | rows | share | licences |", "| --- | --- | ---: | ---: | --- |"]
    for trained in manifest.datasets:
        licensed = ", ".join(sorted(trained.licenses)) or "unknown"
        share = f"{trained.weight:.1%}" if trained.weight is not None else ""
        name = f"{Path(trained.path).name} `{trained.content[:12]}`"
        lines.append(f"| {name} | {trained.kind} | {trained.rows:,} | {share} | {licensed} |")
    lines += ["", told]
    if tokens := manifest.facts.get("tokens_by_language"):
        whole = sum(tokens.values()) or 1
        lines += ["", "| language | tokens | share |", "| --- | ---: | ---: |"]
        lines += [f"| {name} | {count:,} | {count / whole:.1%} |" for name, count in tokens.items()]
        if looked := manifest.facts.get("looked_at"):
            lines += ["", f"The rows were streamed: tokens and tasks are those of the first {looked:,} rows looked at."]
    return [*lines, ""]


def _rewards(rewards: Mapping[str, Mapping[str, Any]]) -> list[str]:
    if not rewards:
        return []
    lines = ["## Rewards", "", "| reward | weight | what it is | licence of its model |", "| --- | ---: | --- | --- |"]
    for name, each in rewards.items():
        what = each.get("signature") or "the verdicts of each problem's own verifiers"
        # A bar would end the cell.
        what = str(what).replace("|", " ")
        lines.append(f"| {name} | {each['weight']:g} | {what} | {each.get('licence') or ''} |")
    return [*lines, ""]


def _losses(manifest: ModelManifest) -> list[str]:
    if not manifest.losses:
        return []
    lines = ["## Measured in training", "", "| loss, or what is named, of | mean |", "| --- | ---: |"]
    lines += [f"| {name} | {value:.4f} |" for name, value in manifest.losses.items()]
    return [*lines, "", "![curves](curves.svg)", ""]


def _lineage(manifest: ModelManifest, template: str | None) -> list[str]:
    lines = ["## Lineage", "", f"- started from: {', '.join(manifest.parents)}"]
    lines.append(f"- chat template: {template or 'the one of the model that it started from'}")
    families = sorted({selection.family or selection.column for selection in manifest.selected_by})
    if families:
        told = ", ".join(families)
        lines.append(f"- scores that chose its training data or rewarded it, so no independent judges of it: {told}")
    versions = ", ".join(f"{name} {number}" for name, number in manifest.versions.items())
    if licences := sorted(licences_of_models(manifest)):
        lines.append(f"- licences of the models that it comes from, or that rewarded them: {', '.join(licences)}")
    lines += [f"- made with {versions}", "- everything else: towerkit.json", ""]
    return lines
