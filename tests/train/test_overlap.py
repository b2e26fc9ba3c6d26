"""Training data that asks what an evaluation asks: whole questions, and sources of translations in any wording."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import corpus
from corpus.errors import UserError
from train.overlap import refuse_overlap
from train.recipe import Source
from train.sources import open_sources

CHINESE = "我们明天早上在火车站见面，请不要忘记带上护照。"


def chat(*said: str, system: str | None = None) -> dict[str, Any]:
    """A chat whose turns are the user's and the assistant's in turns."""
    turns = [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(said)]
    return {"messages": [*([{"role": "system", "content": system}] if system else []), *turns]}


def pair(source: str) -> dict[str, Any]:
    return {"source": source, "target": "…", "src_lang": "en", "tgt_lang": "de"}


def preferred(chosen: str, rejected: str = "Nothing.") -> dict[str, Any]:
    said = {"chosen": chosen, "rejected": rejected}
    return {
        "prompt": [{"role": "user", "content": "What does it say?"}],
        **{name: [{"role": "assistant", "content": text}] for name, text in said.items()},
    }


MEET = "We meet at the station tomorrow morning."


@pytest.mark.parametrize(
    ("kind", "row", "held_kind", "held", "shared"),
    [
        ("sft", chat("What is 2 + 2?", "4"), "sft", chat("What  is 2 + 2?", "four"), True),
        ("sft", chat("WHAT IS 2 + 2?", "4", system="Be brief."), "sft", chat("What is 2 + 2?", "four"), True),
        ("sft", chat("What is 2 + 3?", "5"), "sft", chat("What is 2 + 2?", "four"), False),
        # What a chat goes on with after the question changes nothing; what led to another's question is none.
        ("sft", chat("What is 2 + 2?", "4", "Thanks!", "Welcome."), "sft", chat("What is 2 + 2?", "4"), True),
        ("sft", chat("What is 2 + 2?", "4"), "sft", chat("What is 2 + 2?", "4", "And 3 + 3?", "6"), False),
        # The same last words after other questions.
        ("sft", chat("A poem?", "Roses …", "Go on", "…"), "sft", chat("A story?", "Once …", "Go on", "…"), False),
        ("sft", chat("", "Hello"), "sft", chat("", "Hi"), False),
        # Sources, in whatever wording they are asked, or within a text.
        ("sft", chat(f"Translate into German: {MEET}", "…"), "pair", pair(MEET), True),
        ("sft", chat(f"{MEET.upper()}\nIn German, please.", "…"), "pair", pair(MEET), True),
        ("sft", chat(f"翻译成英文：{CHINESE}", "…"), "pair", pair(CHINESE), True),
        ("text", {"text": f"English: {MEET}\nGerman: …"}, "pair", pair(MEET), True),
        # In what is answered: a pair that is learned the other way round.
        ("sft", chat("Translate into English: Wir treffen uns.", MEET), "pair", pair(MEET), True),
        ("preference", preferred(f"It says: {MEET}"), "pair", pair(MEET), True),
        ("sft", chat("Translate into German: Thank you!", "Danke!"), "pair", pair("Thank you!"), False),
        ("sft", chat("Translate: We meet at the station.", "…"), "pair", pair(MEET), False),
    ],
)
def test_rows_that_ask_what_is_asked_are_refused(
    tmp_path: Path, kind: str, row: dict[str, Any], held_kind: str, held: dict[str, Any], shared: bool
) -> None:
    corpus.write([row], kind, tmp_path / "data")
    corpus.write([held], held_kind, tmp_path / "evals" / "mine")
    opened = open_sources(
        {"made": Source(path=str(tmp_path / "data"))}, {"text": "cpt", "preference": "wpo"}.get(kind, "sft")
    )
    if shared:
        with pytest.raises(UserError, match=r"data: found 1 (row that|of the 1 sources)"):
            refuse_overlap(opened, [], [str(tmp_path / "evals")], print)
    else:
        refuse_overlap(opened, [], [str(tmp_path / "evals")], print)


@pytest.mark.parametrize(("items", "refused"), [(50, True), (200, False)])
def test_a_source_that_is_quoted_is_told_of(tmp_path: Path, items: int, refused: bool) -> None:
    """One of many stands in any large corpus; one of few is no chance."""
    corpus.write([chat(f"He wrote: “{MEET}” What did he mean?", "…")], "sft", tmp_path / "data")
    held = [pair(MEET), *(pair(f"A sentence that nobody else would say, number {n}.") for n in range(items - 1))]
    corpus.write(held, "pair", tmp_path / "evals")
    opened = open_sources({"made": Source(path=str(tmp_path / "data"))}, "sft")
    told: list[str] = []
    if refused:
        with pytest.raises(UserError, match=r"found 1 of the 50 sources of translations of .*evals, in 1 row "):
            refuse_overlap(opened, [], [str(tmp_path / "evals")], told.append)
        return
    refuse_overlap(opened, [], [str(tmp_path / "evals")], told.append)
    assert "1 of the 200 sources of translations of" in told[0]


@pytest.mark.parametrize("method", ["wpo", "reward"])
def test_a_source_in_rejected_answers_is_told_of_alone(tmp_path: Path, method: str) -> None:
    """A wrong answer may happen to be a test sentence, and what learns from it should not do so without a word."""
    corpus.write([preferred("Nothing."), preferred("Something.", rejected=MEET)], "preference", tmp_path / "data")
    corpus.write([pair(MEET)], "pair", tmp_path / "evals")
    opened = open_sources({"made": Source(path=str(tmp_path / "data"))}, method)
    told: list[str] = []
    refuse_overlap(opened, [], [str(tmp_path / "evals")], told.append)
    assert len(told) == 1
    assert told[0].startswith("data: 1 of the 1 sources of translations of ")
    assert " stand in rejected answers, such as in made: " in told[0]


def test_of_several_evaluations_each_is_told_with_its_own_rows(tmp_path: Path) -> None:
    other = "They have sold their house by the sea."
    for name, source in (("one", MEET), ("two", other)):
        held = [pair(source), *(pair(f"A sentence that only {name} has, number {n} of many.") for n in range(199))]
        corpus.write(held, "pair", tmp_path / "evals" / name)
        corpus.write([chat(f"Why “{source}”?", "…")], "sft", tmp_path / name)
    opened = open_sources({name: Source(path=str(tmp_path / name)) for name in ("one", "two")}, "sft")
    told: list[str] = []
    refuse_overlap(opened, [], [str(tmp_path / "evals")], told.append)
    assert [line.split("such as in ")[1].split(":")[0] for line in told] == ["one", "two"]
    assert not any(", " in line.split("such as in ")[1] for line in told)


def test_each_evaluation_counts_for_itself_and_all_data_together(tmp_path: Path) -> None:
    """A small one that was trained on is not lost among many, nor by being spread over datasets."""
    small = [f"Only this evaluation has sentence number {n} of ten." for n in range(10)]
    large = [pair(f"A sentence that nobody else would say, number {n}.") for n in range(2_000)]
    corpus.write([pair(text) for text in small], "pair", tmp_path / "evals" / "small")
    corpus.write(large, "pair", tmp_path / "evals" / "large")
    for n, part in enumerate((small[:5], small[5:])):
        corpus.write([chat(f"Translate: {text}", "…") for text in part], "sft", tmp_path / f"data{n}")
    opened = open_sources({f"d{n}": Source(path=str(tmp_path / f"data{n}")) for n in (0, 1)}, "sft")
    with pytest.raises(UserError, match=r"10 of the 10 sources of translations of .*small, in 10 rows"):
        refuse_overlap(opened, [], [str(tmp_path / "evals")], print)
