"""What a recipe may not say: the message names file, line and the nearest right spelling, before anything runs."""

from pathlib import Path
from typing import Any

import pytest

import corpus
from corpus.errors import UserError
from corpus.manifest import Score
from datagen.recipe import load_recipe

GOOD = """\
name: mine
seed: 7
stages:
  rows:
    read: {dataset: pairs}
  kept:
    select:
      filters:
        - empty
        - length_ratio: {max: 3}
        - threshold: {column: score_x, min: 1}
  unique: {dedup: {keep: score_x}}
  mix: {from: [kept, unique], mix: {}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with datasets of two kinds, in which recipes are called by their bare name."""
    row = {"source": "a", "target": "b", "src_lang": "de", "tgt_lang": "en", "score_x": 2.0, "label_y": "l"}
    corpus.write([row], "pair", tmp_path / "pairs", scores={"score_x": Score(higher_is_better=True)})
    corpus.write([{"text": "a"}], "text", tmp_path / "texts")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(text: str, *sets: str) -> str:
    Path("recipe.yaml").write_text(text, "utf-8")
    with pytest.raises(UserError) as error:
        load_recipe(Path("recipe.yaml"), sets=sets)
    return str(error.value)


def test_the_recipe_that_the_faults_below_are_put_into_is_right(folder: Path) -> None:
    (folder / "recipe.yaml").write_text(GOOD)
    loaded = load_recipe(folder / "recipe.yaml")
    assert (loaded.name, loaded.seed) == ("mine", 7)
    assert {stage.name: stage.sources for stage in loaded.stages.values()} == {
        "rows": (), "kept": ("rows",), "unique": ("kept",), "mix": ("kept", "unique"),
    }  # fmt: skip


FAULTS = [
    # What stands in the recipe, what is put there instead, the line that the message names, words of the message.
    ("stages:", "stage:", 3, ["'stage'", "Did you mean 'stages'?"]),
    ("seed: 7", "seed: seven", 2, ["'seven'", "a whole number"]),
    ("seed: 7", "seed: true", 2, ["True", "a whole number"]),
    ("name: mine", "name: My Recipe", 1, ["'My Recipe'", "small letters"]),
    ("  kept:\n", "  Kept it:\n", 6, ["'Kept it'", "small letters"]),
    ("    select:\n", "    selekt:\n", 7, ["unknown verb 'selekt'", "Did you mean 'select'?", "read, join"]),
    ("    read: {dataset: pairs}", "    read: {datset: pairs}", 5, ["datset", "Did you mean 'dataset'?", "jsonl"]),
    ("    read: {dataset: pairs}", "    read: {dataset: pears}", 5, ["pears", "is not a dataset", "no such folder"]),
    ("    read: {dataset: pairs}", "    read: {dataset: pairs, jsonl: x}", 5, ["dataset", "jsonl"]),
    ("    read: {dataset: pairs}", "    read: {dataset: pairs, spilt: train}", 5, ["spilt", "Did you mean 'split'?"]),
    ("    read: {dataset: pairs}", "    read: {dataset: pairs}\n    dedup: {}", 4, ["read and dedup", "one of"]),
    ("    read: {dataset: pairs}", "    from: rows", 4, ["no verb", "expected one of read, join"]),
    ("    read: {dataset: pairs}", "    from: kept\n    read: {dataset: pairs}", 5, ["`read` reads files"]),
    ("    read: {dataset: pairs}", "    [read]", 4, ["expected a mapping such as"]),
    ("    read: {dataset: pairs}", "    read: pairs", 5, ["expected a mapping of options"]),
    ("        - empty", "        - emty", 9, ["no filter 'emty'", "Did you mean 'empty'?"]),
    ("        - empty", "        - chrf", 9, ["no filter 'chrf'"]),
    ("        - empty", "        - {empty: {}, copied: {}}", 9, ["a name, or a name with options"]),
    ("        - empty", "        - empty: {unjudged: ask}", 9, ["unjudged", "'drop'", "'keep'"]),
    ("{max: 3}", "{maximum: 3}", 10, ["maximum", "length_ratio"]),
    ("{max: 3}", "{mx: 3}", 10, ["mx", "Did you mean 'max'?"]),
    ("{max: 3}", "{max: three}", 10, ["max", "'three'", "number"]),
    ("{max: 3}", "{max: 1}", 10, ["max", "greater than 1"]),
    ("{column: score_x, min: 1}", "{column: score_x}", 11, ["min, max or both"]),
    ("{column: score_x, min: 1}", "{min: 1}", 11, ["column"]),
    ("{column: score_x, min: 1}", "{column: score_z, min: 1}", 6, ["'score_z'", "A score stage before it", "score_x"]),
    ("{dedup: {keep: score_x}}", "{dedup: {keep: score_xx}}", 12, ["'score_xx'", "Did you mean 'score_x'?"]),
    ("{dedup: {keep: score_x}}", "{dedup: {keep: label_y}}", 12, ["'label_y'", "nor a score that ranks"]),
    ("{dedup: {keep: score_x}}", "{dedup: {on: [sorce]}}", 12, ["'sorce'", "Did you mean 'source'?"]),
    (
        "{dedup: {keep: score_x}}",
        '{render: {turn: "{rol}"}}',
        12,
        ["turn", "{rol}", "Did you mean 'role'?", "{content}"],
    ),
    ("{dedup: {keep: score_x}}", '{render: {templates: ["{sorce}"]}}', 12, ["{sorce}", "Did you mean 'source'?"]),
    ("{column: score_x, min: 1}", "{column: source, min: 1}", 11, ["'source' holds no numbers", "score_"]),
    ("{dedup: {keep: score_x}}", "{best: {by: score_x}}", 12, ["'best' reads rows of kind response", "'pair'"]),
    ("{dedup: {keep: score_x}}", "{prompt: {task: summarize}}", 12, ["'summarize'", "translate"]),
    ("from: [kept, unique]", "from: [kept, uniqe]", 13, ["'uniqe'", "Did you mean 'unique'?", "rows, kept, unique"]),
    ("from: [kept, unique]", "from: [mix, unique]", 13, ["stage 'mix' does not come before this one"]),
    ("from: [kept, unique]", "from: [kept, kept]", 13, ["different ones"]),
    ("from: [kept, unique]", "from: []", 13, ["expected a stage name"]),
    ("from: [kept, unique]", "from: {kept: unique}", 13, ["expected a stage name"]),
    (
        "  unique: {dedup",
        "  unique: {from: mix, dedup",
        12,
        ["stage 'mix' does not come before this one", "Move it up"],
    ),
    ("  unique:", "  kept:", 12, ["'kept'", "line 6"]),
    ("mix: {}}", "mix: {weights: {kept: 1, unique: x}}}", 13, ["weights", "'x'"]),
    ("mix: {}}", "mix: {weights: {kept: 1, uniq: 1}}}", 13, ["'uniq'", "Did you mean 'unique'?"]),
    ("mix: {}}", "mix: {validation: 2}}", 13, ["validation", "less than 1"]),
    ("mix: {}}", "mix: {group: doc}}", 13, ["'doc'"]),
    ("seed: 7", "seed: 7\nseeds: 8", 3, ["'seeds'", "Did you mean 'seed'?"]),
    ("{dataset: pairs}", '{dataset: "${TOWERKIT_NOWHERE}/pairs"}', 5, ["TOWERKIT_NOWHERE is not set", "export"]),
    ("{dataset: pairs}", "{dataset: ${TOWERKIT_NOWHERE}/pairs}", 5, ["needs its quotes"]),
    ("      filters:\n        - empty", "      filters: empty\n      x:\n        - a", 8, ["expected a list of names"]),
]


@pytest.mark.parametrize(("good", "bad", "line", "words"), FAULTS, ids=[bad.strip() for _, bad, _, _ in FAULTS])
@pytest.mark.usefixtures("folder")
def test_faults(good: str, bad: str, line: int, words: list[str]) -> None:
    assert GOOD.count(good) == 1
    message = refusal(GOOD.replace(good, bad))
    assert message.startswith(f"recipe.yaml:{line}: "), message
    assert [word for word in words if word not in message] == [], message


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("stages", ["", " []", " {}", " none"])
def test_a_recipe_without_stages(stages: str) -> None:
    message = refusal(f"name: x\nstages:{stages}\n")
    assert message.startswith("recipe.yaml:2: expected `stages:`")


@pytest.mark.usefixtures("folder")
def test_a_first_stage_that_reads_nothing() -> None:
    message = refusal("stages:\n  kept: {select: {filters: [empty]}}\n")
    assert "recipe.yaml:2: stages.kept: 'select' reads a dataset, but no stage stands before it" in message


@pytest.mark.usefixtures("folder")
def test_kinds_that_differ() -> None:
    text = "stages:\n  a: {read: {dataset: pairs}}\n  b: {read: {dataset: texts}}\n  c: {from: [a, b], dedup: {}}\n"
    assert "recipe.yaml:4: stages.c: 'dedup' reads rows of one kind" in refusal(text)
    assert "give pair and text" in refusal(text)


@pytest.mark.usefixtures("folder")
def test_scores_of_one_name_that_are_not_the_same() -> None:
    row = {"source": "c", "target": "d", "score_x": 1.0}
    corpus.write([row], "pair", "lower", scores={"score_x": Score(higher_is_better=False)})
    text = "stages:\n  a: {read: {dataset: pairs}}\n  b: {read: {dataset: lower}}\n  c: {from: [a, b], dedup: {}}\n"
    message = refusal(text)
    assert [word for word in ["recipe.yaml:4", "both have 'score_x'", "as:"] if word not in message] == []


SETTINGS: list[tuple[tuple[str, ...], str, str, Any]] = [
    # Settings, the stage and option that they change, the value.
    (("kept.length_ratio.max=4",), "kept", "length_ratio.max", 4.0),
    (("kept.select.filters.length_ratio.max=4",), "kept", "length_ratio.max", 4.0),
    (("kept.filters.1.length_ratio.max=4",), "kept", "length_ratio.max", 4.0),
    (("stages.kept.select.filters.1.length_ratio.max=4",), "kept", "length_ratio.max", 4.0),
    (("kept.empty.unjudged=keep",), "kept", "empty.unjudged", "keep"),
    (("kept.filters=[empty]",), "kept", "empty.unjudged", "drop"),
    (("unique.keep=first",), "unique", "keep", "first"),
    (("unique.dedup.keep=first",), "unique", "keep", "first"),
    (("unique.normalize=[lower, trim]",), "unique", "normalize", ["lower", "trim"]),
    (("mix.validation=0.5", "mix.validation=0.25"), "mix", "validation", 0.25),
    (("mix.weights={kept: 1, unique: 3}", "mix.weights.kept=2"), "mix", "weights", {"kept": 2.0, "unique": 3.0}),
]


@pytest.mark.parametrize(("sets", "stage", "option", "value"), SETTINGS, ids=[" ".join(sets) for sets, *_ in SETTINGS])
@pytest.mark.usefixtures("folder")
def test_settings(sets: tuple[str, ...], stage: str, option: str, value: Any) -> None:
    Path("recipe.yaml").write_text(GOOD)
    options: Any = load_recipe(Path("recipe.yaml"), sets=sets).stages[stage].options.options()
    name, _, rest = option.partition(".")
    if rest:
        options = next(part[name] for part in options["filters"] if name in part)
        name = rest
    assert options[name] == value


@pytest.mark.usefixtures("folder")
def test_settings_of_the_recipe_itself() -> None:
    Path("recipe.yaml").write_text(GOOD)
    loaded = load_recipe(Path("recipe.yaml"), sets=("name=other", "seed=9", "mix.from=[kept]"))
    assert (loaded.name, loaded.seed, loaded.stages["mix"].sources) == ("other", 9, ("kept",))


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("kept.length_ratio.mx=4", ["--set kept.length_ratio.mx=4", "mx", "Did you mean 'max'?"]),
        ("kept.length_ratio.max=one", ["--set kept.length_ratio.max=one", "'one'"]),
        ("kept.lenght_ratio.max=4", ["--set kept.lenght_ratio.max=4", "lenght_ratio"]),
        ("kpt.length_ratio.max=4", ["kpt"]),
        ("kept.filters.9.max=4", ["--set kept.filters.9.max=4"]),
        ("kept", ["--set kept"]),
        ("kept.filters=empty", ["--set kept.filters=empty", "expected a list of names"]),
        ("mix.from=[later]", ["--set mix.from=[later]", "'later'"]),
        ("unique.keep=score_y", ["score_y"]),
    ],
)
@pytest.mark.usefixtures("folder")
def test_settings_that_lead_nowhere(setting: str, words: list[str]) -> None:
    message = refusal(GOOD, setting)
    assert [word for word in words if word not in message] == [], message


@pytest.mark.parametrize("stages", ["", " kept", " []", "\n  - kept: {select: {filters: [empty]}}"])
@pytest.mark.usefixtures("folder")
def test_stages_that_are_no_mapping_are_refused_alike_with_settings(stages: str) -> None:
    text = f"name: mine\nstages:{stages}\n"
    message = refusal(text)
    assert "recipe.yaml:2: expected `stages:`, a mapping of stage names to verbs" in message
    assert refusal(text, "kept.x=1") == refusal(text, "seed=3") == message


@pytest.mark.usefixtures("folder")
def test_settings_of_a_recipe_without_stages() -> None:
    assert "the file has no 'stages'. Did you mean 'stage'?" in refusal("stage: {}\n", "kept.x=1")


def test_an_environment_variable_is_a_value(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWERKIT_SOMEWHERE", str(folder))
    (folder / "recipe.yaml").write_text(GOOD.replace("{dataset: pairs}", '{dataset: "${TOWERKIT_SOMEWHERE}/pairs"}'))
    assert load_recipe(folder / "recipe.yaml").stages["rows"].header.kind == "pair"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["check", "recipe.yaml"], 0, "rows"),
        (["check", "nowhere.yaml"], 2, "error: "),
        (["check", "recipe.yaml", "--set", "kept.length_ratio.mx=4"], 2, "error: --set kept.length_ratio.mx=4"),
        (["run", "recipe.yaml", "--until", "uniqe"], 2, "unique"),
        (["run", "recipe.yaml", "--sample", "2.5"], 2, "a share between 0 and 1"),
        (["verify", "nowhere"], 2, "is not a dataset"),
    ],
)
def test_exit_codes(words: list[str], code: int, said: str, folder: Path, command: Any) -> None:
    """Faults of the user's are one message, and exit with 2."""
    (folder / "recipe.yaml").write_text(GOOD)
    done = command(*words)
    assert (done.code, said in done.out + done.err) == (code, True), done


def test_nothing_is_made_of_a_recipe_with_a_fault(folder: Path, command: Any) -> None:
    (folder / "recipe.yaml").write_text(GOOD.replace("mix: {}}", "mix: {validation: 2}}"))
    assert command("run", "recipe.yaml").code == 2
    assert not (folder / "runs").exists()
