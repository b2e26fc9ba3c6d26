"""Folders in a form that is known, and datasets of the Hugging Face hub."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from corpus.errors import UserError
from corpus.manifest import read_manifest
from datagen.init.inputs import Input, short
from datagen.init.samples import hub_records
from datagen.init.tables import table

FORMS: dict[str, tuple[str, ...]] = {
    "cocoa_mt": ("formality-control.*.*.*-*",),
    "mlqe_pe": ("direct-assessments", "post-editing"),
    "mt_geneval": ("geneval-sentences-*",),
    "salesforce_xml_mt": ("[a-z][a-z][a-z][a-z]_[a-z][a-z]_dev.json", "[a-z][a-z][a-z][a-z]_[a-z][a-z]_train.json"),
    "wmt24pp": ("en-[a-z]*_[A-Z][A-Z].jsonl",),
}
"""Readers that take a folder of a data set as its authors publish it, and what one of its names matches."""


def reader_of(folder: Path) -> str | None:
    """The reader that takes a folder, by the names in it."""
    return next((name for name, forms in FORMS.items() if any(any(folder.glob(form)) for form in forms)), None)


def published(folder: str) -> list[Input]:
    """A folder of a data set as its authors publish it."""
    name = reader_of(Path(folder))
    assert name
    options = {"split": "train"} if name == "salesforce_xml_mt" and not any(Path(folder).glob("*_dev.json")) else {}
    read = Input(name, folder, Path(folder).resolve().name, options)
    read.told.append(f"{short(folder)}: a folder in the form that the reader {name} takes (`datagen list {name}`)")
    return [read]


def wmt(folder: str) -> list[Input]:
    """A folder of WMT system outputs."""
    read = Input("wmt", folder, Path(folder).resolve().name)
    files = [Path(file) for file in read.open().files()]
    systems = Counter(file.name.split(".hyp.")[0] for file in files if file.parent.name == "system-outputs")
    listed = ", ".join(f"{name} ({n} system{'s' * (n > 1)})" for name, n in systems.items())
    read.told.append(f"{short(folder)}: WMT system outputs: {listed}")
    if 1 in systems.values():
        read.assumed.append("a test set with one system gives answers to fine-tune on and no preference pairs")
    return [read]


def dataset(folder: str) -> list[Input]:
    """A dataset of ours."""
    told = read_manifest(Path(folder))
    read = Input("dataset", folder, told.name)
    read.told.append(
        f"{short(folder)}: a dataset of ours: {told.rows:,} rows of kind {told.kind}, made by `{told.stage}`"
    )
    return [read]


def hub(name: str) -> list[Input]:
    """A dataset of the hub: its first configuration, and its split `train` or else the first.

    Raises:
        UserError: the hub cannot be asked, or does not have it.
    """
    import datasets
    from huggingface_hub.errors import HfHubHTTPError

    try:
        configs = datasets.get_dataset_config_names(name)
        config = "default" if "default" in configs else configs[0]
        splits = datasets.get_dataset_split_names(name, config)
        split = "train" if "train" in splits else splits[0]
        records = hub_records(name, config, split)
    except (datasets.exceptions.DatasetsError, HfHubHTTPError, OSError, ValueError) as error:
        raise UserError(
            f"{name} is no file or folder here, and as a dataset of the hub it cannot be looked at: {error}. "
            "Without a network, fetch the data elsewhere and name the files"
        ) from None
    if not records:
        raise UserError(f"{name}: no rows in the configuration {config}, split {split}")
    options: dict[str, Any] = {"split": split} if configs == ["default"] else {"config": config, "split": split}
    found = table(f"{name}/{config}", "hub", records, options)
    others = [f"configuration {other}" for other in configs if other != config]
    others += [f"split {other}" for other in splits if other != split]
    for read in found:
        read.where, read.label = name, name.rpartition("/")[2]
        if others:
            read.assumed.append(f"{config}, {split} is read; there are also {', '.join(others[:8])}")
    return found
