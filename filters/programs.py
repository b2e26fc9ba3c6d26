"""The program in a reply: which of its code blocks is meant."""

from __future__ import annotations

import re
from collections.abc import Sequence

from filters.replies import answer_part, fences

LONGEST = 100_000
"""Characters of a program that is run."""
_PYTHON = frozenset({"", "python", "python3", "py", "python 3"})
_CODE = re.compile(r"^(?:def |class |import |from \w|print\(|@|\w+ = |for |while |if )", re.MULTILINE)


def program_of(reply: str, names: Sequence[str] = ()) -> str | None:
    """The Python program of a reply; None where it has none.

    Of several code blocks the last counts that defines one of `names`, else the last. A reply without fences is a
    program where it looks like one.
    """
    text = answer_part(reply)
    if text is None:
        return None
    blocks = [fence for fence in fences(text) if fence.label in _PYTHON and fence.content.strip()]
    if not blocks:
        looks = "```" not in text and _CODE.search(text[:LONGEST])
        return text if looks and len(text) <= LONGEST else None
    defining = [fence for fence in blocks if any(_defines(fence.content, name) for name in names)]
    program = (defining or blocks)[-1]
    return program.content if program.closed and len(program.content) <= LONGEST else None


def called_names(tests: Sequence[str]) -> list[str]:
    """Names that tests call, built-in functions aside, in order."""
    import builtins

    found = (name for test in tests for name in re.findall(r"(?<![\w.])([^\W\d]\w*)\s*\(", test[:10_000]))
    return [name for name in dict.fromkeys(found) if not hasattr(builtins, name) and name != "assert"]


def _defines(source: str, name: str) -> bool:
    return bool(re.search(rf"^(?:async\s+def|def|class)\s+{re.escape(name)}\b|^{re.escape(name)}\s*=", source, re.M))
