"""`python -m train.grpo RECIPE`: reinforcement learning with verifiable rewards (GRPO).

Every option of the loss that matters is set here (`DEFAULTS`), since TRL's own defaults are neither the classic GRPO
(Shao et al. 2024, arXiv:2402.03300) nor the published recipes. They follow Tülu 3.1, on whose data and practice Tower+
builds, as far as it is known: a small pull to the starting model (`beta` 0.01), a loss averaged over the tokens of the
whole batch, not within each answer (`loss_type: dapo`; the classic `grpo` favours short right and long wrong answers),
advantages divided by the group's spread, plain sampling at temperature 1. The recipe's `trainer:` goes before each.
"""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from corpus.config import validate
from corpus.errors import UserError
from corpus.manifest import Selection
from filters.names import verifier_class
from filters.verifier import CodeNotAllowed
from train import chat_templates
from train.alarms import Alarms, callback
from train.device import ranks
from train.method import Method, check_losses
from train.recipe import Recipe
from train.rewards import Rewards

if TYPE_CHECKING:
    from train.encode import Encoder
    from train.prepare import Prepared

DEFAULTS: dict[str, Any] = {
    "loss_type": "dapo",
    "beta": 0.01,
    "use_bias_correction_kl": True,
    "epsilon": 0.2,
    "epsilon_high": None,
    "delta": None,
    "off_policy_mask_threshold": None,
    "num_iterations": 1,
    "importance_sampling_level": "token",
    "scale_rewards": "group",
    "multi_objective_aggregation": "sum_then_normalize",
    "mask_truncated_completions": False,
    "top_entropy_quantile": 1.0,
    "entropy_coef": 0.0,
    "disable_dropout": True,
    "num_generations": 8,
    "max_completion_length": 512,
    "temperature": 1.0,
    "top_p": 1.0,
    "top_k": 0,
    "repetition_penalty": 1.0,
    # With vLLM, what its probabilities differ from the trainer's is made up for.
    "vllm_importance_sampling_correction": True,
    "vllm_importance_sampling_mode": "sequence_mask",
    "vllm_importance_sampling_clip_max": 3.0,
    "vllm_importance_sampling_clip_min": None,
    "learning_rate": 1e-6,
    "lr_scheduler_type": "constant",
    # One answer to each of many validation prompts tells more than many to few.
    "num_generations_eval": 1,
}
"""TRL's options where the recipe says nothing. A change here raises `train.plan.VERSION`."""
LOSSES = ("grpo", "bnpo", "dr_grpo", "dapo", "luspo", "cispo", "sapo", "vespo")
"""Losses that TRL 1.16 knows."""
_NOT_THEIRS = {
    "reward_weights": "weights stand beside the rewards: `rewards: {verified: {weight: 1}}`",
    "shuffle_dataset": "rows come in the seeded order of the recipe, the same in each epoch; for another order in each "
    "pass take `mix: {max_times: 3, total: ...}` with one epoch",
    "use_adaptive_entropy": "TRL saves its state after all else, so a checkpoint could seem whole without it and go on "
    "in another way; `entropy_coef` is a bonus that stays",
}


class GRPO(Method):
    """Groups of answers to each prompt, rewarded by `rewards:`, compared within their group."""

    name = "grpo"
    measure = "reward"

    def __init__(self, recipe: Recipe) -> None:
        """GRPO with the recipe's rewards and alarms.

        Raises:
            UserError: a reward cannot be one, or an option is not given here.
        """
        super().__init__(recipe)
        for name, why in _NOT_THEIRS.items():
            if name in recipe.trainer:
                raise UserError(f"trainer: {name!r} is not given for `grpo`: {why}")
        check_losses(recipe, LOSSES)
        if recipe.too_long == "truncate":
            raise UserError("too_long: 'truncate' would make other problems of prompts; take 'drop' or 'refuse'")
        if recipe.stream:
            raise UserError("stream: `grpo` reads each prompt many times, so its prompts are kept; leave it out")
        self.alarms = validate(recipe.alarms, Alarms, at=("alarms",))
        self.rewards = Rewards(recipe.rewards, self._independent())
        self.opened.callback(self.rewards.close)

    def _independent(self) -> str | None:
        named = self.alarms.independent
        rewards = {each.scorer or name for name, each in self.recipe.rewards.items()}
        # The default steps back where the same metric is a reward; what the recipe names itself is refused there.
        unwanted = "independent" not in self.recipe.alarms and named in rewards
        return None if unwanted or self.alarms.reward == "ignore" else named

    def config(self) -> type[Any]:
        """TRL's GRPOConfig."""
        from trl import GRPOConfig

        config: type[Any] = GRPOConfig
        return config

    def options(self) -> dict[str, Any]:
        """What the loss and the sampling are, as the recipe says or `DEFAULTS`."""
        told = self.recipe.trainer
        fixed = {"reward_weights": self.rewards.weights, "shuffle_dataset": False}
        return {**{name: told.get(name, value) for name, value in DEFAULTS.items()}, **fixed}

    def limit(self, args: Any, recipe: Recipe) -> int | None:
        """Tokens of a prompt: what `max_prompt` says, or what the model's window leaves beside the completion.

        Raises:
            UserError: prompt and completion do not fit into the window.
        """
        from transformers import AutoConfig

        try:
            config = AutoConfig.from_pretrained(
                recipe.model, revision=recipe.revision, trust_remote_code=recipe.trust_remote_code
            )
        except (OSError, ValueError) as error:
            raise UserError(f"model: {recipe.model} cannot be read: {error}") from None
        window = getattr(config.get_text_config(), "max_position_embeddings", None)
        if window is None:
            return recipe.max_prompt
        left = window - (args.max_completion_length or 0)
        if left < (recipe.max_prompt or 1):
            prompt = f"`max_prompt` {recipe.max_prompt} and " if recipe.max_prompt else ""
            raise UserError(
                f"{prompt}`trainer.max_completion_length` {args.max_completion_length} do not fit into the model's "
                f"window of {window} tokens"
            )
        return recipe.max_prompt or left

    def steps(self, args: Any, rows: int) -> int:
        """Steps of an epoch; prompts that do not fill the last batch to be answered at once have none.

        Raises:
            UserError: there are too few prompts for one such batch.
        """
        at_once = args.generation_batch_size // args.num_generations
        if rows < at_once:
            raise UserError(
                f"no step would be taken: found {rows:,} prompts, and {at_once:,} are answered at once "
                f"({args.generation_batch_size:,} answers by `trainer.per_device_train_batch_size`, "
                f"`trainer.steps_per_generation` and processes; {args.num_generations:,} to each prompt). "
                "Give more prompts, lower one of these, or raise `trainer.num_generations`"
            )
        batches = rows // at_once * args.steps_per_generation * args.num_iterations
        steps: int = math.ceil(batches / args.gradient_accumulation_steps)
        return steps

    def copies(self, args: Any) -> int:
        """A group of answers for each prompt."""
        return int(args.num_generations)

    def references(self, args: Any) -> int:
        """The model as it was, where `beta` holds the policy near to it."""
        return 1 if args.beta else 0

    def encoder(self, tokenizer: Any, template: str | None, max_length: int | None) -> Encoder:
        """Prompts, checked and handed on."""
        from train.encode import PromptEncoder

        options = self.recipe.trainer.get("chat_template_kwargs") or {}
        return PromptEncoder(tokenizer, template, max_length, self.recipe.too_long, options=tuple(options.items()))

    def callbacks(self) -> list[Any]:
        """The alarms."""
        from train.run import tell

        return [callback(self.alarms, tell)]

    def identity(self) -> Any:
        """What the rewards depend on, models and versions of verifiers included."""
        return self.rewards.identity()

    def facts(self) -> dict[str, Any]:
        """The rewards."""
        return self.rewards.facts()

    def selected_by(self) -> list[Selection]:
        """Scorers that were rewards."""
        return self.rewards.selected_by()

    def warnings(self, prepared: Prepared) -> list[str]:
        """Rows that a reward cannot judge, and a model that does not end its turns.

        Raises:
            UserError: no row can be judged by a reward, programs may not run, or a batch of validation cannot be made.
        """
        import polars as pl

        if prepared.validation is not None:
            _check_eval_batch(prepared.args)
        rows = pl.concat([part.table(prepared.encoder.carried) for part in prepared.tokens])
        found = []
        if self.rewards.composites:
            found = _unverified(self.rewards, rows["verifiers"].to_list())
            if prepared.validation is not None:
                _check_programs(self.rewards, prepared.validation.dataset["verifiers"][:], "validation rows")
        for name, scorer in self.rewards.scorers.items():
            found += _unjudged(name, scorer.needs, rows)
        return found + _endless(self.recipe, prepared)

    def trainer(self, **parts: Any) -> Any:
        """TRL's GRPOTrainer, as `train.grpo_trainer` has it."""
        from train.grpo_trainer import Trainer

        logging.getLogger("trl.trainer.grpo_trainer").addFilter(_is_news)
        made = Trainer(reward_funcs=self.rewards.functions(), **parts)
        self.rewards.most = made.max_completion_length
        self.rewards.ends = frozenset(made.eos_token_ids)
        return made


def _is_news(record: logging.LogRecord) -> bool:
    """Not the whole row of a completion that no reward could judge, at every step: the log tells their share."""
    return not str(record.msg).startswith("All reward functions returned None")


def _unverified(rewards: Rewards, lists: Sequence[Any]) -> list[str]:
    """Refuse programs that may not run, and tell of rows without verifiers."""
    _check_programs(rewards, lists, "rows")
    without = sum(not entries for entries in lists)
    if without == len(lists):
        raise UserError("rewards: no row has a verifier, so `verified` judges nothing; take another reward")
    if not without:
        return []
    return [f"{without:,} of {len(lists):,} rows have no verifier, so `verified` judges none of their answers"]


def _check_eval_batch(args: Any) -> None:
    """Refuse what TRL looks at before the first step only where it measures on the way, too."""
    given = args.num_generations_eval
    answers = args.num_generations if given is None else given
    batch = args.per_device_eval_batch_size * ranks()
    if answers < 1 or batch % answers:
        raise UserError(
            f"trainer.num_generations_eval: found {answers}, expected a number from 1 on that divides the {batch} "
            "answers of a batch of validation (`trainer.per_device_eval_batch_size` times the number of processes)"
        )


def _check_programs(rewards: Rewards, lists: Sequence[Any], what: str) -> None:
    """Refuse verifiers that run programs where the recipe does not allow it."""
    named = Counter(entry["name"] for entries in lists for entry in entries or ())
    allowed = all(composite.allow_code for composite in rewards.composites.values())
    for verifier, count in named.items():
        if verifier_class(verifier).runs_code and not allowed:
            raise CodeNotAllowed(
                f"rewards: {count:,} {what} are judged by {verifier!r}, which runs programs that the model wrote. They "
                "run without network, in an empty folder and under limits, yet on this machine; say "
                "`rewards: {verified: {options: {allow_code: true}}}` where that may be, or leave these rows out"
            )


def _unjudged(name: str, needs: tuple[str, ...], rows: Any) -> list[str]:
    """Tell of rows that lack what a scorer reads."""
    found = []
    for column in (need.removeprefix("@") for need in needs):
        if column not in rows.columns:
            continue
        values = rows[column]
        lacking = int(values.is_null().sum())
        if values.dtype.is_nested():
            lacking = int((values.list.len().fill_null(0) == 0).sum())
        if lacking == rows.height:
            raise UserError(f"rewards: {name!r} reads {column!r}, which no row has; take another reward")
        if lacking:
            share = f"{lacking:,} of {rows.height:,} rows"
            found.append(f"{share} have no {column}, so {name!r} may not judge their answers")
    return found


def _endless(recipe: Recipe, prepared: Prepared) -> list[str]:
    """Whether answers end where the template ends a turn."""
    from transformers import GenerationConfig

    end = chat_templates.turn_end(prepared.tokenizer, prepared.template or "")
    try:
        told = GenerationConfig.from_pretrained(recipe.model, revision=recipe.revision).eos_token_id
    except OSError:
        told = None
    ends = {prepared.tokenizer.eos_token_id, *(told if isinstance(told, list) else [told])}
    if end is None or end in ends:
        return []
    token = prepared.tokenizer.convert_ids_to_tokens(end)
    return [
        f"the chat template ends a turn with {token}, which does not end generation with this model, so answers run "
        "on until `max_completion_length`. Start from a model that `sft` trained, or add the token to `eos_token_id` "
        "in its generation_config.json"
    ]


if __name__ == "__main__":
    from train.cli import main

    main(GRPO)
