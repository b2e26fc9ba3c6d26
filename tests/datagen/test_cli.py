"""The command line, verb by verb: what it says and how it ends."""

from pathlib import Path
from typing import Any

import pytest

import corpus
from datagen.run import read_current

RECIPE = """\
stages:
  pairs: {read: {jsonl: pairs.jsonl, kind: pair, src_lang: de, tgt_lang: en}}
  kept: {select: {filters: [empty, copied]}}
  texts: {render: {}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    rows = [f'{{"source": "Satz {n}", "target": "{"sentence" if n else "Satz"} {n}"}}\n' for n in range(20)]
    (tmp_path / "pairs.jsonl").write_text("".join(rows))
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_run_makes_what_is_missing_and_says_so(folder: Path, command: Any) -> None:
    first = command("run", "recipe.yaml")
    assert first.code == 0
    lines = first.out.splitlines()
    # The recipe's name is its file's; each stage is a line that names its dataset.
    assert [line.partition(":")[0] for line in lines if "->" in line] == ["pairs", "kept", "texts"]
    assert any("19 pair rows" in line and "runs/recipe/kept-" in line for line in lines)
    assert "1 rows dropped: copied 1" in first.out
    second = command("run", "recipe.yaml")
    assert second.out.count("done already") == 3
    assert list(read_current(folder / "runs" / "recipe")) == ["pairs", "kept", "texts"]


def test_check_says_which_stages_are_done(folder: Path, command: Any) -> None:
    before = command("check", "recipe.yaml").out.splitlines()
    assert [line.split()[:3] for line in before] == [
        ["pairs", "read", "pair"], ["kept", "select", "pair"], ["texts", "render", "text"],
    ]  # fmt: skip
    assert "to do" in before[0]
    assert not (folder / "runs" / "recipe").exists()  # a check makes no dataset
    command("run", "recipe.yaml", "--until", "kept")
    after = command("check", "recipe.yaml").out.splitlines()
    assert ["done, " in line for line in after] == [True, True, False]


def test_run_until_with_settings_and_a_sample_in_a_folder_of_its_own(folder: Path, command: Any) -> None:
    words = ["--until", "kept", "--set", "kept.empty.unjudged=keep", "--sample", "5", "--runs", "elsewhere"]
    assert command("run", "recipe.yaml", *words, "--workers", "2").code == 0
    (kept,) = (folder / "elsewhere" / "recipe").glob("kept-*")
    assert len(corpus.open(kept)) == 4
    assert corpus.open(kept).manifest.options["filters"][0]["empty"]["unjudged"] == "keep"
    assert not (folder / "runs").exists()


def test_show_and_trace(folder: Path, command: Any) -> None:
    command("run", "recipe.yaml")
    kept = folder / "runs" / "recipe" / read_current(folder / "runs" / "recipe")["kept"]
    shown = command("show", kept, "--rows", "2")
    assert (shown.code, shown.out.count("[source]")) == (0, 2)
    assert "set aside for copied" in command("show", kept, "--aside", "copied").out
    one = next(corpus.open(kept).rows())["id"]
    traced = command("trace", one[:12])
    assert [place in traced.out for place in ("pairs (read)", "kept (select)", "texts (render)")] == [True] * 3


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], 2),
        (["--help"], 0),
        (["run", "--help"], 0),
        (["run"], 2),
        (["rum", "recipe.yaml"], 2),
        (["run", "recipe.yaml", "--workers", "0"], 2),
        (["run", "recipe.yaml", "--until", "nowhere"], 2),
        (["show", "nowhere"], 2),
        (["show", "nowhere", "--rows", "0"], 2),
        (["trace", "xyz"], 2),
        (["report", "nowhere"], 2),
        (["list", "nothing"], 2),
    ],
)
@pytest.mark.usefixtures("folder")
def test_how_it_ends(words: list[str], code: int, command: Any) -> None:
    assert command(*words).code == code


def test_a_failure_that_is_not_the_users_is_no_success(folder: Path, command: Any, monkeypatch: Any) -> None:
    """A full disk and the like: the error itself, so that it can be reported; the interpreter then exits with 1."""
    from datagen.stages.render import Render

    def full(*_: Any) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(Render, "run", full)
    with pytest.raises(OSError, match="no space left"):
        command("run", "recipe.yaml")
    assert list(read_current(folder / "runs" / "recipe")) == ["pairs", "kept"]
