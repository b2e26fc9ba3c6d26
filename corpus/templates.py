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
