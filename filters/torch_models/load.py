"""Loading a tokenizer and a model from a folder or the hub: all of it, or an error that says what is wrong."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any, NamedTuple

import torch
import transformers

from corpus.errors import Failure, UserError
from filters.hub import hub_file
from filters.torch_models.devices import find_dtype, is_out_of_memory

_LOADING = threading.Lock()
"""transformers makes models without memory while it patches torch for the whole process, and fills them after: of two
threads that load at once, one would get a model that stays empty."""


class Loaded(NamedTuple):
    """A model on its device, and what reads texts for it."""

    tokenizer: Any
    model: Any
    device: torch.device
    window: int
    """Tokens that the model can read at once, special ones included."""


def load(
    factory: str,
    name: str,
    revision: str | None,
    *,
    dtype: str,
    device: torch.device,
    trust_remote_code: bool,
    made_for: str = "",
    unused: str = "",
) -> Loaded:
    """Load a model and its tokenizer.

    Args:
        factory: the class of transformers that makes the model, such as `AutoModelForCausalLM`.
        name: a folder or a hub id.
        revision: a commit of the hub.
        dtype: `float32`, `bfloat16`, `float16`, or `auto` (see `find_dtype`).
        device: where it goes.
        trust_remote_code: whether code that comes with the model may run.
        made_for: what the model must be ("a reward model"); told where weights for that are missing.
        unused: beginning of the names of weights that may be missing, since nobody reads what they give.

    Raises:
        UserError: it cannot be loaded, or its files lack weights, which would be random.
        Failure: it does not fit into memory.
    """
    if not Path(name).is_dir():
        # What the hub refuses, transformers words differently for each file, or not at all.
        hub_file(name, revision or "main", "config.json")
    with _LOADING:
        tokenizer, model, told = _loaded(factory, name, revision, dtype, device, trust_remote_code, made_for)
    missing = {key for key in told["missing_keys"] if not (unused and key.startswith(unused))}
    _check_weights(name, model, missing, made_for)
    loaded = Loaded(tokenizer, model, device, _window(model, tokenizer))
    # Else the tokenizer warns of texts that are too long, as if they were used.
    tokenizer.model_max_length = sys.maxsize
    return loaded


def _loaded(
    factory: str,
    name: str,
    revision: str | None,
    dtype: str,
    device: torch.device,
    trust_remote_code: bool,
    made_for: str,
) -> tuple[Any, Any, dict[str, Any]]:
    """Tokenizer, model, and what the library says of the model's files."""
    source = {"revision": revision or "main", "trust_remote_code": trust_remote_code}
    bars: Any = transformers.utils.logging
    shown, verbosity = bars.is_progress_bar_enabled(), bars.get_verbosity()
    bars.disable_progress_bar()
    # That weights are missing is said below, as an error.
    bars.set_verbosity_error()
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(name, **source)
        numbers = find_dtype(dtype, device)
        model, told = getattr(transformers, factory).from_pretrained(
            name, **source, dtype=numbers, output_loading_info=True
        )
        model.to(device).eval()
        return tokenizer, model, told
    # A wrong architecture, a damaged file, a package that is missing: the library and its parts have many errors.
    except Exception as error:
        if is_out_of_memory(error):
            raise Failure(f"{name} does not fit into the memory of {device}: {error}") from None
        raise UserError(f"{name} cannot be loaded{_as(made_for)}: {error}") from None
    finally:
        bars.set_verbosity(verbosity)
        if shown:
            bars.enable_progress_bar()


def _check_weights(name: str, model: Any, missing: set[str], made_for: str) -> None:
    if not missing:
        return
    shown = ", ".join(sorted(missing)[:3])
    prefix = getattr(model, "base_model_prefix", "")
    if made_for and prefix and not any(key.startswith(f"{prefix}.") for key in missing):
        untold = getattr(model.config, "auto_map", None) and type(model).__module__.startswith("transformers.")
        raise UserError(
            f"{name} is not {made_for}: it has no weights for its last layer ({shown}), which would be random numbers. "
            + (
                "It has code of its own, which `trust_remote_code: true` runs"
                if untold
                else "Take one trained for this"
            )
        )
    raise UserError(f"{name} lacks weights: {len(missing)} in all, {shown} among them")


def _window(model: Any, tokenizer: Any) -> int:
    config = model.config.get_text_config()
    positions = getattr(config, "max_position_embeddings", None)
    # Position tables of the RoBERTa family (XLM-R among them) begin behind the padding's own position.
    table = getattr(getattr(getattr(model, "base_model", None), "embeddings", None), "position_embeddings", None)
    offset = getattr(table, "padding_idx", None)
    if positions and offset is not None:
        positions -= offset + 1
    return int(positions or tokenizer.model_max_length)


def _as(made_for: str) -> str:
    return f" as {made_for}" if made_for else ""
