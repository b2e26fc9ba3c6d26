"""A judge whose model runs in this process: random weights say nothing that could be read, and nothing is made up."""

from importlib.util import find_spec
from pathlib import Path

import pytest

import corpus
from datagen.progress import Silent
from datagen.recipe import load_recipe
from datagen.run import run

pytestmark = [
    pytest.mark.skipif(find_spec("torch") is None, reason="needs torch and transformers: make test-train"),
    pytest.mark.filterwarnings("default:::torch"),
]


def test_a_model_that_says_nothing_of_use(tmp_path: Path) -> None:
    from tiny_models import make_chat_model

    tiny_model = make_chat_model(tmp_path / "tiny", context=16_384)
    rows = [{"source": "a", "target": text, "src_lang": "de", "tgt_lang": "en"} for text in ("one", "two", "one", " ")]
    corpus.write(rows, "pair", tmp_path / "rows")
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        f"""
        name: test
        stages:
          rows: {{read: {{dataset: '{tmp_path / "rows"}'}}}}
          scored:
            score:
              scorers: [{{judge: {{engine: {{transformers: {{model: '{tiny_model}', max_tokens: 8}}}}}}}}]
        """,
        "utf-8",
    )
    made = run(load_recipe(recipe), tmp_path / "runs", until=None, workers=1, progress=Silent())
    told = made["scored"].scan().select("score_judge", "label_judge_note").collect()
    assert told.rows() == [*[(None, "unreadable verdict")] * 3, (None, "empty output")]
    signature = made["scored"].manifest.scores["score_judge"].signature
    assert "|model:tiny|content:" in signature
    assert str(tmp_path) not in signature
