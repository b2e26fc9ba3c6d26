"""From a recipe to what a trainer is made of: tokenizer, template, tokens, mixture."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from corpus.errors import UserError
from train import chat_templates
from train.device import ranks
from train.encode import Encoder
from train.method import Method
from train.recipe import Mixing, Recipe
from train.sources import Opened
from train.streaming import Streamed, streamed
from train.tokens import Tell, Tokens, tokenize, tokenizer_identity
from train.trainset import Packing, TrainSet, first_of_each, mixed, pack

if TYPE_CHECKING:
    import polars as pl

_BEFORE = {
    "activation_checkpointing": "gradient_checkpointing",
    "activation_checkpointing_kwargs": "gradient_checkpointing_kwargs",
}
"""Options of transformers, with what they were called before: recipes take the new names on every version."""
_LEAST = {
    **dict.fromkeys(("per_device_train_batch_size", "per_device_eval_batch_size", "gradient_accumulation_steps"), 1),
    **dict.fromkeys(("max_length", "max_completion_length", "pad_to_multiple_of"), 1),
    **dict.fromkeys(("num_generations", "num_iterations", "steps_per_generation", "generation_batch_size"), 1),
    **dict.fromkeys(("dataloader_num_workers", "learning_rate", "num_train_epochs"), 0),
    "max_steps": -1,
}
"""The least value of options that the trainer would fail of, or divide by, only later."""
LOOK = 1_000
"""Rows of each dataset that are looked at before they are streamed."""


@dataclass(frozen=True)
class Prepared:
    """All of a training but the model's weights."""

    args: Any
    """TRL's config."""
    tokenizer: Any
    template: str | None
    encoder: Encoder
    tokens: list[Tokens]
    train: TrainSet
    validation: TrainSet | None
    facts: dict[str, Any]
    """What is known of the training data; see `facts_of`."""
    stream: Streamed | None = None
    """What the trainer reads where rows are tokenized as they come; `train` is then a look at the first of them."""

    @property
    def read(self) -> TrainSet | Streamed:
        """What the trainer reads."""
        return self.stream or self.train


def arguments(method: Method, recipe: Recipe) -> Any:
    """TRL's config, of the recipe's options, the method's own and this machine's.

    Raises:
        UserError: TRL knows no such option, or refuses its value; or what it needs is not there.
    """
    import dataclasses

    from corpus.errors import nearest
    from train.checkpoints import FOLDER
    from train.device import defaults

    config = method.config()
    known = {field.name: field for field in dataclasses.fields(config)}
    given = {name if name in known else _BEFORE.get(name, name): value for name, value in recipe.trainer.items()}
    for name, value in given.items():
        if name not in known:
            raise UserError(
                f"trainer: {config.__name__} of the installed TRL has no option {name!r}.{nearest(name, known)}"
            )
        choices = [str(choice) for choice in known[name].metadata.get("choices", ())]
        # Not all of them are looked at again: another order of rows than asked for would be learned in silence.
        if choices and value != known[name].default and str(value) not in choices:
            raise UserError(
                f"trainer.{name}: found {value!r}, expected one of {', '.join(choices)}.{nearest(str(value), choices)}"
            )
    _check_numbers(config, given)
    options = {**defaults(given), **given, **method.options()}
    # Trackers name a run after its output folder otherwise, which is `checkpoints` for all of them.
    options.setdefault("run_name", recipe.folder.name)
    if recipe.trust_remote_code:
        options["trust_remote_code"] = True
    try:
        args = config(output_dir=str(recipe.folder / FOLDER), seed=recipe.seed, **options)
    except (TypeError, ValueError, ArithmeticError, NotImplementedError, ImportError) as error:
        raise UserError(f"trainer: {error}") from None
    _check_trackers(args.report_to)
    _check_loading(args.accelerator_config)
    if recipe.peft is not None and _shares_weights(args):
        raise UserError(
            "peft: adapters are merged at the end, by one process that must hold the whole model, and FSDP and ZeRO-3 "
            "leave none of them all of it. Start with `torchrun`, where each process holds all, or leave out `peft:`"
        )
    return args


def _check_numbers(config: type[Any], given: Mapping[str, Any]) -> None:
    """Refuse what is no number where TRL's config has one, and numbers that nothing can be done with."""
    from typing import get_type_hints

    hints = get_type_hints(config)
    for name, value in given.items():
        kinds = _kinds(hints[name])
        least = _LEAST.get(name)
        # An empty option mostly means none, whatever its type says.
        if value is None and (least is None or type(None) in kinds):
            continue
        wanted = "a whole number" if int in kinds else "a number"
        if kinds <= {int, float, type(None)} and not _is_number(value, whole=int in kinds):
            raise UserError(f"trainer.{name}: found {value!r}, expected {wanted}")
        if least is not None and _is_number(value) and not value >= least:
            raise UserError(f"trainer.{name}: found {value!r}, expected {wanted} from {least} on")
    if given.get("max_steps") == 0:
        raise UserError("trainer.max_steps: found 0, expected a whole number from 1 on, or -1 for whole epochs")


def _kinds(hint: Any) -> set[Any]:
    """The types that a hint allows."""
    from types import UnionType
    from typing import Union, get_args, get_origin

    return set(get_args(hint)) if get_origin(hint) in (Union, UnionType) else {hint}


def _is_number(value: Any, *, whole: bool = False) -> bool:
    return isinstance(value, int if whole else int | float) and not isinstance(value, bool)


def _check_loading(config: Any) -> None:
    """Refuse ways of reading rows whose order a training that goes on within an epoch would not find again."""
    name = "dispatch_batches: true" if config.dispatch_batches else "use_seedable_sampler: false"
    if config.dispatch_batches or not config.use_seedable_sampler:
        raise UserError(
            f"trainer.accelerator_config: with `{name}` a training that goes on within an epoch has another order of "
            "rows than before, and would learn from some twice and from others never; leave it out"
        )


def _check_trackers(names: Sequence[str]) -> None:
    from transformers.integrations import integration_utils as known

    # Of these two transformers does not tell whether they are installed.
    there = {*known.get_available_reporting_integrations(), "azure_ml", "flyte"}
    for name in names:
        if name in known.INTEGRATION_TO_CALLBACK and name not in there:
            raise UserError(f"trainer.report_to: the package of {name!r} is not installed; install it, or leave it out")


def _shares_weights(args: Any) -> bool:
    """Whether each process holds a part of the weights alone, as a launcher's configuration or the recipe says."""
    deepspeed = getattr(args, "deepspeed_plugin", None)
    fsdp = args.fsdp or os.environ.get("ACCELERATE_USE_FSDP", "").lower() in ("1", "true")
    return bool(fsdp) or (deepspeed is not None and deepspeed.zero_stage == 3)


def load_tokenizer(recipe: Recipe) -> Any:
    """The model's tokenizer.

    Raises:
        UserError: there is none.
    """
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(
            recipe.model, revision=recipe.revision, trust_remote_code=recipe.trust_remote_code
        )
    except (OSError, ValueError) as error:
        raise UserError(f"model: the tokenizer of {recipe.model} cannot be loaded: {error}") from None


def prepare(
    method: Method, recipe: Recipe, sources: list[Opened], validation: list[Opened], args: Any, tell: Tell
) -> Prepared:
    """Tokenize and mix the datasets of a recipe.

    Raises:
        UserError: the template has no marks, too many rows are unusable, or the shares cannot be met.
    """
    tokenizer = load_tokenizer(recipe)
    if args_eos := getattr(args, "eos_token", None):
        tokenizer.eos_token = args_eos
    template = (
        chat_templates.training_template(tokenizer, recipe.template, marks=method.marks) if method.chats else None
    )
    packing = method.packing(args)
    if packing is not None and args.max_length is None:
        raise UserError("trainer: `packing` fills sequences of `max_length` tokens, and `max_length` is null")
    encoder = method.encoder(tokenizer, template, method.limit(args, recipe))
    if template is not None:
        tokenizer.chat_template = chat_templates.without_marks(template)
    identity = tokenizer_identity(tokenizer)
    looked_at = [replace(source, first=LOOK) for source in sources] if recipe.stream else sources
    tokens = [tokenize(source, encoder, identity, recipe.tokens, recipe.max_dropped, tell) for source in looked_at]
    weights = {source.name: source.weight for source in sources if source.weight is not None} or None
    columns = (*encoder.columns, *encoder.carried)
    train = mixed(tokens, weights, recipe.mix, recipe.seed, columns)
    if not len(train.dataset):
        raise UserError("data: no row is left to train on")
    facts = facts_of(train.table, tokens)
    stream = None
    if recipe.stream:
        stream = streamed(sources, encoder, packing, recipe.seed, recipe.max_dropped, ranks())
        facts |= {"looked_at": facts["rows"], "rows_by_dataset": {source.name: source.rows for source in sources}}
    elif packing:
        train = pack(train, packing, recipe.tokens)
        facts["sequences"] = len(train.dataset)
    held = [tokenize(source, encoder, identity, recipe.tokens, 1.0, tell) for source in validation]
    measured = _measured(recipe, encoder, held, columns) if held else None
    return Prepared(args, tokenizer, template, encoder, tokens, train, measured, facts, stream)


def _measured(recipe: Recipe, encoder: Encoder, held: list[Tokens], columns: tuple[str, ...]) -> TrainSet:
    """The validation rows, each once whatever the mixture, of each dataset the first in a seeded order."""
    rows = first_of_each(mixed(held, None, Mixing(), recipe.seed, columns), recipe.validation_rows)
    if encoder.too_long != "split" or encoder.max_length is None:
        return rows
    # Not packed, so that each piece counts for its own task and language.
    return pack(rows, Packing(encoder.max_length, "pieces"), recipe.tokens)


def facts_of(table: pl.DataFrame, tokens: list[Tokens]) -> dict[str, Any]:
    """What a mixture is made of.

    Gives `rows` and `tokens` as they are taken, `learned` (tokens that the loss covers), `tokens_by_language`,
    `rows_by_task`, `general_share` (rows of no translation task), and by dataset what its file of tokens says.
    """
    import polars as pl

    taken = table.with_columns(tokens=pl.col("tokens") * pl.col("times"), learned=pl.col("learned") * pl.col("times"))
    rows = int(taken["times"].sum())

    def by(name: str, unit: str) -> dict[str, int]:
        grouped = taken.group_by(name).agg(pl.col(unit).sum()).sort(unit, name, descending=[True, False])
        return {key: int(value) for key, value in grouped.iter_rows() if value}

    # A row that names two languages is a translation too, whatever its task is called.
    two = pl.col("lang").str.split(">").list.n_unique() > 1
    translations = taken.filter(pl.col("task").str.starts_with("translat") | two)["times"].sum()
    return {
        "rows": rows,
        "tokens": int(taken["tokens"].sum()),
        "learned": int(taken["learned"].sum()),
        "tokens_by_language": by("lang", "tokens"),
        "rows_by_task": by("task", "times"),
        "rows_by_dataset": by("source", "times"),
        "general_share": 1 - translations / rows if rows else 0.0,
        "datasets": {part.name: {key: value for key, value in part.facts.items() if key != "files"} for part in tokens},
    }
