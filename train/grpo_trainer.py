"""What is added to TRL's GRPO trainer: the rows of each step, what they earn, and answers kept in checkpoints.

Importing it takes as long as importing TRL does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from trl import GRPOTrainer

from corpus.errors import UserError
from train.device import everywhere
from train.watch import ROWS, Watched

STATE = "generation_{rank}.pt"
"""File of a checkpoint that holds the answers which a process had made and not yet learned from."""


class Trainer(Watched, GRPOTrainer):  # type: ignore[misc]
    """TRL's GRPO trainer with the rows of each step known, and what was generated kept in checkpoints."""

    log_completions: bool
    rewarded: dict[int, list[float]] | None = None
    """By row, what its answers earn, while that is measured."""

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        made: dict[str, Any] = super()._generate_and_score_completions(inputs)
        # Answers are shuffled together with all else of this dict, and so are the numbers of their rows.
        made[ROWS] = torch.tensor([each[ROWS] for each in inputs], device=made["completion_ids"].device)
        return made

    def compute_loss(self, model: Any, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """The loss as TRL takes it, of rows that are remembered."""
        self._take(inputs.get(ROWS))
        return super().compute_loss(model, inputs, *args, **kwargs)

    def earned(self, dataset: Any) -> list[float]:
        """What each row of a dataset earns, the mean of its answers; rows that cannot be judged are left out.

        TRL's own number is a mean of batches, in which a row of a small one counts for more than another.
        """
        # Else the answers to validation prompts would stand where those of the last step do.
        kept, self.log_completions = self.log_completions, False
        self.rewarded = {}
        try:
            self.measure(dataset)
            return [fmean(rewards) for rewards in self.rewarded.values()]
        finally:
            self.log_completions, self.rewarded = kept, None

    def _calculate_rewards(self, inputs: list[dict[str, Any]], *args: Any, **kwargs: Any) -> Any:
        found = super()._calculate_rewards(inputs, *args, **kwargs)
        if self.rewarded is not None:
            # Rewards are those of all processes, one after the other.
            numbers = [number for part in everywhere([each[ROWS] for each in inputs]) for number in part]
            for number, rewards in zip(numbers, found.tolist(), strict=True):
                if (reward := _sum(rewards, self.reward_weights.tolist())) is not None:
                    self.rewarded.setdefault(number, []).append(reward)
        return found

    def _determine_best_metric(self, *args: Any, **kwargs: Any) -> bool:
        """Whether the model is saved by `save_strategy: best`: where it is the best, and where an alarm wants it."""
        wanted: bool = self.control.should_save
        return super()._determine_best_metric(*args, **kwargs) or wanted

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        folder = Path(self._get_output_dir(trial=trial)) / f"checkpoint-{self.state.global_step}"
        folder.mkdir(parents=True, exist_ok=True)
        used_up = self._step % (self.args.steps_per_generation * self.num_iterations) == 0
        state = {"step": self._step, "answers": None if used_up else self._buffered_inputs}
        torch.save(state, folder / STATE.format(rank=self.accelerator.process_index))
        super()._save_checkpoint(model, trial)

    def _load_rng_state(self, checkpoint: str | None) -> None:
        super()._load_rng_state(checkpoint)
        if checkpoint is None:
            return
        file = Path(checkpoint) / STATE.format(rank=self.accelerator.process_index)
        if not file.is_file():
            raise UserError(f"{checkpoint} lacks {file.name}, the answers not yet learned from; remove the folder")
        state = torch.load(file, map_location=self.accelerator.device, weights_only=True)
        self._step, self._buffered_inputs = state["step"], state["answers"]


def _sum(rewards: Sequence[float], weights: Sequence[float]) -> float | None:
    """What an answer earns; none where no reward could judge it, which TRL tells by NaN."""
    judged = [weight * reward for weight, reward in zip(weights, rewards, strict=True) if not math.isnan(reward)]
    return sum(judged) if judged else None
