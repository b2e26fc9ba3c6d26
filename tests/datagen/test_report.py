"""`datagen report`: its numbers are the data's own, its examples are safe, and without text it has none."""

import getpass
import html
import json
import platform
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pytest

import corpus
from corpus.errors import UserError
from corpus.laws import LAWS, balances, set_aside
from corpus.manifest import read_manifest, write_manifest
from corpus.shards import aside_frame, write_parquet
from datagen.progress import Silent
from datagen.recipe import load_recipe
from datagen.report import report
from datagen.run import run
from datagen.stages import STAGES
from filters.report.books import flow, steps
from filters.report.drops import losses, section
from filters.report.folder import Folder

LANGUAGES = {
    "de": "ab be da do fa gu ka lo mi nu pe ro su ta wo zi",
    "ar": "با بو تا تي جا دو را سي شو عا في كو لا مو نا يو",
    "ja": "あき いと うみ かぜ きり くも さと しま そら たに つき なつ はな ほし まち ゆき",
}
SYSTEMS = {"steady": 1, "brief": 3, "wild": 6}
"""Systems, and at every how many words they go wrong."""
PROMPTS = 24
PROMPT_WORDS = {"Translate", "following", "source", "text", "English", "German", "Arabic", "Japanese"}
RECIPE = """
name: synthetic
seed: 3
stages:
  answers: {read: {jsonl: answers.jsonl, kind: response, max_bad: 0.1}}
  scored: {score: {scorers: [chrf, {chrf: {char_order: 2, as: overlap}}, repetition]}}
  kept: {select: {filters: [empty, copied, {length_ratio: {max: 3}}]}}
  unique: {dedup: {keep: score_chrf}}
  best: {best: {by: score_chrf}}
  pairs: {from: unique, pair: {by: score_chrf, min_margin: 5}}
  chat: {read: {jsonl: chat.jsonl, kind: sft, license: CC0-1.0, task: chat}}
  mix: {from: [best, chat], mix: {weights: {best: 3, chat: 1}, validation: 0.2}}
"""


def word(language: str, number: int) -> str:
    """A made-up word of three or more letters; English is the source's side."""
    syllables = LANGUAGES.get(language, "qua vex jol zim orp ulk dre fyn").split()
    return "".join(syllables[number // len(syllables) ** place % len(syllables)] for place in range(3))


def sentence(language: str, prompt: int, words: int) -> list[str]:
    return [word(language, 37 * prompt + 11 * n + 5) for n in range(words)]


def answers() -> Iterator[dict[str, Any]]:
    """Three systems answer in three languages; "wild" answers emptily, copies, rambles, and writes Markdown."""
    for language, prompt, (system, every) in product(LANGUAGES, range(PROMPTS), SYSTEMS.items()):
        words = 4 + prompt % 7
        source, reference = sentence("en", prompt, words), sentence(language, prompt, words)
        answer = [w for n, w in enumerate(reference) if system == "steady" or n % (every - 1)]
        if system == "wild":
            noise = ["|", "**", *answer, "`<b>`", "\n", "[x](qua.vex)", "\u202e"]
            answer = [[], source, answer * 9, noise][prompt % 4]
        yield {
            "source": " ".join(source),
            "response": " ".join(answer),
            "references": [" ".join(reference)],
            "engine": system,
            "segment": f"s{prompt}",
            "src_lang": "en",
            "tgt_lang": language,
            "origin": "made/up" if prompt % 2 else "invented",
            **({"license": "Apache-2.0"} if language != "ja" else {}),
        }


class Made(NamedTuple):
    """A run with its reports, with and without text."""

    datasets: dict[str, corpus.Dataset]
    folder: Path
    report: Path
    bare: Path

    def page(self, *, text: bool = True) -> str:
        return ((self.report if text else self.bare) / "README.md").read_text("utf-8")

    def csv(self, name: str) -> pl.DataFrame:
        return pl.read_csv(self.report / name)

    def rows(self, stage: str) -> list[dict[str, Any]]:
        return list(self.datasets[stage].rows())


def make(folder: Path, *, workers: int = 1) -> Made:
    folder.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(row, ensure_ascii=False) for row in answers()]
    lines.insert(9, '{"source": "' + word("en", 1) + '", "response": ')
    (folder / "answers.jsonl").write_text("\n".join(lines), "utf-8")
    chats = [
        {"messages": [{"role": "user", "content": word("en", n)}, {"role": "assistant", "content": word("de", n)}]}
        for n in range(0, 300, 10)
    ]
    (folder / "chat.jsonl").write_text("\n".join(map(json.dumps, chats)), "utf-8")
    recipe = folder / "synthetic.yaml"
    recipe.write_text(RECIPE, "utf-8")
    made = run(load_recipe(recipe), folder / "runs", until=None, workers=workers, progress=Silent())
    run_folder = folder / "runs" / "synthetic"
    for name, text in (("report", True), ("bare", False)):
        report(run_folder, out=folder / name, text=text)
    return Made(made, run_folder, folder / "report", folder / "bare")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(tmp_path_factory.mktemp("report"))


def table(page: str, *header: str) -> list[list[str]]:
    """The cells of the first table whose header begins so, without code marks."""
    lines = page.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("| " + " | ".join(header)))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().strip("`") for cell in line.strip("|").split("|")])
    return rows


def test_the_funnel_is_the_manifests(made: Made) -> None:
    found = {row["stage"]: row for row in made.csv("funnel.csv").iter_rows(named=True)}
    assert list(found) == ["answers", "scored", "kept", "unique", "best", "pairs", "chat", "mix"]
    every = len(SYSTEMS) * len(LANGUAGES) * PROMPTS
    assert (found["answers"]["in"], found["answers"]["out"], found["answers"]["dropped"]) == (every + 1, every, 1)
    for name, dataset in made.datasets.items():
        assert found[name]["rows"] == dataset.manifest.rows == len(made.rows(name))
        if found[name]["verb"] != "mix":
            assert found[name]["in"] == found[name]["out"] + found[name]["dropped"]
    prompts = len({row["prompt_id"] for row in made.rows("unique")})
    assert (found["pairs"]["unit"], found["pairs"]["in"], found["pairs"]["out"]) == (
        "prompt",
        prompts,
        len(made.rows("pairs")),
    )
    shown = {cells[0]: cells for cells in table(made.page(), "stage", "verb")}
    assert shown["kept"][3:6] == [str(found["kept"][key]) for key in ("in", "out", "dropped")]


def test_drops_are_counted_by_rule_language_origin_and_system(made: Made) -> None:
    given = made.rows("scored")
    stay = {row["id"] for row in made.rows("kept")}
    dropped = [row for row in given if row["id"] not in stay]
    empty = sum(not row["response"].strip() for row in given)
    copied = sum(row["response"] == row["source"] for row in given)
    rules = {row["rule"]: row for row in made.csv("drops-by-rule.csv").filter(stage="kept").iter_rows(named=True)}
    assert rules["empty"]["first"] == rules["empty"]["alone"] == empty == 18
    assert rules["copied"]["first"] == copied == 18
    assert sum(row["first"] for row in rules.values()) == len(dropped)
    columns = {"language": lambda row: f"{row['src_lang']}>{row['tgt_lang']}", "origin": lambda row: row["origin"]}
    for dimension, value in {**columns, "system": lambda row: row["engine"]}.items():
        into, out = Counter(map(value, given)), Counter(map(value, dropped))
        found = made.csv(f"drops-by-{dimension}.csv").filter(stage="kept")
        assert {row[0]: row[1:] for row in found.select(dimension, "in", "dropped").iter_rows()} == {
            name: (into[name], out[name]) for name in into
        }
    assert made.csv("drops.csv").filter(stage="kept")["rows"].sum() == len(dropped)


def test_means_by_system_are_means(made: Made) -> None:
    by_system: dict[str, list[float]] = {}
    for row in made.rows("scored"):
        by_system.setdefault(row["engine"], []).append(row["score_chrf"])
    shown = {cells[0]: cells for cells in table(made.page(), "system", "rows", "`score_chrf` ↑")}
    # The best comes first.
    assert list(shown) == sorted(by_system, key=lambda name: -np.mean(by_system[name]))
    for name, values in by_system.items():
        assert float(shown[name][2]) == pytest.approx(np.mean(values), rel=1e-3)


def ranks(values: Sequence[float]) -> list[float]:
    """Ranks, ties sharing their mean."""
    return [sum(other < value for other in values) + (values.count(value) + 1) / 2 for value in values]


def correlation(left: Sequence[float], right: Sequence[float]) -> float:
    return float(np.corrcoef(left, right)[0, 1])


def test_agreement_over_rows_and_within_prompts(made: Made) -> None:
    rows = [row for row in made.rows("scored") if row["score_chrf"] is not None and row["score_overlap"] is not None]
    found = made.csv("agreement.csv").filter(score="score_chrf", **{"with": "score_overlap"}).row(0, named=True)
    left, right = ([row[name] for row in rows] for name in ("score_chrf", "score_overlap"))
    assert found["rows"] == len(rows)
    assert found["pearson"] == pytest.approx(correlation(left, right), rel=1e-4)
    assert found["spearman"] == pytest.approx(correlation(ranks(left), ranks(right)), rel=1e-4)
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["prompt_id"], []).append(row)
    within = []
    for group in groups.values():
        sides = [[row[name] for row in group] for name in ("score_chrf", "score_overlap")]
        if all(len(set(side)) > 1 for side in sides):
            within.append(correlation(*map(ranks, sides)))
    assert found["prompts"] == len(within) > 20
    assert found["within_prompts"] == pytest.approx(np.mean(within), rel=1e-4)


def test_who_wins_by_what_margin_and_how_long(made: Made) -> None:
    pairs = made.rows("pairs")
    won, lost = (Counter(row[f"model_{side}"] for row in pairs) for side in ("chosen", "rejected"))
    found = made.csv("chosen.csv").filter(stage="pairs").group_by("system").agg(pl.col("chosen", "rejected").sum())
    assert {row[0]: row[1:] for row in found.iter_rows()} == {name: (won[name], lost[name]) for name in SYSTEMS}
    told = made.csv("pairs.csv").filter(language="all").row(0, named=True)
    lengths = [(len(row["chosen"][0]["content"]), len(row["rejected"][0]["content"])) for row in pairs]
    assert told["longer"] == sum(chosen > rejected for chosen, rejected in lengths)
    assert told["shorter"] == sum(chosen < rejected for chosen, rejected in lengths)
    margins = sorted(row["score_chosen"] - row["score_rejected"] for row in pairs)
    assert told["margin_least"] == pytest.approx(margins[0], rel=1e-5)
    assert told["margin_q50"] == pytest.approx(np.median(margins), rel=1e-5)
    best = made.csv("chosen.csv").filter(stage="best")
    assert best["chosen"].sum() == len(made.rows("best"))
    assert best["candidates"].sum() == len(made.rows("unique"))


def test_shares_of_the_mix(made: Made) -> None:
    counts = made.datasets["mix"].manifest.counts
    shown = {cells[0]: cells for cells in table(made.page(), "source", "rows", "rows taken")}
    assert {name: int(cells[2]) for name, cells in shown.items()} == counts["taken"]
    assert [shown[name][4] for name in ("best", "chat")] == ["75.0 %", "25.0 %"]
    assert f"Train {counts['train']} rows, validation {counts['validation']} rows" in made.page()


def test_what_could_not_be_read_is_told_by_file_and_line(made: Made) -> None:
    for text in (True, False):
        assert "- `answers.jsonl` line 10 ·" in made.page(text=text)
    assert "could not read 1 record" in made.page()


def test_lineage_licences_and_selection(made: Made) -> None:
    page = made.page()
    tree = page.partition("## Lineage")[2].split("```")[1]
    assert re.findall(r"^[│├└─ ]*(\w+)(?: \(with (\w+)\))?", tree.partition("\n")[2], re.MULTILINE) == [
        ("answers", ""),
        ("scored", ""),
        ("kept", ""),
        ("unique", ""),
        ("best", ""),
        ("pairs", ""),
        ("chat", ""),
        ("mix", "best"),
    ]
    for dataset in made.datasets.values():
        assert dataset.manifest.content[:8] in tree
        assert all(file.sha256[:12] in page for file in dataset.manifest.files)
    unknown = sum(row["license"] is None for row in made.rows("mix"))
    assert f"The licence of {unknown} rows in `mix`" in page
    assert "| **unknown** |" in page
    assert {(cells[0], cells[1], cells[2]) for cells in table(page, "output", "decided in", "by")} == {
        (output, stage, "score_chrf") for output, stage in product(["pairs"], ["unique", "pairs"])
    } | {(output, stage, "score_chrf") for output, stage in product(["mix"], ["unique", "best"])}


def test_links_lead_to_files_and_all_files_are_linked(made: Made) -> None:
    linked = set(re.findall(r"\]\(([^)#]+)\)", made.page()))
    assert linked == {file.name for file in made.report.iterdir()} - {"README.md"}


def test_text_in_examples_is_escaped_and_isolated(made: Made) -> None:
    examples = made.page().partition("## Examples")[2].partition("\n## ")[0]
    shown = re.findall(r'<span dir="auto">(.*?)</span>', examples)
    assert len(shown) > 40
    assert not re.findall(r"[|<>*`\[\]\u202e]", "".join(shown))
    texts = {row[name] for row in answers() for name in ("source", "response")}
    assert len({html.unescape(text) for text in shown} & texts) > 20


def words_of(made: Made) -> set[str]:
    """Every word of the data that somebody could recognize: four letters or more, or of a script without case."""
    texts: list[str] = []
    for dataset in made.datasets.values():
        for row in dataset.rows():
            texts += [row.get(name) or "" for name in ("source", "response")]
            texts += row.get("references") or []
            texts += [
                turn["content"] for name in ("prompt", "messages", "chosen", "rejected") for turn in row.get(name) or []
            ]
    return {found for text in texts for found in re.findall(r"\w{4,}|[^\x00-\x7f]{3,}", text)}


def test_without_text_there_is_none(made: Made) -> None:
    words = words_of(made) - PROMPT_WORDS
    assert len(words) > 300
    written = "\n".join(html.unescape(file.read_text("utf-8")) for file in made.bare.iterdir())
    assert {found for found in words if found in written} == set()
    # The same question asked of the report with text.
    assert any(found in made.page() for found in words)
    assert "`empty`" in made.page(text=False)


def test_no_path_host_or_user_is_told(made: Made, tmp_path: Path) -> None:
    names = {platform.node(), str(made.folder.parents[1]), str(tmp_path.parent), str(Path.home()), str(Path.cwd())}
    names |= {getpass.getuser()} - {"root"}
    for file in made.report.iterdir():
        content = file.read_text("utf-8")
        assert [name for name in names if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", content)] == []


def test_the_same_run_elsewhere_gives_the_same_bytes_but_for_times(made: Made, tmp_path: Path) -> None:
    again = make(tmp_path / "elsewhere", workers=2)
    for name in ("report", "bare"):
        files = sorted(file.name for file in getattr(made, name).iterdir())
        assert files == sorted(file.name for file in getattr(again, name).iterdir())
        for file in files:
            left, right = ((getattr(one, name) / file).read_text("utf-8") for one in (made, again))
            assert left.partition("\n## Time\n")[0] == right.partition("\n## Time\n")[0], file


def page_of(datasets: dict[str, corpus.Dataset], tmp_path: Path) -> str:
    folder = next(iter(datasets.values())).path.parent
    return report(folder, out=tmp_path / "out", text=True).read_text("utf-8")


def rows(count: int = 30, **columns: Any) -> list[dict[str, Any]]:
    """Plain pairs; a column may be a function of the row's number."""
    plain = {"source": "source {}", "target": "target {}", "src_lang": "de", "tgt_lang": "en", "license": "CC0-1.0"}
    told = {**plain, **columns}
    return [
        {
            name: value(n) if callable(value) else value.format(n) if isinstance(value, str) else value
            for name, value in told.items()
        }
        for n in range(count)
    ]


def candidates(count: int = 30, **columns: Any) -> list[dict[str, Any]]:
    """Two systems answer; `a` is better and longer."""
    found = []
    for n in range(count):
        for engine, score in (("a", 2.0 + n), ("b", 1.0 + n)):
            prompt = [{"role": "user", "content": f"question {n}"}]
            row = {"prompt": prompt, "prompt_id": f"{n:032x}", "engine": engine, "sample": 0, "license": "CC0-1.0"}
            row |= {"response": f"{n} {'long ' if engine == 'a' else ''}{engine}", "score_x": score, "tgt_lang": "en"}
            found.append({**row, **{name: value(n, engine) for name, value in columns.items()}})
    return found


CLEAN = "> **Nothing stands out**"
THRESHOLD = "kept: {select: {filters: [{threshold: {column: score_x, min: MIN}}]}}"


@pytest.mark.parametrize(
    ("given", "kind", "stages_text", "told"),
    [
        (rows(score_x=float), "pair", THRESHOLD.replace("MIN", "3"), CLEAN),
        (rows(license=None), "pair", "", "The licence of 30 rows in `rows` (100.0 %) is unknown."),
        (rows(score_x=float), "pair", THRESHOLD.replace("MIN", "10"), "`threshold:score_x` drops 33.3 %"),
        (rows(score_x=float), "pair", THRESHOLD.replace("MIN", "99"), "`kept` has no rows."),
        (rows(score_x=1.0), "pair", "", "The same value in every row of `rows`: `score_x` (1)."),
        (
            rows(score_x=lambda n: float(n) if n % 5 else None),
            "pair",
            "",
            "`score_x`: null in 20.0 % of the rows of `rows` (6 rows).",
        ),
        (
            rows(80, score_x=float, tgt_lang=lambda n: "ar" if n < 22 else "en"),
            "pair",
            THRESHOLD.replace("MIN", "20"),
            "`kept` drops 90.9 % of the language `de>ar`, and 25.0 % of the whole.",
        ),
        (
            rows(),
            "pair",
            "held: {mix: {validation: 0.000001}}",
            "The validation split of `held` is empty.",
        ),
        (candidates(), "response", "best: {best: {by: score_x}}", "`a` gives 100.0 % of what `best` chooses."),
        (
            candidates(),
            "response",
            "pairs: {pair: {by: score_x}}",
            "The chosen answer is the longer one in 100.0 % of the pairs of `pairs`.",
        ),
        (
            [row for row in candidates() if row["engine"] == "a"],
            "response",
            "best: {best: {by: score_x}}",
            "Only one system answers what `best` chooses from.",
        ),
        (
            candidates(),
            "response",
            "pairs: {pair: {by: score_x, min_margin: 50}}",
            "`pairs` gives nothing for 100.0 % of its prompts: `small_margin` 30.",
        ),
        (
            candidates(score_y=lambda n, engine: 1.0 - n if engine == "a" else 2.0 + n),
            "response",
            "best: {best: {by: score_x}}",
            "`score_x` and `score_y` rank the answers to a prompt against each other: mean correlation -1.00",
        ),
    ],
)
def test_doubts(
    given: list[dict[str, Any]], kind: str, stages_text: str, told: str, stages: Any, tmp_path: Path
) -> None:
    page = page_of(stages(given, kind, stages_text), tmp_path)
    box = "\n".join(line for line in page.splitlines() if line.startswith(">"))
    assert told in box


class Books(NamedTuple):
    """Counts of a stage that gave ten rows, and what a report tells of them."""

    counts: dict[str, Any]
    unit: str
    into: int
    out: int
    dropped: dict[str, int]
    """Also what left its group before the ranking."""


BOOKS = {
    "read": Books({"records": 12, "aside": {"broken_json": 2}}, "record", 12, 10, {"broken_json": 2}),
    "join": Books({"in": 31, "united": 29, "dropped": {"no_document": 2}}, "pair", 31, 29, {"no_document": 2}),
    "prompt": Books({"in": 14, "templates": 1, "dropped": {"same": 3}, "repeated": 1}, "prompt", 14, 10,
                    {"same": 3, "repeated": 1}),
    "generate": Books({"in": 9, "engines": 2, "samples": 1, "failed": {"timeout": 2}, "repeated": 3}, "request", 12, 10,
                      {"timeout": 2, "repeated": 3}),
    "score": Books({"in": 10}, "row", 10, 10, {}),
    "select": Books({"in": 15, "dropped": {"empty": 2, "html": 3}}, "row", 15, 10, {"empty": 2, "html": 3}),
    "dedup": Books({"in": 12, "dropped": {"duplicate": 2}}, "row", 12, 10, {"duplicate": 2}),
    "best": Books({"in": 40, "groups": 12, "left": {"gate:html": 5}, "without": {"no_candidate_left": 2}}, "prompt",
                  12, 10, {"gate:html": 5, "no_candidate_left": 2}),
    "pair": Books({"in": 40, "groups": 12, "with_output": 9, "left": {"gate:html": 5}, "without": {"same_text": 3}},
                  "prompt", 12, 9, {"gate:html": 5, "same_text": 3}),
    "verifiable": Books({"in": 8, "candidates": 13, "rejected": {"repeated": 3}}, "candidate", 13, 10,
                        {"repeated": 3}),
    "mix": Books({"in": {"a": 20}, "taken": {"a": 10}, "train": 10}, "row", 20, 10, {}),
    "render": Books({"in": 11, "aside": {"incomplete": 1}}, "row", 11, 10, {"incomplete": 1}),
}  # fmt: skip


def test_the_books_of_all_stages_are_known() -> None:
    assert set(BOOKS) == set(STAGES) == set(LAWS)


@pytest.mark.parametrize("verb", BOOKS)
def test_what_a_stage_sets_aside_is_told(verb: str, tmp_path: Path) -> None:
    books = BOOKS[verb]
    folder = corpus.write(rows(10), "pair", tmp_path / "made").path
    gone = [{"id": f"{n:032x}", "reason": reason} for reason, times in books.dropped.items() for n in range(times)]
    write_parquet(folder / "aside" / "00000.parquet", aside_frame(gone))
    manifest = read_manifest(folder).model_copy(update={"stage": verb, "counts": {"rows": 10, **books.counts}})
    write_manifest(folder, manifest)
    assert [balance.law for balance in balances(manifest) if not balance.holds] == []
    assert dict(set_aside(manifest)) == books.dropped
    (step,) = steps([corpus.open(folder)])
    flowed = flow(step)
    assert (flowed.unit, flowed.into, flowed.out) == (books.unit, books.into, books.out)
    told = {reason: times for loss in losses(step) for reason, times in loss.reasons.items()}
    assert told == books.dropped
    assert ("Nothing was dropped" in section(losses(step), Folder(tmp_path / "report"))) == (not told)


def test_pairs_that_name_no_document_and_rejected_problems_are_told(stages: Any, tmp_path: Path) -> None:
    some = [row | {"doc_id": "d" if n % 3 else None, "segment": str(n)} for n, row in enumerate(rows(9))]
    documents = page_of(stages(some, "pair", "documents: {join: {}}"), tmp_path)
    assert "documents: 3 of 9 pairs dropped (33.3 %)" in documents
    asked = [
        {"prompt": [{"role": "user", "content": f"What is {n}?"}], "references": [text] if text else None}
        for n, text in enumerate(["1", "2", None])
    ]
    problems = page_of(stages(asked, "prompt", "problems: {verifiable: {make: [math]}}"), tmp_path)
    assert "problems: 1 of 3 candidates rejected (33.3 %)" in problems
    chats = page_of(stages(asked, "prompt", "chats: {best: {chosen: reference}}"), tmp_path)
    assert "chats: 1 of 3 prompts without output (33.3 %)" in chats


def test_a_sample_is_called_one(stages: Any, tmp_path: Path) -> None:
    page = page_of(stages(rows(), "pair", "", sample="10"), tmp_path)
    assert "`rows` is a sample of its input: 10 rows." in page


def test_a_dataset_of_an_earlier_setting_is_noticed(recipe: Any, go: Any, tmp_path: Path) -> None:
    corpus.write(rows(), "pair", tmp_path / "in")
    path = recipe(
        f"rows: {{read: {{dataset: '{tmp_path / 'in'}'}}}}\n"
        "kept: {select: {filters: [empty]}}\nunique: {dedup: {}}"
    )
    old = go(path)
    loaded = load_recipe(path, sets=('kept.filters=[{"too_short": {"min": 9}}]',))
    run(loaded, tmp_path / "runs", until="kept", workers=1, progress=Silent())
    page = page_of(old, tmp_path)
    # The same rows pass, so the content is the same, but the dataset read is not the one shown.
    assert f"`unique` was made of `{old['kept'].path.name}`, which is not the newest result" in page


def test_books_that_do_not_balance_are_noticed(stages: Any, tmp_path: Path) -> None:
    made = stages([*rows(), *rows(3, target="")], "pair", "kept: {select: {filters: [empty]}}")
    manifest = read_manifest(made["kept"].path)
    manifest.counts["dropped"] = {"empty": 2}
    write_manifest(made["kept"].path, manifest)
    page = page_of(made, tmp_path)
    assert "The books of `kept` do not balance: in = rows + dropped, by reason, but 33 is not 32." in page
    assert "The manifest of `kept` counts 2 rows dropped, and 3 are set aside." in page


@pytest.mark.parametrize(("place", "why"), [("runs", "no current.json"), ("runs/test/{}", "it is a single dataset")])
def test_another_folder_is_refused(place: str, why: str, stages: Any, tmp_path: Path) -> None:
    made = stages(rows(), "pair", "kept: {select: {filters: [empty]}}")
    with pytest.raises(UserError, match=why):
        report(tmp_path / place.format(made["kept"].path.name), out=tmp_path / "out", text=True)
    assert not (tmp_path / "out").exists()


def test_families_licences_and_notes_are_told(recipe: Any, go: Any, tmp_path: Path) -> None:
    """A learned score brings its family, its licence and what it could not judge."""
    notes = ["truncated"] * 4 + ["empty output"] * 6 + ["too long: over 512 tokens"] * 2 + [None] * 28
    some = [
        row
        | {"score_kiwi": None if note and "e" in note and note != "truncated" else float(n), "label_kiwi_note": note}
        for n, (row, note) in enumerate(zip(rows(40), notes, strict=True))
    ]
    told = {"signature": "comet|kiwi", "family": "comet", "licence": "CC-BY-NC-SA-4.0"}
    scores = {
        "score_kiwi": corpus.manifest.Score(higher_is_better=True, **told),
        "label_kiwi_note": corpus.manifest.Score(**told),
    }
    corpus.write(some, "pair", tmp_path / "scored", scores=scores)
    made = go(
        recipe(
            f"rows: {{read: {{dataset: '{tmp_path / 'scored'}'}}}}\n"
            "kept: {select: {filters: [{threshold: {column: score_kiwi, min: 15}}]}}\n"
            "unique: {dedup: {}}"
        )
    )
    page = page_of(made, tmp_path)
    assert "`comet|kiwi`; family `comet`; licence CC-BY-NC-SA-4.0 (**non-commercial**)" in page
    assert table(page, "scorer", "note", "score") == [
        ["kiwi", "empty output", "null", "6", "15.0 %"],
        ["kiwi", "truncated", "a number all the same", "4", "10.0 %"],
        ["kiwi", "too long: over 512 tokens", "null", "2", "5.0 %"],
    ]
    assert "a metric of the same family is no independent judge of it. Here these families are: `comet`." in page
    assert [cells[3] for cells in table(page, "output", "decided in", "by")] == ["comet"]
    box = "\n".join(line for line in page.splitlines() if line.startswith(">"))
    assert "Rows of `unique` were selected by `score_kiwi`, of a model under CC-BY-NC-SA-4.0: non-commercial." in box
    # The notes themselves are null where all is well.
    assert "`label_kiwi_note`: null" not in box
    bare = report(made["rows"].path.parent, out=tmp_path / "bare", text=False).read_text("utf-8")
    assert "empty output" not in bare
