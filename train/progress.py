"""Lines for people who watch a training: step, loss, rate, time left."""

from __future__ import annotations

import sys
import time
import warnings
from pathlib import Path
from typing import Any

from corpus.shards import replacing
from train.tokens import Tell

SECONDS = "seconds.txt"
"""File of a checkpoint: what its steps took."""

_WORTH = ("loss", "eval_loss", "reward", "rewards/accuracies", "accuracy", "learning_rate", "grad_norm")


def quiet_libraries() -> None:
    """No progress bars in files: a log gets lines. And no advice to TRL, which users can do nothing about."""
    from datasets import disable_progress_bars
    from transformers.utils import logging

    warnings.filterwarnings("ignore", "`gradient_checkpointing` is deprecated", FutureWarning)
    if not sys.stderr.isatty():
        logging.disable_progress_bar()
        disable_progress_bars()


def lines(tell: Tell) -> Any:
    """A callback that tells a line whenever the trainer logs.

    It has the trainer log the last step, and each step that is saved: a training that goes on from there has logged as
    one that was never stopped.
    """
    from transformers import TrainerCallback

    class Lines(TrainerCallback):  # type: ignore[misc]
        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            del control, kwargs
            # Those of the checkpoint that is gone on from may have changed since.
            state.compute_steps(args, state.max_steps)
            self.began, self.first = time.monotonic(), state.global_step

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            del kwargs
            # However seldom losses are logged, the last of them are: the manifest tells that loss.
            control.should_log |= _may_save(args, control) or state.global_step >= state.max_steps

        def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            del state, kwargs
            control.should_log |= _may_save(args, control)

        def on_log(
            self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any
        ) -> None:
            del args, control, kwargs
            if not state.is_world_process_zero or not logs or "loss" not in logs:
                return
            seconds = time.monotonic() - self.began
            tell(line(state.global_step, state.max_steps, state.global_step - self.first, seconds, logs))

    return Lines()


def _may_save(args: Any, control: Any) -> bool:
    """Whether this step is saved. The best are known when they are measured, after it was logged."""
    return bool(control.should_save or (control.should_evaluate and args.save_strategy == "best"))


def write_seconds(checkpoint: Path, seconds: float) -> None:
    """Say in a checkpoint what its steps took."""
    checkpoint.mkdir(parents=True, exist_ok=True)
    with replacing(checkpoint / SECONDS, durable=False) as handle:
        handle.write(f"{seconds:.3f}\n".encode())


def seconds_of(checkpoint: Path) -> float:
    """What the steps up to a checkpoint took; 0 where it does not say."""
    try:
        return float((checkpoint / SECONDS).read_text("utf-8"))
    except (OSError, ValueError):
        return 0.0


def line(step: int, steps: int, taken: int, seconds: float, logs: dict[str, Any]) -> str:
    """`step 20 of 60: loss 6.913, …; 0.9 s a step, 0:38 left`."""
    told = ", ".join(f"{name} {float(logs[name]):.4g}" for name in _WORTH if name in logs)
    each = seconds / max(1, taken)
    left = int(each * (steps - step))
    return f"step {step:,} of {steps:,}: {told}; {each:.3g} s a step, {left // 60}:{left % 60:02} left"
