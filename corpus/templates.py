"""Wordings with `{names}` to fill in: what prompts and rubrics are written in."""

from __future__ import annotations

import re
from collections.abc import Mapping


def fill(template: str, parts: Mapping[str, str]) -> str:
    """A template with its `{names}` replaced in one pass: values may hold braces of their own."""
    return re.sub(r"\{(\w+)\}", lambda hole: parts.get(hole[1], hole[0]), template)


def holes(template: str) -> list[str]:
    """The names in braces that a template asks for."""
    return re.findall(r"\{(\w+)\}", template)


def fenced(texts: Mapping[str, str]) -> dict[str, str]:
    """Texts in fences of backticks longer than any run of them in any text: none can end its own fence."""
    longest = max((len(run) for text in texts.values() for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return {name: f"{fence}\n{text}\n{fence}" for name, text in texts.items()}
