"""`wrong_script`."""

import pytest


@pytest.mark.parametrize(
    ("output", "language", "rejected"),
    [
        ("Guten Morgen", "de", False),
        ("Доброе утро", "de", True),
        ("Guten 早上好 Morgen", "de", True),
        ("Das Zeichen α steht in vielen Formeln.", "de", False),
        ("Доброе утро", "ru", False),
        ("Компания Microsoft купила GitHub", "ru", False),
        ("Good morning", "ru", True),
        ("Доброе 早 утро", "ru", False),
        ("Доброе 早上好 утро", "ru", True),
        ("早上好", "zh", False),
        ("早上好", "zh-TW", False),
        ("お早うございます", "zh", True),
        ("お早うございます、ジョン", "ja", False),
        ("좋은 아침", "ko", False),
        ("좋은 아침", "ja", True),
        ("صباح الخير", "ar", False),
        ("صباح الخير", "he", True),
        ("בוקר טוב", "he", False),
        ("שָׁלוֹם", "he", False),
        ("सुप्रभात", "hi", False),
        ("Dobro jutro", "sr", False),
        ("Добро јутро", "sr", False),
        ("Добро јутро", "sr-Latn", True),
        ("Dobré ráno, e\u0301", "cs", False),
        ("12:30 👍", "de", False),
        ("", "de", False),
        ("Guten Morgen", None, None),
        ("Guten Morgen", "no language", None),
        (None, "de", None),
    ],
)
def test_wrong_script(judge, output: str | None, language: str | None, rejected: bool | None) -> None:
    assert judge("wrong_script", output=output, tgt_lang=language) is rejected


def test_source_side_and_evidence(judge, evidence) -> None:
    spec = {"wrong_script": {"side": "source"}}
    assert judge(spec, source="Доброе утро", src_lang="en", output="早", tgt_lang="zh") is True
    assert judge(spec, source="Good morning", src_lang="en", output="Привет", tgt_lang="zh") is False
    assert evidence("wrong_script", output="abдд", tgt_lang="el") == "Latin 0.5, other 0.5"
