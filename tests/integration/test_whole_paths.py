"""Promises across stages: what is best follows directions, what is held out stays held out, nothing doubles."""

import json
import re
from pathlib import Path

import pytest

from corpus.dataset import Dataset
from corpus.errors import UserError
from datagen.progress import Silent
from datagen.recipe import load_recipe
from datagen.run import run
from datagen.verify import verify

SYSTEMS = ("a", "b", "c")


def make(folder: Path, stages: str, *, runs: str = "runs") -> dict[str, Dataset]:
    """Run a recipe of these stages over answers of three systems to 40 sources."""
    rows = [
        {
            "source": f"Zeile {n}", "response": f"{system} line {n}", "engine": system, "references": [f"line {n}"],
            "src_lang": "de", "tgt_lang": "en", "score_x": float(place), "score_y": float(n),
        }
        for n in range(40)
        for place, system in enumerate(SYSTEMS)
    ]  # fmt: skip
    (folder / "answers.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    pairs = [{"source": f"Zeile {n}", "target": f"line {n}", "src_lang": "de", "tgt_lang": "en"} for n in range(40)]
    (folder / "pairs.jsonl").write_text("\n".join(map(json.dumps, pairs)), encoding="utf-8")
    (folder / "r.yaml").write_text(f"name: paths\nseed: 1\nstages:\n{stages}", encoding="utf-8")
    made = run(load_recipe(folder / "r.yaml"), folder / runs, until=None, workers=1, progress=Silent())
    for dataset in made.values():
        assert [check for check in verify(dataset.path) if check.problem] == []
    return made


def _sources(rows: list[dict[str, object]]) -> set[int]:
    """The numbers of the sources that rows of any kind were made from: the last number of their texts."""
    texts = (json.dumps([value for key, value in row.items() if key in TEXTS]) for row in rows)
    return {int(re.findall(r"(?:Zeile|line) (\d+)", text)[-1]) for text in texts}


TEXTS = ("source", "prompt", "messages", "text")
READ = "  answers: {read: {jsonl: answers.jsonl, kind: response, scores: {score_x: %s, score_y: higher}}}\n"


def test_a_score_turned_round_makes_everything_after_it_anew(tmp_path: Path) -> None:
    rest = "  best: {best: {by: score_x}}\n  pairs: {from: answers, pair: {by: score_x}}\n"
    up, down = (make(tmp_path, READ % direction + rest) for direction in ("higher", "lower"))
    assert {json.loads(row["meta"])["engine"] for row in up["best"].rows()} == {"c"}
    assert {json.loads(row["meta"])["engine"] for row in down["best"].rows()} == {"a"}
    assert {row["model_chosen"] for row in down["pairs"].rows()} == {"a"}


def test_what_is_held_out_is_held_out_in_every_form(tmp_path: Path) -> None:
    """As answers, prompts, chats, preferences, sentence pairs and running text, a source lies on one side."""
    made = make(
        tmp_path,
        READ % "higher"
        + "  answers_mix: {from: [answers], mix: {validation: 0.4}}\n"
        + "  best: {from: answers, best: {by: score_x}}\n"
        + "  best_mix: {mix: {validation: 0.4}}\n"
        + "  best_text: {from: best, render: {}}\n"
        + "  best_text_mix: {mix: {validation: 0.4}}\n"
        + "  preferences: {from: answers, pair: {by: score_x}}\n"
        + "  preferences_mix: {mix: {validation: 0.4}}\n"
        + "  sentences: {read: {jsonl: pairs.jsonl, kind: pair}}\n"
        + "  sentences_mix: {mix: {validation: 0.4}}\n"
        + "  prompts: {from: sentences, prompt: {}}\n"
        + "  prompts_mix: {mix: {validation: 0.4}}\n"
        + "  prompts_text: {from: prompts, render: {}}\n"
        + "  prompts_text_mix: {mix: {validation: 0.4}}\n",
    )
    mixes = [name for name in made if name.endswith("_mix")]
    assert len(mixes) == 7
    held = {name: _sources(made[name].scan("validation").collect().rows(named=True)) for name in mixes}
    assert 5 < len(held["answers_mix"]) < 35
    assert set(map(frozenset, held.values())) == {frozenset(held["answers_mix"])}


def test_a_renamed_source_makes_a_mix_anew(tmp_path: Path) -> None:
    sentences = "  %s: {read: {jsonl: pairs.jsonl, kind: pair}}\n  mix: {mix: {}}\n"
    one, two = make(tmp_path, sentences % "one")["mix"], make(tmp_path, sentences % "two")["mix"]
    assert one.path != two.path
    assert two.manifest.counts["taken"] == {"two": 40}


def test_answers_scored_apart_are_joined(tmp_path: Path) -> None:
    made = make(
        tmp_path,
        READ % "higher"
        + "  chrf: {score: {scorers: [chrf]}}\n"
        + "  bleu: {from: answers, score: {scorers: [bleu]}}\n"
        + "  pairs: {from: [chrf, bleu], pair: {by: [score_chrf, score_bleu], pairs: 3}}\n",
    )
    counts = made["pairs"].manifest.counts
    assert (counts["in"], counts["joined"], counts["left"]) == (120, 120, {})
    ids = [row["id"] for row in made["pairs"].rows()]
    assert len(ids) == len(set(ids))


def test_sentences_scored_apart_are_refused(tmp_path: Path) -> None:
    stages = (
        "  one: {read: {jsonl: pairs.jsonl, kind: pair}}\n"
        "  langid: {score: {scorers: [langid]}}\n"
        "  both: {from: [one, langid], select: {filters: [empty]}}\n"
    )
    with pytest.raises(UserError, match="score the same rows"):
        make(tmp_path, stages)


def test_two_filters_of_one_kind_are_told_apart(tmp_path: Path) -> None:
    made = make(
        tmp_path,
        READ % "higher"
        + "  kept: {select: {filters: [\n"
        + "    {threshold: {column: score_y, min: 5}}, {threshold: {column: score_y, max: 29}}]}}\n",
    )["kept"]
    dropped = {"threshold:score_y": 15, "threshold:score_y#2": 30}
    assert made.manifest.counts["dropped"] == dropped
    alone = made.manifest.counts["alone"]
    assert isinstance(alone, dict)
    assert {reason: n for reason, n in alone.items() if n} == dropped
    values = {(row["reason"], row["value"]) for row in made.aside().collect().rows(named=True)}
    assert ("threshold:score_y#2", "39.0") in values


def test_different_chats_with_one_last_turn_are_no_duplicates(tmp_path: Path) -> None:
    chats = [
        [("user", first), ("assistant", "ok"), ("user", "よろしく"), ("assistant", "はい")]
        for first in ("eins", "zwei", "eins")
    ]
    rows = [{"messages": [{"role": role, "content": text} for role, text in chat]} for chat in chats]
    (tmp_path / "chats.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    made = make(tmp_path, "  chats: {read: {jsonl: chats.jsonl, kind: sft}}\n  unique: {dedup: {}}\n")["unique"]
    assert made.manifest.counts["dropped"] == {"duplicate": 1}


def test_every_dataset_that_was_read_is_in_the_lineage(tmp_path: Path) -> None:
    first = make(tmp_path, "  sentences: {read: {jsonl: pairs.jsonl, kind: pair}}\n", runs="others")["sentences"]
    relative = first.path.relative_to(tmp_path)
    made = make(
        tmp_path,
        f"  test: {{read: {{dataset: {relative}}}}}\n"
        "  rows: {read: {jsonl: pairs.jsonl, kind: pair}}\n"
        "  scored: {score: {scorers: [contamination: {against: [test], whole: 2}]}}\n",
    )
    (read,) = made["test"].manifest.inputs
    assert (read.content, read.use) == (first.manifest.content, "rows")
    told = [(one.content, one.use) for one in made["scored"].manifest.inputs]
    assert told == [(made["rows"].manifest.content, "rows"), (made["test"].manifest.content, "compared")]
