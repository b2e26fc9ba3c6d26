"""`python -m train.wpo RECIPE`: preference optimization, weighted by how likely the model itself finds the answers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import Field

from corpus.config import validate
from corpus.errors import UserError
from train.method import Method, check_losses, check_pairs_order
from train.recipe import Part, Recipe

if TYPE_CHECKING:
    from train.encode import Encoder

LOSSES = (
    *("sigmoid", "hinge", "ipo", "exo_pair", "nca_pair", "robust", "bco_pair", "sppo_hard"),
    *("aot", "aot_unpaired", "apo_zero", "apo_down", "discopop", "sft", "sigmoid_norm"),
)
"""Losses that TRL 1.16 knows."""
UNWEIGHTABLE = {
    "sft": "a term that TRL adds to the loss in place",
    "hinge": "a loss that TRL computes in place",
    "aot": "a loss that sorts its rows",
    "aot_unpaired": "a loss that sorts its rows",
}
"""Losses that TRL 1.16 does not run with weights, and why."""


class Options(Part):
    """Options of `wpo:`."""

    clamp: bool = False
    """Let no pair weigh more than 1, as the code of WPO's authors does; TRL's weighting has no bound, and a pair whose
    tokens are likelier than the model expects weighs more."""
    sft: float = Field(default=0.0, ge=0.0)
    """How much of the chosen answers' own loss, the mean over their tokens, is added (Pang et al. 2024,
    arXiv:2404.19733); no weight touches it. A preference alone may make the chosen answer less likely, so long as the
    rejected one loses more."""


class WPO(Method):
    """DPO and its kin; `trainer.use_weighting` (on by default) weighs each pair as WPO does.

    A pair's weight is the product over both answers of exp(mean over tokens of log p - log sum p^2), which no gradient
    passes (Zhou et al. 2024, arXiv:2406.11827, with sampled alignment). `trainer.use_weighting: false` is plain DPO.
    """

    name = "wpo"

    def __init__(self, recipe: Recipe) -> None:
        """WPO with the recipe's options.

        Raises:
            UserError: a loss that TRL does not know, or does not run with weights, or batches of like length.
        """
        super().__init__(recipe)
        check_losses(recipe, LOSSES)
        check_pairs_order(recipe)
        self.own = validate(recipe.wpo, Options, at=("wpo",))
        given = recipe.trainer.get("loss_type", "sigmoid")
        losses = given if isinstance(given, list) else [given]
        weighted = recipe.trainer.get("use_weighting", True)
        wrong = next((loss for loss in losses if loss in UNWEIGHTABLE), None)
        if weighted and wrong:
            raise UserError(
                f"trainer.loss_type: {wrong!r} does not run with WPO's weights in TRL 1.16: it is "
                f"{UNWEIGHTABLE[wrong]}. Leave it out, or set `trainer.use_weighting: false`"
                + (", or say `wpo: {sft: 1}`, which adds it unweighted" if wrong == "sft" else "")
            )
        if self.own.clamp and not weighted:
            raise UserError("wpo.clamp bounds weights, and `trainer.use_weighting` is false; leave one of them out")

    def config(self) -> type[Any]:
        """TRL's DPOConfig."""
        from trl import DPOConfig

        config: type[Any] = DPOConfig
        return config

    def options(self) -> dict[str, Any]:
        """Weighting is on unless the recipe says otherwise."""
        return {"use_weighting": self.recipe.trainer.get("use_weighting", True)}

    def references(self, args: Any) -> int:
        """The model as it was, unless its answers' likelihoods were worked out before."""
        return 0 if args.precompute_ref_log_probs else 1

    def encoder(self, tokenizer: Any, template: str | None, max_length: int | None) -> Encoder:
        """Prompts with two answers."""
        from train.encode import PreferenceEncoder

        return PreferenceEncoder(tokenizer, template, max_length, self.recipe.too_long)

    def trainer(self, **parts: Any) -> Any:
        """TRL's DPOTrainer, on rows that are tokenized already."""
        from trl import DPOTrainer

        from train.watch import Watched

        clamp, share = self.own.clamp, self.own.sft

        class Trainer(Watched, DPOTrainer):  # type: ignore[misc]
            def _prepare_dataset(self, dataset: Any, *_: Any) -> Any:
                return dataset

            def _compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool) -> Any:
                if clamp:
                    model = partial(_clamped, model, inputs["completion_mask"])
                if not share:
                    return super()._compute_loss(model, inputs, return_outputs)
                told = _Told(model)
                found = super()._compute_loss(told, inputs, return_outputs)
                term = share * _chosen_loss(told.outputs.log_probs, inputs["completion_mask"])
                return (found[0] + term, *found[1:]) if return_outputs else found + term

        return Trainer(**parts)


class _Told:
    """A model whose last outputs can be looked at."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def __call__(self, **inputs: Any) -> Any:
        found = self.model(**inputs)
        # Where its logits are asked for, TRL calls the model once more for them.
        if inputs.get("fused_lm_head"):
            self.outputs = found
        return found


def _chosen_loss(log_probs: Any, completion_mask: Any) -> Any:
    """Mean over the chosen answers' tokens; both of shape (2 x pairs, tokens), the chosen first."""
    mask = completion_mask[..., 1:]
    chosen, _ = (log_probs[:, -mask.size(1) :] * mask).chunk(2, dim=0)
    return -chosen.sum() / mask.chunk(2, dim=0)[0].sum().clamp_min(1)


def _clamped(model: Any, completion_mask: Any, **inputs: Any) -> Any:
    """The model's outputs, changed so that no pair's weight exceeds 1.

    TRL makes a pair's weight of `log_probs` and `log_sum_sq_probs`, both of shape (2 x pairs, tokens), chosen answers
    first: its logarithm is the sum of both answers' mean of their difference. What that sum has above 0 is added to
    the latter, half to each answer, and the weight is 1.
    """
    import torch

    outputs = model(**inputs)
    if not inputs.get("fused_lm_head"):
        return outputs
    mask = completion_mask[..., 1:]
    seq_len = mask.size(1)
    with torch.no_grad():
        differences = (outputs.log_probs[:, -seq_len:] - outputs.log_sum_sq_probs[:, -seq_len:]) * mask
        means = differences.sum(dim=1) / mask.sum(dim=1).clamp_min(1)
        chosen, rejected = means.chunk(2, dim=0)
        above = (chosen + rejected).clamp_min(0) / 2
        outputs.log_sum_sq_probs = outputs.log_sum_sq_probs + torch.cat([above, above]).unsqueeze(1)
    return outputs


if __name__ == "__main__":
    from train.cli import main

    main(WPO)
