"""Outputs of real systems through the shipped recipes: the numbers that were published for them come out again."""

import csv
import json
from collections import defaultdict
from pathlib import Path

import pytest

import corpus
from corpus.laws import balances
from datagen.progress import Silent
from datagen.recipe import load_recipe
from datagen.run import run
from datagen.verify import verify

ROOT = Path(__file__).parents[2]
RECIPES = ROOT / "recipes"
REPORTS = ROOT / "docs/reports"


@pytest.fixture(autouse=True)
def _data(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWERKIT_DATA", str(shared_data))


def make(recipe: str, runs: Path, *, until: str | None = None, sets: tuple[str, ...] = ()) -> dict[str, corpus.Dataset]:
    """The datasets of a shipped recipe."""
    loaded = load_recipe(RECIPES / f"{recipe}.yaml", sets=sets)
    return run(loaded, runs, until=until, workers=2, progress=Silent())


def test_wmt23_corpus_scores_are_the_published_ones(shared_data: Path, tmp_path: Path) -> None:
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    outputs = make("wmt23_preferences", tmp_path, until="outputs")["outputs"]
    by_system: dict[str, list[tuple[str, list[str]]]] = defaultdict(list)
    for row in sorted(outputs.rows(), key=lambda row: int(row["segment"])):
        by_system[row["engine"]].append((row["response"], row["references"]))
    found = {}
    for system, segments in by_system.items():
        answers = [answer for answer, _ in segments]
        references = [[texts[0] for _, texts in segments]]
        found[system, "bleu-refA"] = BLEU().corpus_score(answers, references).score
        found[system, "chrf-refA"] = CHRF().corpus_score(answers, references).score
    with (shared_data / "wmt23_news/scores/automatic-scores.tsv").open(newline="") as lines:
        published = {
            (line["system"], line["metric"]): float(line["score"])
            for line in csv.DictReader(lines, delimiter="\t")
            if line["pair"] == "de-en" and line["metric"] in ("bleu-refA", "chrf-refA")
        }
    assert len(published) == 13 * 2
    assert found == pytest.approx(published, abs=1e-4)


def test_mqm_scores_are_the_published_averages(shared_data: Path, tmp_path: Path) -> None:
    """Of every rated segment; the human output is `ref` in the ratings and `ref-A` in the averages."""
    sets = ("outputs.references_as_candidates=true",)
    outputs = make("mqm_preferences", tmp_path, until="outputs", sets=sets)["outputs"]
    found = {(row["engine"], row["segment"]): row["score_human"] for row in outputs.rows()}
    published = {}
    with (shared_data / "mqm_google/ted/ende/mqm_ted_ende.avg_seg_scores.tsv").open() as lines:
        next(lines)
        for line in lines:
            system, score, segment = line.split()
            published["ref" if system == "ref-A" else system, segment] = float(score)
    assert len(published) == 14 * 300
    assert outputs.manifest.counts["aside"] == {}
    assert found == pytest.approx(published, abs=5e-7)


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["wmt23_preferences", "mqm_preferences"])
def test_every_law_holds(recipe: str, tmp_path: Path) -> None:
    made = make(recipe, tmp_path)
    for name, dataset in made.items():
        assert [check for check in verify(dataset.path) if check.problem] == [], name
        assert all(balance.holds for balance in balances(dataset.manifest)), name
    pairs = list(made["pairs"].rows())
    assert pairs
    assert len(made["best"]) >= len(pairs)
    # The committed report is of these datasets: `datagen run recipes/RECIPE.yaml`, `datagen report ... --no-text`.
    told = (REPORTS / recipe / "README.md").read_text()
    assert [name for name, dataset in made.items() if dataset.manifest.content[:8] not in told] == []
    margin = {"wmt23_preferences": 5.0, "mqm_preferences": 1.0}[recipe]
    assert all(row["score_chosen"] - row["score_rejected"] >= margin for row in pairs)


@pytest.mark.slow
def test_a_pair_with_one_system_has_no_preferences_and_says_why(tmp_path: Path) -> None:
    made = make("wmt23_preferences", tmp_path, sets=("outputs.pairs=[cs-uk]",))
    counts = made["pairs"].manifest.counts
    assert (len(made["pairs"]), counts["with_output"]) == (0, 0)
    assert isinstance(counts["without"], dict)
    assert sum(counts["without"].values()) == counts["groups"]
    assert "single_candidate" in counts["without"]
    # A dataset without rows is one all the same.
    assert json.loads((made["pairs"].path / "manifest.json").read_bytes())["kind"] == "preference"
