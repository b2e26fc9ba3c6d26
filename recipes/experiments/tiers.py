"""chrF++ of evaluated models by resource tier of the languages they translate into or out of.

    python recipes/experiments/tiers.py --run runs/experiment --models base

Tiers are those of Joshi et al. 2020 as `corpus.languages` holds them: 0 to 5, the more the better resourced. A
direction's tier is that of its poorer side.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import polars as pl
from sacrebleu.metrics.chrf import CHRF

import corpus
from corpus.errors import UserError
from corpus.languages import resource_tier
from evals.corpus_metrics import CorpusMetric
from evals.statistics import Scored, intervals, table


def main() -> None:
    """Print a table of tiers by model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="folder of the evaluation, such as runs/experiment")
    parser.add_argument("--models", nargs="+", required=True, help="models by the names that they were evaluated under")
    parser.add_argument("--benchmark", default="translation", help="its benchmark of translation")
    given = parser.parse_args()
    try:
        found = {model: by_tier(given.run / given.benchmark / f"scored-{model}") for model in given.models}
    except UserError as error:
        parser.error(str(error))
    tiers = sorted({tier for scores in found.values() for tier in scores})
    print(f"| tier | {' | '.join(given.models)} |")
    print(f"|---|{'---|' * len(given.models)}")
    for tier in tiers:
        told = [_told(found[model].get(tier)) for model in given.models]
        print(f"| {tier} | {' | '.join(told)} |")


def by_tier(answers: Path) -> dict[str, Scored]:
    """chrF++ with its interval by tier, the mean of the directions in it."""
    frame = corpus.open(answers).scan().filter(pl.col("references").list.len() > 0).collect()
    if not frame.height:
        raise UserError(f"{answers} has no answers with references")
    pairs = frame.select("src_lang", "tgt_lang").unique().rows()
    tiers = {pair: _tier(*pair) for pair in pairs}
    named = pl.Series("tier", [tiers[pair] for pair in frame.select("src_lang", "tgt_lang").rows()])
    found = {}
    for (tier,), part in frame.with_columns(named).group_by(["tier"], maintain_order=True):
        metric = CorpusMetric(CHRF(word_order=2), part["references"].to_list())
        items = [f"{prompt}:{number}" for number, prompt in enumerate(part["prompt_id"])]
        directions = [f"{source}>{target}" for source, target in part.select("src_lang", "tgt_lang").rows()]
        values = {"it": metric.statistics(part["response"].to_list())}
        found[str(tier)] = intervals(table(items, values, strata=directions, score=metric.score))["it"]
    return found


def _tier(source: str | None, target: str | None) -> str:
    """The tier of the poorer side."""
    tiers = [resource_tier(code).tier for code in (source, target) if code]
    known = [tier for tier in tiers if tier is not None]
    return str(min(known)) if known and len(known) == len(tiers) else "unknown"


def _told(score: Scored | None) -> str:
    return f"{score.value:.1f} [{score.low:.1f}, {score.high:.1f}], n={score.n}" if score else ""


if __name__ == "__main__":
    main()
