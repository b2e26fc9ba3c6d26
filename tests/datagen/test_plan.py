"""What makes a stage run again, and what does not: options, versions and content do; paths, hosts and speed do not."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import corpus
from corpus.current import read_current
from datagen.progress import Silent
from datagen.recipe import load_recipe
from datagen.run import run, states
from filters.rules.length_ratio import LengthRatio

RECIPE = """\
name: plans
seed: 1
stages:
  pairs: {read: {text: {de: x.de, en: x.en}}}
  scored: {score: {scorers: [repetition]}}
  kept: {select: {filters: [empty, {length_ratio: {max: 3}}, {too_long: {max: 100}}]}}
  unique: {dedup: {}}
  texts: {render: {}}
  heldout: {read: {jsonl: heldout.jsonl, kind: text}}
  mix: {from: [texts, heldout], mix: {validation: 0.1}}
"""
STAGES = ["pairs", "scored", "kept", "unique", "texts", "heldout", "mix"]

Go = Callable[..., dict[str, corpus.Dataset]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A recipe with its input."""
    folder = tmp_path / "here"
    folder.mkdir()
    german = [f"Satz {n} {'lang ' * (n if n < 39 else 200)}\n" for n in range(1, 40)]
    english = [f"sentence {n} {'long ' * min(n, 12)}\n" for n in range(1, 40)]
    (folder / "x.de").write_text("".join(german), "utf-8")
    (folder / "x.en").write_text("".join(english), "utf-8")
    (folder / "heldout.jsonl").write_text('{"text": "one"}\n{"text": "two"}\n', "utf-8")
    (folder / "recipe.yaml").write_text(RECIPE, "utf-8")
    return folder


@pytest.fixture
def go(folder: Path) -> Go:
    def go(*sets: str, recipe: Path | None = None, runs: Path | None = None, workers: int = 1) -> Any:
        loaded = load_recipe(recipe or folder / "recipe.yaml", sets=sets)
        return run(loaded, runs or folder / "runs", until=None, workers=workers, progress=Silent())

    return go


def again(old: dict[str, corpus.Dataset], new: dict[str, corpus.Dataset]) -> list[str]:
    """The stages that were made anew."""
    return [name for name in new if name not in old or old[name].path.name != new[name].path.name]


def plans(made: dict[str, corpus.Dataset]) -> dict[str, str]:
    return {name: one.manifest.plan for name, one in made.items()}


def snapshot(folder: Path) -> dict[Path, tuple[int, int]]:
    """Every file of a folder with its time and inode."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in files}


def test_a_second_run_touches_nothing(go: Go, folder: Path) -> None:
    go()
    before = snapshot(folder)
    go()
    assert {path: seen for path, seen in snapshot(folder).items() if path.name != ".lock"} == {
        path: seen for path, seen in before.items() if path.name != ".lock"
    }


@pytest.mark.parametrize(
    ("sets", "expected"),
    [
        ([], []),
        # A threshold: select and, since other rows pass, what reads them. Nothing before.
        (["kept.too_long.max=60"], ["kept", "unique", "texts", "mix"]),
        (["kept.length_ratio.max=1.5"], ["kept", "unique", "texts", "mix"]),
        # Another threshold that the same rows pass: what follows has nothing to do.
        (["kept.too_long.max=100.5"], ["kept"]),
        # The value that is the default, or stands there already, written out.
        (["kept.too_long.max=100"], []),
        (["kept.empty.unjudged=drop"], []),
        (["kept.empty.unjudged=keep"], ["kept"]),
        (["kept.filters=[{length_ratio: {max: 3}}, empty, {too_long: {max: 100}}]"], ["kept"]),
        (["unique.normalize=[trim]"], ["unique"]),
        (["texts.turn=x"], ["texts"]),
        (["pairs.license=MIT"], ["pairs", "scored", "kept", "unique", "texts", "mix"]),
        (["pairs.rows_per_shard=20"], ["pairs", "scored", "kept", "unique", "texts", "mix"]),
        (["scored.scorers=[{repetition: {as: other}}]"], ["scored", "kept", "unique", "texts", "mix"]),
        (["mix.validation=0.2"], ["mix"]),
        # The seed matters to what is drawn by it, and to nothing else.
        (["seed=2"], ["mix"]),
        (["mix.from=[heldout, texts]"], ["mix"]),
    ],
    ids=lambda value: " ".join(value) if value and isinstance(value[0], str) else "",
)
def test_what_runs_again(sets: list[str], expected: list[str], go: Go, folder: Path) -> None:
    old = go()
    before = snapshot(folder / "runs" / "plans")
    new = go(*sets)
    assert again(old, new) == expected
    # The old datasets are still there, untouched, and everything else is new.
    after = snapshot(folder / "runs" / "plans")
    kept = [path for path in before if path.name not in (".lock", "current.json")]
    assert [path for path in kept if after.get(path) != before[path]] == []
    assert read_current(folder / "runs" / "plans") == {name: one.path.name for name, one in new.items()}
    # Back to where it was: nothing is made at all.
    assert again(old, go()) == []


def test_a_changed_line_reaches_everything_downstream_and_nothing_else(go: Go, folder: Path) -> None:
    old = go()
    (folder / "x.en").write_text((folder / "x.en").read_text("utf-8").replace("sentence 3 ", "Sentence 3 "), "utf-8")
    assert again(old, go()) == ["pairs", "scored", "kept", "unique", "texts", "mix"]


def test_a_changed_line_that_is_dropped_goes_no_further(go: Go, folder: Path) -> None:
    old = go()
    text = (folder / "x.de").read_text("utf-8")
    (folder / "x.de").write_text(text.replace("Satz 39 ", "Satz 93 "), "utf-8")  # far too long
    assert again(old, go()) == ["pairs", "scored", "kept"]


def test_times_of_files_do_not_matter(go: Go, folder: Path) -> None:
    old = go()
    for name in ("x.de", "x.en", "recipe.yaml"):
        os.utime(folder / name, (1, 1))
    assert again(old, go()) == []


def test_comments_and_order_of_options_do_not_matter(go: Go, folder: Path) -> None:
    old = go()
    text = RECIPE.replace("seed: 1\n", "").replace("name: plans", "# a comment\nseed: 1\nname: plans")
    text = text.replace("{de: x.de, en: x.en}}", '{de: "x.de", "en": x.en}, normalize: []}')
    (folder / "recipe.yaml").write_text(text, "utf-8")
    assert again(old, go()) == []


def test_neither_place_nor_machine_matters(
    go: Go, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Input and recipe elsewhere, a path in an environment variable, another working folder, more workers."""
    old = go()
    other = tmp_path / "there" / "deep"
    shutil.copytree(folder, other, ignore=shutil.ignore_patterns("runs"))
    text = RECIPE.replace("{de: x.de, en: x.en}", '{de: "${TOWERKIT_ELSEWHERE}/x.de", en: ../deep/x.en}')
    (other / "recipe.yaml").write_text(text, "utf-8")
    monkeypatch.setenv("TOWERKIT_ELSEWHERE", str(other))
    monkeypatch.chdir(other)
    new = go(recipe=Path("recipe.yaml"), runs=tmp_path / "elsewhere", workers=3)
    assert plans(new) == plans(old)
    assert [one.manifest.content for one in new.values()] == [one.manifest.content for one in old.values()]
    for name, one in new.items():
        mine, theirs = (made[name].manifest.model_dump(exclude={"run"}) for made in (old, new))
        assert mine == theirs
        for path in one.path.rglob("*"):
            if path.suffix in (".json", ".md") and path.is_file():
                assert str(tmp_path) not in path.read_text("utf-8")


def test_a_raised_version_makes_a_filter_run_again(go: Go, monkeypatch: pytest.MonkeyPatch) -> None:
    old = go()
    monkeypatch.setattr(LengthRatio, "version", LengthRatio.version + 1)
    assert again(old, go()) == ["kept"]


def test_stages_may_be_added_and_taken_away(go: Go, folder: Path) -> None:
    old = go()
    text = RECIPE.replace("  texts:", "  few: {from: kept, select: {filters: [{too_long: {max: 50}}]}}\n  texts:")
    (folder / "recipe.yaml").write_text(text.replace("{render: {}}", "{from: unique, render: {}}"), "utf-8")
    assert again(old, go()) == ["few"]
    (folder / "recipe.yaml").write_text(RECIPE, "utf-8")
    assert again(old, go()) == []
    assert list(read_current(folder / "runs" / "plans")) == STAGES


def test_a_stage_says_where_it_stands(go: Go, folder: Path) -> None:
    def told() -> dict[str, str]:
        return {stage.name: state for stage, state in states(load_recipe(folder / "recipe.yaml"), folder / "runs")}

    after = "to do, after the stages that it reads"
    assert told() == {
        "pairs": "to do", "scored": after, "kept": after, "unique": after, "texts": after, "heldout": "to do",
        "mix": after,
    }  # fmt: skip
    loaded = load_recipe(folder / "recipe.yaml")
    run(loaded, folder / "runs", until="kept", workers=1, progress=Silent())
    found = told()
    assert found["pairs"].startswith("done, 39 rows in ")
    assert found["kept"].startswith("done, ")
    assert (found["unique"], found["texts"], found["heldout"], found["mix"]) == ("to do", after, "to do", after)
    go()
    assert [name for name, state in told().items() if not state.startswith("done, ")] == []


def test_the_manifest_tells_inputs_by_content(go: Go) -> None:
    made = go()
    kept = made["kept"].manifest
    (source,) = kept.inputs
    assert source.content == made["scored"].manifest.content
    assert (made["kept"].path / source.path).resolve() == made["scored"].path.resolve()
    assert [(file.name, len(file.sha256)) for file in made["pairs"].manifest.files] == [("x.de", 64), ("x.en", 64)]
    assert kept.options["filters"][1]["length_ratio"] == {"unjudged": "drop", "max": 3.0}
