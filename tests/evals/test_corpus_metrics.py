"""Corpus scores of sums of statistics are sacreBLEU's, sum by sum, and the published ones of real systems."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rated_outputs import REFERENCES, shortened, wmt23
from sacrebleu.metrics.base import Metric
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER

from evals.corpus_metrics import CorpusMetric
from evals.statistics import intervals, table

METRICS: dict[str, Callable[[], Metric]] = {
    "BLEU": lambda: BLEU(tokenize="13a"),
    "BLEU by characters": lambda: BLEU(tokenize="char"),
    "BLEU zh, lower case": lambda: BLEU(tokenize="zh", lowercase=True),
    "chrF": CHRF,
    "chrF++": lambda: CHRF(word_order=2),
    "chrF with smoothing": lambda: CHRF(word_order=1, eps_smoothing=True),
    "TER": TER,
}
TEXTS = [[text] for text in REFERENCES.values()]


def texts() -> st.SearchStrategy[str]:
    words = st.sampled_from(["der", "Fluss", "river", "河边", "川", "ริม", "نهر", "נהר", "नदी", ".", "a"])
    return st.lists(words, max_size=6).map(" ".join)


@pytest.mark.parametrize("name", METRICS)
@given(rows=st.lists(st.tuples(texts(), st.lists(texts(), min_size=1, max_size=3)), min_size=1, max_size=8))
def test_scores_are_sacrebleus(name: str, rows: list[tuple[str, list[str]]]) -> None:
    outputs, references = [row[0] for row in rows], [row[1] for row in rows]
    ours = CorpusMetric(METRICS[name](), references)
    found = float(ours.score(ours.statistics(outputs).sum(axis=0)))
    most = max(map(len, references))
    streams = [[texts[n] if n < len(texts) else None for texts in references] for n in range(most)]
    theirs = METRICS[name]().corpus_score(outputs, streams).score
    if np.isnan(found):
        assert theirs == pytest.approx(0, abs=1e-9)
    else:
        assert found == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("name", METRICS)
def test_many_sums_at_once(name: str) -> None:
    metric = METRICS[name]()
    ours = CorpusMetric(metric, TEXTS)
    statistics = ours.statistics(shortened(1, 20))
    weights = np.random.default_rng(2).integers(0, 3, (40, len(TEXTS)))
    sums = (weights @ statistics).reshape(5, 8, ours.size)
    assert ours.score(sums).shape == (5, 8)
    theirs = [metric._compute_score_from_stats(list(row)).score for row in weights @ statistics]
    assert ours.score(sums).reshape(-1) == pytest.approx(theirs)


def test_signatures_are_sacrebleus() -> None:
    told = {name: CorpusMetric(make(), TEXTS).signature for name, make in METRICS.items()}
    assert told["BLEU by characters"].startswith("BLEU|nrefs:1|case:mixed|eff:no|tok:char|smooth:exp|version:2.")
    assert told["chrF++"].startswith("chrF2++|nrefs:1|case:mixed|eff:yes|nc:6|nw:2|space:no|version:2.")
    assert told["TER"].startswith("TER|nrefs:1|case:lc|tok:tercom|")
    several = [[text, text[:9]] if n % 2 else [text] for n, [text] in enumerate(TEXTS)]
    assert CorpusMetric(CHRF(), several).signature.startswith("chrF2|nrefs:var|")


def test_answers_and_references_that_are_not_there() -> None:
    metric = CorpusMetric(CHRF(), [["eins"], [], ["drei"], ["vier"]])
    rows = metric.statistics(["eins", "zwei", None, ""])
    assert np.isnan(rows).all(axis=1).tolist() == [False, True, True, False]
    scored = intervals(table(list("abcd"), {"x": rows}, score=metric.score))["x"]
    assert (scored.n, scored.unjudged) == (2, 2)
    # An empty answer is an answer.
    assert 0 < scored.value < 100
    assert np.isnan(CorpusMetric(CHRF(), [[], []]).statistics(["a", "b"])).all()
    with pytest.raises(ValueError, match="1 outputs for 4 segments"):
        metric.statistics(["eins"])


def test_bleu_of_sentences_is_refused() -> None:
    with pytest.raises(ValueError, match="smooth_method='exp' and effective_order=False"):
        CorpusMetric(BLEU(effective_order=True), TEXTS)


@pytest.mark.slow
def test_published_scores_and_sacrebleus_intervals(shared_data: Path) -> None:
    references, outputs = wmt23(shared_data, "de-en")
    with (shared_data / "wmt23_news/scores/automatic-scores.tsv").open(newline="") as lines:
        published = {
            (line["metric"], line["system"]): float(line["score"])
            for line in csv.DictReader(lines, delimiter="\t")
            if line["pair"] == "de-en"
        }
    items = [f"{n}" for n in range(len(references))]
    for name, theirs in (("bleu-refA", BLEU()), ("chrf-refA", CHRF())):
        metric = CorpusMetric(theirs, [[text] for text in references])
        statistics = {system: metric.statistics(texts) for system, texts in outputs.items()}
        found = intervals(table(items, statistics, score=metric.score))
        assert len(found) == 13
        assert {system: scored.value for system, scored in found.items()} == pytest.approx(
            {system: published[name, system] for system in outputs}, abs=1e-4
        )
        for system in ("GPT4-5shot", "AIRC"):
            score = theirs.corpus_score(outputs[system], [references], n_bootstrap=1000)
            assert (found[system].high - found[system].low) / 2 == pytest.approx(float(score._ci), rel=0.1)
            assert found[system].low == pytest.approx(float(score._mean - score._ci), abs=0.1 * float(score._ci))
