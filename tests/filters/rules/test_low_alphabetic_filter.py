"""`low_alphabetic`."""

import pytest


@pytest.mark.parametrize(
    ("output", "rejected"),
    [
        ("Das ist ein Satz mit 12 Zahlen.", False),
        ("12 34 | 56 78 | 9,0 EUR", True),
        ("====== *** ======", True),
        ("नमस्ते दुनिया", False),
        ("สวัสดีครับ", False),
        ("مَرْحَبًا", False),
        ("今天25度。", False),
        ("今天25.5°C", True),
        ("👍👍", True),
        ("", False),
        ("   ", False),
        (None, None),
    ],
)
def test_low_alphabetic(judge, output: str | None, rejected: bool | None) -> None:
    assert judge("low_alphabetic", output=output) is rejected


def test_evidence(evidence) -> None:
    assert evidence("low_alphabetic", output="a 123") == "0.25"
