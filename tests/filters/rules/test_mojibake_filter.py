"""`mojibake`."""

import pytest

SENTENCES = [
    "Größe und Länge über alles, schön",
    "L’été déjà à Noël, où ça?",
    "Señor, mañana habrá más pájaros",
    "Dzień dobry, łódź pełna żółwi",
    "Příliš žluťoučký kůň",
    "Привет, как дела сегодня?",
    "Καλημέρα σας σήμερα",
    "שלום לכולם",
    "مرحبا بكم جميعا",
    "नमस्ते दुनिया",
    "今天天气很好",
    "สวัสดีครับ",
    "He said “yes” – really…",
    "Nice 👍 work",
]


@pytest.mark.parametrize("text", SENTENCES)
def test_text_itself_stays(judge, text: str) -> None:
    assert judge("mojibake", output=text) is False


@pytest.mark.parametrize("text", SENTENCES)
def test_utf8_taken_for_latin(judge, text: str) -> None:
    assert judge("mojibake", output=text.encode().decode("latin-1")) is True
    # As browsers and editors do: what Windows-1252 leaves undefined is taken over.
    windows = "".join(
        bytes([byte]).decode("cp1252") if byte not in {0x81, 0x8D, 0x8F, 0x90, 0x9D} else chr(byte)
        for byte in text.encode()
    )
    assert judge("mojibake", output=windows) is True


@pytest.mark.parametrize(
    ("output", "rejected"),
    [
        ("Hallo \ufffd Welt", True),
        ("Hallo\u0093Welt", True),
        ("Привет, как дела".encode().decode("cp1251", errors="ignore"), True),
        ("锟斤拷", True),
        ("NÃO, MANHÃ… AMANHÃ” – CORAÇÃO", False),
        ("Ärger, Öl, ÜBUNG, ÅÄÖ", False),
        ("Þetta er Ísland. ÐÞ", False),
        ("ÂN ĐÃ – „Ân“", False),
        ("SPÖ’s Plan, 3×4, 5 €, №1", False),
        ("Он сказал: «Россия» — РФ, США…", False),
        ("e\u0301, a\u0308", False),
        ("Zeile\u0085Zeile", False),
        ("", False),
        (None, None),
    ],
)
def test_mojibake(judge, output: str | None, rejected: bool | None) -> None:
    assert judge("mojibake", output=output) is rejected


def test_source_side(judge) -> None:
    assert judge({"mojibake": {"side": "both"}}, source="schÃ¶n", output="nice") is True


def test_real_text_stays(shared_data) -> None:
    import polars as pl

    from filters.names import open_filter

    for file in (shared_data / "ntrex128").glob("*.txt"):
        lines = pl.DataFrame({"@output": file.read_text("utf-8-sig").split("\n")})
        assert not lines.select(open_filter("mojibake").reject().any()).item(), file.name
