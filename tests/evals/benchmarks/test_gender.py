"""Gender of MT-GenEval: what counts as wrong, and real references by the authors' rule."""

from pathlib import Path
from typing import Any

import pytest
from answered import evaluation_of, results_for

from corpus.errors import UserError
from evals.report.results import Results

FEMININE = "Die Ärztin verlor ihren Hut."
MASCULINE = "Der Arzt verlor seinen Hut."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for gender, source, target in (
        ("feminine", "The doctor lost her hat.", FEMININE),
        ("masculine", "The doctor lost his hat.", MASCULINE),
    ):
        for language, text in (("en", source), ("de", target)):
            (tmp_path / f"geneval-sentences-{gender}-test.en_de.{language}").write_text(f"{text}\n", "utf-8")
    return tmp_path


def values(results: Results) -> dict[str, tuple[float, int, int]]:
    told = {m.metric.name: m.numbers["m"].scored for m in results.measured}
    return {name: (scored.value, scored.n, scored.unjudged) for name, scored in told.items()}


@pytest.mark.parametrize(
    ("feminine", "masculine", "no_wrong", "shown"),
    [
        ([FEMININE], [MASCULINE], 1.0, 1.0),
        ([MASCULINE], [FEMININE], 0.0, 0.0),
        (["Die Ärztin verlor den Hut"], [MASCULINE.upper()], 1.0, 1.0),
        # One wrong word is one too many, wherever punctuation stands.
        (["Die Ärztin (der Arzt) verlor ihren Hut."], [MASCULINE], 0.5, 0.5),
        # Who says nothing is not wrong by the authors' rule, and shows nothing.
        ([""], ["Hut verloren."], 1.0, 0.0),
    ],
)
def test_words_of_one_reference(
    feminine: list[str], masculine: list[str], no_wrong: float, shown: float, folder: Path
) -> None:
    evaluation = evaluation_of(folder, {"gender": {"gender": {"folder": str(folder)}}}, {"m": {}})

    def said(row: dict[str, Any]) -> list[str]:
        return feminine if " her " in row["source"] else masculine

    told = values(results_for(folder, evaluation, {"m": said}))
    assert (told["no wrong gender"], told["right gender shown"]) == ((no_wrong, 2, 0), (shown, 2, 0))
    assert {"chrF++", "off target", "empty"} < set(told)


def test_what_failed_is_not_judged(folder: Path) -> None:
    evaluation = evaluation_of(folder, {"gender": {"gender": {"folder": str(folder)}}}, {"m": {}})
    told = values(results_for(folder, evaluation, {"m": lambda row: [FEMININE] if " her " in row["source"] else []}))
    assert told["no wrong gender"] == (1.0, 1, 1)


def test_sentences_are_no_documents(folder: Path) -> None:
    with pytest.raises(UserError, match="documents"):
        evaluation_of(folder, {"gender": {"gender": {"folder": str(folder), "documents": True}}}, {"m": {}})


def test_the_real_set(tmp_path: Path, shared_data: Path) -> None:
    """Who always writes of men is right half of the time, and the references always."""
    folder = shared_data / "mt_geneval/sentences/dev"
    lines = {gender: (folder / f"geneval-sentences-{gender}-dev.en_de.{language}").read_text("utf-8").split("\n")
             for gender, language in (("feminine", "en"), ("masculine", "de"))}  # fmt: skip
    men = dict(zip(lines["feminine"], lines["masculine"], strict=True))
    benchmarks = {"gender": {"gender": {"folder": str(folder), "first": 600}}}
    evaluation = evaluation_of(tmp_path, benchmarks, {"right": {}, "men": {}})
    results = results_for(
        tmp_path,
        evaluation,
        {"right": lambda row: row["references"], "men": lambda row: [men.get(row["source"], row["references"][0])]},
    )
    for name in ("no wrong gender", "right gender shown"):
        numbers = next(m.numbers for m in results.measured if m.metric.name == name)
        assert (numbers["right"].scored.value, numbers["right"].scored.n) == (pytest.approx(1, abs=0.01), 600)
        assert numbers["men"].scored.value == pytest.approx(0.5, abs=0.01)
    # What only the other reference has, no reference has: by the authors' rule it is never wrong.
    assert next(m for m in results.measured if m.metric.name == "no wrong gender").numbers["right"].scored.value == 1
