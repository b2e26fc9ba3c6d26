"""What a training is: everything that decides the weights, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from corpus.errors import UserError
from corpus.hashing import digest
from filters.models import model_identity, model_name
from train.method import Method
from train.recipe import Recipe
from train.sources import Opened

VERSION = 3
"""Raised whenever the same recipe would train other weights."""
HARMLESS = (
    *("dataloader_num_workers", "dataloader_persistent_workers", "dataloader_pin_memory", "dataloader_prefetch_factor"),
    *("dataset_num_proc", "ddp_", "disable_tqdm", "do_", "eval_", "hub_", "log_"),
    *("logging_", "num_generations_eval", "per_device_eval_batch_size", "project", "report_to"),
    *("run_name", "save_", "skip_memory_metrics", "torch_empty_cache_steps", "trackio_", "vllm_server_"),
)
"""Beginnings of TRL options that change no weight."""
_MEASURING = ("eval_", "save_", "per_device_eval_batch_size", "num_generations_eval")
"""Those of them that do where validation steers: it chooses a checkpoint, or lowers the learning rate."""
_STEERED_RATES = ("reduce_lr_on_plateau", "greedy")
_NOT_PLANNED = {
    *("output", "cache", "validation", "validation_rows", "evaluation", "data", "model", "revision", "template"),
    *("trainer", "rewards", "alarms", "max_dropped", "general_floor"),
}


def told(method: Method, recipe: Recipe, sources: list[Opened], validation: list[Opened], ranks: int) -> dict[str, Any]:
    """All that decides the weights, in words that a difference can be shown by.

    Raises:
        UserError: the model is not there.
    """
    steered = _steered(recipe.trainer)
    options = {name: value for name, value in recipe.trainer.items() if not name.startswith(_harmless(steered))}
    rest = recipe.model_dump(mode="json", exclude=_NOT_PLANNED)
    return {
        "version": VERSION,
        "model": {"name": model_name(recipe.model), **model_identity(recipe.model, recipe.revision)},
        "template": _template(recipe.template),
        "data": {source.name: [source.dataset.manifest.content, source.split, source.weight] for source in sources},
        "trainer": options,
        "method_options": method.identity(),
        "ranks": ranks,
        **({"validation": _measured(recipe, validation)} if steered else {}),
        **rest,
    }


def _measured(recipe: Recipe, validation: list[Opened]) -> dict[str, Any]:
    """Which rows are measured."""
    return {"rows": recipe.validation_rows, "of": {source.name: source.identity for source in validation}}


def _steered(options: dict[str, Any]) -> bool:
    """Whether what is measured on validation rows decides the weights."""
    return bool(options.get("load_best_model_at_end")) or options.get("lr_scheduler_type") in _STEERED_RATES


def _harmless(steered: bool) -> tuple[str, ...]:
    return tuple(name for name in HARMLESS if not (steered and name in _MEASURING))


def plan_of(said: dict[str, Any]) -> str:
    """The hash of a training."""
    return digest(said)


def _template(name: str | None) -> str | None:
    if name is None or not name.endswith((".jinja", ".j2")):
        return name
    try:
        return digest(Path(name).read_text("utf-8"))[:16]
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"template: {name} cannot be read: {error}") from None
