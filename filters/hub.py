"""Files of models on the hub, at a commit, with errors that tell what to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from corpus.errors import UserError


def hub_file(model: str, commit: str, name: str) -> Path | None:
    """One file of a model, fetched once; None where the model has none of that name.

    Raises:
        UserError: it may not be had, or the hub cannot be reached.
    """
    from huggingface_hub import hf_hub_download

    found = _asked(model, lambda: hf_hub_download(model, name, revision=commit))
    return Path(found) if found else None


def hub_folder(model: str, commit: str, names: Sequence[str]) -> Path:
    """The folder of a model's files with such names, those that there are; fetched once.

    Raises:
        UserError: they may not be had, or the hub cannot be reached.
    """
    from huggingface_hub import snapshot_download

    allowed = list(names)
    return Path(str(_asked(model, lambda: snapshot_download(model, revision=commit, allow_patterns=allowed))))


def _asked(model: str, ask: Callable[[], object]) -> str | None:
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
            return None
        raise UserError(
            f"{model} cannot be fetched from the hub: {error}. Where there is no network, copy the model into a folder "
            "and name that"
        ) from None
