"""pass@k of programs: the chance that one of k answers passes, from more than k answers."""

from __future__ import annotations

import numpy as np


def pass_at_k(answers: int, passed: int, k: int) -> float:
    """The unbiased estimate of pass@k of one problem (Chen et al. 2021, arXiv 2107.03374): 1 - C(n-c, k) / C(n, k).

    Args:
        answers: answers that were judged (n); one that could not be run is not among them.
        passed: how many of them pass (c).
        k: answers that one may try.

    Returns:
        A number from 0 to 1; NaN where fewer than k answers were judged, since then it cannot be estimated.

    Raises:
        ValueError: more passed than judged, or k below 1.
    """
    if not 0 <= passed <= answers or k < 1:
        raise ValueError(f"{passed} of {answers} answers passed, k is {k}; expected 0 <= passed <= answers and k >= 1")
    if answers < k:
        return float("nan")
    if answers - passed < k:
        return 1.0
    return float(1 - np.prod(1 - k / np.arange(answers - passed + 1, answers + 1)))
