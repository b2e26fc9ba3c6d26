"""What a model is, however it is called: the content of a folder, or a commit of the hub."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from corpus.errors import UserError
from corpus.filehash import local_version, remembered_hashes
from corpus.hashing import digest

_CONTENT = (
    *("*.safetensors", "*.safetensors.index.json", "pytorch_model*.bin*", "config.json"),
    *("generation_config.json", "tokenizer*", "tekken.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.*", "merges.txt", "*.model", "*.tiktoken", "chat_template*", "additional_chat_templates/*", "*.py"),
    # What sentence-transformers puts on top of an encoder.
    *("modules.json", "sentence_bert_config.json", "config_sentence_transformers.json"),
    *("[0-9]_*/config.json", "[0-9]_*/model.safetensors", "[0-9]_*/pytorch_model.bin"),
)
"""Files of a model's folder that decide what it answers. A trainer's state and the card are not among them."""
_COMMIT = re.compile("[0-9a-f]{40}")
_HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?", re.ASCII)


def model_identity(model: str, revision: str | None = None) -> dict[str, str]:
    """What a model is: `{"content": hash}` of a folder wherever it lies, or `{"commit": hash}` of a model on the hub.

    Hashes of files are remembered by path, size and time in the user's cache folder (`~/.cache/towerkit`, or under
    XDG_CACHE_HOME).

    Raises:
        UserError: there is no such model, or the hub can neither be asked nor has it been fetched before.
    """
    if Path(model).is_dir():
        if revision is not None:
            raise UserError(f"{model} is a folder, and a folder has no `revision`; leave it out")
        return {"content": _content(Path(model))}
    if model.startswith((".", "/", "~")) or not _HUB_ID.fullmatch(model):
        raise UserError(f"there is no model folder {model}")
    return {"commit": _commit(model, revision)}


def model_name(model: str) -> str:
    """A model's name in rows, manifests and signatures: no path of this machine."""
    return Path(model).resolve().name if Path(model).exists() else model


def model_file(model: str, revision: str | None, path: str) -> Path | None:
    """A file of a model's folder, or of a model on the hub (fetched); None where the model has none of that name.

    Raises:
        UserError: it may not be had, or the hub cannot be asked.
    """
    if Path(model).is_dir():
        return Path(model) / path if (Path(model) / path).is_file() else None
    from filters.hub import hub_file

    return hub_file(model, model_identity(model, revision)["commit"], path)


@cache
def card_licence(model: str, revision: str | None) -> str | None:
    """The licence that a model's card states in its head, by its own name where the hub has none for it.

    None where there is no card or it says nothing.
    """
    import yaml

    try:
        card = model_file(model, revision, "README.md")
        head = card.read_text("utf-8").split("---\n", 2)[1] if card else ""
        told = yaml.safe_load(head)
        licence = told.get("license")
        licence = told.get("license_name", licence) if licence == "other" else licence
    except (UserError, OSError, ValueError, AttributeError, IndexError, yaml.YAMLError):
        return None
    return str(licence) if licence else None


def check_template(tokenizer: Any, model: str) -> None:
    """Refuse a model that was not made for chats.

    Raises:
        UserError: the tokenizer has no chat template.
    """
    # Mistral's own tokenizers know chats without a template.
    if not getattr(tokenizer, "chat_template", True):
        raise UserError(
            f"{model} has no chat template, so it cannot read messages. Take a model that was tuned for chats, or put "
            "a chat_template.jinja into its folder"
        )


def _content(folder: Path) -> str:
    if (folder / "adapter_config.json").is_file():
        raise UserError(f"{folder} holds an adapter, whose base lies elsewhere; merge it into its base first")
    if not (folder / "config.json").is_file():
        raise UserError(
            f"{folder} is no model: it has no config.json. Expected a folder as `save_pretrained` writes it; a "
            "trainer's output folder may hold its models one level deeper, in checkpoint-*"
        )
    files = sorted({file for pattern in _CONTENT for file in folder.glob(pattern) if file.is_file()})
    hashes = remembered_hashes([local_version(str(file)) for file in files], cache_folder())
    named = zip((file.relative_to(folder).as_posix() for file in files), hashes, strict=True)
    return digest([list(pair) for pair in named])


def cache_folder() -> Path:
    """The folder of this user where we keep what is dear to make: `~/.cache/towerkit`, or under XDG_CACHE_HOME.

    Raises:
        UserError: it cannot be written.
    """
    folder = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "towerkit"
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        raise UserError(
            f"hashes of model files and environments of their own are kept in {folder}, which cannot be written; set "
            "XDG_CACHE_HOME to a folder that can be"
        )
    return folder


@cache
def _commit(model: str, revision: str | None) -> str:
    """The commit that a revision stands for, asked once, so that what is loaded is what the plan says."""
    from huggingface_hub import HfApi

    if revision is not None and _COMMIT.fullmatch(revision):
        return revision
    try:
        found = HfApi().model_info(model, revision=revision, timeout=20).sha
    # A wrong id, no such model, no rights, or no network, for which the hub's HTTP client has errors of its own.
    except Exception as error:
        found = _fetched(model, revision or "main")
        if found is None:
            raise UserError(
                f"the hub cannot be asked for the commit of {model}: {error}. Where there is no network, give a commit "
                f"that was fetched before as `revision` (40 hex digits), or a local folder: no folder {model} was found"
            ) from None
    if found is None:
        raise UserError(f"the hub names no commit for {model}")
    return found


def _fetched(model: str, revision: str) -> str | None:
    """The commit that the hub's local cache knows under a branch or tag."""
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    repository = Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=model, repo_type="model")
    reference = repository / "refs" / revision
    return reference.read_text().strip() if reference.is_file() else None
