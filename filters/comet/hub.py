"""Files of models on the hub, at the commit that the plan says, with errors that tell what to do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from corpus.errors import UserError
from filters.models import model_identity


def hub_file(model: str, revision: str | None, name: str) -> Path:
    """One file of a model; fetched once.

    Raises:
        UserError: it may not be had, is not there, or the hub cannot be reached.
    """
    from huggingface_hub import hf_hub_download

    commit = model_identity(model, revision)["commit"]
    return Path(_asked(model, name, lambda: hf_hub_download(model, name, revision=commit)))


def hub_folder(model: str, revision: str | None, names: Sequence[str]) -> Path:
    """The folder of a model's files with such names.

    Raises:
        UserError: they may not be had, are not there, or the hub cannot be reached.
    """
    from huggingface_hub import snapshot_download

    commit = model_identity(model, revision)["commit"]
    allowed = list(names)
    return Path(_asked(model, None, lambda: snapshot_download(model, revision=commit, allow_patterns=allowed)))


def _asked(model: str, name: str | None, ask: Any) -> str:
    from huggingface_hub import errors

    try:
        return str(ask())
    # Before its parent: a gated model without access looks like one that is not there.
    except errors.GatedRepoError:
        raise UserError(
            f"{model} is gated, and this machine's account has no access. Accept its terms at "
            f"https://huggingface.co/{model} and log in: `hf auth login`, or set HF_TOKEN to a token of that account"
        ) from None
    except errors.RepositoryNotFoundError:
        raise UserError(
            f"the hub has no model {model}, or it is private. If it is yours, log in: `hf auth login`, or set HF_TOKEN"
        ) from None
    # No network, a server's fault: each has errors of its own in the hub's HTTP client.
    except Exception as error:
        if isinstance(error, errors.EntryNotFoundError) and not isinstance(error, errors.LocalEntryNotFoundError):
            raise UserError(f"{model} on the hub has no {name}: it is no COMET checkpoint, or no encoder") from None
        raise UserError(
            f"{model} cannot be fetched from the hub: {error}. Where there is no network, copy the model into a folder "
            "and name that"
        ) from None
