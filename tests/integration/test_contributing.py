"""The examples of CONTRIBUTING.md work as they stand there."""

import importlib
import json
import re
import sys
from pathlib import Path

import pytest

import corpus
import datagen.stages
from corpus import laws
from datagen.progress import Silent
from datagen.recipe import load_recipe
from datagen.run import run
from datagen.verify import verify

GUIDE = Path(__file__).parents[2] / "CONTRIBUTING.md"
TEXTS = ["STOP SHOUTING AT ME", "Quiet words", "!!!", "ВНИМАНИЕ", "静かに！", "", "ÀÉÎ õü", "one more"]


@pytest.fixture
def examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put each example of the guide where its first line says, in a folder that the package looks into as well."""
    blocks = re.findall(r"```python\n# (\S+)\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert [path for path, _ in blocks] == [
        "filters/rules/shouting.py",
        "filters/scorers/emphasis.py",
        "datagen/stages/thin.py",
    ]
    for path, code in blocks:
        file = tmp_path / path
        file.parent.mkdir(parents=True)
        file.write_text(code, encoding="utf-8")
        package = importlib.import_module(str(Path(path).parent).replace("/", "."))
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(file.parent)])
    thin = importlib.import_module("datagen.stages.thin")
    monkeypatch.setitem(datagen.stages.STAGES, "thin", thin.Thin)
    monkeypatch.setitem(laws.LAWS, "thin", laws.LAWS["select"])
    monkeypatch.setitem(laws.SET_ASIDE, "thin", ("dropped",))
    yield
    for path, _ in blocks:
        sys.modules.pop(path.removesuffix(".py").replace("/", "."), None)


@pytest.mark.usefixtures("examples")
def test_examples_run_in_a_recipe(tmp_path: Path) -> None:
    rows = [json.dumps({"text": text, "tgt_lang": "und"}, ensure_ascii=False) for text in TEXTS]
    (tmp_path / "texts.jsonl").write_text("\n".join(rows), encoding="utf-8")
    recipe = tmp_path / "guide.yaml"
    recipe.write_text(
        "stages:\n"
        "  texts: {read: {jsonl: texts.jsonl, kind: text}}\n"
        "  scored: {score: {scorers: [emphasis]}}\n"
        "  kept: {select: {filters: [{shouting: {unjudged: keep}}]}}\n"
        "  few: {thin: {every: 2}}\n",
        encoding="utf-8",
    )
    made = run(load_recipe(recipe), tmp_path / "runs", until=None, workers=1, progress=Silent())
    for dataset in made.values():
        assert [check for check in verify(dataset.path) if check.problem] == []
    marks = {row["text"]: row["score_emphasis"] for row in made["scored"].rows()}
    assert marks == {**dict.fromkeys(TEXTS, 0.0), "!!!": 100.0, "静かに！": 25.0, "": None}
    dropped = made["kept"].aside().select("reason", "value").collect().rows()
    assert dropped == [("shouting", "16"), ("shouting", "8")]
    assert [row["text"] for row in corpus.open(made["few"].path).rows()] == ["Quiet words", "静かに！", "ÀÉÎ õü"]
