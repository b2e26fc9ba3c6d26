"""Structure: lists, headings, emphasis, tables and code of Markdown kept."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple, Self

from filters.translation_rules.base import Rule, Source, failed, met
from filters.translation_rules.text import Text
from filters.verifier import Verdict

_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+\S")
_BULLET = re.compile(r"^([ \t]*)[-*+•][ \t]+\S")
_NUMBERED = re.compile(r"^([ \t]*)([0-9]{1,4})[.)][ \t]+\S")
_FENCE = re.compile(r"^ {0,3}(```|~~~)")
_QUOTED = re.compile(r"^ {0,3}>")
_ROW = re.compile(r"^ {0,3}\|.*\|[ \t]*$")
_INLINE = {
    "strong": re.compile(r"(?<![*\\])\*\*(?=[^\s*])[^*\n]{1,2000}\*\*(?!\*)|(?<!\w)__(?=[^\s_])[^_\n]{1,2000}__(?!\w)"),
    "code": re.compile(r"(?<!`)`[^`\n]{1,2000}`(?!`)"),
    "link": re.compile(r"\]\(([^()\s]{1,2000})[^()\n]{0,300}\)"),
}


class Shape(NamedTuple):
    """What a text is built of."""

    blocks: tuple[str, ...]
    """Headings by level, list items by depth and kind, fences, rows of tables by cells, in order."""
    inline: tuple[str, ...]
    """Stretches of emphasis, code and links: code and addresses as they are."""
    code: tuple[str, ...]
    """Lines within fences."""


class Structure(Rule):
    """Headings, list items, quotations, tables and code stand in the source's order; emphasis and links are kept.

    Held where the answer is built as the source is: blocks in order with their level, depth and number, as many
    stretches of emphasis, the same code and addresses. Which sign marks a list's items is left open.
    """

    family: Literal["structure"] = "structure"

    @classmethod
    def find(cls, source: Source) -> list[Self]:
        """At least two blocks, or a block and emphasis."""
        shape = shape_of_source(source.text.raw)
        if len(shape.blocks) + len(shape.inline) < 2:
            return []
        return [cls(locale=source.tgt_lang)]

    def check(self, answer: Text, source: Source, /) -> Verdict:
        """Compare the shapes."""
        given, found = shape_of_source(source.text.raw), shape_of(answer.raw)
        told = " ".join(found.blocks[:40])
        if found.blocks != given.blocks:
            return failed("other blocks", told)
        if found.code != given.code:
            return failed("code changed", told)
        if sorted(found.inline) != sorted(given.inline):
            return failed("emphasis or links differ", " ".join(found.inline[:20]))
        return met(" ".join((*found.blocks, *found.inline)))

    def compliant(self, draft: str, source: Source, /) -> str | None:
        """The source with the draft for the text of every line, without emphasis; None where it has some, or code."""
        shape = shape_of_source(source.text.raw)
        if shape.inline or shape.code:
            return None
        return "\n".join(_with_text(line, draft) for line in source.text.raw.split("\n"))

    def broken(self, draft: str, source: Source, /) -> list[str]:
        """In one paragraph; with a line less; with one more; turned around; the last line of another kind."""
        whole = self.compliant(draft, source)
        if whole is None:
            return []
        lines = [line for line in whole.split("\n") if line.strip()]
        last = max(at for at, line in enumerate(lines) if _block(line))
        flat = [draft if at == last else line for at, line in enumerate(lines)]
        tried = ([draft], lines[:last] + lines[last + 1 :], [*lines, f"- {draft}"], lines[::-1], flat)
        return ["\n".join(rows) for rows in tried if shape_of("\n".join(rows)) != shape_of(whole)]


def shape_of(text: str) -> Shape:
    """The shape of a text."""
    blocks: list[str] = []
    code: list[str] = []
    outside: list[str] = []
    fence = ""
    for line in text.split("\n"):
        found = _FENCE.match(line)
        if found and (not fence or found[1] == fence):
            fence = "" if fence else found[1]
            blocks.append("fence")
        elif fence:
            code.append(line.rstrip())
        else:
            block = _block(line)
            blocks += [block] if block else []
            outside.append(line)
    rest = "\n".join(outside)
    inline = [name if name == "strong" else found.group() for name, p in _INLINE.items() for found in p.finditer(rest)]
    inline = [part if not part.startswith("](") else part.split()[0].rstrip(")") for part in inline]
    return Shape(tuple(blocks), tuple(inline), tuple(code))


@lru_cache(maxsize=256)
def shape_of_source(text: str) -> Shape:
    """Like `shape_of`, remembered: many answers are compared with one source."""
    return shape_of(text)


def _block(line: str) -> str:
    if found := _HEADING.match(line):
        return f"h{len(found[1])}"
    if found := _NUMBERED.match(line):
        return f"{_depth(found[1])}{found[2]}."
    if found := _BULLET.match(line):
        return f"{_depth(found[1])}-"
    if _ROW.match(line):
        return f"row{line.count('|')}"
    return ">" if _QUOTED.match(line) else ""


def _depth(indent: str) -> str:
    return ">" * (len(indent.expandtabs(4)) // 2)


def _with_text(line: str, draft: str) -> str:
    for pattern in (_HEADING, _NUMBERED, _BULLET):
        found = pattern.match(line)
        if found:
            return line[: found.end() - 1] + draft
    return line if _ROW.match(line) or not line.strip() else f"> {draft}" if _QUOTED.match(line) else draft
