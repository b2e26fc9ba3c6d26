"""`python -m train.sft RECIPE`: supervised fine-tuning on the assistant's turns of conversations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from corpus.errors import UserError
from train.method import Method, check_packing
from train.recipe import Recipe

if TYPE_CHECKING:
    from train.encode import Encoder
    from train.prepare import Prepared
    from train.trainset import Packing


class SFT(Method):
    """Supervised fine-tuning; the loss covers the assistant's turns and the tokens that end them."""

    name = "sft"
    marks = True

    def __init__(self, recipe: Recipe) -> None:
        """Supervised fine-tuning.

        Raises:
            UserError: packing of no known kind, or one that cuts conversations.
        """
        super().__init__(recipe)
        if recipe.trainer.get("packing_strategy") == "wrapped":
            raise UserError(
                "trainer.packing_strategy: 'wrapped' would cut conversations in pieces, and an answer would be learned "
                "without its prompt; take 'bfd'"
            )
        check_packing(recipe, ("bfd", "bfd_split"))

    def config(self) -> type[Any]:
        """TRL's SFTConfig."""
        from trl import SFTConfig

        config: type[Any] = SFTConfig
        return config

    def options(self) -> dict[str, Any]:
        """Datasets come tokenized and with labels."""
        return {"dataset_kwargs": {"skip_prepare_dataset": True}}

    def encoder(self, tokenizer: Any, template: str | None, max_length: int | None) -> Encoder:
        """Conversations with labels."""
        from train.encode import ChatEncoder

        return ChatEncoder(tokenizer, template, max_length, self.recipe.too_long)

    def packing(self, args: Any) -> Packing | None:
        """As `trainer.packing` and `trainer.packing_strategy` say."""
        from train.trainset import Packing

        return Packing(args.max_length, args.packing_strategy) if args.packing else None

    def trainer(self, **parts: Any) -> Any:
        """TRL's SFTTrainer."""
        from trl import SFTTrainer

        from train.watch import WatchedByToken

        class Trainer(WatchedByToken, SFTTrainer):  # type: ignore[misc]
            pass

        return Trainer(**parts)

    def warnings(self, prepared: Prepared) -> list[str]:
        """A mixture of translation alone forgets how to do anything else."""
        general = prepared.facts["general_share"]
        if general >= self.recipe.general_floor:
            return []
        return [
            f"only {general:.1%} of the rows are general (floor: {self.recipe.general_floor:.0%}, `general_floor:`): a "
            "model tuned on little but translation tends to translate a question instead of answering it. Add general "
            "rows, or give them more weight"
        ]


if __name__ == "__main__":
    from train.cli import main

    main(SFT)
