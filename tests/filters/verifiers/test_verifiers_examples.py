"""The examples of docs/verifiers.md are what they say: tables, Python, the recipe, and the verifier that is added."""

import doctest
import json
import re
from pathlib import Path
from typing import Any

import pytest

import corpus
from datagen.cli import app
from filters.names import verifier_names
from filters.rewards import Composite, verify_row

PAGE = (Path(__file__).parents[3] / "docs" / "verifiers.md").read_text("utf-8")
ROWS: list[tuple[str, list[str]]] = []
for heading, part in re.findall(r"^### `(\w+)`$(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL):
    lines = re.findall(r"^\| ([a-z-]{2,7} \| .*) \|$", part, re.MULTILINE)
    ROWS += [(heading, line.split(" | ")) for line in lines if not line.startswith("language")]


def text(cell: str) -> str:
    """A cell as it is meant: code without its signs, lines apart."""
    return "\n".join(part.strip("`") for part in cell.split("<br>"))


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_each_verifier_has_three_languages() -> None:
    told = [name for name, _ in ROWS]
    # Those of translation_rules stand on a page of their own.
    assert {name: told.count(name) for name in told} == dict.fromkeys(set(verifier_names()) - {"translation_rules"}, 3)
    for name in set(told):
        assert len({cells[0] for other, cells in ROWS if other == name}) == 3


@pytest.mark.parametrize(("name", "cells"), ROWS, ids=[f"{name} {cells[0]}" for name, cells in ROWS])
def test_tables(name: str, cells: list[str]) -> None:
    language, arguments, right, wrong, why = cells
    row = {"tgt_lang": language, "verifiers": [{"name": name, "args": arguments.strip("`")}]}
    assert verify_row(row, text(right), Composite(allow_code=True)).score == 1
    judged = verify_row(row, text(wrong), Composite(allow_code=True))
    assert (judged.score, judged.reason) == (0, f"{name}: {why}")


def test_python() -> None:
    examples = "\n".join(blocks("pycon"))
    assert examples.count(">>>") > 10
    test = doctest.DocTestParser().get_doctest(examples, {}, "docs/verifiers.md", None, None)
    failed = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test)
    assert failed.failed == 0


def test_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (row,), recipe = blocks("json"), next(block for block in blocks("yaml") if block.startswith("stages:"))
    (tmp_path / "answers.jsonl").write_text(row, "utf-8")
    (tmp_path / "verified.yaml").write_text(recipe, "utf-8")
    monkeypatch.chdir(tmp_path)
    app(["run", "verified.yaml", "--workers", "1"], standalone_mode=False)
    (folder,) = (path.parent for path in tmp_path.glob("runs/verified/verified-*/manifest.json"))
    (scored,) = corpus.open(folder).rows()
    assert (scored["score_verified"], scored["score_verified_math"], scored["label_verified_reason"]) == (1, 1, None)
    assert [each["name"] for each in json.loads(scored["spans_verified"])] == ["math", "language"]


@pytest.mark.parametrize(
    ("reply", "score"),
    [("Never odd or even", 1), ("А роза упала на лапу Азора", 1), ("たけやぶやけた", 1), ("A bridge over a river", 0),
     ("aba", 0), ("", 0), ("<think>level level", 0), ("\ud800", 0)],
)  # fmt: skip
def test_the_verifier_that_is_added(reply: str, score: float) -> None:
    (source,) = blocks("python")
    told: dict[str, Any] = {"__name__": "palindrome"}
    exec(compile(source, "docs/verifiers.md", "exec"), told)
    verifier = told["Palindrome"]()
    assert verifier.verify({}, reply).score == score
    assert verifier.verify({}, verifier.compliant({})).score == 1
