"""Reading and checking a recipe takes a moment: what only a run needs is not even imported."""

import subprocess
import sys
from pathlib import Path

HEAVY = {"torch", "datasets", "numpy", "pyarrow", "rich", "fasttext", "sacrebleu", "matplotlib", "lxml", "regex"}


def test_check_imports_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "pairs.jsonl").write_text('{"source": "a", "target": "b"}\n', "utf-8")
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        """
        stages:
          rows: {read: {jsonl: pairs.jsonl, kind: pair}}
          scored: {score: {scorers: [langid]}}
          kept: {select: {filters: [empty, length_ratio, wrong_language]}}
          unique: {dedup: {}}
          mixed: {mix: {validation: 0.1}}
          texts: {from: unique, render: {}}
        """,
        "utf-8",
    )
    program = f"""
import sys
from datagen.cli import app
app(["check", {str(recipe)!r}, "--runs", {str(tmp_path / "runs")!r}], standalone_mode=False)
print(sorted({HEAVY!r} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
