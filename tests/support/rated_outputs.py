"""Outputs of two made-up systems in many languages, and of real ones where the shared data is there."""

from __future__ import annotations

import random
from pathlib import Path

from translations import DRAFTS

REFERENCES = {**DRAFTS, "he": "תושבי העיירה הקטנה נפגשים היום שוב באולם הגדול ליד הנהר."}


def shortened(seed: int, most: int) -> list[str]:
    """Each reference without some of its characters at the end or in the middle."""
    draw = random.Random(seed)
    outputs = []
    for text in REFERENCES.values():
        cut, start = draw.randint(0, most), draw.randrange(len(text))
        outputs.append(text[:start] + text[start + cut :])
    return outputs


def wmt23(data: Path, pair: str) -> tuple[list[str], dict[str, list[str]]]:
    """References and the outputs of each system of a pair of WMT23's news systems."""
    folder = data / "wmt23_news" / "txt"

    def lines(file: Path) -> list[str]:
        return file.read_text("utf-8-sig").removesuffix("\n").split("\n")

    (reference,) = (folder / "references").glob(f"generaltest2023.{pair}.ref.*")
    outputs = sorted((folder / "system-outputs").glob(f"generaltest2023.{pair}.hyp.*"))
    return lines(reference), {file.name.split(".")[3]: lines(file) for file in outputs}
