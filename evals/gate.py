"""A gate for checkpoints: no headline may drop by more than is allowed."""

from __future__ import annotations

import math
from typing import NamedTuple

from evals.report.results import Results

_AGAINST_ITSELF = 0.5
"""What a model would win against itself."""


class Drops(NamedTuple):
    """What a gate found."""

    failed: bool
    lines: list[str]


def drops(results: Results, old: str, new: str, most: float) -> Drops:
    """Compare the headline of each benchmark, which is its first metric.

    A benchmark that one of the two has no number for, or whose metric chose the new model's data, fails: nothing is let
    pass unseen. Where the old model is the baseline of a comparison, half of the wins are to be held.

    Args:
        results: of both models.
        old: the model that must not be fallen behind.
        new: the model to let pass.
        most: the largest drop, in points of the metric; of shares (0 to 1) in percent points.
    """
    lines, failed, seen = [], False, set()
    for measured in results.measured:
        if measured.metric.benchmark in seen:
            continue
        seen.add(measured.metric.benchmark)
        if not {old, new} <= set(measured.numbers):
            failed = True
            lines.append(f"FAIL {measured.metric.key}: one of the two was not measured")
            continue
        numbers = [measured.numbers[name] for name in (old, new)]
        values = [number.scored.value for number in numbers]
        if measured.metric.baseline == old:
            values[0] = _AGAINST_ITSELF
        if any(map(math.isnan, values)) or numbers[1].in_loop:
            failed = True
            why = "its metric chose the model's data" if numbers[1].in_loop else "no number"
            lines.append(f"FAIL {measured.metric.key}: {why}")
            continue
        unit = 100.0 if measured.metric.share else 1.0
        drop = (values[0] - values[1]) * unit * (1 if measured.metric.higher_is_better else -1)
        told = measured.difference(old, new)
        p = f", p = {told.p_permutation:.3f}, n = {told.n}" if told else ""
        verdict = "FAIL" if drop > most else "ok"
        failed = failed or drop > most
        change = f"{values[0] * unit:.2f} → {values[1] * unit:.2f}"
        lines.append(f"{verdict} {measured.metric.key}: {change}, at most {most:g} worse{p}")
    return Drops(failed, lines)
