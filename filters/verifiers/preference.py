"""`preference`: which of two translations people preferred."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from filters.replies import outside_fences, without_comments
from filters.verdicts import begins_reasoning, without_reasoning
from filters.verifier import Row, Verdict, Verifier

_LONGEST_LINE = 80
"""Characters of a line that may be nothing but a verdict."""
_EMPHASIS = str.maketrans("", "", "*_`")
_LETTER = r"(?P<said>\w|(?i:tie))"
_LINE = re.compile(rf'(?i:verdict)\s*[:：]\s*[(\["]?{_LETTER}[)\]"]?\s*[.。]?')
_JSON = re.compile(rf'\{{\s*"verdict"\s*:\s*"{_LETTER}"\s*\}}')
_BRACKETED = re.compile(rf"(?:(?i:verdict)\s*[:：]\s*)?\[\[{_LETTER}\]\]\s*[.。]?")
_BRACKETS = re.compile(r"\[\[([ABCＡＢ]|(?i:tie))\]\]")
_MEANT = {"Ａ": "A", "Ｂ": "B", "C": "tie"}
"""Full-width letters, and the letter by which judges of chats call a tie."""
_HIDDEN = "hidden characters"


class Preference(Verifier):
    """The reply ends with a verdict, and it names the translation that people preferred.

    The prompt shows two translations as A and B (`filters.preferences` words it). The reply may reason as it likes; its
    last line is nothing but the verdict: `Verdict: A`, `[[A]]`, or `{"verdict": "A"}`. Full-width letters, emphasis, a
    heading's sign, brackets around the letter and a stop behind it are left open. Every such line counts, and every
    `[[A]]` within one, but for those in reasoning (`<think>`), in code fences and in comments. Different ones are no
    verdict, nor is a tie, a letter that only looks like A or B, or one beside characters without width. Chance earns
    1/2: a single right verdict says little.

    The task is ours. That Tower+ has one of this kind in its reinforcement learning, and what it holds, is told by
    notes alone and not confirmed.
    """

    preferred: Literal["A", "B"]
    """The translation that people preferred, by its place in the prompt."""

    def verify(self, row: Row, response: str) -> Verdict:
        """Look for the one verdict."""
        del row
        lines = _lines(response)
        values = list(dict.fromkeys(value for line in lines for value in _stated(line)))
        told = " ".join(values)[:200] or None
        if len(values) > 1:
            return Verdict(0.0, told, "more than one verdict")
        if not values:
            return Verdict(0.0, None, "no verdict")
        if _whole(lines[-1]) is None:
            return Verdict(0.0, told, "verdict not on the last line")
        if values[0] == self.preferred:
            return Verdict(1.0, told)
        return Verdict(0.0, told, _REASONS.get(values[0], "no verdict"))

    def compliant(self, row: Row) -> str | None:
        """The right verdict alone."""
        del row
        return f"Verdict: {self.preferred}"


_REASONS = {"A": "the other translation", "B": "the other translation", "tie": "a tie", _HIDDEN: _HIDDEN}


def _lines(response: str) -> list[str]:
    """The lines of what is said to the reader, without emphasis; none where reasoning never ends."""
    answer = without_reasoning(response)
    if begins_reasoning(answer):
        return []
    # The comment of an open fence is the fence's: fences go first.
    shown = without_comments(outside_fences(answer)).translate(_EMPHASIS)
    lines = (line.strip().lstrip("#").lstrip() for line in shown.splitlines())
    return [line for line in lines if line]


def _stated(line: str) -> list[str]:
    """The verdicts of a line: `A`, `B`, `tie`, a letter that is none of them, or that there is something hidden."""
    found = [_meant(value) for value in _BRACKETS.findall(line)] if "[[" in line else []
    whole = _whole(line)
    return found if whole is None else [*found, whole]


def _whole(line: str) -> str | None:
    """The verdict that a line is; None where it is another."""
    if len(line) > _LONGEST_LINE:
        return None
    seen = "".join(character for character in line if unicodedata.category(character) != "Cf")
    match = _LINE.fullmatch(seen) or _BRACKETED.fullmatch(seen) or _JSON.fullmatch(seen)
    if match is None:
        return None
    return _meant(match["said"]) if seen == line else _HIDDEN


def _meant(value: str) -> str:
    return "tie" if value.lower() == "tie" else _MEANT.get(value, value)
