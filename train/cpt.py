"""`python -m train.cpt RECIPE`: continued pretraining on packed texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from train.method import Method, check_packing
from train.recipe import Recipe

if TYPE_CHECKING:
    from train.encode import Encoder
    from train.trainset import Packing


class CPT(Method):
    """Language modelling over texts; every token is learned. Packs by default (`trainer.packing: false` does not)."""

    name = "cpt"
    chats = False

    def __init__(self, recipe: Recipe) -> None:
        """Continued pretraining.

        Raises:
            UserError: packing of no known kind.
        """
        super().__init__(recipe)
        check_packing(recipe, ("wrapped", "bfd", "bfd_split"))

    def config(self) -> type[Any]:
        """TRL's SFTConfig, which language modelling shares."""
        from trl import SFTConfig

        config: type[Any] = SFTConfig
        return config

    def options(self) -> dict[str, Any]:
        """Datasets come tokenized; texts are packed end to end unless the recipe says otherwise."""
        told = self.recipe.trainer
        return {
            "dataset_kwargs": {"skip_prepare_dataset": True},
            "packing": told.get("packing", True),
            "packing_strategy": told.get("packing_strategy", "wrapped"),
        }

    def encoder(self, tokenizer: Any, template: str | None, max_length: int | None) -> Encoder:
        """Texts; the packing cuts those longer than a sequence, unless it is `bfd`, which keeps texts whole."""
        from train.encode import TextEncoder

        del template
        options = {**self.recipe.trainer, **self.options()}
        cuts = options["packing"] and options["packing_strategy"] != "bfd"
        return TextEncoder(tokenizer, None, max_length, "split" if cuts else self.recipe.too_long)

    def packing(self, args: Any) -> Packing | None:
        """End to end by default."""
        from train.trainset import Packing

        return Packing(args.max_length, args.packing_strategy) if args.packing else None

    def trainer(self, **parts: Any) -> Any:
        """TRL's SFTTrainer."""
        from trl import SFTTrainer

        from train.watch import WatchedByToken

        class Trainer(WatchedByToken, SFTTrainer):  # type: ignore[misc]
            pass

        return Trainer(**parts)


if __name__ == "__main__":
    from train.cli import main

    main(CPT)
