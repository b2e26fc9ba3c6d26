"""`truncated`."""

import pytest

LONG = "We left early, but the road was closed, and so we arrived late."


@pytest.mark.parametrize(
    ("source", "output", "rejected"),
    [
        (LONG, "Wir fuhren früh los, aber die Straße war gesperrt, und so kamen wir zu spät.", False),
        (LONG, "Wir fuhren früh los, aber", True),
        (LONG, "Wir fuhren früh los.", False),
        (LONG, "我们早早出发", True),
        (LONG, "我们早早出发，但道路封闭，所以迟到了", False),
        (LONG, "我们早早出发。", False),
        (LONG, "وصلنا متأخرين؟", False),
        (LONG, "हम देर से पहुँचे।", False),
        (LONG, "Wir „kamen spät.“)", False),
        (LONG, "Wir kamen spät! 🎉", False),
        ("Contents of this chapter and of all others", "Inhalt", False),
        (None, "Wir fuhren", None),
        (LONG, None, None),
    ],
)
def test_by_text(judge, source: str | None, output: str | None, rejected: bool | None) -> None:
    assert judge("truncated", source=source, output=output) is rejected


@pytest.mark.parametrize(
    ("source", "output", "finish_reason", "rejected"),
    [
        (LONG, LONG, "length", True),
        (LONG, LONG, "stop", False),
        (LONG, "Wir fuhren", "stop", True),
        (LONG, LONG, None, False),
        (None, "An answer", "length", True),
        (None, "An answer", "stop", False),
        (None, "An answer", None, None),
    ],
)
def test_by_finish_reason(
    judge, source: str | None, output: str, finish_reason: str | None, rejected: bool | None
) -> None:
    assert judge("truncated", source=source, output=output, finish_reason=finish_reason) is rejected


def test_evidence(evidence) -> None:
    assert evidence("truncated", source=LONG, output="We", finish_reason="length") == "finish_reason length"
    assert evidence("truncated", source="x" * 90, output="x" * 10) == "0.2 of the source's length"
