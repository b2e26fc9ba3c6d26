"""How many rows a second each scorer judges, of real translations and answers: what docs/scorers.md tells.

Rates of one process. Those of models are of MiniLM's size (6 layers of 384, windows of 128 tokens), of random weights:
what a number is costs nothing, and how long it takes is the same.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from harness import Report, median
from tiny_models import make_chat_model, make_encoder

from corpus.dataset import open as open_dataset
from datagen.progress import Silent
from datagen.recipe import recipe_of
from datagen.run import run
from filters.base import Scorer, with_roles
from filters.learned import Judge, LearnedScorer, Services

pytestmark = pytest.mark.bench

RUNS = 3
FEW = 1_000
"""Rows that models judge."""
SIZE = {"hidden": 384, "layers": 6, "vocabulary": 16_000}


@pytest.fixture(scope="module")
def translations(folder: Path, shared_data: Path) -> pl.DataFrame:
    """WMT23's translations from German: 13 systems of 549 segments, grouped by segment."""
    read = {"wmt": str(shared_data / "wmt23_news"), "pairs": ["de-en"], "normalize": ["line_ends", "byte_order_mark"]}
    recipe = recipe_of({"name": "wmt", "stages": {"outputs": {"read": read}}}, folder / "wmt.yaml")
    made = run(recipe, folder / "runs", until=None, workers=1, progress=Silent())["outputs"]
    rows = with_roles(open_dataset(made.path).scan(), "response").collect()
    # For `pass_rate`, a score that is not the same for all.
    return rows.with_columns(score_verified=(pl.col("response").str.len_chars() % 2).cast(pl.Float64))


def seconds(judge: Callable[[], object]) -> float:
    """How long judging takes, in the middle of several times."""
    judge()
    took = []
    for _ in range(RUNS):
        began = time.perf_counter()
        judge()
        took.append(time.perf_counter() - began)
    return median(took)


def judged(judge: Judge, items: pl.DataFrame) -> int:
    """How many items a model judges, all of them."""
    return sum(len(places) for places, _ in judge(items))


def test_scorers_without_a_model(translations: pl.DataFrame, folder: Path, report: Report) -> None:
    from filters.scorers.agreement import Agreement
    from filters.scorers.bleu import Bleu
    from filters.scorers.chrf import Chrf
    from filters.scorers.contamination import Contamination
    from filters.scorers.diversity import Diversity
    from filters.scorers.langid import LangId
    from filters.scorers.looping import Looping
    from filters.scorers.pass_rate import PassRate
    from filters.scorers.prompt_echo import PromptEcho
    from filters.scorers.repetition import Repetition

    against = next((folder / "runs" / "wmt").glob("outputs-*"))
    scorers: Sequence[Scorer] = [
        *(LangId(), Repetition(), Looping(), PromptEcho(), Contamination(against=(against,))),
        *(Chrf(), Bleu(), Agreement(), Diversity(), PassRate()),
    ]
    for scorer in scorers:
        took = seconds(partial(scorer.score, translations))
        report.add(f"scorer {scorer.name()}", translations.height / took, "rows/s")


def test_scorers_with_a_model(translations: pl.DataFrame, folder: Path, report: Report) -> None:
    pytest.importorskip("torch", reason="needs torch and transformers: run it in .venv-train, after make test-train")
    from filters.scorers.classifier import Classifier
    from filters.scorers.perplexity import Perplexity
    from filters.scorers.similarity import Similarity

    texts = translations["response"].to_list()
    encoder = {**SIZE, "window": 128, "texts": texts}
    labels = {"num_labels": 1, "problem_type": "regression"}
    classes = make_encoder(folder / "classes", "AutoModelForSequenceClassification", **encoder, **labels)
    meanings = make_encoder(folder / "meanings", "AutoModel", **encoder)
    words = make_chat_model(folder / "words", **SIZE, texts=texts)
    on = {"device": "cpu", "dtype": "float32"}
    scorers: Sequence[LearnedScorer] = [
        Classifier(model=str(classes), **on),
        Similarity(model=str(meanings), **on),
        Perplexity(model=str(words), **on),
    ]
    for scorer in scorers:
        items = scorer.items(translations.head(FEW)).filter(pl.col("@note").is_null()).drop("@row", "@note")
        distinct = items.unique(maintain_order=True)
        with scorer.open(Services(folder=folder, tell=lambda _: None)) as judge:
            took = seconds(partial(judged, judge, distinct))
        report.add(f"scorer {scorer.name()}, a model of 6 × 384", distinct.height / took, "rows/s")
