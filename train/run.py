"""One training from a recipe to a model with its papers; the same for every method."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus.errors import Failure, UserError
from corpus.model_manifest import read_model_manifest
from train import checkpoints, device
from train.method import Method
from train.overlap import refuse_overlap
from train.plan import plan_of, told
from train.progress import lines, quiet_libraries, seconds_of
from train.recipe import Recipe, load_recipe
from train.sources import open_sources

if TYPE_CHECKING:
    from train.prepare import Prepared


_UNLOOKED = " (`validation` and `evaluation` are looked at before a training; `--preflight` does it now)"


def run(kind: Callable[..., Method], recipe_file: Path, sets: Sequence[str] = (), *, preflight: bool = False) -> None:
    """Train what a recipe says, or go on with it, or say that it is done.

    Whatever can be wrong with recipe, datasets and model is found before the first step; what was trained to its end
    is told of without importing torch.

    Raises:
        UserError: something given is wrong.
        Failure: training came to an end of its own.
    """
    recipe = load_recipe(recipe_file, kind.name, sets)  # type: ignore[attr-defined]
    sources = open_sources(recipe.data, recipe.method)
    validation = open_sources(recipe.validation, recipe.method)
    method = kind(recipe)
    said = told(method, recipe, sources, validation, device.ranks())
    plan = plan_of(said)
    done = read_model_manifest(recipe.folder) if recipe.folder.is_dir() else None
    if done is not None and done.plan == plan and not preflight:
        measured = recipe.validation or recipe.evaluation
        tell(f"{recipe.output}: trained already{_UNLOOKED if measured else ''}")
        return
    checkpoints.check(recipe.folder, plan, said)
    refuse_overlap(sources, validation, recipe.evaluation, tell)
    from train.preflight import look
    from train.prepare import arguments, prepare

    quiet_libraries()
    args = arguments(method, recipe)
    prepared = prepare(method, recipe, sources, validation, args, tell)
    look(method, recipe, prepared, tell)
    if preflight:
        return
    began = time.monotonic()
    with method.opened, ExitStack() as held:
        trainer = trainer_of(method, recipe, prepared)
        # Only now is nothing left that the recipe could be refused for.
        _take(recipe.folder, plan, said, held)
        found = checkpoints.newest(recipe.folder, device.ranks(), tell, remove=device.rank() == 0)
        # What an attempt lost that was stopped counts for nothing; the steps that stand do.
        trainer.began = began - (seconds_of(found) if found else 0.0)
        trainer.train(resume_from_checkpoint=str(found) if found else None)
        _check_steps(trainer.state)
        from train.papers import finish

        finish(method, recipe, prepared, trainer, sources, plan, time.monotonic() - trainer.began, tell)


def _take(output: Path, plan: str, said: dict[str, Any], held: ExitStack) -> None:
    """Take the output folder for this training until `held` is left: the first process does, the others hear of it.

    Raises:
        UserError: another training is or was there; in every process, since none may wait for one that gave up.
    """
    refused = ""
    if device.rank() == 0:
        try:
            held.enter_context(checkpoints.alone(output))
            checkpoints.check(output, plan, said)
            checkpoints.claim(output, plan, said)
        except UserError as error:
            refused = str(error)
    if refused := device.everywhere(refused)[0]:
        raise UserError(refused)


def _check_steps(state: Any) -> None:
    """See that all steps were taken.

    Raises:
        Failure: something ended the training before, such as a signal; what it came to is no finished model.
    """
    if state.global_step < state.max_steps:
        raise Failure(
            f"training ended after {state.global_step:,} of {state.max_steps:,} steps, so no finished model is "
            "written. Run the same command again: it goes on from the last checkpoint. If it ends there once more, "
            "too few rows are left for a step"
        )


def tell(line: str) -> None:
    """Say a line, from the first of the processes alone."""
    if device.rank() == 0:
        print(line, flush=True)


def trainer_of(method: Method, recipe: Recipe, prepared: Prepared) -> Any:
    """TRL's trainer, made of what was prepared.

    Raises:
        UserError: options do not go together, or need a package that is not installed.
    """
    from transformers import PrinterCallback

    from train.watch import with_rows

    adapter = _adapter(method, recipe.peft)
    try:
        trainer = method.trainer(
            model=recipe.model if recipe.revision is None else _revised(prepared.args, recipe),
            args=prepared.args,
            train_dataset=prepared.read.dataset,
            eval_dataset=prepared.validation.dataset if prepared.validation is not None else None,
            processing_class=prepared.tokenizer,
            peft_config=adapter,
            callbacks=[lines(tell), *method.callbacks()],
        )
    except ValueError as error:
        # Options that do not go together, or adapters for modules that the model does not have.
        raise UserError(f"model, trainer or peft: {error}") from error
    except TypeError as error:
        # What the model's class was given and does not take; any other is a fault of the program.
        given = prepared.args.model_init_kwargs or {}
        unknown = next((name for name in given if f"argument '{name}'" in str(error)), None)
        if unknown is None:
            raise
        raise UserError(f"trainer.model_init_kwargs: the model takes no {unknown!r}: {error}") from error
    except ImportError as error:
        raise UserError(f"{_packaged(prepared.args)}: {error}") from error
    _check_packages(trainer)
    trainer.remove_callback(PrinterCallback)
    trainer.behind = prepared.read
    trainer.data_collator = with_rows(trainer.data_collator)
    return trainer


def _packaged(args: Any) -> str:
    """The options of a recipe that may have asked for a package."""
    given = args.model_init_kwargs or {}
    asked = [f"model_init_kwargs.{name}" for name in ("attn_implementation", "quantization_config") if name in given]
    if getattr(args, "use_vllm", False):
        asked.append("use_vllm")
    return " or ".join(f"trainer.{name}" for name in asked) or "model, trainer or peft"


def _check_packages(trainer: Any) -> None:
    """Refuse what the trainer would import in its first step, when the output folder is taken."""
    from transformers.utils import is_liger_kernel_available

    try:
        trainer.get_optimizer_cls_and_kwargs(trainer.args, trainer.model)
    except (ImportError, ValueError) as error:
        raise UserError(f"trainer.optim: {error}") from error
    if trainer.args.use_liger_kernel and not is_liger_kernel_available():
        raise UserError("trainer.use_liger_kernel: liger-kernel is not installed")


def _revised(args: Any, recipe: Any) -> str:
    args.model_init_kwargs = {**(args.model_init_kwargs or {}), "revision": recipe.revision}
    return str(recipe.model)


def _adapter(method: Method, options: dict[str, Any] | None) -> Any:
    if options is None:
        return None
    from peft import LoraConfig

    try:
        return LoraConfig(**{"task_type": method.adapts, **options})
    except (TypeError, ValueError) as error:
        raise UserError(f"peft: {error}") from None
