"""The page on scorers lists each of them."""

import re
from pathlib import Path

from filters.names import scorer_names

PAGE = Path(__file__).parents[3] / "docs" / "scorers.md"


def test_every_scorer_has_a_row() -> None:
    cells = re.findall(r"^\| (`.*?`) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert sorted(name for cell in cells for name in re.findall(r"`(\w+)`", cell)) == scorer_names()
