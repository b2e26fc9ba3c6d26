"""`datagen scorer agree`: from rows with people's scores to a table, a page and messages."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import corpus
from corpus.manifest import Score
from datagen.recipe import load_scorers
from datagen.scorer.agree import OVER_ALL, WITHIN, Question, agree

Command = Callable[..., Any]
DIRECTIONS = {
    "score_human": Score(higher_is_better=True, family="human"),
    "score_good": Score(higher_is_better=True, family="good", signature="good|version:1", licence="CC-BY-NC-4.0"),
    "score_errors": Score(higher_is_better=False),
    "score_blank": Score(higher_is_better=True),
    "score_same": Score(),
}


def rows(sources: int = 30, systems: int = 4, languages: tuple[str, ...] = ("de", "ja")) -> list[dict[str, Any]]:
    """Answers of systems that people scored; one score agrees, another agrees the other way round."""
    draw = np.random.default_rng(1)
    made = []
    for language in languages:
        for source in range(sources):
            for system in range(systems):
                human = float(draw.integers(0, 5))
                good = human + float(draw.normal())
                made.append(
                    {
                        "prompt": [{"role": "user", "content": f"{language} {source}"}],
                        "prompt_id": f"{language}{source:031d}",
                        "source": f"s{source}",
                        "response": f"answer {system} to {source} (日本語)",
                        "engine": f"system{system}",
                        "sample": 0,
                        "doc_id": f"doc{source // 10}",
                        "src_lang": "en",
                        "tgt_lang": language,
                        "score_human": human,
                        "score_good": good if source else None,
                        "score_errors": -good,
                        "score_blank": None,
                        "score_same": 1.0,
                    }
                )
    return made


@pytest.fixture
def dataset(tmp_path: Path) -> Callable[..., Path]:
    number = 0

    def made(some: list[dict[str, Any]], kind: str = "response", **scores: Score) -> Path:
        nonlocal number
        number += 1
        used = {name: told for name, told in DIRECTIONS.items() if some and name in some[0]}
        return corpus.write(some, kind, tmp_path / f"rows{number}", scores={**used, **scores}).path

    return made


def test_the_table(command: Command, dataset: Callable[..., Path], tmp_path: Path) -> None:
    said = command("scorer", "agree", dataset(rows()), "--resamples", 100, "--out", tmp_path / "out")
    assert said.code == 0, said.err
    assert "Over all rows of a language pair" in said.out
    assert "Among the answers to one source" in said.out
    assert "score_errors ↓" in said.out
    assert "mean of 2" in said.out
    assert "No direction is known of score_same" in said.out
    table = pl.read_csv(tmp_path / "out" / "agreement.csv")
    assert set(table.columns) >= {"score", "languages", "level", "measure", "value", "low", "high", "tie", "tied"}
    told = {(row["score"], row["languages"], row["level"], row["measure"]): row for row in table.iter_rows(named=True)}
    good = told["score_good", "en>de", OVER_ALL, "pearson"]
    assert (good["rows"], good["unjudged"], good["sources"]) == (116, 4, 29)
    assert 0.6 < good["low"] < good["value"] < good["high"] < 1
    # The same numbers turned round are the same agreement, on the rows that both judged.
    errors = told["score_errors", "en>de", OVER_ALL, "kendall"]["value"]
    assert errors == pytest.approx(told["score_good", "en>de", OVER_ALL, "kendall"]["value"], abs=0.05)
    assert told["score_same", "en>de", OVER_ALL, "spearman"]["value"] is None
    within = told["score_good", "en>ja", WITHIN, "accuracy*"]
    assert within["value"] > told["score_good", "en>ja", WITHIN, "accuracy"]["value"] > within["tied"]
    # A score that tells nothing apart is right about all ties, and about nothing else.
    same = told["score_same", "en>de", WITHIN, "accuracy"]
    assert same["value"] == pytest.approx(same["tied"])
    page = (tmp_path / "out" / "README.md").read_text("utf-8")
    assert "good&#124;version&#58;1; family `good`; licence CC-BY-NC-4.0" in page
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        *("README.md", "agreement.csv", "agreement-all.svg", "agreement-segments.svg"),
    }
    again = command("scorer", "agree", dataset(rows()), "--resamples", 100, "--out", tmp_path / "again")
    assert again.out.replace("again", "out") == said.out
    assert (tmp_path / "again/agreement.csv").read_bytes() == (tmp_path / "out/agreement.csv").read_bytes()


def test_named_columns_and_documents(command: Command, dataset: Callable[..., Path]) -> None:
    words = ("--score", "good", "--score", "score_errors", "--resample", "document", "--resamples", 100)
    said = command("scorer", "agree", dataset(rows()), *words)
    assert said.code == 0, said.err
    assert "score_same" not in said.out
    assert "100 resamples by document" in said.out


def test_a_scorer_is_run_where_one_is_named(command: Command, dataset: Callable[..., Path]) -> None:
    some = [row | {"references": [f"answer {row['score_human']:.0f}"]} for row in rows()]
    said = command("scorer", "agree", dataset(some), "--scorer", "chrf", "--resamples", 100)
    assert said.code == 0, said.err
    assert "score_chrf" in said.out
    assert "score_good" not in said.out


def test_too_many_pairs_are_drawn_by_hash(command: Command, dataset: Callable[..., Path], tmp_path: Path) -> None:
    """The score is right about sources that come late in the alphabet, and wrong about the others."""
    some = [
        {
            **{"source": f"source {n:03d}", "target": f"translation {m}", "src_lang": "en", "tgt_lang": "de"},
            **{"score_human": float(m), "score_good": float(m if n >= 60 else -m)},
        }
        for n in range(120)
        for m in range(100)
    ]
    said = command("scorer", "agree", dataset(some, "pair"), "--resamples", 100, "--out", tmp_path / "out")
    assert said.code == 0, said.err
    page = (tmp_path / "out" / "README.md").read_text("utf-8")
    assert all("499,950 of 594,000" in told and "sources that a hash draws" in told for told in (said.out, page))
    table = pl.read_csv(tmp_path / "out" / "agreement.csv").filter(level=WITHIN, measure="accuracy")
    assert table.select("sources", "pairs", "pairs_in_all").row(0) == (101, 499_950, 594_000)
    # In the order of the alphabet it would be 41 of 101.
    assert 0.45 < table["value"][0] < 0.55


def test_answers_that_nobody_rated_are_siblings_all_the_same(dataset: Callable[..., Path]) -> None:
    """The one answer that people rated of each source agrees with the others as far as it does in the whole dataset."""
    some = [row | {"score_human": row["score_human"] if n % 4 == 0 else None} for n, row in enumerate(rows())]
    [scorer] = load_scorers("agreement")
    found = agree(corpus.open(dataset(some)), Question(times=100), [scorer], say=print).found
    assert {(one.rows, one.unjudged) for one in found if one.language == "en>de"} == {(30, 0)}


def test_pairs_have_no_answers_to_compare(dataset: Callable[..., Path]) -> None:
    some = [
        {"source": f"s{n}", "target": f"t{n}", "src_lang": "en", "tgt_lang": "th", "score_human": n, "score_good": n}
        for n in range(10)
    ]
    found = agree(corpus.open(dataset(some, "pair")), Question(times=100)).found
    assert [(one.level, one.language, one.rows) for one in found] == [(OVER_ALL, "en>th", 10)]
    assert found[0].measures["spearman"].value == pytest.approx(1)


@pytest.mark.parametrize(
    ("change", "words", "message"),
    [
        ({"score_human": ...}, (), "has no column of people's scores 'score_human'. Did you mean"),
        ({}, ("--human", "score_humane"), "has no column of people's scores 'score_humane'"),
        ({}, ("--human", "flag_x"), "has no column of people's scores 'flag_x'"),
        ({}, ("--human", "response"), "response holds no numbers"),
        ({}, ("--score", "comet"), "has no score 'comet'. Score columns there: score_blank, score_errors"),
        ({}, ("--score", "human"), "score_human is compared with itself"),
        ({"score_human": None}, (), "has a value in score_human"),
        ({}, ("--score", "blank"), "has both score_human and one of score_blank"),
        ({"doc_id": None}, ("--resample", "document"), "name no document"),
        ({}, ("--scorer", "commet"), "commet"),
        ({}, ("--scorer", "chrf: {word_ordre: 2}"), "unknown option 'word_ordre'"),
    ],
)
def test_what_cannot_be(
    command: Command, dataset: Callable[..., Path], change: dict[str, Any], words: tuple[str, ...], message: str
) -> None:
    some = [{name: value for name, value in {**row, **change}.items() if value is not ...} for row in rows(5)]
    said = command("scorer", "agree", dataset(some), *words)
    assert said.code == 2
    assert message in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    ("some", "expected"),
    [
        (rows(1, 1, ("de",)), "–"),
        ([row | {"score_human": 3.0} for row in rows(5)], "–"),
    ],
)
def test_one_row_and_all_ties_have_no_correlation(
    command: Command, dataset: Callable[..., Path], some: list[dict[str, Any]], expected: str
) -> None:
    said = command("scorer", "agree", dataset(some), "--score", "errors", "--resamples", 100)
    assert said.code == 0, said.err
    assert expected in said.out


def test_an_empty_dataset(command: Command, tmp_path: Path) -> None:
    corpus.write([], "response", tmp_path / "none")
    said = command("scorer", "agree", tmp_path / "none")
    assert (said.code, "has no rows" in said.err) == (2, True)


RECIPE = """
outputs: {{read: {{{read}}}}}
scored: {{score: {{scorers: [chrf]}}}}
"""


@pytest.mark.parametrize(
    ("read", "languages", "pearson"),
    [
        ("mqm: {data}/mqm_google/ted/ende/mqm_ted_ende.tsv", ["en>de"], (0.05, 0.25)),
        ("mlqe_pe: {data}/mlqe_pe", ["en>de", "ne>en", "ro>en", "si>en"], (0.4, 0.9)),
    ],
)
def test_real_ratings(
    command: Command,
    recipe: Callable[..., Path],
    go: Callable[..., Any],
    shared_data: Path,
    tmp_path: Path,
    read: str,
    languages: list[str],
    pearson: tuple[float, float],
) -> None:
    from scipy import stats

    made = go(recipe(RECIPE.format(read=read.format(data=shared_data))))["scored"]
    said = command("scorer", "agree", tmp_path / "runs/test/scored", "--score", "chrf", "--out", tmp_path / "out")
    assert said.code == 0, said.err
    assert all(language in said.out for language in languages)
    table = pl.read_csv(tmp_path / "out" / "agreement.csv").filter(pl.col("level") == OVER_ALL)
    rows = made.scan().collect()
    for language in languages:
        of = rows.filter((pl.col("src_lang") == language[:2]) & (pl.col("tgt_lang") == language[3:]))
        left, right = of["score_chrf"].to_numpy(), of["score_human"].to_numpy()
        told = dict(table.filter(pl.col("languages") == language).select("measure", "value").iter_rows())
        assert told["pearson"] == pytest.approx(stats.pearsonr(left, right).statistic, rel=1e-5)
        assert told["spearman"] == pytest.approx(stats.spearmanr(left, right).statistic, rel=1e-5)
        assert told["kendall"] == pytest.approx(stats.kendalltau(left, right).statistic, rel=1e-5)
        assert pearson[0] < told["pearson"] < pearson[1]
