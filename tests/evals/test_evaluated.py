"""`python -m evals` when checkpoints are cleared away: what stays in the report, what is left out and why."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import polars as pl
import pytest

from corpus.errors import UserError
from corpus.manifest import Selection
from corpus.model_manifest import ModelManifest, write_model_manifest
from datagen.engines.base import Engine, Request, Sink
from datagen.engines.completions import Answer, Usage, completion
from datagen.engines.transformers import Transformers
from datagen.engines.vllm import Vllm
from evals.cli import app

NEWS = [("The house is old.", "Das Haus ist alt."), ("It rains.", "Es regnet."), ("We meet.", "Wir treffen uns.")]
SAID = {"a": "Das Haus ist alt.", "b": "Wir treffen uns."}


class Told(NamedTuple):
    """What a command printed."""

    out: str
    err: str


Evals = Callable[..., Told]


@pytest.fixture(autouse=True)
def answering(monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines whose models say one thing: what stands in their folder."""

    def answer(self: Engine, requests: Iterator[Request], sink: Sink) -> None:
        said = Answer((Path(self.model) / "says").read_text("utf-8"), None, "stop", None)
        for request in requests:
            sink.answered([request.key], completion([said], Usage(1, 1)), 0.0)

    for engine in (Transformers, Vllm):
        monkeypatch.setattr(engine, "answer", answer)


@pytest.fixture
def evals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Evals:
    """The command line, in a folder with a recipe and pairs of texts."""
    monkeypatch.chdir(tmp_path)

    def told(*words: str) -> Told:
        capsys.readouterr()
        app(list(words), standalone_mode=False)
        return Told(*capsys.readouterr())

    return told


def folder(name: str, **papers: Any) -> str:
    """A checkpoint."""
    place = Path(name)
    place.mkdir(parents=True)
    # What a model is, its configuration tells among others.
    (place / "config.json").write_text(json.dumps({"name": name}))
    (place / "says").write_text(SAID.get(name[-1], f"Ich bin {name}."), "utf-8")
    if papers:
        write_model_manifest(place, ModelManifest(method="sft", **papers))
    return name


def recipe(models: dict[str, Any] | None = None, **options: Any) -> str:
    """An evaluation of translations; options are those of `parallel`."""
    rows = [{"source": source, "target": target, "src_lang": "en", "tgt_lang": "de"} for source, target in NEWS]
    Path("pairs.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    told = {"read": {"jsonl": "pairs.jsonl", "kind": "pair"}, **options}
    file = {"name": "small", "models": models or {}, "benchmarks": {"news": {"parallel": told}}}
    Path("small.yaml").write_text(json.dumps(file), "utf-8")
    return "small.yaml"


def numbers(metric: str = "chrF++") -> dict[str, float]:
    frame = pl.read_parquet("runs/small/results.parquet").filter(pl.col("metric") == metric)
    return dict(frame.select("model", "value").iter_rows())


def test_a_gone_model_stays_with_what_it_answered(evals: Evals) -> None:
    """In `run`, `compare` and `gate`; also where nobody else is left, and in another wording than all others'."""
    file = recipe()
    evals("run", file, "--model", folder("a"), "--task", "translate")
    before = numbers()
    shutil.rmtree("a")
    told = evals("compare", file)
    assert "a: its folder is gone; it stays in the report with what it answered before\n" in told.err
    evals("run", file, "--model", folder("b"))
    evals("run", file, "--model", "b")
    assert {name: value for name, value in numbers().items() if name == "a"} == before
    assert set(numbers()) == {"a", "b"}
    for words in (("compare", file, "b", "a"), ("gate", file, "a", "b", "--max-drop", "100")):
        evals(*words)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"also": ["chrf"]}, "whose answers were scored otherwise than now"),
        ({"max_tokens": 7}, "which is asked otherwise now"),
        ({"temperature": 0.5}, "which is asked otherwise now"),
        ({"first": 2}, "whose items are others now"),
    ],
)
@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_what_is_otherwise_now_leaves_a_gone_model_out(
    change: dict[str, Any], why: str, order: tuple[str, str], evals: Evals
) -> None:
    """And nobody else: the others have all their numbers, whoever stands first."""
    evals("run", recipe(), "--model", folder("a"))
    shutil.rmtree("a")
    file = recipe(**change)
    told = evals("run", file, "--model", folder("b"))
    assert f"but not in news, {why}" in told.out
    for metric in ("chrF++", *change.get("also", ())):
        assert set(numbers(metric)) == {"b"}
    assert f"but not in news, {why}" in evals("compare", file, *order).err
    page = Path("runs/small/report/README.md").read_text("utf-8")
    assert "no numbers" not in page
    # With the recipe as it was, it is back.
    assert evals("compare", recipe(), "a").err.endswith("what it answered before\n")


def test_a_benchmark_that_is_new_was_not_answered_by_who_is_gone(evals: Evals) -> None:
    evals("run", recipe(), "--model", folder("a"))
    shutil.rmtree("a")
    more = ("--set", "benchmarks.more={parallel: {read: {jsonl: pairs.jsonl, kind: pair}}}")
    told = evals("run", "small.yaml", "--model", folder("b"), *more)
    assert "but not in more, which it did not answer\n" in told.out


def test_a_gate_lets_nothing_pass_of_which_nothing_is_known(evals: Evals) -> None:
    evals("run", recipe(), "--model", folder("a"), "--model", folder("b"))
    shutil.rmtree("a")
    shutil.rmtree("b")
    told = evals("gate", recipe(max_tokens=7), "a", "b", "--max-drop", "100")
    assert told.out == "FAIL news: nothing was measured\n"


@pytest.mark.parametrize("engine", ["transformers", "vllm"])
def test_a_folder_that_the_recipe_names_may_be_gone(engine: str, evals: Evals) -> None:
    """By a path beside the recipe, whichever engine reads it."""
    models = {"mine": {"engine": {engine: {"model": folder("models/a")}}}}
    evals("run", recipe(models))
    before = numbers()
    shutil.rmtree("models")
    told = evals("run", recipe(models), "--model", folder("b"))
    assert "mine: its folder is gone; it stays" in told.out
    assert numbers() == {**numbers(), **before}
    # Another folder of that name in the recipe is another model, which is asked for.
    models = {"mine": {"engine": {engine: {"model": folder("models/other")}}}}
    told = evals("run", recipe(models))
    assert "gone" not in told.out
    assert numbers()["mine"] != before["mine"]


def arena() -> str:
    Path("questions.jsonl").write_text('{"prompt": "Was?"}\n{"prompt": "Wo?"}\n', "utf-8")
    judge = {"transformers": {"model": "judge"}}
    read = {"jsonl": "questions.jsonl", "kind": "prompt", "tgt_lang": "de"}
    options = {"read": read, "judge": judge, "against": "a"}
    Path("arena.yaml").write_text(json.dumps({"name": "small", "benchmarks": {"chat": {"arena": options}}}), "utf-8")
    return "arena.yaml"


def test_a_baseline_that_is_gone_can_be_told_of_alone(evals: Evals) -> None:
    folder("judge")
    Path("judge/says").write_text('{"reason": "", "verdict": "A"}', "utf-8")
    file = arena()
    evals("run", file, "--model", folder("a"), "--model", folder("b"))
    assert numbers("win rate") == {"a": None, "b": 0.5}
    told = pl.read_parquet("runs/small/results.parquet").filter(pl.col("model") == "b")
    for metric in ("win rate", "order decided"):
        [signature] = told.filter(pl.col("metric") == metric)["signature"]
        assert "judge|rubric:pairwise@" in signature
        assert "|version:2|" in signature
    shutil.rmtree("a")
    for words in (("compare", file), ("compare", file, "b"), ("gate", file, "a", "b")):
        assert "a: its folder is gone; it stays" in evals(*words).err
    with pytest.raises(UserError, match="against: the folder of the model 'a' is gone"):
        evals("run", file, "--model", folder("c"))


CHOSEN = Selection(column="score_chrf", stage="best", signature="", family="chrf")


def in_the_loop(evals: Evals, *names: str) -> set[str]:
    """Those of the models that a gate does not let pass, whatever they lost, since their data were chosen by chrF."""
    return {
        name for name in names
        if "its metric chose the model's data" in evals("gate", "small.yaml", name, name, "--max-drop", "100").out
    }  # fmt: skip


@pytest.mark.parametrize("what", ["folder", "file"])
def test_papers_are_remembered_where_they_are_cleared_away(what: str, evals: Evals) -> None:
    """Of a model whose papers lie elsewhere than it: the mark stays, and the recipe may still name them."""
    folder("tuned", selected_by=[CHOSEN])
    served = {"engine": {"transformers": {"model": folder("a")}}, "papers": "tuned"}
    file = recipe({"served": served})
    evals("run", file)
    if what == "folder":
        shutil.rmtree("tuned")
    else:
        (Path("tuned") / "towerkit.json").unlink()
    evals("run", file)
    assert in_the_loop(evals, "served") == {"served"}
    evals("run", file, "--model", folder("b"))
    assert in_the_loop(evals, "served", "b") == {"served"}
    marked = pl.read_parquet("runs/small/results.parquet").filter("in_loop")
    assert set(marked.select("model", "metric").iter_rows()) == {("served", "chrF++")}


def test_another_model_of_a_name_has_no_papers_of_the_first(evals: Evals) -> None:
    file = recipe()
    evals("run", file, "--model", f"mine={folder('a', selected_by=[CHOSEN])}")
    evals("run", file, "--model", f"mine={folder('b')}")
    shutil.rmtree("a")
    shutil.rmtree("b")
    assert not in_the_loop(evals, "mine")


@pytest.mark.parametrize("papers", ["nowhere", "/nowhere/at/all", "empty"])
def test_papers_that_are_not_there(papers: str, evals: Evals) -> None:
    """Nothing would tell what chose the model's data; found before anything is asked."""
    Path("empty").mkdir()
    file = recipe({"m": {"engine": {"transformers": {"model": folder("a")}}, "papers": papers}})
    with pytest.raises(UserError, match=r"models\.m\.papers: there is no folder .* with a towerkit\.json"):
        evals("run", file)
    assert not Path("runs/small/news").exists()
