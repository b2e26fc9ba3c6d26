"""A gate for checkpoints: no headline may drop by more than is allowed."""

from __future__ import annotations

import math
from typing import NamedTuple

from evals.report.results import Measured, Number, Results
from filters.report.markdown import count

_AGAINST_ITSELF = 0.5
"""What a model would win against itself."""


class Drops(NamedTuple):
    """What a gate found."""

    failed: bool
    lines: list[str]


def drops(results: Results, old: str, new: str, most: float) -> Drops:
    """Compare the headline of each benchmark, which is its first metric, on the items that are judged for both models.

    A benchmark that one of the two has no number for, or whose metric chose the new model's data, fails: nothing is let
    pass unseen. So does one where the new model leaves more items unjudged than the old one by a larger share of all
    items, in percent, than the headline may drop: what was not judged may have been lost. Where the old model is the
    baseline of a comparison, half of the wins are to be held, and no item is unjudged for it.

    Args:
        results: of both models.
        old: the model that must not be fallen behind.
        new: the model to let pass.
        most: the largest drop, in points of the metric; of shares (0 to 1) in percent points.
    """
    headlines: dict[str, Measured] = {}
    for measured in results.measured:
        headlines.setdefault(measured.metric.benchmark, measured)
    told = [_told(measured, old, new, most) for measured in headlines.values()]
    lines = [
        f"{'FAIL' if failed else 'ok'} {measured.metric.key}: {line}"
        for measured, (failed, line) in zip(headlines.values(), told, strict=True)
    ]
    lines += [f"FAIL {name}: nothing was measured" for name in results.unmeasured]
    return Drops(bool(results.unmeasured) or any(failed for failed, _ in told), lines)


def _told(measured: Measured, old: str, new: str, most: float) -> tuple[bool, str]:
    """Whether a headline fails, and what is told of it."""
    if not {old, new} <= set(measured.numbers):
        return True, "one of the two was not measured"
    before, after = measured.numbers[old], measured.numbers[new]
    if after.in_loop:
        return True, "its metric chose the model's data"
    found = measured.difference(old, new)
    against = measured.metric.baseline == old
    start = _AGAINST_ITSELF if against else before.scored.value
    gain = after.scored.value - start
    if found is not None:
        gain = found.value if found.left == new else -found.value
    if math.isnan(gain):
        return True, "no number on items that are judged for both"
    unit = 100.0 if measured.metric.share else 1.0
    drop = -gain * unit * (1 if measured.metric.higher_is_better else -1)
    lost = _more_unjudged(before, after, none_before=against)
    parts = [f"{start * unit:.2f} → {after.scored.value * unit:.2f}"]
    if found is not None:
        parts.append(f"{gain * unit:+.2f} on the {count(found.n)} items judged for both")
        parts.append(f"p = {found.p_permutation:.3f}")
    parts.append(f"unjudged {'' if against else f'{count(before.scored.unjudged)} → '}{count(after.scored.unjudged)}")
    parts.append(f"at most {most:g} worse")
    fewer = lost > max(most, 0.0)
    if fewer:
        parts.append(f"but {lost:.2f} % of the items more unjudged")
    return drop > most or fewer, ", ".join(parts)


def _more_unjudged(before: Number, after: Number, *, none_before: bool) -> float:
    """How much larger the share of unjudged items has become, in percent of all items."""
    items = after.scored.n + after.scored.unjudged
    return 100.0 * (after.scored.unjudged - (0 if none_before else before.scored.unjudged)) / max(items, 1)
