"""`show` and `trace`: rows as a person reads them, and the way of one row through a run."""

import json
from pathlib import Path
from typing import Any

import pytest

import corpus
from corpus.errors import UserError
from datagen.show import as_text, show, show_aside
from datagen.trace import trace

ANSWERS = [
    {
        "prompt": [{"role": "user", "content": f"Translate {n}"}], "prompt_id": f"{n:032x}", "source": f"Quelle {n}",
        "engine": engine, "sample": 0, "response": "" if n == 2 else f"{engine} says {n}", "references": ["ref"],
        "score_x": float(n) + (engine == "b"), "src_lang": "de", "tgt_lang": "en", "origin": "news",
    }
    for n in range(4) for engine in "ab"
]  # fmt: skip
STAGES = """
kept: {select: {filters: [empty, {threshold: {column: score_x, min: 1}}]}}
best: {best: {by: score_x}}
pairs: {from: kept, pair: {by: score_x}}
"""


@pytest.fixture
def made(stages: Any) -> dict[str, corpus.Dataset]:
    datasets: dict[str, corpus.Dataset] = stages(ANSWERS, "response", STAGES)
    return datasets


def test_rows_as_text(made: dict[str, corpus.Dataset]) -> None:
    head, first, second = show(made["kept"].path, rows=2)
    assert head == "kept: 5 rows of kind response, made by select"
    assert "b says 0" in first
    assert "a says 1" in second
    for words in ("de > en", "news", "[source] Quelle 0", "[response] b says 0", "[reference 1] ref", "score_x=1"):
        assert words in first


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"text": "x" * 2100}, ["x" * 2000 + "… (100 characters more)"]),
        ({"messages": [{"role": "user", "content": "q\nr"}, {"role": "assistant", "content": "ا"}]},
         ["[messages: user] q\nr", "[messages: assistant] ا"]),
        ({"prompt": [{"role": "user", "content": "q"}], "chosen": [{"role": "assistant", "content": "a"}],
          "rejected": [{"role": "assistant", "content": "b"}]},
         ["[prompt: user] q", "[chosen: assistant] a", "[rejected: assistant] b"]),
        ({"text": "t", "meta": '{"k":"ü"}', "flag_y": False, "label_z": "l"},
         ['{"k": "ü"}', "flag_y=False", "label_z=l"]),
    ],
)  # fmt: skip
def test_every_kind_as_text(row: dict[str, Any], words: list[str]) -> None:
    text = as_text({"id": "0" * 32, **row})
    assert [word for word in words if word not in text] == []


def test_rows_set_aside_with_what_they_said(made: dict[str, corpus.Dataset]) -> None:
    head, *rows = show_aside(made["kept"].path, "threshold:score_x", rows=5)
    assert "1 set aside for threshold:score_x" in head
    (only,) = rows
    assert "threshold:score_x: 0.0" in only
    assert "[response] a says 0" in only
    everything = "\n".join(show_aside(made["kept"].path, "all", rows=9))
    assert "3 set aside for all" in everything
    assert everything.count("[source]") == 3


def test_groups_set_aside_show_one_of_their_rows(made: dict[str, corpus.Dataset]) -> None:
    text = "\n".join(show_aside(made["pairs"].path, "single_candidate", rows=5))
    assert "Quelle 0" in text


def test_a_reason_that_is_none(made: dict[str, corpus.Dataset]) -> None:
    with pytest.raises(UserError) as error:
        list(show_aside(made["kept"].path, "emty", rows=5))
    words = ["'emty'", "Did you mean 'empty'?", "empty (2)", "threshold:score_x (1)"]
    assert [word for word in words if word not in str(error.value)] == []


def test_rows_that_could_not_be_read_are_shown_by_place(tmp_path: Path, recipe: Any, go: Any) -> None:
    (tmp_path / "x.jsonl").write_text('{"text": "a"}\nbroken\n')
    folder = go(recipe("rows: {read: {jsonl: x.jsonl, kind: text, max_bad: 0.5}}"))["rows"].path
    text = "\n".join(show_aside(folder, "broken_json", rows=5))
    assert "at x.jsonl:2 for broken_json" in text


def places(row_id: str, runs: Path) -> list[str]:
    """What `trace` says, the first line of each place."""
    return [text.strip().splitlines()[0] for text in trace(row_id, runs)]


def test_the_way_of_an_answer_that_was_dropped(made: dict[str, corpus.Dataset], tmp_path: Path) -> None:
    dropped = next(row["id"] for row in made["rows"].rows() if row["response"] == "a says 0")
    for given in (dropped, dropped[:8]):
        assert places(given, tmp_path / "runs") == [
            "test/rows (read): row",
            "test/kept (select): set aside for threshold:score_x: 0.0",
        ]


def test_the_way_of_an_answer_that_was_chosen(made: dict[str, corpus.Dataset], tmp_path: Path) -> None:
    chosen = next(row["id"] for row in made["rows"].rows() if row["response"] == "b says 3")
    expected = [
        "test/rows (read): row",
        "test/kept (select): row",
        "test/best (best): made of it",
        "test/pairs (pair): made of it",
    ]
    assert places(chosen, tmp_path / "runs") == expected
    assert places(chosen, tmp_path / "runs" / "test") == expected
    assert places(chosen, made["pairs"].path) == [
        expected[-1].replace("test/pairs", f"test/{made['pairs'].manifest.name}")
    ]


def test_the_way_goes_on_through_what_was_made(stages: Any, tmp_path: Path) -> None:
    text = """
    best: {best: {by: score_x}}
    chats: {select: {filters: [{too_long: {max: 1}}]}}
    texts: {from: best, render: {}}
    again: {dedup: {}}
    """
    made = stages(ANSWERS, "response", text)
    chosen = next(row["id"] for row in made["rows"].rows() if row["response"] == "b says 3")
    assert places(chosen, tmp_path / "runs") == [
        "test/rows (read): row",
        "test/best (best): made of it",
        "test/chats (select): made of it, set aside for too_long: 8.0",
        "test/texts (render): made of it",
        "test/again (dedup): made of it",
    ]


@pytest.mark.usefixtures("made")
def test_the_way_of_a_prompt(tmp_path: Path) -> None:
    found = places(f"{0:032x}", tmp_path / "runs")
    assert found.count("test/rows (read): answer to it") == 2
    assert "test/pairs (pair): set aside for single_candidate" in found
    assert "test/best (best): made of it" in found


@pytest.mark.parametrize(
    ("row_id", "words"),
    [("abc", "is no row id"), ("xyzxyzxyz", "is no row id"), ("f" * 32, "no row with the id")],
)
@pytest.mark.usefixtures("made")
def test_ids_that_lead_nowhere(row_id: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=words):
        list(trace(row_id, tmp_path / "runs"))


def test_a_trace_shows_the_row_itself(made: dict[str, corpus.Dataset], tmp_path: Path) -> None:
    (pair,) = (
        row for row in made["pairs"].rows() if json.loads(row["meta"])["segment"] is None and row["score_chosen"] == 4
    )
    text = "\n".join(trace(pair["id"], tmp_path / "runs"))
    assert "[chosen: assistant] b says 3" in text
    assert "[rejected: assistant] a says 3" in text
