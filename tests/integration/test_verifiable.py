"""The stage `verifiable` in recipes: the shipped one on real data, and selection by what a served model solves."""

import json
from collections import Counter
from pathlib import Path

import pytest
from servers import ChatServer

import corpus
from datagen.progress import Silent
from datagen.recipe import load_recipe
from datagen.run import run
from datagen.verify import verify
from filters.rewards import Composite, verify_row

RECIPES = Path(__file__).parents[2] / "recipes"


def whole(dataset: corpus.Dataset) -> None:
    assert [check.problem for check in verify(dataset.path) if check.problem] == []


@pytest.mark.slow
def test_the_shipped_recipe(shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Problems of all kinds, each of which its own references pass, and a copied source does not."""
    monkeypatch.setenv("TOWERKIT_DATA", str(shared_data))
    made = run(load_recipe(RECIPES / "verifiable.yaml"), tmp_path, until=None, workers=2, progress=Silent())
    parts = ("mathematics", "programs", "constraints", "translations", "preferences")
    for name in (*parts, "problems"):
        whole(made[name])
    for name in parts:
        assert made[name].manifest.counts["candidates"] >= made[name].manifest.rows > 200
    problems = list(made["problems"].rows())
    assert set(Counter(row["label_family"] for row in problems)) == {
        *("math", "code", "constraints", "translation_rules", "preference")
    }
    translations = [row for row in problems if row["label_family"] == "translation_rules"]
    for row in translations[::10]:
        assert [verify_row(row, text).score for text in row["references"]] == [1.0], row
        assert verify_row(row, row["source"]).score in (0, None), row
    families = {family for row in translations for family in row["label_checks"].split("+")}
    assert families >= {"address", "dates", "length", "markup", "numbers", "punctuation", "quotes", "terms", "verbatim"}
    assert {row["tgt_lang"] for row in translations} >= {"de", "ja", "fr", "zh", "sw"}
    judge = Composite(allow_code=True)
    for row in [row for row in problems if row["label_family"] == "code"][::60]:
        assert judge.judge(row, f"```python\n{row['references'][0]}\n```").score == 1


def test_problems_are_selected_by_what_a_model_solves(tmp_path: Path, chat_server: ChatServer) -> None:
    asked = {
        "never": {"id": "detectable_format:title", "kwargs": {}},
        "always": {"id": "punctuation:no_comma", "kwargs": {}},
        "sometimes": {
            "id": "keywords:letter_frequency",
            "kwargs": {"letter": "q", "let_frequency": 1, "let_relation": "at least"},
        },
    }
    rows = [
        {"prompt": question, "instruction_id_list": [one["id"]], "kwargs": [one["kwargs"]]}
        for question, one in asked.items()
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    engine = {"model": "m", "base_url": chat_server.url, "max_tokens": 6}
    stages = {
        "rows": {"read": {"jsonl": "rows.jsonl", "kind": "prompt", "tgt_lang": "en"}},
        "problems": {"verifiable": {"make": [{"constraints": {"form": "ifeval"}}]}},
        "answers": {"generate": {"n": 12, "engines": [{"openai": engine}]}},
        "scored": {"score": {"scorers": ["verified"]}},
        "rated": {"score": {"scorers": ["pass_rate"]}},
        "again": {"verifiable": {}},
        "kept": {"select": {"filters": [{"threshold": {"column": "score_pass_rate", "min": 0.05, "max": 0.95}}]}},
    }
    (tmp_path / "recipe.yaml").write_text(json.dumps({"name": "r", "stages": stages}), "utf-8")
    made = run(load_recipe(tmp_path / "recipe.yaml"), tmp_path / "runs", until=None, workers=1, progress=Silent())
    for dataset in made.values():
        whole(dataset)
    assert made["answers"].manifest.rows == 36
    rates = {row["prompt"][0]["content"]: row["score_pass_rate"] for row in made["again"].rows()}
    assert (rates["never"], rates["always"]) == (0.0, 1.0)
    assert 0 < rates["sometimes"] < 1
    [kept] = made["kept"].rows()
    before = {row["id"]: row for row in made["problems"].rows()}
    assert {name: kept[name] for name in before[kept["id"]]} == before[kept["id"]]
