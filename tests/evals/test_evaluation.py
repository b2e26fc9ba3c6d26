"""What an evaluation recipe may say of models, pictures and published figures, and what comes of it."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml
from answered import evaluation_of, results_for
from evaluated import measured

import corpus
from corpus.errors import UserError
from corpus.manifest import Selection
from corpus.model_manifest import ModelManifest, write_model_manifest
from datagen.progress import Silent
from datagen.run import run
from evals.families import FAMILIES, family_of
from evals.gate import drops
from evals.measures import Column, Joint, Succeeded, learned
from evals.paired import rank
from evals.published import published
from evals.recipe import load_evaluation
from evals.report.page import write_report
from evals.report.results import Measured, Metric, Model, Number, Results, beside
from evals.runs import benchmark_recipe
from evals.statistics import table
from filters.base import ScoreColumn

RECIPES = Path(__file__).parents[2] / "recipes/eval"
DOCS = Path(__file__).parents[2] / "docs/evaluation.md"
NEWS = [
    ("The house is old.", "Das Haus ist alt."),
    ("It rains in the hills.", "Es regnet in den Hügeln."),
    ("Close the window.", "Schließen Sie das Fenster."),
    ("We meet tomorrow.", "Wir treffen uns morgen."),
]


@pytest.fixture
def benchmarks(tmp_path: Path) -> dict[str, Any]:
    pairs = [{"source": s, "target": t, "src_lang": "en", "tgt_lang": "de"} for s, t in NEWS]
    corpus.write(pairs, "pair", tmp_path / "pairs")
    asked = [{"prompt": f"Say {n}.", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]} for n in range(4)]
    (tmp_path / "instructions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in asked), "utf-8")
    return {
        "news": {"parallel": {"read": {"dataset": str(tmp_path / "pairs")}}},
        "ifeval": {"ifeval": {"file": "instructions.jsonl"}},
    }


def half(row: dict[str, Any]) -> list[str]:
    return [row["references"][0] if len(row["source"]) > 17 else "Nein."] if row["source"] else ["One, two."]


def right(row: dict[str, Any]) -> list[str]:
    return [row["references"][0]] if row["references"] else ["One two."]


@pytest.mark.parametrize(
    ("model", "task"),
    [
        ("Unbabel/Tower-Plus-9B", "translate"),
        ("runs/models/tower-plus-mine", "translate"),
        ("Unbabel/TowerInstruct-7B-v0.2", "translate_towerinstruct"),
        ("Unbabel/TowerBase-7B-v0.1", "translate_plain"),
        ("Qwen/Qwen3-8B", "translate_plain"),
        ("models/sft", "translate_plain"),
    ],
)
def test_each_family_has_its_wording(model: str, task: str, tmp_path: Path, benchmarks: dict[str, Any]) -> None:
    assert family_of(model).task == task
    engine = {"openai": {"model": model, "base_url": "http://127.0.0.1:9/v1"}}
    asked = evaluation_of(
        tmp_path, benchmarks, {"own": {"engine": engine}, "said": {"engine": engine, "task": "translate"}}
    )
    assert {name: spec.task for name, spec in asked.models.items()} == {"own": task, "said": "translate"}


def test_the_documentation_has_the_table_of_families() -> None:
    lines = DOCS.read_text("utf-8").split("\n")
    for asking in FAMILIES.values():
        [line] = [line for line in lines if line.startswith("|") and f"| `{asking.task}` |" in line]
        assert asking.known in line


def test_a_temperature_is_the_models_the_benchmarks_the_recipes(tmp_path: Path, benchmarks: dict[str, Any]) -> None:
    url = "http://127.0.0.1:9/v1"
    hot = {"openai": {"model": "m", "base_url": url, "temperature": 0.9}}
    warm = {"parallel": {**benchmarks["news"]["parallel"], "temperature": 0.5}}

    def told(benchmark: dict[str, Any], **more: Any) -> list[float]:
        asked = evaluation_of(tmp_path, {"news": benchmark}, {"a": {}, "hot": {"engine": hot}}, **more)
        stages = benchmark_recipe(asked, "news").stages
        return [stages[f"answers-{name}"].options.engines[0].temperature for name in ("a", "hot")]

    assert told(benchmarks["news"]) == [0.0, 0.9]
    assert told(benchmarks["news"], temperature=0.2) == [0.2, 0.9]
    assert told(warm, temperature=0.2) == [0.5, 0.9]


def test_several_answers_at_temperature_0_are_one(tmp_path: Path) -> None:
    options = {"read": {"jsonl": "a.jsonl", "kind": "prompt"}, "n": 5, "k": [1, 5], "allow_code": True}
    with pytest.raises(UserError, match="5 answers to each prompt at temperature 0 are the same answer"):
        benchmark_recipe(evaluation_of(tmp_path, {"code": {"programs": options}}, {"m": {}}), "code")
    asked = evaluation_of(tmp_path, {"code": {"programs": {**options, "temperature": 0.8}}}, {"m": {}})
    assert benchmark_recipe(asked, "code").stages["answers-m"].options.n == 5


def test_papers_are_found_beside_the_recipe_and_of_a_server(tmp_path: Path, benchmarks: dict[str, Any]) -> None:
    """Wherever the command runs; a metric that chose the data stands out of the ranking."""
    chosen = Selection(column="score_bleu", stage="best", signature="", family="bleu")
    for name in ("tuned", "served"):
        (tmp_path / name).mkdir()
        write_model_manifest(tmp_path / name, ModelManifest(method="sft", selected_by=[chosen]))
    url = "http://127.0.0.1:9/v1"
    models = {
        "tuned": {"engine": {"transformers": {"model": "tuned"}}},
        "served": {"engine": {"openai": {"model": "alias", "base_url": url}}, "papers": "served"},
        "other": {"engine": {"openai": {"model": "alias", "base_url": url}}},
    }
    asked = evaluation_of(tmp_path, benchmarks, models)
    assert [spec.papers for spec in asked.models.values()] == [str(tmp_path / "tuned"), str(tmp_path / "served"), None]
    # The engine of the first would load it; who answers does not matter here.
    told = asked.with_models(
        {**asked.models, "tuned": asked.models["tuned"].model_copy(update={"engine": models["other"]["engine"]})}
    )
    results = results_for(tmp_path, told, dict.fromkeys(models, right))
    loops = {m.metric.name: [name for name, number in m.numbers.items() if number.in_loop] for m in results.measured}
    assert loops["BLEU"] == ["tuned", "served"]
    assert not loops["chrF++"]


def test_axes_reference_and_published_figures(tmp_path: Path, benchmarks: dict[str, Any]) -> None:
    """Axes may be metrics; published figures are drawn in our unit; the hypervolume counts from the recipe's point."""
    korean = {"benchmark": "wmt24pp", "metric": "xcomet-xxl", "set": "en→ko"}
    accuracy = {"benchmark": "ifeval", "metric": "accuracy", "set": "English; which of the four accuracies not found"}
    asked = evaluation_of(
        tmp_path,
        benchmarks,
        {"half": {}, "right": {}},
        pictures=[["news/BLEU", "ifeval"], {"axes": ["news", "ifeval"], "reference": [10, 0.25]}],
        published={"news/BLEU": korean, "ifeval": {**accuracy, "scale": 0.01}},
    )
    results = results_for(tmp_path, asked, {"half": half, "right": right})
    bleu, strict = results.pictures[0].axes
    assert (bleu.name, strict.name) == ("BLEU", "prompt-level strict")
    assert beside(published(), bleu)["Tower+ 9B"].value == 86.78
    assert beside(published(), strict)["Tower+ 9B"].value == pytest.approx(0.8384)
    assert not beside(published(), results.pictures[1].axes[0])
    page = write_report(results, tmp_path / "report").read_text("utf-8")
    assert "Hypervolume 100 against the reference point (0, 0)." in page
    assert "Hypervolume 67.5 against the reference point (10, 0.25)." in page
    assert "Published elsewhere" in page
    assert "wmt24pp" in page.split("Published elsewhere")[1]
    assert "published" in (tmp_path / "report/pareto-1.svg").read_text("utf-8")


def test_a_document_is_one_in_all_targets_of_wmt24pp(tmp_path: Path) -> None:
    """Chance draws an English document with its translations into every language."""
    folder = tmp_path / "wmt24pp"
    folder.mkdir()
    for target in ("de_DE", "ja_JP"):
        rows = [
            {
                "lp": f"en-{target}",
                "domain": "news",
                "document_id": f"d{n // 2}",
                "segment_id": n,
                "is_bad_source": False,
                "source": f"Sentence {n} is here.",
                "target": f"{target} {n}",
                "original_target": f"{target} {n}",
            }
            for n in range(8)
        ]
        (folder / f"en-{target}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    asked = evaluation_of(tmp_path, {"wmt": {"wmt24pp": {"folder": "wmt24pp", "japanese_korean": "char"}}}, {"m": {}})
    results = results_for(tmp_path, asked, {"m": right})
    assert results.measured[0].metric.set == "en→de-DE, en→ja-JP"
    assert (results.measured[0].numbers["m"].scored.value, results.measured[0].numbers["m"].scored.n) == (100, 16)
    prompts = corpus.open(next((tmp_path / "runs").glob("*/prompts-*"))).rows()
    assert len({json.loads(row["meta"])["@group"] for row in prompts}) == 4


def test_humaneval_as_it_is_published(tmp_path: Path) -> None:
    """A row of our own in the layout of openai/human-eval, with the options of recipes/eval/published.yaml."""
    row = {
        "task_id": "HumanEval/0",
        "prompt": 'def add(a: int, b: int) -> int:\n    """Add two numbers.\n    >>> add(1, 2)\n    3\n    """\n',
        "entry_point": "add",
        "canonical_solution": "    return a + b\n",
        "test": "\n\nMETADATA = {}\n\n\ndef check(candidate):\n    assert candidate(1, 2) == 3\n",
    }
    (tmp_path / "HumanEval.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    shipped = yaml.safe_load((RECIPES / "published.yaml").read_text("utf-8"))["benchmarks"]["humaneval"]["programs"]
    options = {**shipped, "read": {**shipped["read"], "jsonl": "HumanEval.jsonl"}}
    asked = evaluation_of(tmp_path, {"humaneval": {"programs": options}}, {"right": {}, "wrong": {}})
    answers = {
        "right": lambda row: [f"```python\n{row['references'][0]}\n```"],
        "wrong": lambda _: ["    return a - b"],
    }
    found = results_for(tmp_path, asked, answers).measured[0]
    assert {name: (n.scored.value, n.scored.n) for name, n in found.numbers.items()} == {
        "right": (1, 1),
        "wrong": (0, 1),
    }


def test_m_arenahard_as_it_is_published(tmp_path: Path) -> None:
    """Rows of our own in the layout of CohereLabs/m-ArenaHard, a file of parquet for each language."""
    rows = [
        {"question_id": f"q{n}", "cluster": "ABC", "category": "arena-hard-v0.1", "prompt": f"שאלה {n}?"}
        for n in range(3)
    ]
    pl.DataFrame(rows).write_parquet(tmp_path / "he.parquet")
    read = {"parquet": "he.parquet", "kind": "prompt", "tgt_lang": "he"}
    judge = {"openai": {"model": "judge", "base_url": "http://127.0.0.1:9/v1"}}
    asked = evaluation_of(
        tmp_path, {"chat": {"arena": {"read": read, "judge": judge, "against": "base"}}}, {"base": {}}
    )
    items = run(benchmark_recipe(asked, "chat"), tmp_path / "runs", until="prompts", workers=1, progress=Silent())[
        "prompts"
    ]
    assert [row["prompt"][-1]["content"] for row in items.rows()] == [f"שאלה {n}?" for n in range(3)]
    assert {row["tgt_lang"] for row in items.rows()} == {"he"}


def test_scores_of_translations_with_rules_are_means_of_the_pairs(tmp_path: Path) -> None:
    """Of three German and one Japanese item, a model that knows German alone has half of the points."""
    rows = [
        {"prompt": [{"role": "user", "content": s}], "source": s, "src_lang": "en", "tgt_lang": code, "references": [t]}
        for s, t, code in [(*NEWS[0], "de"), (*NEWS[1], "de"), (*NEWS[2], "de"), ("We meet.", "会いましょう。", "ja")]
    ]
    corpus.write(rows, "prompt", tmp_path / "prompts")
    asked = evaluation_of(
        tmp_path, {"rules": {"ifmt_rules": {"read": {"dataset": str(tmp_path / "prompts")}}}}, {"m": {}}
    )
    results = results_for(tmp_path, asked, {"m": lambda row: right(row) if row["tgt_lang"] == "de" else [""]})
    told = {m.metric.name: m.numbers["m"].scored.value for m in results.measured}
    assert told["chrF++"] == pytest.approx(50)
    assert (told["empty"], told["looping"]) == (0.25, 0)


def test_both_abilities_at_once() -> None:
    items = pl.DataFrame({"references": [["Das Haus ist alt."]] * 4})
    answers = [
        pl.DataFrame({"response": [text], "score_verified": [kept]}, schema_overrides={"score_verified": pl.Float64})
        for text, kept in (
            ("Das Haus ist alt.", 1.0),
            ("Das Haus ist alt.", 0.0),
            ("Nein.", 1.0),
            ("Das Haus ist alt.", None),
        )
    ]
    joint, done = (measure.count(items, answers).values for measure in (Joint(), Succeeded(50)))
    assert joint[:2] == pytest.approx([100, 0])
    np.testing.assert_array_equal(done, [1, 0, 0, np.nan])
    # A broken rule is no success, however little is asked of the translation.
    assert Succeeded(0).count(items, answers).values[1] == 0
    assert Joint().family == Succeeded().family == "chrf"


def test_what_a_judge_was_not_asked_of_an_empty_answer() -> None:
    rows = pl.DataFrame({"response": [" ", "Ja."], "score_x": [None, None]}, schema_overrides={"score_x": pl.Float64})
    answers = [rows[:1], rows[1:], rows[:0]]
    assert Column("x", "score_x", empty=1.0).count(rows, answers).values[0] == 1
    assert np.isnan(Column("x", "score_x", empty=1.0).count(rows, answers).values[1:]).all()
    assert np.isnan(Column("x", "score_x").count(rows, answers).values).all()


def test_columns_that_do_not_rank_are_no_measures() -> None:
    columns = {name: ScoreColumn(name=name, higher_is_better=way) for name, way in
               (("score_up", True), ("score_down", False), ("score_label", None))}  # fmt: skip
    assert [(m.name, m.higher_is_better) for m in learned(columns, list(columns))] == [("up", True), ("down", False)]


@pytest.mark.parametrize(
    ("metric", "old", "new", "in_loop", "failed", "line"),
    [
        (Metric("a", "chrF++", "x"), 0.9, 0.5, False, False, "0.90 → 0.50"),  # two weak models, no shares
        (Metric("a", "accuracy", "x", share=True), 0.9, 0.5, False, True, "90.00 → 50.00"),
        (Metric("a", "TER", "x", higher_is_better=False), 0.5, 0.9, False, False, "0.50 → 0.90"),
        (Metric("a", "chrF++", "x"), 40.0, math.nan, False, True, "no number on items"),
        (Metric("a", "chrF++", "x"), 40.0, 60.0, True, True, "its metric chose the model's data"),
        (Metric("a", "win rate", "x", share=True, baseline="old"), math.nan, 0.49, False, False, "50.00 → 49.00"),
        (Metric("a", "win rate", "x", share=True, baseline="old"), math.nan, 0.3, False, True, "50.00 → 30.00"),
    ],
)
def test_a_gate(metric: Metric, old: float, new: float, in_loop: bool, failed: bool, line: str) -> None:
    found = measured(metric, {"old": 1.0, "new": 1.0}, in_loop=frozenset(["new"] if in_loop else []))
    numbers = {
        name: replace(found.numbers[name], scored=replace(found.numbers[name].scored, value=value))
        for name, value in (("old", old), ("new", new))
    }
    told = drops(Results("r", (Model("old"), Model("new")), (type(found)(metric, numbers),)), "old", "new", 5)
    assert told.failed == failed
    assert line in told.lines[0]


@pytest.mark.parametrize(
    ("levels", "unjudged", "most", "failed", "line"),
    [
        # The new model failed at the items that are hard for both, which says nothing for it.
        ({"old": 1.0, "new": 1.0}, {"new": 3}, 5, False, "unjudged 0 → 3, at most 5 worse"),
        ({"old": 1.0, "new": 1.0}, {"new": 3}, 4.9, True, "but 5.00 % of the items more unjudged"),
        ({"old": 1.0, "new": 1.0}, {"old": 3, "new": 3}, 0, False, "unjudged 3 → 3"),
        ({"old": 1.0, "new": 1.0}, {"old": 3}, 0, False, "unjudged 3 → 0"),
        ({"old": 9.0, "new": 1.0}, {}, 5, True, "-8.00 on the 60 items judged for both"),
        ({"old": 1.0, "new": 9.0}, {}, -5, False, "+8.00 on the 60 items judged for both"),
    ],
)
def test_a_gate_looks_at_the_items_of_both(
    levels: dict[str, float], unjudged: dict[str, int], most: float, failed: bool, line: str
) -> None:
    hard = np.array([-50.0] * 3 + [10.0] * 57)
    values = {name: level + hard for name, level in levels.items()}
    for name, number in unjudged.items():
        values[name][:number] = np.nan
    found = rank(table([f"{n:02}" for n in range(60)], values), times=50, permutations=50)
    numbers = {name: Number(scored, "") for name, scored in found.scores.items()}
    told = Measured(Metric("a", "chrF++", "x"), numbers, tuple(found.differences.values()))
    verdict = drops(Results("r", (Model("old"), Model("new")), (told,)), "old", "new", most)
    assert verdict.failed == failed
    assert line in verdict.lines[0]


def test_a_report_that_was_left_half_written_is_written_again(tmp_path: Path, benchmarks: dict[str, Any]) -> None:
    results = results_for(tmp_path, evaluation_of(tmp_path, benchmarks, {"m": {}}), {"m": right})
    whole = write_report(results, tmp_path / "report")
    told = {path.name: path.read_bytes() for path in whole.parent.iterdir()}
    from filters.report.folder import Folder

    cut = tmp_path / "cut"
    Folder(cut, "python -m evals compare").text("explore.html", "half")
    assert {path.name for path in cut.iterdir()} == {"README.md", "explore.html"}
    write_report(results, cut)
    assert {path.name: path.read_bytes() for path in cut.iterdir()} == told


@pytest.mark.parametrize("axes", [["news", "news/chrF++"], ["news/BLEU", "ifeval", "news/BLEU"], ["ifeval", "ifeval"]])
def test_axes_of_a_picture_differ(axes: list[str], tmp_path: Path, benchmarks: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=f"pictures: {axes[0]} and .* are the same metric"):
        evaluation_of(tmp_path, benchmarks, {}, pictures=[axes])


@pytest.mark.parametrize("axis", ["news/langid", "news/looping_score", "ifeval/verified"])
def test_columns_that_are_no_numbers_of_a_report_are_no_axes(
    axis: str, tmp_path: Path, benchmarks: dict[str, Any]
) -> None:
    with pytest.raises(UserError, match="has no metric"):
        evaluation_of(tmp_path, benchmarks, {}, pictures=[[axis, "ifeval"]])


@pytest.mark.parametrize(
    ("benchmark", "twice"),
    [
        ({"parallel": {"read": {"text": {"en": "a", "de": "b"}}, "also": [{"chrf": {"as": "empty"}}]}}, "empty"),
        (
            {"programs": {"read": {"jsonl": "a.jsonl", "kind": "prompt"}, "k": [1, 1], "allow_code": True}},
            "pass@1",
        ),
    ],
)
def test_numbers_of_a_benchmark_have_names_of_their_own(benchmark: dict[str, Any], twice: str, tmp_path: Path) -> None:
    """Said before anything is asked."""
    evaluation = evaluation_of(tmp_path, {"it": benchmark}, {"m": {}})
    with pytest.raises(UserError, match=f"benchmarks.it: two of its numbers would be called '{twice}'"):
        benchmark_recipe(evaluation, "it")


def test_parents_are_models_that_are_known(tmp_path: Path, benchmarks: dict[str, Any]) -> None:
    asked = evaluation_of(tmp_path, benchmarks, {"base": {}, "tuned": {"parents": ["bsae"]}})
    with pytest.raises(UserError, match=r"models\.tuned\.parents: .* Did you mean 'base'\? There are base, older"):
        asked.check_parents(["base", "tuned", "older"])
    asked.check_parents(["base", "tuned", "bsae"])
    with pytest.raises(UserError, match="greater than or equal to 0"):
        evaluation_of(tmp_path, benchmarks, {"tuned": {"share": -0.1}})


def test_a_model_of_the_hub_has_no_papers_here(tmp_path: Path, benchmarks: dict[str, Any]) -> None:
    asked = evaluation_of(tmp_path, benchmarks, {"hub": {"engine": {"transformers": {"model": "org/name"}}}})
    assert load_evaluation(asked.file).models["hub"].papers is None
