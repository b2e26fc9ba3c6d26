"""`python -m train.reward RECIPE`: a reward model from preferences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from corpus.errors import UserError
from train.method import Method, check_pairs_order
from train.recipe import Recipe

if TYPE_CHECKING:
    from train.encode import Encoder


class Reward(Method):
    """A model that gives a conversation one number (Bradley-Terry loss); `datagen`'s scorer `reward` reads it."""

    name = "reward"
    # So the head that gives the number is trained beside the adapters.
    adapts = "SEQ_CLS"

    def __init__(self, recipe: Recipe) -> None:
        """A reward model's training.

        Raises:
            UserError: rows are to be truncated, which would cut off what is to be judged, or batches of like length.
        """
        super().__init__(recipe)
        check_pairs_order(recipe)
        if recipe.too_long == "truncate":
            raise UserError(
                "too_long: 'truncate' would cut off the end of the answer, which is what a reward model judges; take "
                "'drop' or 'refuse'"
            )

    def config(self) -> type[Any]:
        """TRL's RewardConfig."""
        from trl import RewardConfig

        config: type[Any] = RewardConfig
        return config

    def encoder(self, tokenizer: Any, template: str | None, max_length: int | None) -> Encoder:
        """Both conversations of a pair."""
        from train.encode import RankedEncoder

        return RankedEncoder(tokenizer, template, max_length, self.recipe.too_long)

    def trainer(self, **parts: Any) -> Any:
        """TRL's RewardTrainer."""
        from trl import RewardTrainer

        from train.watch import Watched

        class Trainer(Watched, RewardTrainer):  # type: ignore[misc]
            pass

        return Trainer(**parts)


if __name__ == "__main__":
    from train.cli import main

    main(Reward)
