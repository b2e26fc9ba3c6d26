"""`datagen scorer calibrate`: thresholds by language, which a recipe takes as they are."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import corpus
from corpus.manifest import Score
from datagen.scorer.calibrate import Goal, calibrate, fragment

Command = Callable[..., Any]
SCORES = {
    "score_x": Score(higher_is_better=True, signature="x|version:1"),
    "score_cost": Score(higher_is_better=False),
    "score_human": Score(higher_is_better=True),
    "flag_ok": Score(),
    "label_verdict": Score(),
}


def rows(number: int = 400, languages: tuple[str, ...] = ("de", "ja", "no", "pt-BR")) -> list[dict[str, Any]]:
    """Pairs of which the better half is good; scores lie higher from language to language."""
    draw = np.random.default_rng(4)
    made = []
    for shift, language in enumerate(languages):
        for n in range(number):
            quality = float(draw.uniform())
            value = quality + shift + float(draw.normal(scale=0.05))
            made.append(
                {
                    "source": f"s{n}", "target": f"t{n}", "src_lang": "en", "tgt_lang": language,
                    "score_x": value, "score_cost": 1e-6 * (10 - value), "score_human": quality,
                    "flag_ok": quality > 0.5, "label_verdict": "good" if quality > 0.5 else "bad",
                }
            )  # fmt: skip
    return made


@pytest.fixture
def dataset(tmp_path: Path) -> Callable[..., Path]:
    number = 0

    def made(some: list[dict[str, Any]]) -> Path:
        nonlocal number
        number += 1
        used = {name: told for name, told in SCORES.items() if any(name in row for row in some)}
        return corpus.write(some, "pair", tmp_path / f"rows{number}", scores=used).path

    return made


@pytest.mark.parametrize(
    "goal",
    [
        {"label": "flag_ok"},
        {"label": "score_human", "good": "0.5"},
        {"label": "human", "good": "0.5"},
        {"label": "label_verdict", "good": "good"},
    ],
)
def test_precision(dataset: Callable[..., Path], goal: dict[str, str]) -> None:
    found = calibrate(corpus.open(dataset(rows())), Goal("score_x", min_precision=0.95, times=200, **goal))
    assert [cut.language for cut in found.cuts] == ["de", "ja", "no", "pt-BR"]
    for shift, cut in enumerate(found.cuts):
        low, high = cut.threshold.interval()
        assert low <= cut.threshold.value <= high
        assert shift + 0.35 < low < high < shift + 0.6
        assert cut.good is not None
        assert cut.good >= 0.95
        # The next looser threshold would not do.
        assert cut.curve.filter(pl.col("kept") > cut.kept)["good"].max() < 0.95


@pytest.mark.parametrize(("score", "limit"), [("score_x", "min"), ("cost", "max")])
def test_the_fragment_keeps_what_it_says(
    command: Command, recipe: Callable[..., Path], go: Callable[..., Any], dataset: Callable[..., Path], tmp_path: Path,
    score: str, limit: str,
) -> None:  # fmt: skip
    folder = dataset(rows())
    out = tmp_path / "out"
    said = command("scorer", "calibrate", folder, "--score", score, "--keep", "0.6", "--resamples", 100, "--out", out)
    assert said.code == 0, said.err
    text = (out / "threshold.yaml").read_text("utf-8")
    assert text in said.out
    assert f"          {limit}:\n" in text
    path = recipe(f"rows: {{read: {{dataset: '{folder}'}}}}\n{text}")
    checked = command("check", path)
    assert checked.code == 0, checked.err
    kept = go(path)["calibrated"].scan().collect()
    assert dict(kept["tgt_lang"].value_counts().iter_rows()) == dict.fromkeys(["de", "ja", "no", "pt-BR"], 240)
    told = {path.name for path in out.iterdir()}
    assert told == {"README.md", "threshold.yaml", "thresholds.csv", "curve.csv", "curve.svg"}
    curve = pl.read_csv(out / "curve.csv")
    assert curve.group_by("language").agg(pl.col("kept").is_sorted().all())["kept"].all()


def test_rows_without_a_score_are_not_kept(dataset: Callable[..., Path]) -> None:
    some = [row | ({"score_x": None} if n % 2 else {}) for n, row in enumerate(rows(100, ("de",)))]
    found = calibrate(corpus.open(dataset(some)), Goal("score_x", keep=0.4, times=100))
    assert (found.cuts[0].unjudged, found.cuts[0].kept) == (50, 0.4)
    found = calibrate(corpus.open(dataset(some)), Goal("score_x", keep=0.6, times=100))
    assert found.cuts[0].why == "too many rows have no score"


def test_languages_without_a_threshold_are_named(command: Command, dataset: Callable[..., Path]) -> None:
    some = [*rows(100, ("de",)), *rows(5, ("th",)), *(row | {"flag_ok": False} for row in rows(50, ("hi",)))]
    words = ("--score", "x", "--label", "flag_ok", "--min-precision", "0.9", "--resamples", 100)
    said = command("scorer", "calibrate", dataset(some), *words)
    assert said.code == 0, said.err
    assert "# th: none, fewer than 20 rows" in said.out
    assert "# hi: none, no threshold gives 90% good rows" in said.out
    assert re.search(r"^ {12}de: 0\.\d+ ", said.out, re.M)


def test_all_ties(dataset: Callable[..., Path]) -> None:
    some = [row | {"score_x": 0.5} for row in rows(50, ("de",))]
    found = calibrate(corpus.open(dataset(some)), Goal("score_x", keep=0.3, times=100))
    assert (found.cuts[0].threshold.value, found.cuts[0].kept) == (0.5, 1.0)
    assert "de: 0.5" in fragment(found)


@pytest.mark.parametrize(
    ("change", "words", "message"),
    [
        ({}, ("--score", "x"), "give either --min-precision with --label, or --keep"),
        ({}, ("--score", "x", "--keep", 0.5, "--min-precision", 0.5, "--label", "flag_ok"), "give either"),
        ({}, ("--score", "x", "--min-precision", 0.5), "give both"),
        ({}, ("--score", "x", "--keep", 1.5), "expected a share above 0 and at most 1"),
        ({}, ("--score", "y", "--keep", 0.5), "has no score 'y'"),
        ({}, ("--score", "flag_ok", "--keep", 0.5), "flag_ok holds no numbers"),
        ({}, ("--score", "x", "--label", "nope", "--min-precision", 0.5), "has no label 'nope'"),
        ({}, ("--score", "x", "--label", "human", "--min-precision", 0.5), "say with --good"),
        ({}, ("--score", "x", "--label", "human", "--good", "much", "--min-precision", 0.5), "expected a number"),
        ({"score_x": None}, ("--score", "x", "--keep", 0.5), "score_x is null in every row"),
        ({"flag_ok": None}, ("--score", "x", "--label", "flag_ok", "--min-precision", 0.5), "has a value in flag_ok"),
        ({"flag_ok": False}, ("--score", "x", "--label", "flag_ok", "--min-precision", 0.5), "no language has a"),
    ],
)
def test_what_cannot_be(
    command: Command, dataset: Callable[..., Path], change: dict[str, Any], words: tuple[Any, ...], message: str
) -> None:
    said = command("scorer", "calibrate", dataset([row | change for row in rows(30, ("de",))]), *words)
    assert said.code == 2
    assert message in said.err


def test_one_row(command: Command, dataset: Callable[..., Path]) -> None:
    said = command("scorer", "calibrate", dataset(rows(1, ("de",))), "--score", "x", "--keep", 0.5)
    assert (said.code, "fewer than 20 rows" in said.err) == (2, True)
