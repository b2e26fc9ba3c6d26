"""Datasets: what is written is what is read; what does not fit is refused with its row and leaves nothing behind."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import corpus
from corpus.errors import UserError
from corpus.hashing import row_id
from corpus.manifest import Score
from corpus.schema import KINDS, kind_of, schema

USER, ASSISTANT = {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}
PAIR = {"prompt": [USER], "chosen": [ASSISTANT], "rejected": [ASSISTANT]}
ANSWER = {"prompt": [USER], "prompt_id": "p", "engine": "e", "sample": 0, "response": "r"}


@pytest.mark.parametrize("kind", list(KINDS))
@settings(max_examples=15)
@given(data=st.data())
def test_what_is_written_is_read(
    kind: str, rows_of: Any, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = data.draw(st.lists(rows_of(kind), max_size=4))
    size = data.draw(st.integers(1, 4))
    made = corpus.write(rows, kind, tmp_path_factory.mktemp("sets") / "x", rows_per_shard=size)
    nulls = dict.fromkeys(kind_of(kind).columns)
    expected = [{**nulls, **row, "id": row_id(kind, row)} for row in rows]
    if kind == "response":  # answers to one prompt come to lie together
        order = list(dict.fromkeys(row["prompt_id"] for row in rows))
        expected.sort(key=lambda row: order.index(row["prompt_id"]))
    found = list(made.rows())
    assert found == expected
    assert made.scan().collect().to_dicts() == expected
    assert dict(made.scan().collect_schema()) == schema(kind)
    assert len(made) == len(rows) == corpus.open(made.path).manifest.rows


def test_a_frame_is_written_as_its_rows_are(tmp_path: Path) -> None:
    rows = [{"text": "a", "score_x": 1.0}, {"text": "b", "score_x": None}]
    of_rows, of_frame = (corpus.write(r, "text", tmp_path / n) for n, r in {"a": rows, "b": pl.DataFrame(rows)}.items())
    assert of_rows.manifest.content == of_frame.manifest.content


def test_a_frame_may_hold_narrower_numbers_and_turns_in_any_order(tmp_path: Path) -> None:
    turns = pl.List(pl.Struct({"content": pl.String, "role": pl.String}))
    frame = pl.DataFrame({"messages": [[USER, ASSISTANT]], "score_x": [3]}, {"messages": turns, "score_x": pl.Int8})
    (row,) = corpus.write(frame, "sft", tmp_path / "x").rows()
    assert (row["messages"], row["score_x"]) == ([USER, ASSISTANT], 3.0)


@pytest.mark.parametrize("size", [0, -1])
def test_a_shard_has_a_row_at_least(size: int, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"rows_per_shard: found {size}, expected 1 or more"):
        corpus.write([{"text": "a"}], "text", tmp_path / "x", rows_per_shard=size)


def test_what_a_killed_process_of_the_same_number_left_is_no_part_of_a_dataset(tmp_path: Path) -> None:
    left = tmp_path / f".x.{os.getpid()}.tmp" / "data" / "00001.parquet"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half a shard")
    made = corpus.write([{"text": "a"}], "text", tmp_path / "x")
    assert [file.name for file in (made.path / "data").iterdir()] == ["00000.parquet"]


@pytest.mark.parametrize(("rows", "size", "shards"), [(0, 2, [0]), (1, 2, [1]), (4, 2, [2, 2]), (5, 2, [2, 2, 1])])
def test_rows_are_cut_by_their_number(rows: int, size: int, shards: list[int], tmp_path: Path) -> None:
    made = corpus.write(({"text": str(n)} for n in range(rows)), "text", tmp_path / "x", rows_per_shard=size)
    assert [shard.rows for shard in made.manifest.shards] == shards
    assert [row["text"] for row in made.rows()] == [str(n) for n in range(rows)]
    assert made.manifest.splits == {"train": [shard.name for shard in made.manifest.shards]}


def test_answers_to_one_prompt_lie_in_one_shard(tmp_path: Path) -> None:
    rows = [{**ANSWER, "prompt_id": prompt, "engine": engine} for engine in "xyz" for prompt in "abcde"]
    made = corpus.write(rows, "response", tmp_path / "x", rows_per_shard=2)
    assert made.manifest.grouped_by == "prompt_id"
    prompts = [pl.read_parquet(file)["prompt_id"].unique(maintain_order=True).to_list() for file in made.files()]
    assert prompts == [["a", "b"], ["c", "d"], ["e"]]
    assert [row["engine"] for row in made.rows()] == ["x", "y", "z"] * 5


def test_a_given_id_is_replaced_by_the_hash(tmp_path: Path) -> None:
    (row,) = corpus.write([{"text": "a", "id": "mine"}], "text", tmp_path / "x").rows()
    assert row["id"] == row_id("text", {"text": "a"})


def test_a_declared_score_that_no_row_has_is_null(tmp_path: Path) -> None:
    score = Score(higher_is_better=True, signature="s")
    made = corpus.write([{"text": "a"}], "text", tmp_path / "x", scores={"score_x": score})
    assert [row["score_x"] for row in made.rows()] == [None]
    told = made.manifest.scores["score_x"]
    assert (told.higher_is_better, told.signature, told.scored, told.unjudged) == (True, "s", 0, 1)


@pytest.mark.parametrize(
    ("kind", "good", "bad", "words"),
    [
        ("text", {"text": "a"}, {"text": "b", "txt": "c"}, ["'txt'", "Did you mean 'text'?", "id, text, doc_id"]),
        ("text", {"text": "a"}, {"text": 3}, ["'text'", "found int 3", "a string"]),
        ("text", {"text": "a"}, {"text": b"b"}, ["'text'", "bytes"]),
        ("text", {"text": "a"}, {"text": None}, ["'text' is missing"]),
        ("text", {"text": "a"}, {"tgt_lang": "de"}, ["'text' is missing"]),
        ("text", {"text": "a"}, {"text": "\ud800"}, ["surrogates"]),
        ("text", {"text": "a"}, {"text": "b", "meta": {"a": 1}}, ["'meta'", "dict", "a string"]),
        (
            "text",
            {"text": "a"},
            {"text": "b", "meta": "[1]"},
            ["'meta'", "found '[1]'", "a JSON object as text, or null"],
        ),
        ("text", {"text": "a"}, {"text": "b", "meta": "null"}, ["'meta'", "found 'null'"]),
        ("text", {"text": "a"}, {"text": "b", "meta": "{'a': 1}"}, ["'meta'", "no JSON"]),
        ("text", {"text": "a"}, {"text": "b", "meta": ""}, ["'meta'", "no JSON"]),
        ("text", {"text": "a"}, {"text": "b", "tgt_lang": "deu"}, ["'tgt_lang'", "'deu'", "write 'de'"]),
        ("text", {"text": "a"}, {"text": "b", "tgt_lang": "qqz9"}, ["'tgt_lang'", "no language code"]),
        ("text", {"text": "a", "score_x": 1}, {"text": "b", "score_x": "high"}, ["'score_x'", "a number"]),
        ("text", {"text": "a", "score_x": 1}, {"text": "b", "score_x": True}, ["'score_x'", "a number"]),
        ("text", {"text": "a", "score_x": 1}, {"text": "b", "score_x": float("nan")}, ["'score_x'", "finite"]),
        ("text", {"text": "a", "score_x": 1}, {"text": "b", "score_x": float("inf")}, ["'score_x'", "finite"]),
        ("text", {"text": "a", "flag_x": True}, {"text": "b", "flag_x": 1}, ["'flag_x'", "true or false"]),
        ("text", {"text": "a"}, ["b"], ["list", "a mapping"]),
        ("pair", {"source": "a", "target": "b"}, {"source": "a"}, ["'target' is missing"]),
        ("sft", {"messages": [USER, ASSISTANT]}, {"messages": "q"}, ["'messages'", "a list"]),
        ("sft", {"messages": [USER, ASSISTANT]}, {"messages": [{**USER, "name": "x"}]}, ["'name'", "role and content"]),
        ("sft", {"messages": [USER, ASSISTANT]}, {"messages": [{"role": "user"}]}, ["role and content"]),
        ("sft", {"messages": [USER, ASSISTANT]}, {"messages": [{**USER, "content": None}]}, ["'messages'", "null"]),
        ("sft", {"messages": [USER, ASSISTANT]}, {"messages": [None]}, ["'messages'", "null"]),
        ("sft", {"messages": [USER, ASSISTANT]}, {"messages": [USER]}, ["'messages'", "the last turn is the user's"]),
        ("preference", PAIR, {**PAIR, "chosen": [USER, ASSISTANT]}, ["'chosen'", "2 turns"]),
        ("response", ANSWER, {**ANSWER, "sample": 0.5}, ["'sample'", "a whole number"]),
        ("response", ANSWER, {**ANSWER, "references": ["a", 2]}, ["'references'", "found int 2"]),
        ("response", ANSWER, {**ANSWER, "cost": 10**400}, ["too large"]),
    ],
)
def test_a_row_that_does_not_fit_is_named(kind: str, good: Any, bad: Any, words: list[str], tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        corpus.write([good, good, bad, good], kind, tmp_path / "x", rows_per_shard=2)
    assert [word for word in ["row 3", *words] if word not in str(error.value)] == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("frame", "kind", "words"),
    [
        (pl.DataFrame({"text": ["a", None]}), "text", ["row 2", "'text' is missing"]),
        (pl.DataFrame({"text": [1, 2]}), "text", ["'text'", "Int64", "String"]),
        (pl.DataFrame({"text": ["a"], "score_x": ["1"]}), "text", ["'score_x'", "String", "Float64"]),
        (pl.DataFrame({"text": ["a"], "colour": ["red"]}), "text", ["'colour'", "known columns: id, text"]),
        (pl.DataFrame({"messages": [[{**USER, "name": "x"}]]}), "sft", ["'messages'", "'name'"]),
        (pl.DataFrame({"messages": [[USER], [None]]}), "sft", ["row 2", "'messages'", "null"]),
        (pl.DataFrame({"text": ["a", "b"], "meta": ['{"n": 1}', "n=1"]}), "text", ["row 2", "'meta'", "no JSON"]),
        (pl.DataFrame({"text": ["a", "b"], "score_x": [1.0, float("nan")]}), "text", ["row 2", "'score_x'"]),
    ],
)
def test_a_frame_that_does_not_fit(frame: pl.DataFrame, kind: str, words: list[str], tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        corpus.write(frame, kind, tmp_path / "x")
    assert [word for word in words if word not in str(error.value)] == []
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_kind(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="expected one of: text, pair"):
        corpus.write([{"text": "a"}], "texts", tmp_path / "x")


def test_a_score_that_comes_late_is_named_with_its_row(tmp_path: Path) -> None:
    rows = [{"text": "a"}, {"text": "b"}, {"text": "c", "score_x": 1.0}]
    with pytest.raises(UserError, match="row 3: the column 'score_x'"):
        corpus.write(rows, "text", tmp_path / "x", rows_per_shard=2)
    scores = {"score_x": Score(higher_is_better=True)}
    made = corpus.write(rows, "text", tmp_path / "x", rows_per_shard=2, scores=scores)
    assert [row["score_x"] for row in made.rows()] == [None, None, 1.0]


def test_rows_that_break_off_leave_nothing(tmp_path: Path) -> None:
    def rows() -> Iterator[dict[str, str]]:
        yield from ({"text": str(n)} for n in range(5))
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        corpus.write(rows(), "text", tmp_path / "x", rows_per_shard=2)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    first = corpus.write([{"text": "a"}], "text", tmp_path / "x")
    with pytest.raises(UserError, match="exists already"):
        corpus.write([{"text": "b"}], "text", tmp_path / "x")
    assert [row["text"] for row in first.rows()] == ["a"]


def test_an_unknown_split(tmp_path: Path) -> None:
    made = corpus.write([{"text": "a"}], "text", tmp_path / "x")
    assert [row["text"] for row in made.rows("train")] == ["a"]
    with pytest.raises(UserError, match="no split 'test'; it has train"):
        list(made.rows("test"))


def test_repr_says_what_it_is(tmp_path: Path) -> None:
    made = corpus.write([{"text": "a"}], "text", tmp_path / "x")
    assert repr(made) == f"Dataset(text, 1 rows, '{tmp_path / 'x'}')"
