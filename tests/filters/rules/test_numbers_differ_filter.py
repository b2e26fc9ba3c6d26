"""`numbers_differ`."""

import pytest


@pytest.mark.parametrize(
    ("source", "output", "rejected"),
    [
        ("Built in 1995.", "1995 gebaut.", False),
        ("Built in 1995.", "1996 gebaut.", True),
        ("Built in 1995.", "Gebaut.", True),
        ("Gebaut.", "Built in 1995.", True),
        ("From 20 to 30", "Von 30 bis 20", False),
        ("1,234,567.89", "1.234.567,89", False),
        ("1,234,567.89", "1 234 567,89", False),
        ("1,234,567.89", "1\u202f234\u202f567,89", False),
        ("1,234,567.89", "1’234’567.89", False),
        ("1,234,567", "12,34,567", False),
        ("1,234 people", "1243 people", True),
        ("in 2020 150 people", "150 Leute in 2020", False),
        ("March 2019", "مارس ٢٠١٩", False),
        ("March 2019", "مارس ٢٠١٨", True),
        ("1.234,5", "١٬٢٣٤٫٥", False),
        ("2019", "२०१९", False),
        ("2019", "２０１９", False),
        ("2019", "۲۰۱۹", False),
        ("2019", "๒๐๑๙", False),
        ("three men", "3 Männer", False),
        ("3 men", "drei Männer", False),
        ("3 men", "5 Männer", True),
        ("15 men", "fünfzehn Männer", True),
        ("07:30", "7.30", False),
        ("07:30", "7時30分", False),
        ("07:30", "17:30", True),
        ("2.5 km", "2,6 km", True),
        ("12/05/2020", "2020-05-12", False),
        ("350,000 dollars", "35万美元", False),
        ("350,000 dollars", "36万美元", True),
        ("20 million", "2000만", False),
        ("100 men", "1000 Männer", True),
        ("5 and 5", "5", False),
        ("none", "keine", False),
        ("", "", False),
        (None, "1995", None),
        ("1995", None, None),
    ],
)
def test_numbers_differ(judge, source: str | None, output: str | None, rejected: bool | None) -> None:
    assert judge("numbers_differ", source=source, output=output) is rejected


def test_some_may_differ(judge, evidence) -> None:
    pair = {"source": "14, 15 and 16", "output": "14, 17 und 16"}
    assert judge("numbers_differ", **pair) is True
    assert judge({"numbers_differ": {"max_differing": 1}}, **pair) is False
    assert evidence("numbers_differ", **pair) == "missing 15; added 17"
    assert evidence("numbers_differ", source="15", output="") == "missing 15; added none"


def test_real_translations_pass(shared_data) -> None:
    import polars as pl

    from filters.names import open_filter

    folder = shared_data / "ntrex128"
    english, german, chinese = (
        [line.rstrip("\r") for line in (folder / name).read_text("utf-8-sig").split("\n")]
        for name in ("newstest2019-src.eng.txt", "newstest2019-ref.deu.txt", "newstest2019-ref.zho-CN.txt")
    )
    for translation in (german, chinese):
        frame = pl.DataFrame({"@source": english, "@output": translation})
        assert frame.select(open_filter("numbers_differ").reject().mean()).item() < 0.04
        assert frame.select(open_filter("length_ratio").reject().mean()).item() < 0.002
