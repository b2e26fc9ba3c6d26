"""The command line, verb by verb: what it says and how it ends."""

import errno
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import corpus
from corpus.current import read_current
from corpus.errors import Failure, UserError
from datagen.stages.render import Render

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


@pytest.mark.parametrize("verb", ["show", "verify"])
def test_a_stages_newest_dataset_is_found_by_name(verb: str, folder: Path, command: Any) -> None:
    command("run", "recipe.yaml")
    command("run", "recipe.yaml", "--set", "kept.empty.unjudged=keep")
    run = folder / "runs" / "recipe"
    assert len(list(run.glob("kept-*"))) == 2
    by_name, by_folder = (command(verb, run / name) for name in ("kept", read_current(run)["kept"]))
    assert (by_name.code, by_name.out) == (0, by_folder.out)
    wrong = command(verb, "runs/recipe/keptt")
    assert wrong.code == 2
    assert "Did you mean 'kept'? Stages: pairs, kept, texts" in wrong.err
    assert "runs/recipe is a run; name one of its stages" in command(verb, "runs/recipe").err
    (run / "kept").mkdir()  # no dataset, as the folder `answers` is none
    assert command(verb, run / "kept").out == by_folder.out
    (run / "others").mkdir()
    assert "is not a dataset" in command(verb, run / "others").err


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "data/0.parquet"), 1,
         "error: data/0.parquet: No space left on device\n"),
        (PermissionError("not yours"), 1, "error: not yours\n"),
        (Failure("a worker process died"), 1, "error: a worker process died\n"),
        (pl.exceptions.ComputeError("bad cast\nplan:\n  FILTER"), 1, "error: bad cast\n"),
        (UserError("no such model"), 2, "error: no such model\n"),
        (KeyboardInterrupt(), 130, "stopped; run the same command again to go on\n"),
    ],
)  # fmt: skip
def test_a_run_that_fails(
    error: BaseException, code: int, message: str, folder: Path, command: Any, monkeypatch: Any
) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(Render, "run", fail)
    said = command("run", "recipe.yaml", "--workers", "1")
    assert (said.code, said.err) == (code, message)
    assert list(read_current(folder / "runs" / "recipe")) == ["pairs", "kept"]


def test_a_fault_of_our_own_is_a_traceback(folder: Path, command: Any, monkeypatch: Any) -> None:
    """So that it can be reported; the interpreter then exits with 1."""
    del folder

    def broken(*_: Any) -> None:
        raise KeyError("oops")

    monkeypatch.setattr(Render, "run", broken)
    with pytest.raises(KeyError, match="oops"):
        command("run", "recipe.yaml")


def test_runs_that_are_a_file(folder: Path, command: Any) -> None:
    (folder / "runs").write_text("")
    said = command("run", "recipe.yaml")
    assert said.code == 1
    assert said.err.startswith("error: runs")


def test_an_input_that_lost_a_shard(folder: Path, command: Any) -> None:
    command("run", "recipe.yaml", "--until", "pairs")
    pairs = folder / "runs" / "recipe" / read_current(folder / "runs" / "recipe")["pairs"]
    (pairs / "data" / "00000.parquet").unlink()
    for words in (["run", "recipe.yaml"], ["show", pairs]):
        said = command(*words)
        assert said.code == 1
        assert "00000.parquet is missing; `datagen verify " in said.err
    assert "FAIL  every shard is there" in command("verify", pairs).out


def test_damaged_files_of_our_own(folder: Path, command: Any) -> None:
    command("run", "recipe.yaml")
    current = folder / "runs" / "recipe" / "current.json"
    for torn in ("", '{"pairs": ', "[1]"):
        current.write_text(torn)
        said = command("trace", "0" * 8)
        assert said.code == 1
        assert "current.json is damaged" in said.err
    current.unlink()
    assert command("run", "recipe.yaml").code == 0
    assert list(read_current(current.parent)) == ["pairs", "kept", "texts"]
