"""Results of evaluations: golden numbers of real outputs, models that misbehave, and that no order matters."""

import csv
import json
import math
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from answered import evaluation_of, made_for, results_for
from ifeval_golden import compare
from sacrebleu.metrics.chrf import CHRF

import corpus
from corpus.errors import UserError
from corpus.manifest import Selection
from corpus.model_manifest import ModelManifest, write_model_manifest
from datagen.progress import Silent
from datagen.recipe import recipe_of
from datagen.run import run
from evals.collect import lineages, results_of
from evals.corpus_metrics import CorpusMetric
from evals.measures import Corpus
from evals.pareto import Axis, Point, pareto
from evals.recipe import ModelSpec
from evals.report.results import Measured, Results
from evals.statistics import Scored

SENTENCES = [
    ("The house is old and the garden is large.", "Das Haus ist alt und der Garten ist groß."),
    ("We meet at the station tomorrow morning.", "Wir treffen uns morgen früh am Bahnhof."),
    ("She reads a new book every single week.", "Sie liest jede Woche ein neues Buch."),
    ("The children play football in the yard.", "Die Kinder spielen im Hof Fußball."),
    ("It will rain in the mountains this evening.", "Heute Abend wird es in den Bergen regnen."),
    ("Please close the window before you leave.", "Bitte schließen Sie das Fenster, bevor Sie gehen."),
]


@pytest.fixture
def pairs(tmp_path: Path) -> dict[str, Any]:
    rows = [
        {
            "source": source,
            "target": target,
            "src_lang": "en",
            "tgt_lang": "de",
            "segment": str(n),
            "doc_id": f"d{n // 2}",
        }
        for n, (source, target) in enumerate(SENTENCES)
    ]
    corpus.write(rows, "pair", tmp_path / "pairs")
    return {"news": {"parallel": {"read": {"dataset": str(tmp_path / "pairs")}}}}


def of(results: Results, name: str) -> Measured:
    return next(measured for measured in results.measured if measured.metric.name == name)


def right(row: dict[str, Any]) -> list[str]:
    return [row["references"][0]]


def test_what_is_measured_of_translations(tmp_path: Path, pairs: dict[str, Any]) -> None:
    news = {"news": {"parallel": {**pairs["news"]["parallel"], "ter": True}}}
    evaluation = evaluation_of(tmp_path, news, {"right": {}, "half": {"task": "translate"}})
    half = {source for source, _ in SENTENCES[::2]}
    answers = {"right": right, "half": lambda row: right(row) if row["source"] in half else ["Nein."]}
    results = results_for(tmp_path, evaluation, answers)
    names = [measured.metric.name for measured in results.measured]
    assert names == ["chrF++", "BLEU", "TER", "off target", "empty", "copied", "looping"]
    assert of(results, "TER").numbers["right"].scored.value == 0
    assert of(results, "TER").ranked == ("right", "half")
    chrf = of(results, "chrF++")
    assert chrf.numbers["right"].scored.value == pytest.approx(100)
    assert 20 < chrf.numbers["half"].scored.value < 80
    assert {number.scored.n for number in chrf.numbers.values()} == {6}
    signature = chrf.numbers["half"].signature
    assert "task:translate|" in signature
    assert "chrF2++" in signature
    assert "task:translate_plain|" in chrf.numbers["right"].signature


@pytest.mark.parametrize(
    ("said", "measure", "value", "unjudged"),
    [
        (lambda _: [""], "empty", 1.0, 0),
        (lambda row: [row["source"]], "copied", 1.0, 0),
        (lambda row: [row["source"]], "off target", 1.0, 0),
        (lambda _: ["La maison est vieille et le jardin est grand, dit-elle."], "off target", 1.0, 0),
        (lambda _: ["Das Haus ist alt. " * 60], "looping", 1.0, 0),
        (right, "off target", 0.0, 0),
        (right, "looping", 0.0, 0),
        (lambda _: [], "chrF++", math.nan, 6),
        (lambda _: [], "empty", math.nan, 6),
        (lambda row: [] if "house" in row["source"] else right(row), "chrF++", 100.0, 1),
    ],
)
def test_models_that_misbehave(
    said: Any, measure: str, value: float, unjudged: int, tmp_path: Path, pairs: dict[str, Any]
) -> None:
    """What failed is told as unjudged and never 0; an empty answer is an answer."""
    evaluation = evaluation_of(tmp_path, pairs, {"bad": {}, "right": {}})
    results = results_for(tmp_path, evaluation, {"bad": said, "right": right})
    scored = of(results, measure).numbers["bad"].scored
    assert scored.value == pytest.approx(value, nan_ok=True)
    assert (scored.n, scored.unjudged) == (6 - unjudged, unjudged)
    assert of(results, measure).numbers["right"].scored.unjudged == 0


def test_fewer_references_than_sources(tmp_path: Path) -> None:
    rows = [
        {"prompt": [{"role": "user", "content": source}], "source": source, "src_lang": "en", "tgt_lang": "de",
         "references": [target] if n % 2 else None}
        for n, (source, target) in enumerate(SENTENCES)
    ]  # fmt: skip
    corpus.write(rows, "prompt", tmp_path / "prompts")
    benchmarks = {"rules": {"ifmt_rules": {"read": {"dataset": str(tmp_path / "prompts")}}}}
    evaluation = evaluation_of(tmp_path, benchmarks, {"m": {}})
    results = results_for(tmp_path, evaluation, {"m": lambda _: ["Das Haus ist alt."]})
    told = {measured.metric.name: measured.numbers["m"].scored for measured in results.measured}
    assert (told["chrF++"].n, told["chrF++"].unjudged) == (3, 3)
    assert (told["rules kept"].n, told["rules kept"].unjudged) == (0, 6)  # the rows carry no verifiers


@pytest.mark.usefixtures("pairs")
def test_no_order_matters(tmp_path: Path) -> None:
    """Items shuffled, items and answers in other shards, other workers, models in another order: equal to the bit."""
    rng = random.Random(3)
    drawn = {source: rng.random() < 0.5 for source, _ in SENTENCES}
    orders = {f"Say {n}, without commas.": n % 3 for n in range(9)}

    def told(row: dict[str, Any]) -> list[str]:
        if row["source"] is None:
            return ["One, two, three." if orders[row["prompt"][0]["content"]] else "One two three."]
        return right(row) if drawn[row["source"]] else ["Das Haus."]

    answers = {"a": lambda row: right(row) if row["source"] else ["One."], "b": told}
    found = []
    for number, names in enumerate((["a", "b"], ["b", "a"], ["a", "b"])):
        folder = tmp_path / f"run{number}"
        folder.mkdir()
        rows = list(corpus.open(tmp_path / "pairs").rows())
        asked = [{"prompt": p, "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]} for p in orders]
        rng.shuffle(rows)
        rng.shuffle(asked)
        kept = [{name: value for name, value in row.items() if name != "id"} for row in rows]
        corpus.write(kept, "pair", folder / "pairs", rows_per_shard=2 + number)
        (folder / "asked.jsonl").write_text("".join(json.dumps(row) + "\n" for row in asked), "utf-8")
        benchmarks = {
            "news": {"parallel": {"read": {"dataset": str(folder / "pairs")}}},
            "orders": {"ifeval": {"file": str(folder / "asked.jsonl")}},
        }
        evaluation = evaluation_of(folder, benchmarks, {name: {} for name in names})
        results = results_for(
            folder, evaluation, answers, workers=1 + number % 2, rows_per_shard=(50_000, 1, 2)[number]
        )
        found.append(
            {(m.metric.benchmark, m.metric.name, n): repr(m.numbers[n].scored) for m in results.measured for n in names}
            | {(m.metric.name, "groups"): m.groups for m in results.measured}
            | {(m.metric.name, "p"): m.differences[0].p_permutation for m in results.measured}
        )
    assert len(found[0]) == 2 * 10 + 10 + 10
    assert found[1] == found[0]
    assert found[2] == found[0]


def test_a_metric_that_chose_the_training_data_is_in_the_loop(tmp_path: Path, pairs: dict[str, Any]) -> None:
    model = tmp_path / "model"
    model.mkdir()
    chosen = Selection(column="score_bleu", stage="pairs", family="bleu")
    write_model_manifest(model, ModelManifest(method="wpo", selected_by=[chosen]))
    news = {"news": {"parallel": {**pairs["news"]["parallel"], "also": ["bleu", "chrf"]}}}
    engine = {"openai": {"model": str(model), "base_url": "http://127.0.0.1:9/v1"}}
    evaluation = evaluation_of(tmp_path, news, {"tuned": {"engine": engine}, "other": {}})
    results = results_for(tmp_path, evaluation, {"tuned": right, "other": right})
    loops = {(m.metric.name, name): m.numbers[name].in_loop for m in results.measured for name in ("tuned", "other")}
    # BLEU of the whole set is no more independent than that of sentences.
    assert [key for key, looped in loops.items() if looped] == [("BLEU", "tuned"), ("bleu", "tuned")]
    assert of(results, "BLEU").ranked == ("other",)
    assert of(results, "bleu").ranked == ("other",)


def test_instructions_are_counted_as_ifeval_does(tmp_path: Path) -> None:
    rows = [
        {"prompt": "No commas, and small letters.", "kwargs": [{}, {}],
         "instruction_id_list": ["punctuation:no_comma", "change_case:english_lowercase"]},
        {"prompt": "No commas.", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]},
    ]  # fmt: skip
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    benchmarks = {"ifeval": {"ifeval": {"file": str(tmp_path / "rows.jsonl")}}}
    evaluation = evaluation_of(tmp_path, benchmarks, {"m": {}})
    said = {"No commas, and small letters.": "This has capitals.", "No commas.": "Sure, here it is:\nnone at all"}
    results = results_for(tmp_path, evaluation, {"m": lambda row: [said[row["prompt"][0]["content"]]]})
    values = {measured.metric.name: measured.numbers["m"].scored.value for measured in results.measured}
    assert values == {
        "prompt-level strict": 0.0,
        "prompt-level loose": 0.5,
        "instruction-level strict": pytest.approx(1 / 3),
        "instruction-level loose": pytest.approx(2 / 3),
    }


def test_a_signature_names_scorers_with_their_versions_and_where_items_are_from(tmp_path: Path) -> None:
    """Each measure those that it looks at, whatever it makes of them; no measure any other."""
    terms = {"family": "terms", "locale": "de", "required": [["door", "Tür"]]}
    row = {
        "prompt": [{"role": "user", "content": "Use: door → Tür. Translate: The door is old."}],
        "source": "The door is old.",
        "references": ["Die Tür ist alt."],
        "verifiers": [{"name": "translation_rules", "args": json.dumps({"rules": [terms]})}],
        **{"src_lang": "en", "tgt_lang": "de", "origin": "my-rules-2"},
    }
    corpus.write([row], "verifiable", tmp_path / "items")
    options = {"read": {"dataset": str(tmp_path / "items")}, "also": ["chrf"]}
    evaluation = evaluation_of(tmp_path, {"rules": {"ifmt_rules": options}}, {"m": {}})
    results = results_for(tmp_path, evaluation, {"m": right})
    signatures = {measured.metric.name: measured.numbers["m"].signature for measured in results.measured}
    versions = {
        "rules kept": ["share from 1 on|verified|weights:equal|gates:own|version:1"],
        "chrF++ where rules are kept, else 0": ["chrF2++", "verified|weights:equal|gates:own|version:1"],
        "rules kept and chrF++ of 50": ["chrF2++", "verified|weights:equal|gates:own|version:1"],
        "off target": ["wrong_language", "lid.176.ftz|sha:"],
        "looping": ["share rejected by looping", "looping|"],
        "empty": ["measure:share rejected by empty|side:output|items:"],
        "chrf": ["measure:chrF2|"],
        "chrF++": ["measure:chrF2++|nrefs:"],
    }
    for name, parts in versions.items():
        for part in parts:
            assert part in signatures[name]
        assert "|items:my-rules-2|prompts:" in signatures[name]
    assert "lid.176" not in signatures["rules kept"]


def test_programs(tmp_path: Path) -> None:
    rows = [
        {"text": "Double.", "code": "def twice(n):\n    return 2 * n", "test_list": ["assert twice(2) == 4"]},
        {"text": "Halve.", "code": "def half(n):\n    return n / 2", "test_list": ["assert half(2) == 1"]},
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    read = {"jsonl": str(tmp_path / "rows.jsonl"), "kind": "prompt", "tgt_lang": "en"}
    read["columns"] = {"prompt": "text", "references": "code"}  # type: ignore[assignment]
    options = {"read": read, "k": [1, 2], "n": 2, "temperature": 0.8, "allow_code": True}
    evaluation = evaluation_of(tmp_path, {"mbpp": {"programs": options}}, {"m": {}})
    answers = {"m": lambda row: [row["references"][0], "def twice(n): return 4" if "twice" in str(row) else "no"]}
    results = results_for(tmp_path, evaluation, answers)
    values = {measured.metric.name: measured.numbers["m"].scored.value for measured in results.measured}
    assert values == {"pass@1": pytest.approx(0.75), "pass@2": 1.0}


def test_problems_run_programs_only_where_the_recipe_allows_it(tmp_path: Path) -> None:
    checks = [{"name": "code", "args": json.dumps({"tests": ["assert f(2) == 6"]})}]
    row = {"prompt": [{"role": "user", "content": "Write f(x): x times 3."}], "verifiers": checks, "tgt_lang": "en"}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    read = {"jsonl": str(tmp_path / "rows.jsonl"), "kind": "verifiable"}
    answers = {"right": lambda _: ["def f(x): return x * 3"], "wrong": lambda _: ["def f(x): return x"]}
    evaluation = evaluation_of(
        tmp_path, {"tasks": {"problems": {"read": read, "allow_code": True}}}, {"right": {}, "wrong": {}}
    )
    measured = results_for(tmp_path, evaluation, answers).measured[0]
    assert {name: number.scored.value for name, number in measured.numbers.items()} == {"right": 1.0, "wrong": 0.0}
    shut = evaluation_of(tmp_path, {"tasks": {"problems": {"read": read}}}, {"right": {}})
    with pytest.raises(UserError, match="allow_code"):
        results_for(tmp_path / "shut", shut, {"right": answers["right"]})


@pytest.mark.parametrize(("pair", "systems"), [("de-en", 13), ("cs-uk", 1)])
def test_published_scores_come_out_again(pair: str, systems: int, tmp_path: Path, shared_data: Path) -> None:
    """BLEU and chrF of all systems of WMT23 whose outputs are there."""
    folder = shared_data / "wmt23_news"
    read = {"wmt": str(folder), "pairs": [pair], "normalize": ["line_ends", "byte_order_mark"]}
    recipe = recipe_of({"name": "wmt", "stages": {"outputs": {"read": read}}}, tmp_path / "r.yaml")
    outputs = run(recipe, tmp_path, until=None, workers=1, progress=Silent())["outputs"]
    published: dict[str, dict[str, float]] = {"bleu-refA": {}, "chrf-refA": {}}
    found: dict[str, dict[str, float]] = {"bleu-refA": {}, "chrf-refA": {}}
    frame = outputs.scan().collect().sort("prompt_id")
    for (system,), rows in frame.partition_by("engine", as_dict=True).items():
        # Published scores are of the first reference.
        items = rows.select("references", "tgt_lang").with_columns(pl.col("references").list.head(1))
        counted = Corpus("BLEU").count(items, [rows[n] for n in range(rows.height)])
        found["bleu-refA"][system] = float(counted.score(counted.values.sum(axis=0)))
        # What is published is chrF; ours is chrF++, the same metric with words.
        metric = CorpusMetric(CHRF(), items["references"].to_list())
        found["chrf-refA"][system] = float(metric.score(metric.statistics(rows["response"].to_list()).sum(axis=0)))
    with (folder / "scores/automatic-scores.tsv").open(newline="") as lines:
        for line in csv.DictReader(lines, delimiter="\t"):
            if line["pair"] == pair and line["metric"] in published and line["system"] in found["bleu-refA"]:
                published[line["metric"]][line["system"]] = float(line["score"])
    assert len(found["bleu-refA"]) == len(found["chrf-refA"]) == systems
    for metric_name, values in found.items():
        assert values == pytest.approx(published[metric_name], abs=1e-4)


@pytest.mark.parametrize("language", ["en", "es", "fr", "ja"])
def test_accuracies_of_shared_answers_are_the_golden_ones(language: str, tmp_path: Path, shared_data: Path) -> None:
    """The four accuracies of M-IFEval's model answers are its own, but for the verdicts that are known to differ."""
    folder = shared_data / "m_ifeval"
    given = [row for row in compare(folder) if row.language == language]
    models = sorted({row.model for row in given})
    answers = {model: _said(folder / "responses" / f"{language}_input_response_data_{model}.jsonl") for model in models}
    names = {model: f"model{number}" for number, model in enumerate(models)}
    benchmarks = {
        "ifeval": {"ifeval": {"file": str(folder / f"input/{language}_input_data.jsonl"), "language": language}}
    }
    evaluation = evaluation_of(tmp_path, benchmarks, {name: {} for name in names.values()})
    said = {names[model]: lambda row, told=told: [told[row["prompt"][0]["content"]]] for model, told in answers.items()}
    results = results_for(tmp_path, evaluation, said)
    for measured in results.measured:
        level, mode = measured.metric.name.split()
        for model, name in names.items():
            verdicts: dict[str, list[bool]] = {}
            theirs = [row for row in given if (row.model, row.mode) == (model, mode)]
            for row in theirs:
                verdicts.setdefault(row.prompt, []).append(row.theirs)
            every = [verdict for told in verdicts.values() for verdict in told]
            golden = [all(told) for told in verdicts.values()] if level.startswith("prompt") else every
            differing = sum(row.ours != row.theirs for row in theirs)
            scored = measured.numbers[name].scored
            assert scored.n == len(verdicts)
            assert abs(scored.value * len(golden) - sum(golden)) <= differing + 1e-6


def _said(file: Path) -> dict[str, str]:
    rows = [json.loads(line) for line in file.read_text("utf-8").split("\n") if line.strip()]
    return {row["prompt"]: str(row["response"] or "") for row in rows}


def test_rerun_reads_what_is_there(tmp_path: Path, pairs: dict[str, Any]) -> None:
    evaluation = evaluation_of(tmp_path, pairs, {"right": {}})
    made = made_for(tmp_path, evaluation, {"right": right})
    assert repr(results_of(evaluation, made).measured) == repr(results_of(evaluation, made).measured)


def test_preferences_of_people(tmp_path: Path, shared_data: Path) -> None:
    """Who always names the first translation is right in half of the pairs."""
    read = {"mqm": str(shared_data / "mqm_google/ted/ende/mqm_ted_ende.tsv"), "src_lang": "en", "tgt_lang": "de"}
    evaluation = evaluation_of(tmp_path, {"people": {"preferences": {"read": read}}}, {"right": {}, "first": {}})

    def told(row: dict[str, Any]) -> list[str]:
        return [f"Verdict: {json.loads(row['verifiers'][0]['args'])['preferred']}"]

    results = results_for(tmp_path, evaluation, {"right": told, "first": lambda _: ["Verdict: A"]})
    accuracy = of(results, "accuracy").numbers
    assert (accuracy["right"].scored.value, accuracy["first"].scored.value) == (1.0, pytest.approx(0.5, abs=0.005))
    assert accuracy["first"].scored.n > 200


def test_documents_are_translated_and_scored_whole(tmp_path: Path, pairs: dict[str, Any]) -> None:
    news = {"news": {"parallel": {**pairs["news"]["parallel"], "documents": True}}}
    evaluation = evaluation_of(tmp_path, news, {"right": {}, "first": {}})
    asked: list[str] = []

    def first_line(row: dict[str, Any]) -> list[str]:
        asked.append(row["source"])
        return [row["references"][0].split("\n")[0]]

    results = results_for(tmp_path, evaluation, {"right": right, "first": first_line})
    assert asked == ["\n".join(source for source, _ in SENTENCES[n : n + 2]) for n in (0, 2, 4)]
    chrf = of(results, "chrF++").numbers
    assert (chrf["right"].scored.value, chrf["right"].scored.n) == (pytest.approx(100), 3)
    assert 20 < chrf["first"].scored.value < 80


def test_what_is_left_out_is_told(tmp_path: Path, pairs: dict[str, Any]) -> None:
    rows = [*corpus.open(tmp_path / "pairs").rows(), {"source": "No document.", "target": "Kein Dokument.",
            "src_lang": "en", "tgt_lang": "de"}]  # fmt: skip
    corpus.write([{**row, "id": None} for row in rows], "pair", tmp_path / "more")
    read = {"read": {"dataset": str(tmp_path / "more")}}
    news = {"news": {"parallel": {**read, "documents": True}}, "none": {"parallel": pairs["news"]["parallel"]}}
    file = {"pictures": [["news", "none/chrF++"], ["news", "news/empty"]]}
    evaluation = evaluation_of(tmp_path, news, {"m": {}}, **file)
    made = {"news": made_for(tmp_path, evaluation, {"m": right})["news"], "none": {}}
    told = results_of(evaluation, made)
    assert told.unmeasured == ("none",)
    assert told.left_out == (
        "none: nothing was measured.",
        "news: 1 row set aside by the stage documents (no_document 1).",
        "No picture of news and none/chrF++: nothing was measured of none/chrF++.",
    )
    assert len(told.pictures) == 1


def test_documents_of_real_news(tmp_path: Path, shared_data: Path) -> None:
    """NTREX, all of its documents that are there."""
    folder = shared_data / "ntrex128"
    text = {"en": f"{folder}/newstest2019-src.eng.txt", "de": f"{folder}/newstest2019-ref.deu.txt"}
    read = {"text": text, "doc_ids": f"{folder}/DOCUMENT_IDS.tsv", "normalize": ["line_ends"]}
    evaluation = evaluation_of(tmp_path, {"news": {"parallel": {"read": read, "documents": True}}}, {"right": {}})
    results = results_for(tmp_path, evaluation, {"right": right})
    chrf = of(results, "chrF++").numbers["right"].scored
    named = {line.strip() for line in (folder / "DOCUMENT_IDS.tsv").read_text("utf-8").split("\n") if line.strip()}
    assert (chrf.value, chrf.n) == (pytest.approx(100), len(named))
    assert of(results, "off target").numbers["right"].scored.value == 0


def test_a_folder_of_wmt(tmp_path: Path, shared_data: Path) -> None:
    """Its sources are asked once, whatever systems stand beside them; outputs of one give its published BLEU."""
    folder = shared_data / "wmt23_news"
    read = {"wmt": str(folder), "pairs": ["de-en"], "normalize": ["line_ends", "byte_order_mark"]}
    told = (folder / "txt/system-outputs/generaltest2023.de-en.hyp.ONLINE-B.en").read_text("utf-8")
    sources = (folder / "txt/sources/generaltest2023.de-en.src.de").read_text("utf-8")
    said = dict(zip(sources.split("\n"), told.replace("\r", "").split("\n"), strict=True))
    evaluation = evaluation_of(tmp_path, {"news": {"parallel": {"read": read}}}, {"online-b": {}})
    results = results_for(tmp_path, evaluation, {"online-b": lambda row: [said[row["source"]]]})
    bleu = of(results, "BLEU").numbers["online-b"].scored
    lines = (folder / "scores/automatic-scores.tsv").read_text("utf-8").split("\n")
    published = [
        line.split("\t") for line in lines if "\tONLINE-B\t" in line and "bleu-refA" in line and "de-en" in line
    ]
    assert bleu.n == len(set(sources.strip().split("\n")))
    assert bleu.value == pytest.approx(float(published[0][-1]), abs=0.05)


def test_models_tell_by_their_papers_what_they_were_made_of(tmp_path: Path) -> None:
    def model(place: str, **papers: Any) -> ModelSpec:
        folder = tmp_path / place
        folder.mkdir(parents=True)
        if papers:
            write_model_manifest(folder, ModelManifest(**papers))
        return ModelSpec(engine={"transformers": {"model": str(folder)}}, papers=str(folder))

    def merged(share: float) -> dict[str, Any]:
        return {"method": "merge", "parents": ["sft", "grpo"], "facts": {"share": share}}

    models = {
        "base": model("base"),
        "tuned": model("sft", method="sft", parents=["base"]),
        "rewarded": model("grpo", method="grpo", parents=["sft"]),
        "merge-0.25": model("merge/merge-0.25", **merged(0.25)),
        "merge-0.75": model("merge/merge-0.75", **merged(0.75)),
        "hosted": ModelSpec(engine={"openai": {"model": "hosted"}}, stage="other", parents=("base", "nowhere")),
    }
    found = {each.name: (each.stage, each.parents, each.share) for each in lineages(models)}
    assert found == {
        "base": ("", (), None),
        "tuned": ("sft", ("base",), None),
        "rewarded": ("grpo", ("tuned",), None),
        "merge-0.25": ("merge", ("tuned", "rewarded"), 0.25),
        "merge-0.75": ("merge", ("tuned", "rewarded"), 0.75),
        "hosted": ("other", ("base",), None),
    }
    values = {"quality": Scored(1.0, 0.5, 1.5, 3, 0)}
    points = [Point(each.name, values, each.stage, each.parents, each.share) for each in lineages(models)]
    [curve] = pareto(points, [Axis("quality")]).curves
    assert curve.parents == ("rewarded", "tuned")
    assert curve.points == ("rewarded", "merge-0.75", "merge-0.25", "tuned")
    # Beside one of its parents alone a merge is no model that was trained on from it.
    alone = {name: models[name] for name in ("tuned", "merge-0.25")}
    assert [each.parents for each in lineages(alone)] == [(), ()]
    # Two folders of one name: neither is meant.
    twice = {**models, "again": model("other/sft", method="sft")}
    assert next(each for each in lineages(twice) if each.name == "rewarded").parents == ()
