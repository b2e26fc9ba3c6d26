"""What is doubtful about a file's records, with the command that settles it; what would mislead is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from corpus.errors import UserError
from corpus.schema import MESSAGES
from datagen.init.columns import MESSAGE, Column, Columns, Layout
from datagen.readers._types import Unreadable, cell_converter, converter

_SECOND_PARTS = ("input", "context", "body", "passage")
"""Columns that a prompt goes on in, as in files in Alpaca's form."""
_PRESENT = 0.05
_JOIN = (
    r"""jq -c 'PROMPT = ([PROMPT, MORE] | map(select(. != null and . != "")) | join("\n\n")) | del(MORE)' """
    "FILE > FILE.joined.jsonl"
)
_VERDICTS = frozenset(
    (
        *("label", "liked", "like", "is_liked", "accepted", "is_accepted", "approved", "good", "is_good", "desirable"),
        *("is_desirable", "correct", "is_correct", "preferred", "positive", "helpful", "thumbs_up", "upvoted"),
        *("feedback", "kto_tag", "verdict"),
    )
)
"""Columns that say whether people took an answer for good, as data for KTO has it."""
_FRAMES = {
    ".parquet": 'pl.read_parquet("FILE")',
    ".csv": 'pl.read_csv("FILE", infer_schema=False)',
    ".tsv": r'pl.read_csv("FILE", separator="\t", quote_char=None, infer_schema=False)',
}


def said_more(file: str, chat: Column) -> list[str]:
    """The doubt about chats whose messages say more than a reader takes.

    Raises:
        UserError: most do.
    """
    unread = [
        turns for turns in chat.chats if not is_readable("messages", MESSAGES, [turns], cells=False, nullable=False)
    ]
    more = dict.fromkeys(key for turns in unread for turn in turns for key in turn if key not in MESSAGE)
    if not more:
        return []
    said = f"{', '.join(map(repr, more))} in messages of {chat.path!r}, expected {{role, content}} and nothing more"
    drop = (
        "Where these may go (a weight of 0 says not to learn from a turn, and tool calls are answers), leave them out: "
        f"jq -c '{_in_jq(chat)} |= map({{role, content}})' FILE > FILE.chats.jsonl{_as_json_lines(file)}"
    )
    if 2 * len(unread) > len(chat.chats):
        raise UserError(f"{file}: found {said}. {drop}")
    return [f"{len(unread) / len(chat.values):.0%} of the records have {said}. {drop}"]


def refuse_parts(file: str, chat: Column) -> None:
    """Refuse chats whose messages are lists of parts, as of text and pictures."""
    turns = [turn for value in chat.given if isinstance(value, list) for turn in value if isinstance(turn, dict)]
    parts = [turn["content"] for turn in turns if isinstance(turn.get("content"), list)]
    if parts and all("role" in turn for turn in turns):
        raise UserError(
            f"{file}: found lists of parts as `content` of messages in {chat.path!r}, expected texts. Where all parts "
            f'are texts, join them: jq -c \'{_in_jq(chat)} |= map(.content |= if type == "array" then map(.text) '
            """| join("\\n") else . end)' FILE > FILE.chats.jsonl"""
        )


def left_out(file: str, columns: Columns, prompt: Column) -> list[str]:
    """The doubt about files in Alpaca's form and the like, whose prompts have a second part.

    Raises:
        UserError: without it most records would ask the same.
    """
    more = next((c for c in columns.all if c.name in _SECOND_PARTS and c.name != prompt.name and c.texts), None)
    if more is None:
        return []
    join = _JOIN.replace("PROMPT", _in_jq(prompt)).replace("MORE", _in_jq(more)) + _as_json_lines(file)
    share = len(more.texts) / len(more.values)
    asked = set(zip(prompt.values, more.values, strict=True)) if prompt.is_text else set()
    if share >= _PRESENT and 2 * len({first for first, _ in asked}) < len(asked):
        raise UserError(
            f"{file}: found a prompt in two parts, {prompt.path!r} and {more.path!r} (in {share:.0%} of the records), "
            f"expected one; with {prompt.path!r} alone most records would ask the same. Join the two: {join}"
        )
    return [
        f"{prompt.path!r} alone is the prompt; {more.path!r}, which {share:.0%} of the records have, is in `meta`. "
        f"Where it is part of the prompt, join the two, and make the recipe of the new file: {join}"
    ]


def rejected(file: str, found: Layout, columns: Columns) -> list[str]:
    """The doubt about answers that the file itself calls bad."""
    if found.kind not in ("sft", "response"):
        return []
    for column in columns.top:
        truths = [str(value).lower() for value in column.given]
        if column.name not in _VERDICTS or not {*truths} <= {"true", "false"} or "false" not in truths:
            continue
        leave_out = (
            f"jq -c 'select({_in_jq(column)} != false)' FILE > FILE.good.jsonl{_as_json_lines(file)}"
            if False in column.given
            else "write a file of the records where it is true"
        )
        return [
            f"{column.path!r} is false in {truths.count('false'):,} of {len(column.values):,} records: where that "
            f"calls an answer bad, it is learned from all the same. To leave these out: {leave_out}"
        ]
    return []


def is_readable(name: str, dtype: Any, values: Sequence[Any], *, cells: bool, nullable: bool) -> bool:
    """Whether a reader takes the values of a column of theirs for ours."""
    convert = cell_converter(name, dtype, None, nullable=nullable) if cells else converter(name, dtype, None)
    try:
        for value in values:
            if value is not None:
                convert(value)
    except Unreadable:
        return False
    return True


def _as_json_lines(file: str) -> str:
    """What to say after a jq line of a file that jq cannot read."""
    frame = next((frame for ending, frame in _FRAMES.items() if file.lower().endswith(ending)), "")
    command = f"python -c 'import polars as pl; {frame}.write_ndjson(\"FILE.jsonl\")'"
    return f". Make JSON lines of the file before, which jq reads: {command}" if frame else ""


def _in_jq(column: Column) -> str:
    """The path of a column as jq has it: `.turns[0].text`, and in quotes what is no plain word."""
    parts = (
        f"[{p}]" if p.isdigit() else p if re.fullmatch(r"[A-Za-z_]\w*", p, re.A) else json.dumps(p, ensure_ascii=False)
        for p in column.steps
    )
    return "".join(part if part.startswith("[") else f".{part}" for part in parts)
