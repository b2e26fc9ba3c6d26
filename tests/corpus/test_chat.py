"""Chat words: what is a chat, and what is said about a list of messages that is none."""

import polars as pl
import pytest

from corpus.chat import Message, assistant, assistant_turn, first_misfit, misfit, problem, user
from corpus.schema import MESSAGES

SYSTEM: Message = {"role": "system", "content": "Be brief."}
TOOL: Message = {"role": "tool", "content": "4"}


@pytest.mark.parametrize(
    ("messages", "answered", "words"),
    [
        ([user("q"), assistant("a")], True, None),
        ([SYSTEM, user("q"), assistant("a"), user("q"), assistant("a")], True, None),
        ([user("q"), TOOL, assistant("")], True, None),
        ([user("q")], False, None),
        ([SYSTEM, user("q"), TOOL], False, None),
        ([], True, "no messages"),
        ([user("q")], True, "the last turn is the user's, expected the assistant's"),
        ([user("q"), assistant("a")], False, "a prompt ends before the answer"),
        ([{"role": "Assistant", "content": "a"}], True, "role 'Assistant', expected one of system, user"),
        ([{"role": "", "content": "a"}, assistant("a")], True, "role ''"),
    ],
)
def test_problem(messages: list[Message], answered: bool, words: str | None) -> None:
    found = problem(messages, answered=answered)
    assert (found is None) if words is None else (found is not None and words in found)


@pytest.mark.parametrize(
    ("column", "messages", "words"),
    [
        ("chosen", [assistant("a")], None),
        ("rejected", [assistant("")], None),
        ("prompt", [user("q")], None),
        ("messages", [user("q"), assistant("a")], None),
        ("chosen", [user("q"), assistant("a")], "2 turns, expected the assistant's alone"),
        ("rejected", [user("q")], "the last turn is the user's"),
        ("rejected", [], "no messages"),
        ("prompt", [user("q"), assistant("a")], "a prompt ends before the answer"),
        ("messages", [user("q")], "expected the assistant's"),
        ("messages", [{"role": "bot", "content": "q"}, assistant("a")], "role 'bot'"),
    ],
)
def test_what_each_column_holds(column: str, messages: list[Message], words: str | None) -> None:
    found = misfit(column, messages)
    assert (found is None) if words is None else (found is not None and words in found)
    good = [assistant("a")] if column != "prompt" else [user("q")]
    frame = pl.DataFrame({column: [good, None, messages]}, schema={column: MESSAGES})
    assert first_misfit(frame) == (None if words is None else (2, f"column {column!r}: {found}"))


def test_a_column_of_answers() -> None:
    frame = pl.DataFrame({"text": ["a", "", "ا\n"]}).with_columns(turn=assistant_turn(pl.col("text")))
    assert frame["turn"].to_list() == [[{"role": "assistant", "content": text}] for text in ("a", "", "ا\n")]
    assert frame["turn"].dtype == MESSAGES
