"""Whether an answer says the prompt again, word for word, instead of only answering it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import polars as pl

from filters.base import ScoreColumn, Scorer

_KNOWN_BY = 40
"""Characters by which an instruction is known where the source tells what else the prompt holds."""
_SHORTEST = 30
"""Bytes of UTF-8 of the shortest instruction that is looked for anywhere: a shorter one may be said by chance. Ten
characters of Chinese say about as much as thirty of English."""
_HEAD = 12
"""Characters that are looked for first."""
_COLUMNS = {"sft": ("messages", "@output"), "preference": ("prompt", "@output")}
_MAY_BEGIN = "\n([{<\"'“”„‟‘’‚«»‹›「」『』《》〈〉【】（）［］*_#>|`~=-–—•.!?:;…。！？：；．،؟۔।॥።፧։။៕"
"""Signs after which a sentence may begin; an answer's beginning is as the empty text, which any text holds."""


class PromptEcho(Scorer):
    """How much of the prompt stands in the output again, from its beginning on and word for word: a share, 0 to 1.

    A turn of the prompt is looked for from its first character on, at places where a sentence may begin, white space
    aside; what counts is the longest beginning that is found, by the turn's length, and of several turns the highest.
    So a question that is taken up in the answer scores little (case, or the sign at the end, differ), and so does a
    text that the prompt asks to edit, quote or continue: what is asked stands before or after it and is not repeated.

    Where a row has a `source` that stands in the prompt, the text before and after it is the instruction, and the
    source may stand in the output as often as it likes. Such an instruction is known by its first 40 characters,
    so that a template which goes on with another language is found too, and a label at its end (`German:`) counts where
    the output begins with it. The source of `sft` and `preference` rows is not known.

    Nothing shorter than 30 bytes of UTF-8 (ten Chinese characters) is looked for, labels aside. Null without an output
    or a prompt.
    """

    def needs(self, kind: str) -> Sequence[str]:
        """The prompt and its answer."""
        return _COLUMNS.get(kind, ("prompt", "source", "response"))

    def columns(self, kind: str) -> list[ScoreColumn]:
        """`score_prompt_echo`; lower is better."""
        del kind
        signature = f"known_by:{_KNOWN_BY}|shortest:{_SHORTEST}|version:{self.version}"
        return [ScoreColumn(name=f"score_{self.stem}", higher_is_better=False, signature=signature)]

    def score(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The echoed share of each row's prompt."""
        prompts = frame["messages" if "messages" in frame.columns else "prompt"]
        turns = prompts.list.eval(
            pl.element().filter(pl.element().struct.field("role") != "assistant").struct.field("content")
        )
        sources = frame["source"] if "source" in frame.columns else pl.repeat(None, frame.height, eager=True)
        scores = [_echo(*row) for row in zip(turns.to_list(), sources, frame["@output"], strict=True)]
        return pl.DataFrame({f"score_{self.stem}": pl.Series(scores, dtype=pl.Float64)})


class _Part(NamedTuple):
    """A stretch of a prompt that an answer should not say again."""

    text: str
    """With single spaces."""
    enough: int
    """Characters from its beginning that make a whole echo."""
    label: bool = False
    """Whether it is known by standing at the very beginning of an answer, however short it is."""


def _echo(turns: Sequence[str | None] | None, source: str | None, answer: str | None) -> float | None:
    asked = [turn for turn in turns or () if turn and not turn.isspace()]
    if answer is None or not asked:
        return None
    source = (source or "").strip() or None
    known = source is not None and any(source in turn for turn in asked)
    suspects = [
        part
        for turn in asked
        for part in _parts(turn, source if known else None)
        if part.text[:_HEAD].split()[0] in answer
    ]
    if not suspects:
        return 0.0
    # Line breaks tell where sentences begin, and are no part of what is compared.
    lines = "\n".join(line for line in (" ".join(line.split()) for line in answer.splitlines()) if line)
    return max(_echoed(part, lines, lines.replace("\n", " ")) for part in suspects)


def _parts(turn: str, source: str | None) -> Iterator[_Part]:
    if source is None:
        text = " ".join(turn.split())
        if _long(text):
            yield _Part(text, len(text))
        return
    *before, after = (" ".join(part.split()) for part in turn.split(source))
    if after.endswith((":", "：")):
        yield _Part(after, len(after), label=True)
    for text in (*before, after):
        # A source may itself begin like an instruction.
        if _long(text) and text[:_KNOWN_BY] not in source:
            yield _Part(text, min(len(text), _KNOWN_BY))


def _long(text: str) -> bool:
    return len(text.encode()) >= _SHORTEST


def _echoed(part: _Part, lines: str, flat: str) -> float:
    """Share of a part that stands in an answer, from its beginning; `lines` and `flat` differ in line breaks only."""
    if part.label and flat.startswith(part.text):
        return 1.0
    head, longest = part.text[:_HEAD], 0
    place = flat.find(head) if _long(part.text) else -1
    while place >= 0:
        if lines[max(0, place - 2) : place].strip(" ")[-1:] in _MAY_BEGIN:
            longest = max(longest, _alike(part.text, flat[place : place + len(part.text)]))
        place = flat.find(head, place + 1)
    return min(1.0, longest / part.enough)


def _alike(one: str, other: str) -> int:
    """Characters that two texts have in common at their beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((number for number, (a, b) in pairs if a != b), min(len(one), len(other)))
