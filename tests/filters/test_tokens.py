import polars as pl
import pytest

from filters.tokens import mostly_unspaced, tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don't stop, please!", ["Don", "t", "stop", "please"]),
        ("foo_bar <b>3.5</b>", ["foo", "bar", "b", "3", "5", "b"]),
        ("我爱你 2024年", ["我", "爱", "你", "2024", "年"]),
        ("GPTは速い", ["GPT", "は", "速", "い"]),
        ("สวัสดี", ["ส", "วั", "ส", "ดี"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("שָׁלוֹם עולם", ["שָׁלוֹם", "עולם"]),
        ("cafe\u0301 au lait", ["cafe\u0301", "au", "lait"]),
        ("대한민국 만세", ["대한민국", "만세"]),
        ("", []),
        ("… !? 👍", []),
        (None, None),
    ],
)
def test_tokens_are_words_where_a_script_has_spaces_and_characters_where_not(text, expected):
    assert tokens(pl.Series([text], dtype=pl.String)).to_list() == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我爱你 2024", True),
        ("สวัสดี", True),
        ("I love 你", False),
        ("Hello", False),
        ("안녕", False),
        ("", False),
        (None, None),
    ],
)
def test_texts_of_unspaced_scripts_are_told(text, expected):
    texts = pl.Series([text], dtype=pl.String)
    assert mostly_unspaced(texts, tokens(texts)).to_list() == [expected]
