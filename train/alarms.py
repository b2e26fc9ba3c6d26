"""Alarms of `grpo`: what is seen of a training that goes wrong while its reward still rises."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean, variance
from typing import Any, Literal

from pydantic import Field

from train.curves import series_of
from train.recipe import Part

Action = Literal["warn", "stop", "ignore"]
Points = Sequence[tuple[int, float]]
LENGTH, ZERO_SPREAD, REWARD = "completions/mean_length", "frac_reward_zero_std", "reward"
"""TRL's names of the numbers that are watched."""
INDEPENDENT = ("independent/", "eval_rewards/")
"""Beginnings of the names of numbers that nothing is trained on."""


class Alarms(Part):
    """Options of `alarms:`. Each alarm warns, stops the training with a checkpoint, or is ignored."""

    length: Action = "warn"
    """Completions become longer or shorter than at the beginning by `length_factor`."""
    length_factor: float = Field(default=2.0, gt=1)
    spread: Action = "warn"
    """In more than `spread_share` of the groups all completions have the same reward, so nothing is learned of them."""
    spread_share: float = Field(default=0.8, gt=0, le=1)
    reward: Action = "warn"
    """The reward rises while a number falls that nothing is trained on: `independent`, or a reward on `validation`."""
    independent: str | None = "chrf"
    """A scorer that is measured on the completions beside the rewards, where rows have what it needs."""
    sure: float = Field(default=2.0, gt=0)
    """How many standard errors the rise, and the fall, must be."""
    window: int = Field(default=20, ge=4)
    """Logged steps that are looked at together: the newest so many."""


def ringing(history: Sequence[Mapping[str, Any]], options: Alarms) -> dict[str, str]:
    """Alarms that ring after what was logged, by name, each with its words.

    A function of the log alone, so that a training that goes on rings as one that was never cut off.
    """
    series = series_of(history)
    told = {
        "length": _length(series.get(LENGTH, ()), options),
        "spread": _spread(series.get(ZERO_SPREAD, ()), options),
        "reward": _hacked(series, options),
    }
    return {name: words for name, words in told.items() if words and getattr(options, name) != "ignore"}


def _length(points: Points, options: Alarms) -> str | None:
    half = options.window // 2
    if len(points) < options.window:
        return None
    before, now = (fmean(value for _, value in part) for part in (points[:half], points[-half:]))
    if before <= 0 or 1 / options.length_factor < now / before < options.length_factor:
        return None
    return (
        f"completions are {now:,.0f} tokens long, and were {before:,.0f} at the beginning. Look at some: rewards may "
        "pay for length, or for saying nothing"
    )


def _spread(points: Points, options: Alarms) -> str | None:
    newest = points[-options.window :]
    if len(newest) < options.window:
        return None
    share = fmean(value for _, value in newest)
    if share <= options.spread_share:
        return None
    return (
        f"in {share:.0%} of the groups all completions have the same reward, so nothing is learned of them. The "
        "prompts are too easy or too hard (`pass_rate` tells), or `trainer.num_generations` or `trainer.temperature` "
        "is too low"
    )


def _hacked(series: Mapping[str, Points], options: Alarms) -> str | None:
    reward = series.get(REWARD, ())
    for name, points in series.items():
        if not (name.startswith(INDEPENDENT) and (name.startswith("independent/") or name.endswith("/mean"))):
            continue
        newest = points[-options.window :]
        if len(newest) < min(options.window, _fewest(name)):
            continue
        first, last = newest[0][0], newest[-1][0]
        fall = change(newest)
        rise = change([point for point in reward if first <= point[0] <= last])
        if fall < -options.sure and rise > options.sure:
            return (
                f"the reward rises while {name} falls ({fmean(value for _, value in newest[-4:]):.3g} now). The policy "
                "may have found what the reward overlooks: read completions (`trainer.log_completions: true`)"
            )
    return None


def _fewest(name: str) -> int:
    """Points from which on a change may be told: a number of validation comes seldom, and of many rows."""
    return 6 if name.startswith("eval_") else 10**9


def change(points: Points) -> float:
    """How far the later half lies above the earlier one, in standard errors of the difference (Welch's t)."""
    middle = len(points) // 2
    if middle < 2:
        return 0.0
    before, after = ([value for _, value in part] for part in (points[:middle], points[-middle:]))
    difference = fmean(after) - fmean(before)
    error = math.sqrt((variance(before) + variance(after)) / middle)
    if error == 0:
        return math.copysign(math.inf, difference) if difference else 0.0
    return difference / error


def callback(options: Alarms, tell: Callable[[str], None]) -> Any:
    """A callback for the trainer that looks at the log whenever something is logged."""
    from transformers import TrainerCallback

    from corpus.errors import Failure

    class Watch(TrainerCallback):  # type: ignore[misc]
        rang: frozenset[str] = frozenset()
        stopped: str | None = None

        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            """What rang before a checkpoint and still rings is not told again; what stopped the training stops it."""
            del args, control, kwargs
            found = ringing(state.log_history, options)
            self.rang = frozenset(found) & {entry.get("alarm") for entry in state.log_history}
            for name in self.rang:
                if getattr(options, name) == "stop":
                    raise Failure(_stopped(name, state.global_step, found[name]))

        def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            del args, kwargs
            found = ringing(state.log_history, options)
            for name, words in found.items():
                if name in self.rang:
                    continue
                tell(f"alarm {name} at step {state.global_step}: {words}")
                state.log_history.append({"step": state.global_step, "alarm": name, "words": words})
                if getattr(options, name) == "stop":
                    self.stopped = _stopped(name, state.global_step, words)
                    control.should_save = control.should_training_stop = True
            self.rang = frozenset(found)

        def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            del args, state, control, kwargs
            if self.stopped:
                raise Failure(self.stopped)

    return Watch()


def _stopped(name: str, step: int, words: str) -> str:
    return f"alarm {name} at step {step}: {words}. To go on all the same, set `alarms.{name}: warn` and run again"
