"""What a method of training says of itself; everything else is the same for all (`train.run`)."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, ClassVar

from corpus.errors import UserError, nearest
from corpus.manifest import Selection
from train.device import ranks
from train.recipe import Recipe

if TYPE_CHECKING:
    from train.encode import Encoder
    from train.prepare import Prepared
    from train.trainset import Packing


class Method(ABC):
    """A stage of post-training over a TRL trainer."""

    name: ClassVar[str]
    chats: ClassVar[bool] = True
    """Whether it learns conversations, and so needs a chat template."""
    marks: ClassVar[bool] = False
    """Whether the chat template must mark which tokens are the assistant's."""
    adapts: ClassVar[str] = "CAUSAL_LM"
    """What kind of model adapters are put into, as peft calls it."""
    measure: ClassVar[str] = "loss"
    """What is measured on validation rows: the trainer's own name of it, without `eval_`."""

    def __init__(self, recipe: Recipe) -> None:
        """A method with its recipe."""
        self.recipe = recipe
        self.opened = ExitStack()
        """What is held as long as training goes on, such as reward models."""

    @abstractmethod
    def config(self) -> type[Any]:
        """TRL's config class."""

    @abstractmethod
    def encoder(self, tokenizer: Any, template: str | None, max_length: int | None) -> Encoder:
        """How rows become tokens."""

    @abstractmethod
    def trainer(self, **parts: Any) -> Any:
        """The trainer, made of `model`, `args`, `train_dataset`, `processing_class`, `peft_config` and `callbacks`."""

    def options(self) -> dict[str, Any]:
        """TRL options that this method sets whatever the recipe says."""
        return {}

    def limit(self, args: Any, recipe: Recipe) -> int | None:
        """Tokens of a row at most."""
        del recipe
        return getattr(args, "max_length", None)

    def steps(self, args: Any, rows: int) -> int:
        """Steps of an epoch over so many rows, or sequences of them.

        Raises:
            UserError: there are too few rows for one.
        """
        batch: int = args.per_device_train_batch_size * ranks()
        step: int = batch * args.gradient_accumulation_steps
        if not args.dataloader_drop_last:
            return math.ceil(rows / step)
        # A step may be of fewer batches, but for batches of like work, which are made step by step.
        rebalanced = args.train_sampling_strategy == "batch_rebalance"
        least = step if rebalanced else batch
        if rows < least:
            raise UserError(
                f"no step would be taken: found {rows:,} training sequences, and with `trainer.dataloader_drop_last` "
                f"those that fill no batch of {least:,} are left out. Leave that option out, lower "
                "`trainer.per_device_train_batch_size`, or give more rows"
            )
        return math.ceil(rows // least * least / step)

    def copies(self, args: Any) -> int:
        """How many sequences a step makes of each row."""
        del args
        return 1

    def references(self, args: Any) -> int:
        """How many further copies of the model are held that are not trained."""
        del args
        return 0

    def packing(self, args: Any) -> Packing | None:
        """How rows are packed; None where each is a sequence."""
        del args
        return None

    def callbacks(self) -> list[Any]:
        """Callbacks for the trainer."""
        return []

    def warnings(self, prepared: Prepared) -> list[str]:
        """What the user should hear before the first step.

        Raises:
            UserError: data and method do not go together.
        """
        del prepared
        return []

    def identity(self) -> Any:
        """What decides the weights beside the recipe's own words: models that it asks, versions of what it follows."""
        return None

    def facts(self) -> dict[str, Any]:
        """What the model's manifest tells of the method beside the options."""
        return {}

    def selected_by(self) -> list[Selection]:
        """Scores that the training itself followed: no independent judges of what comes out."""
        return []


def check_losses(recipe: Recipe, known: Sequence[str]) -> None:
    """Refuse what a trainer would find out in its first step, or not at all.

    Raises:
        UserError: a loss that TRL does not know, or a reference model that moves.
    """
    given = recipe.trainer.get("loss_type", [])
    for loss in given if isinstance(given, list) else [given]:
        if loss not in known:
            raise UserError(
                f"trainer.loss_type: TRL has no loss {loss!r}.{nearest(str(loss), known)} Known: {', '.join(known)}"
            )
    if recipe.trainer.get("sync_ref_model"):
        raise UserError(
            "trainer.sync_ref_model: no checkpoint holds a reference model that moves, so a training that was stopped "
            "could not go on as it was; leave it out"
        )


def check_packing(recipe: Recipe, known: Sequence[str]) -> None:
    """Refuse a way of packing that nobody knows; TRL would take any word for one.

    Raises:
        UserError: it is none of those known.
    """
    given = recipe.trainer.get("packing_strategy", known[0])
    if given not in known:
        raise UserError(
            f"trainer.packing_strategy: found {given!r}, expected one of {', '.join(known)}."
            f"{nearest(str(given), known)}"
        )


def check_pairs_order(recipe: Recipe) -> None:
    """Refuse batches of like length for rows that are two sequences.

    Raises:
        UserError: the trainer would look for one length of each.
    """
    if (strategy := recipe.trainer.get("train_sampling_strategy")) in ("group_by_length", "batch_rebalance"):
        raise UserError(
            f"trainer.train_sampling_strategy: {strategy!r} goes by the length of a row's one sequence, and a "
            "preference is two; leave it out"
        )
