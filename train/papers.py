"""What stands beside a trained model: weights merged, manifest, card, curves, losses by task and language."""

from __future__ import annotations

import copy
import math
from importlib.metadata import version
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from corpus.manifest import Selection
from corpus.model_manifest import ModelManifest, TrainedOn, read_model_manifest, write_model_manifest
from filters.models import model_identity, model_name
from train import chat_templates
from train.card import licences_from, licences_of, write_card
from train.sources import Opened
from train.tokens import Tell
from train.watch import tokens_seen

if TYPE_CHECKING:
    from train.method import Method
    from train.prepare import Prepared
    from train.recipe import Recipe

LIBRARIES = ("torch", "transformers", "trl", "accelerate", "peft", "towerkit")
_GROUPS = 60
"""Groups of task and language whose loss is measured, at most: the largest."""


def finish(
    method: Method,
    recipe: Recipe,
    prepared: Prepared,
    trainer: Any,
    sources: list[Opened],
    plan: str,
    seconds: float,
    tell: Tell,
) -> None:
    """Save the model, measure it, and write its papers; the manifest comes last and says that it is whole."""
    _save(recipe, prepared, trainer)
    losses = _losses(method, trainer, prepared, tell)
    if not trainer.is_world_process_zero():
        return
    parent = read_model_manifest(Path(recipe.model)) if Path(recipe.model).is_dir() else None
    manifest = ModelManifest(
        method=method.name,
        parents=[model_name(recipe.model)],
        datasets=[_trained_on(recipe, source, prepared) for source in sources],
        inherited=dict(licences_of(parent)) if parent else {},
        licences=sorted(licences_from(recipe.model, recipe.revision, parent)),
        selected_by=_selections(method, sources, parent),
        options=_options(recipe, prepared.args),
        versions={name: version(name) for name in LIBRARIES},
        losses=losses,
        plan=plan,
        facts={**prepared.facts, **method.facts(), "parent": model_identity(recipe.model, recipe.revision)},
        run={
            "seconds": round(seconds, 1),
            "steps": trainer.state.global_step,
            "tokens_seen": tokens_seen(trainer.state.log_history),
            "devices": prepared.args.world_size,
            "device": str(prepared.args.device.type),
            "history": trainer.state.log_history,
        },
    )
    from train.curves import draw

    draw(trainer.state.log_history, recipe.folder / "curves.svg")
    write_card(recipe.folder, manifest, template=recipe.template)
    write_model_manifest(recipe.folder, manifest)
    tell(f"{recipe.output}: trained, {trainer.state.global_step:,} steps; loss {losses.get('train', math.nan):.4f}")


def _losses(method: Method, trainer: Any, prepared: Prepared, tell: Tell) -> dict[str, float]:
    """The last logged training loss, and what is measured of validation rows, in all and by task and language."""
    logged = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    found = {"train": float(logged[-1])} if logged else {}
    held = prepared.validation
    if held is None:
        return found
    import numpy as np

    # As the trainer prepared it: `wpo` may have put beside each row what the model before made of it.
    dataset = trainer.eval_dataset
    # A piece of a text is a sequence of that one row.
    numbers = np.asarray(dataset.with_format("numpy")["rows"][:]).reshape(-1)
    groups = held.table[numbers.tolist()].select("task", "lang").rows()
    places: dict[str, list[int]] = {}
    for place, (task, lang) in enumerate(groups):
        places.setdefault(f"{task} {lang}", []).append(place)
    named = sorted(places.items(), key=lambda item: -len(item[1]))
    tell(f"measuring {len(set(numbers.tolist())):,} validation rows")
    if method.measure != "loss":
        return found | _earned(method.measure, trainer, dataset, named)
    for name, mine in [("all", list(range(len(groups)))), *named[:_GROUPS]]:
        found[f"validation {name}"] = trainer.loss_of(dataset.select(mine))
    return found


def _earned(measure: str, trainer: Any, dataset: Any, named: list[tuple[str, list[int]]]) -> dict[str, float]:
    """The mean of what rows earn, by group and in all; each row is answered once, since answering takes long."""
    rest = [place for _, mine in named[_GROUPS:] for place in mine]
    groups = [*named[:_GROUPS], *([("the rest", rest)] if rest else [])]
    earned = {name: trainer.earned(dataset.select(mine)) for name, mine in groups}
    # Nothing is told of a group of which no row can be judged.
    told = {"all": [each for part in earned.values() for each in part], **earned}
    return {f"validation {measure} {name}": fmean(each) for name, each in told.items() if each}


def _save(recipe: Recipe, prepared: Prepared, trainer: Any) -> None:
    """The model in the output folder: adapters merged in, the template for inference, the end of a turn as a stop."""
    tokenizer = prepared.tokenizer
    if recipe.peft is None:
        trainer.save_model(str(recipe.folder))
    elif trainer.is_world_process_zero():
        _merged(trainer).save_pretrained(recipe.folder)
    if not trainer.is_world_process_zero():
        return
    tokenizer.save_pretrained(recipe.folder)
    (recipe.folder / "training_args.bin").unlink(missing_ok=True)
    model = trainer.accelerator.unwrap_model(trainer.model)
    if getattr(model, "generation_config", None) is None:
        return
    generation = copy.deepcopy(model.generation_config)
    ends = generation.eos_token_id if isinstance(generation.eos_token_id, list) else [generation.eos_token_id]
    end = chat_templates.turn_end(tokenizer, prepared.template) if prepared.template is not None else None
    wanted = [each for each in dict.fromkeys([end, *ends, tokenizer.eos_token_id]) if each is not None]
    generation.eos_token_id = wanted
    generation.save_pretrained(recipe.folder)


def _merged(trainer: Any) -> Any:
    """The model with its adapters merged in, made of a copy on the processor.

    The trained one is measured yet, and `wpo` holds it against itself without adapters.
    """
    model = trainer.accelerator.unwrap_model(trainer.model)
    copied = copy.deepcopy(model.to("cpu"))
    model.to(trainer.args.device)
    return copied.merge_and_unload()


def _trained_on(recipe: Recipe, source: Opened, prepared: Prepared) -> TrainedOn:
    import os

    manifest = source.dataset.manifest
    taken = prepared.facts["rows_by_dataset"]
    return TrainedOn(
        path=os.path.relpath(source.dataset.path, recipe.folder),
        content=manifest.content,
        kind=manifest.kind,
        rows=taken.get(source.name, 0),
        weight=taken.get(source.name, 0) / max(1, sum(taken.values())),
        licenses=manifest.licenses,
    )


def _selections(method: Method, sources: list[Opened], parent: ModelManifest | None) -> list[Selection]:
    """Scores that chose or rewarded what this model learned, or the model that it started from."""
    found = method.selected_by()
    found += [selection for source in sources for selection in source.dataset.manifest.selected_by]
    found += parent.selected_by if parent else []
    unique = {selection.model_dump_json(): selection for selection in found}
    return list(unique.values())


def _options(recipe: Recipe, args: Any) -> dict[str, Any]:
    """The recipe, and all options of TRL as they came out; no folder of this machine, no token."""
    private = {"output_dir", "logging_dir", "hub_token", "hub_model_id"}
    resolved = {name: value for name, value in args.to_dict().items() if name not in private and value is not None}
    said = recipe.model_dump(mode="json", exclude={"output", "cache", "data", "validation", "rewards"})
    said["trainer"] = {name: value for name, value in said["trainer"].items() if name not in private}
    return {"recipe": {**said, "model": model_name(recipe.model)}, "trainer": _plain(resolved)}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
