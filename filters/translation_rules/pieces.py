"""Tags and placeholders of a text in their order: HTML and XML, printf, {names}, and ICU messages with plurals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

MOST_DEEP = 200
"""Braces nested deeper are no message."""

_TAG = r"<(?P<close>/)?(?P<name>[A-Za-z][\w:.-]*)(?P<rest>[^<>]*)>"
_ENDS = r"(?![^\W\d_\u0e00-\U0010ffff])"
"""No letter of a script with spaces: 50%discount holds no place, %sに does."""
_HOLDER = (
    r"\$\{[\w.:-]{1,80}\}|\{\{[\w.:#/ -]{1,80}\}\}|\{[\w.:-]{0,80}\}"  # ${x} {{x}} {x} {0}
    r"|%\(\w{1,80}\)[#0+-]*[0-9.]{0,6}[a-zA-Z]"  # %(name)s
    rf"|%(?:[0-9]{{1,2}}\$)?[#0+-]{{0,4}}[0-9]{{0,4}}(?:\.[0-9]{{1,3}})?(?:ll?|h{{1,2}}|z)?[sdiufgexXc@]{_ENDS}"
    r"|%[A-Z][A-Z0-9_]{1,60}%|#[A-Z][A-Z0-9_]{1,60}#|__[A-Z][A-Z0-9_]{1,60}__"  # %NAME% #NAME# __NAME__
)
_PIECE = re.compile(f"{_TAG}|(?P<holder>{_HOLDER})")
_MESSAGE = re.compile(r"\{\s*(\w{1,80})\s*,\s*(plural|select|selectordinal)\s*,")
_SELECTOR = re.compile(r"\s*(=[0-9]{1,9}|\w{1,60})\s*\{")
_ATTRIBUTE = re.compile(r"""([\w:.-]+)\s*=\s*("[^"]*"|'[^']*'|[^\s"'<>]+)|([\w:.-]+)""")
_SPOKEN = frozenset({"alt", "title", "placeholder", "label", "summary", "aria-label", "content", "lang", "xml:lang"})
"""Attributes whose values are text that people read, or that name its language."""
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]
)
_POSITIONAL = re.compile(r"%[#0+-]{0,4}[0-9.]*(?:ll?|h{1,2}|z)?[a-zA-Z@]$|\{\}$")


class Piece(NamedTuple):
    """A tag or placeholder."""

    kind: Literal["open", "close", "alone", "holder"]
    name: str
    """Of a tag its name and the attributes that must stay; of a placeholder all of it."""


class Message(NamedTuple):
    """An ICU argument with alternatives."""

    argument: str
    type: str
    selectors: tuple[str, ...]


class Kept(NamedTuple):
    """The tags and placeholders of a text."""

    pieces: tuple[Piece, ...]
    spoken: tuple[bool, ...]
    """Whether words stand right before each piece."""


def kept(text: str) -> Kept:
    """Every tag and placeholder in order."""
    if not any(c in text for c in "<{%#_$"):
        return Kept((), ())
    found, spoken, at = [], [], 0
    for match in _PIECE.finditer(text):
        found.append(_piece(match))
        spoken.append(not text[at : match.start()].isspace() and at < match.start())
        at = match.end()
    return Kept(tuple(found), tuple(spoken))


@lru_cache(maxsize=256)
def kept_of_source(text: str) -> Kept:
    """Like `kept`, remembered: many answers are compared with one source."""
    return kept(text)


def _piece(found: re.Match[str]) -> Piece:
    if found["holder"]:
        return Piece("holder", found["holder"])
    name, rest = found["name"], found["rest"]
    if found["close"]:
        return Piece("close", name)
    closed = rest.rstrip().endswith("/")
    written = sorted({_attribute(row) for row in _ATTRIBUTE.findall(rest.rstrip().removesuffix("/"))})
    whole = " ".join([name, *written])
    return Piece("alone" if closed or name.lower() in _VOID else "open", whole)


def _attribute(row: tuple[str, str, str]) -> str:
    name, value, bare = row
    if not name:
        return bare
    return name if name.lower() in _SPOKEN else f"{name}={value.strip(chr(34) + chr(39))}"


def nested(found: Kept) -> dict[tuple[str, ...], int] | None:
    """How often each piece stands within which tags, and whether it has content; None where tags are not nested.

    A piece is told by its name and by the hash of where it stands, so that ten thousand nested tags cost as much as ten
    thousand side by side.
    """
    counts: dict[tuple[str, ...], int] = {}
    stack: list[list[str]] = [["", "", ""]]
    for (kind, name), spoken in zip(*found, strict=True):
        if spoken or kind != "close":
            stack[-1][2] = "filled"
        if kind == "close":
            if len(stack) == 1 or stack[-1][0].partition(" ")[0] != name:
                return None
            whole, place, content = stack.pop()
            path = (place, whole, content or "empty")
        else:
            path = (stack[-1][1], name, kind)
        if kind == "open":
            stack.append([name, str(hash(path)), ""])
        counts[path] = counts.get(path, 0) + 1
    return counts if len(stack) == 1 else None


def positional(found: Kept) -> list[str]:
    """Placeholders that are filled by their order (%s, {}): they may not change places."""
    return [piece.name for piece in found.pieces if piece.kind == "holder" and _POSITIONAL.match(piece.name)]


def written(text: str) -> list[str]:
    """The tags and placeholders as they are written."""
    return [found.group() for found in _PIECE.finditer(text)]


def messages(text: str) -> list[Message] | None:
    """ICU arguments with alternatives, outer ones first; None where braces do not match."""
    if not _MESSAGE.search(text):
        return []
    closing = _closing(text)
    return None if closing is None else list(_messages(text, closing))


def _closing(text: str) -> dict[int, int] | None:
    """Where each opening brace is closed."""
    stack: list[int] = []
    pairs: dict[int, int] = {}
    for at, character in enumerate(text):
        if character == "{":
            stack.append(at)
            if len(stack) > MOST_DEEP:
                return None
        elif character == "}":
            if not stack:
                return None
            pairs[stack.pop()] = at
    return None if stack else pairs


def _messages(text: str, closing: dict[int, int]) -> Iterator[Message]:
    for found in _MESSAGE.finditer(text):
        at, end, selectors = found.end(), closing[found.start()], []
        if offset := re.compile(r"\s*offset:[0-9]{1,9}").match(text, at):
            at = offset.end()
        while selector := _SELECTOR.match(text, at, end):
            selectors.append(selector[1])
            at = closing[selector.end() - 1] + 1
        yield Message(found[1], found[2], tuple(selectors))
