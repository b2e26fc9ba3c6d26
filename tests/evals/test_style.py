"""Length and Markdown of answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.style import STYLE, Style, difference, style_of


@pytest.mark.parametrize(
    ("answer", "headings", "lists", "bold"),
    [
        ("", 0, 0, 0),
        ("Plain text, 3 * 4 ** 2.", 0, 0, 0),
        ("# Title\n\n## Part\n\n#no heading", 2, 0, 0),
        ("- one\n* two\n  + three\n1. four\n2) five\n-no item", 0, 5, 0),
        ("**bold** and __bold__ and *not*; ** no ** either", 0, 0, 2),
        ("```python\n# a comment\n- x\n**kwargs**\n```\n# Heading", 1, 0, 0),
        ("~~~\n# never closed", 0, 0, 0),
        ("# 标题\n\n- 第一\n- **第二**", 1, 2, 1),
        ("## عنوان\n\n1. **أول**\n2. ثان", 1, 2, 1),
        ("- हिन्दी\n- ไทย", 0, 2, 0),
    ],
)
def test_counts(answer: str, headings: int, lists: int, bold: int) -> None:
    assert style_of(answer) == Style(len(answer), headings, lists, bold)


@pytest.mark.parametrize(
    ("left", "right", "told"),
    [
        (Style(300, 0, 0, 0), Style(100, 0, 0, 0), (0.5, 0, 0, 0)),
        (Style(0, 0, 0, 0), Style(0, 0, 0, 0), (0, 0, 0, 0)),
        (Style(100, 10, 0, 0), Style(100, 0, 0, 5), (0, 0.1 / 1.1, 0, -0.05 / 1.05)),
    ],
)
def test_differences(left: Style, right: Style, told: tuple[float, ...]) -> None:
    assert difference(left, right) == pytest.approx(told)
    assert len(STYLE) == len(told)


@given(st.text(), st.text())
def test_differences_turn_around(left: str, right: str) -> None:
    one, other = style_of(left), style_of(right)
    assert difference(one, other) == pytest.approx(tuple(-part for part in difference(other, one)))
    assert all(-1 <= part <= 1 for part in difference(one, other))
    assert difference(one, one) == (0, 0, 0, 0)
