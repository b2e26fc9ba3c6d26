"""Alarms of GRPO: which logs ring which."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.alarms import Alarms, callback, change, ringing

Log = list[dict[str, Any]]


def log(steps: int, **series: Callable[[int], float | None]) -> Log:
    return [
        {"step": step, **{name.replace("__", "/"): made(step) for name, made in series.items()}}
        for step in range(1, steps + 1)
    ]


def wave(step: int) -> float:
    """Noise that repeats itself."""
    return (0.1, -0.1, 0.05, -0.05)[step % 4]


@pytest.mark.parametrize(
    ("history", "options", "rings"),
    [
        ([], {}, set()),
        (log(40, completions__mean_length=lambda step: 50 + step), {}, set()),
        (log(40, completions__mean_length=lambda step: 50 + 5 * step), {}, {"length"}),
        (log(40, completions__mean_length=lambda step: 200 / step), {}, {"length"}),
        (log(40, completions__mean_length=lambda step: 200 / step), {"length": "ignore"}, set()),
        # Too few steps to tell.
        (log(19, completions__mean_length=lambda step: 50 * step), {}, set()),
        (log(30, frac_reward_zero_std=lambda _: 0.9), {}, {"spread"}),
        (log(30, frac_reward_zero_std=lambda _: 0.9), {"spread_share": 0.95}, set()),
        (log(30, frac_reward_zero_std=lambda step: 1.0 if step < 15 else 0.2), {}, set()),
        # A number that nobody could compute at a step has no point.
        (log(30, frac_reward_zero_std=lambda step: 0.9 if step % 2 else None), {}, set()),
        (log(30, reward=lambda s: s / 30 + wave(s), independent__chrf=lambda s: 40 - s / 3 + wave(s)), {}, {"reward"}),
        (log(30, reward=lambda s: s / 30 + wave(s), independent__chrf=lambda s: 40 + s / 3 + wave(s)), {}, set()),
        (log(30, reward=lambda s: wave(s), independent__chrf=lambda s: 40 - s / 3), {}, set()),
        # A fall within the noise is none.
        (log(30, reward=lambda s: s / 30, independent__chrf=lambda s: 40 - s / 1000 + wave(s)), {}, set()),
        # Validation comes seldom; a few points are enough.
        (
            log(60, reward=lambda s: s / 60 + wave(s))
            + [{"step": step, "eval_rewards/verified/mean": 0.9 - step / 100} for step in range(10, 61, 10)],
            {},
            {"reward"},
        ),
        (
            log(60, reward=lambda s: s / 60 + wave(s))
            + [{"step": step, "eval_rewards/verified/mean": 0.9 - step / 100} for step in range(10, 51, 10)],
            {},
            set(),
        ),
    ],
)
def test_alarms(history: Log, options: dict[str, Any], rings: set[str]) -> None:
    assert set(ringing(history, Alarms(**options))) == rings


# Not so small that another value added to them swallows them.
VALUES = st.lists(st.floats(-1e3, 1e3).map(lambda value: round(value, 3)), min_size=4, max_size=30)


@given(values=VALUES, shift=st.floats(-100, 100), scale=st.floats(0.5, 2))
def test_a_change_does_not_depend_on_the_unit(values: list[float], shift: float, scale: float) -> None:
    points = list(enumerate(values))
    moved = [(step, scale * value + shift) for step, value in points]
    told, again = change(points), change(moved)
    if abs(told) < 1e6 and abs(again) < 1e6:
        assert again == pytest.approx(told, rel=1e-3, abs=1e-3)


@given(values=VALUES)
def test_a_log_read_backwards_changes_the_other_way(values: list[float]) -> None:
    even = values[: len(values) // 2 * 2]
    backwards = change(list(enumerate(reversed(even))))
    assert change(list(enumerate(even))) == pytest.approx(-backwards)


def heard(history: Log, start: int, end: int) -> None:
    """Log steps one by one to a training that begins, or goes on, at `start`."""
    watch = callback(Alarms(), lambda _: None)
    state, control = SimpleNamespace(log_history=history, global_step=start), SimpleNamespace()
    watch.on_train_begin(None, state, control)
    for entry in log(end, frac_reward_zero_std=lambda step: 0.9 if step < 60 else 0.1)[start:]:
        state.global_step = entry["step"]
        history.append(entry)
        watch.on_log(None, state, control)


@pytest.mark.parametrize("kept", [10, 30, 70])
def test_a_training_that_goes_on_rings_as_one_that_was_never_stopped(kept: int) -> None:
    pytest.importorskip("transformers")
    whole: Log = []
    cut: Log = []
    heard(whole, 0, 80)
    heard(cut, 0, kept)
    heard(cut, kept, 80)
    assert [entry["step"] for entry in whole if "alarm" in entry] == [20]
    assert cut == whole


def test_words_say_what_to_do() -> None:
    [words] = ringing(log(30, frac_reward_zero_std=lambda _: 0.9), Alarms()).values()
    assert "in 90% of the groups" in words
    assert "num_generations" in words
