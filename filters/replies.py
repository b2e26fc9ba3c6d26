"""What replies of models consist of: reasoning, prose, code fences; and whether one breaks off."""

from __future__ import annotations

import re
from typing import NamedTuple

_FENCE = re.compile(r"^[ \t]{0,3}(?P<mark>`{3,}|~{3,})[ \t]*(?P<label>[^\n`]*)$", re.MULTILINE)
_ENDS = frozenset(".!?…:;。．！？：；～‼⁇⁈⁉؟۔؛।॥։՜՞።፡፧፨៕៖။၊།༎᙮᠃⸮")
_AFTER_END = re.compile(r"[\s\"'”’»«›)\]}>*_`~|。\u200b-\u200f\U0001f000-\U0001faff\u2600-\u27bf\ufe0f]+$")
_ENDLESS = re.compile(r"[\u0e00-\u0eff]$")
"""Thai and Lao write no mark at the end of a sentence."""
_LINE_OF_ITS_OWN = re.compile(r"^\s*(?:[-*+•#|>]|\d+[.)]|\\|\$)")
_MOST_FENCES = 1000
_PROSE = 200
"""Characters from which on a last line that is no list item, heading or table is prose that must end."""


class Fence(NamedTuple):
    """A fenced block of a reply."""

    label: str
    """What stands after the opening fence, in lower case: `python`, `json`."""
    content: str
    closed: bool
    start: int
    """Where the opening fence begins."""
    end: int
    """Where the closing fence ends."""


def answer_part(reply: str) -> str | None:
    """What follows a reply's reasoning (`<think>...</think>`); None where the reasoning never ends."""
    if "</think>" in reply:
        return reply.rpartition("</think>")[2]
    return None if reply.lstrip().startswith("<think>") else reply


def fences(text: str) -> list[Fence]:
    """The fenced blocks of a text, in order, at most 1,000. A bare fence, at least as long, closes one."""
    found: list[Fence] = []
    opening: re.Match[str] | None = None
    for line in _FENCE.finditer(text):
        if len(found) == _MOST_FENCES:
            break
        if opening is None:
            opening = line
        elif line["mark"].startswith(opening["mark"]) and not line["label"].strip():
            content = text[opening.end() + 1 : line.start()]
            found.append(Fence(opening["label"].strip().lower(), content, True, opening.start(), line.end()))
            opening = None
    if opening is not None:
        label, content = opening["label"].strip().lower(), text[opening.end() + 1 :]
        found.append(Fence(label, content, False, opening.start(), len(text)))
    return found


def outside_fences(text: str) -> str:
    """A text without its fenced blocks, in each one's place a line break."""
    parts, end = [], 0
    for block in fences(text):
        parts.append(text[end : block.start])
        end = block.end
    return "\n".join([*parts, text[end:]])


def without_comments(text: str) -> str:
    """The text without `<!-- … -->`; one that is never closed hides all that follows it, as in browsers."""
    if "<!--" not in text:
        return text
    parts, at = [], 0
    while (start := text.find("<!--", at)) >= 0:
        parts.append(text[at:start])
        end = text.find("-->", start + 4)
        if end < 0:
            return "".join(parts)
        at = end + 3
    return "".join([*parts, text[at:]])


def breaks_off(text: str) -> bool:
    """Whether a text surely ends in the middle: an open fence, or long prose without the end of a sentence.

    Thai and Lao prose, lists, tables and short lines do not tell.
    """
    blocks = fences(text)
    if blocks and not blocks[-1].closed:
        return True
    if blocks and not text[blocks[-1].end :].strip():
        return False
    line = text.rstrip().rpartition("\n")[2]
    if len(line) < _PROSE or _LINE_OF_ITS_OWN.match(line):
        return False
    end = _AFTER_END.sub("", line[-200:])
    return bool(end) and end[-1] not in _ENDS and not _ENDLESS.search(end) and end == line[-200:].rstrip()
