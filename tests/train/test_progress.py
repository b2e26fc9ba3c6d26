"""What is told while a training runs, and the curves that are drawn of it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from train.curves import draw, series_of
from train.progress import line


@pytest.mark.parametrize(
    ("step", "steps", "taken", "seconds", "logs", "words"),
    [
        (10, 40, 10, 5.0, {"loss": "2.5"}, "step 10 of 40: loss 2.5; 0.5 s a step, 0:15 left"),
        # Of a training that was gone on with, only the steps of this time tell how fast it is.
        (1_010, 1_020, 10, 60.0, {"loss": 0.123456}, "step 1,010 of 1,020: loss 0.1235; 6 s a step, 1:00 left"),
        (
            4,
            4,
            0,
            0.0,
            {"loss": 1.0, "learning_rate": 1e-5},
            "step 4 of 4: loss 1, learning_rate 1e-05; 0 s a step, 0:00 left",
        ),
    ],
)
def test_a_line_tells_step_numbers_rate_and_time_left(
    step: int, steps: int, taken: int, seconds: float, logs: dict[str, Any], words: str
) -> None:
    assert line(step, steps, taken, seconds, logs) == words


HISTORY = [
    {"step": 1, "loss": 2.0, "epoch": 0.1, "grad_norm": math.nan},
    {"step": 2, "loss": 1.5, "grad_norm": 0.5, "note": "text"},
    {"step": 2, "eval_loss": 1.7},
]


def test_curves_have_a_point_for_every_finite_number() -> None:
    assert series_of(HISTORY) == {"loss": [(1, 2.0), (2, 1.5)], "grad_norm": [(2, 0.5)], "eval_loss": [(2, 1.7)]}


def test_curves_are_drawn_and_nothing_is_drawn_of_nothing(tmp_path: Path) -> None:
    draw(HISTORY, tmp_path / "curves.svg")
    assert "<svg" in (tmp_path / "curves.svg").read_text("utf-8")
    draw([], tmp_path / "none.svg")
    assert not (tmp_path / "none.svg").exists()
