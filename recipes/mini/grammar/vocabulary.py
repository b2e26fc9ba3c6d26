"""The classes of words, and how the grammar's tables are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

HERE = Path(__file__).parent


def read_lines(path: Path) -> dict[str, str]:
    """`key: value` lines; `#` begins a comment line.

    Raises:
        ValueError: another line, or a key that stands twice.
    """
    found: dict[str, str] = {}
    for line in path.read_text("utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        key, colon, value = line.partition(": ")
        if not colon or key in found:
            raise ValueError(f"{path}: found {line!r}, expected `key: value` with a key that stands once")
        found[key] = value.strip()
    return found


WORDS: Mapping[str, Sequence[str]] = {
    name: tuple(words.split()) for name, words in read_lines(HERE / "vocabulary.txt").items()
}
"""Words by class."""
