"""`too_short`, `too_long`, `length_ratio`."""

import pytest

EN = "The weather will be fine in the whole country tomorrow."
ZH = "明天全国天气都会很好。"
JA = "明日は全国的によい天気になるでしょう。"
KO = "내일은 전국의 날씨가 맑겠습니다."
RU = "Завтра по всей стране будет хорошая погода."
AR = "سيكون الطقس جيدًا غدًا في جميع أنحاء البلاد."
HI = "कल पूरे देश में मौसम अच्छा रहेगा।"
AM = "ነገ በመላ አገሪቱ የአየር ሁኔታው ጥሩ ይሆናል።"


@pytest.mark.parametrize(
    ("output", "rejected"),
    [
        ("", True),
        ("OK", True),
        ("Yes", False),
        ("好", False),
        ("は", True),
        ("네", True),
        ("네네", False),
        ("ок", True),
        (None, None),
    ],
)
def test_too_short(judge, output: str | None, rejected: bool | None) -> None:
    assert judge("too_short", output=output) is rejected


@pytest.mark.parametrize(
    ("output", "rejected"),
    [
        ("x" * 100, False),
        ("x" * 101, True),
        ("好" * 30, False),
        ("好" * 31, True),
        ("щ" * 100, False),
        ("é" * 101, True),
        ("", False),
        (None, None),
    ],
)
def test_too_long(judge, output: str | None, rejected: bool | None) -> None:
    assert judge({"too_long": {"max": 100}}, output=output) is rejected


@pytest.mark.parametrize("translation", [ZH, JA, KO, RU, AR, HI, AM])
def test_translations_are_in_proportion(judge, translation: str) -> None:
    strict = {"length_ratio": {"max": 1.6}}
    assert judge(strict, source=EN, output=translation) is False
    assert judge(strict, source=translation, output=EN) is False
    assert judge(strict, source=translation, output=ZH) is False


@pytest.mark.parametrize(
    ("source", "output", "rejected"),
    [
        (EN, ZH * 6, True),
        (ZH, EN * 3, True),
        (ZH, EN[:5], True),
        (ZH, "", True),
        ("OK", "in Ordnung", False),
        ("", "", False),
        (None, EN, None),
        (EN, None, None),
    ],
)
def test_length_ratio(judge, source: str | None, output: str | None, rejected: bool | None) -> None:
    assert judge("length_ratio", source=source, output=output) is rejected


def test_evidence(evidence) -> None:
    assert evidence("length_ratio", source="x" * 90, output="x" * 10) == "0.2"
    assert evidence({"too_long": {"max": 5}}, output="好好") == "6.6"
