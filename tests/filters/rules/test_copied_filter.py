"""`copied`."""

import pytest


@pytest.mark.parametrize(
    ("source", "output", "rejected"),
    [
        ("Guten Morgen!", "Guten Morgen!", True),
        ("Guten Morgen!", "  guten MORGEN", True),
        ("„Guten Morgen“", "Guten, Morgen…", True),
        ("Guten Morgen!", "Good morning!", False),
        ("Guten Morgen!", "Guten Morgen! Good morning!", False),
        ("ПРИВЕТ, мир", "Привет мир!", True),
        ("你好，世界", "你好世界。", True),
        ("你好，世界", "你好，世人", False),
        ("שָׁלוֹם עולם", "שָׁלוֹם עולם.", True),
        ("नमस्ते", "नमस्ते।", True),
        ("नमस्ते", "नमसत", False),
        ("e-mail me", "Email me", True),
        ("12:30", "12:30", False),
        ("👍👍", "👍👍", False),
        ("…", "…", False),
        ("", "", False),
        (None, "x", None),
        ("x", None, None),
    ],
)
def test_copied(judge, source: str | None, output: str | None, rejected: bool | None) -> None:
    assert judge("copied", source=source, output=output) is rejected


def test_short_copies_may_stay(judge) -> None:
    spare_names = {"copied": {"min_length": 20}}
    assert judge(spare_names, source="Angela Merkel", output="Angela Merkel") is False
    assert judge(spare_names, source="Ich habe nichts gesagt.", output="Ich habe nichts gesagt.") is True
