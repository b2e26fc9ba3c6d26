"""Chat words: what is a chat, and what is said about a list of messages that is none."""

import polars as pl
import pytest

from corpus.chat import Message, assistant, assistant_turn, problem, user
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


def test_a_column_of_answers() -> None:
    frame = pl.DataFrame({"text": ["a", "", "ا\n"]}).with_columns(turn=assistant_turn(pl.col("text")))
    assert frame["turn"].to_list() == [[{"role": "assistant", "content": text}] for text in ("a", "", "ا\n")]
    assert frame["turn"].dtype == MESSAGES
