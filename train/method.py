"""What a method of training says of itself; everything else is the same for all (`train.run`)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from train.recipe import Recipe

if TYPE_CHECKING:
    from train.encode import Encoder
    from train.trainset import Packing


class Method(ABC):
    """A stage of post-training over a TRL trainer."""

    name: ClassVar[str]
    chats: ClassVar[bool] = True
    """Whether it learns conversations, and so needs a chat template."""

    def __init__(self, recipe: Recipe) -> None:
        """A method with its recipe."""
        self.recipe = recipe

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

    def packing(self, args: Any) -> Packing | None:
        """How rows are packed; None where each is a sequence."""
        del args
        return None

    def callbacks(self) -> list[Any]:
        """Callbacks for the trainer."""
        return []

    def warnings(self, facts: Mapping[str, Any]) -> list[str]:
        """What the user should hear about the training data."""
        del facts
        return []
