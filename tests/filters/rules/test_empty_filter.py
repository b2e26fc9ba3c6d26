"""`empty`."""

import pytest


@pytest.mark.parametrize(
    ("output", "rejected"),
    [
        ("", True),
        (" \t\r\n", True),
        ("\u3000\u00a0\u2028", True),
        ("\u200b\u200d\ufeff\u00ad", True),
        ("\u200f\u202b", True),
        ("\u3164", True),
        ("\x00\x07", True),
        ("x", False),
        (".", False),
        ("。", False),
        ("\u0301", False),
        ("👍", False),
        ("  שלום  ", False),
        (None, None),
    ],
)
def test_empty(judge, output: str | None, rejected: bool | None) -> None:
    assert judge("empty", output=output) is rejected


@pytest.mark.parametrize(
    ("source", "output", "rejected"),
    [("", "x", True), ("x", "", True), ("x", "x", False), (None, "x", None), (None, "", True)],
)
def test_both_sides(judge, source: str | None, output: str, rejected: bool | None) -> None:
    assert judge({"empty": {"side": "both"}}, source=source, output=output) is rejected
