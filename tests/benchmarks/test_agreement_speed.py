"""Bootstrap intervals of correlations and pairwise accuracy, against scipy's statistics in a loop of resamples."""

import time

import numpy as np
import pytest
from harness import Report
from scipy import stats

from filters.statistics import bootstrap, over_all

pytestmark = pytest.mark.bench

ROWS, ANSWERS = 20_000, 10
LOOPED = 20
"""Resamples that scipy is asked for; its time is taken times what ours does."""
RESAMPLES = 1_000


def test_intervals(report: Report) -> None:
    draw = np.random.default_rng(1)
    right = np.round(draw.normal(size=ROWS), 1)
    left = right + draw.normal(size=ROWS)
    groups = np.repeat(np.arange(ROWS // ANSWERS), ANSWERS)
    start = time.perf_counter()
    found = bootstrap(over_all(left, right), groups, times=RESAMPLES)
    ours = time.perf_counter() - start
    start = time.perf_counter()
    for _ in range(LOOPED):
        rows = (draw.integers(0, ROWS // ANSWERS, ROWS // ANSWERS)[:, None] * ANSWERS + np.arange(ANSWERS)).ravel()
        for of in (stats.pearsonr, stats.spearmanr, stats.kendalltau):
            of(left[rows], right[rows])
    theirs = (time.perf_counter() - start) * RESAMPLES / LOOPED
    assert found["kendall"].value == pytest.approx(stats.kendalltau(left, right).statistic)
    report.add(f"intervals of four measures, {RESAMPLES:,} resamples of {ROWS:,} rows", ours, "s")
    report.add("three of them by scipy's statistics in a loop, by ours", theirs / ours, "times", least=1.5)
