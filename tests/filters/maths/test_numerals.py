"""Numbers in the notation of many languages."""

from fractions import Fraction

import pytest
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from filters.maths.numerals import read


@pytest.mark.parametrize(
    ("text", "language", "value"),
    [
        ("18", "en", 18),
        ("-18", "en", -18),
        ("- 18", "en", -18),
        ("1,234.5", "en", Fraction(2469, 2)),
        ("1.234,5", "de", Fraction(2469, 2)),
        ("1 234,5", "fr", Fraction(2469, 2)),
        ("1\u202f234,5", "fr", Fraction(2469, 2)),
        ("1’234.5", "de-CH", Fraction(2469, 2)),
        ("1,23,456", "hi", 123456),
        ("70.000", "de", 70000),
        ("70,000", "en", 70000),
        # What another language's reader would take for a decimal.
        ("70,000", "de", 70),
        ("70.000", "en", 70),
        # Forms that can be read in one way alone are read so everywhere.
        ("1,234.5", "de", Fraction(2469, 2)),
        ("1,234,567", "de", 1234567),
        ("0.125", "de", Fraction(1, 8)),
        ("80 000", "es", 80000),
        ("٧٠٬٠٠٠٫٥", "ar", Fraction(140001, 2)),
        ("۱۸", "fa", 18),
        ("१८", "hi", 18),
        ("১৮", "bn", 18),
        ("౧౮", "te", 18),
        ("๑๘", "th", 18),
        ("１８", "ja", 18),
        ("12万", "zh", 120000),
        ("1億2000万", "ja", 120000000),
        ("1.5만", "ko", 15000),
        ("5 लाख", "hi", 500000),
        ("1,5 Millionen", "de", 1500000),
        ("3 mil", "es", 3000),
        ("2 тысячи", "ru", 2000),
        ("1.5 million", "en", 1500000),
        # A German billion is 10^12.
        ("2 Billionen", "de", 2 * 10**12),
        ("3/4", "en", Fraction(3, 4)),
        ("1 1/2", "en", Fraction(3, 2)),
        ("1½", "en", Fraction(3, 2)),
        (".5", "en", Fraction(1, 2)),
        ("2^{10}", "en", 1024),
        ("3.5*10^4", "en", 35000),
        ("1e-3", "en", Fraction(1, 1000)),
        ("$18", "en", 18),
        ("-$5", "en", -5),
        ("$-5", "en", -5),
        ("R$ 18", "pt", 18),
        ("18 €", "de", 18),
        ("Rs. 500", "en", 500),
        ("18 km/h", "en", 18),
        ("18 m^2", "en", 18),
        ("18ドル", "ja", 18),
    ],
)
def test_numbers_that_people_write(text: str, language: str, value: Fraction | int) -> None:
    number = read(text, language)
    assert number is not None
    assert number.value == value


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("", "en"),
        ("eighteen", "en"),
        ("18 or 19", "en"),
        ("18, 19", "en"),
        ("1,2", "en"),
        ("18 19", "fr"),
        ("80 000", "en"),
        ("12.05.2024", "de"),
        ("1,2345,678", "en"),
        ("18-2", "en"),
        ("18!", "en"),
        ("1٨", "ar"),
        ("1\u200b8", "en"),
        ("not 18", "en"),
        ("l8", "en"),
        ("5/0", "en"),
        ("1e999999", "en"),
        ("9" * 10_000, "en"),
        ("9" * 50 + "^{999}", "en"),
        ("18 + 1", "en"),
        ("x = 18", "en"),
        ("三", "zh"),
        ("\ud800", "en"),
    ],
)
def test_what_is_no_number(text: str, language: str) -> None:
    assert read(text, language) is None


@pytest.mark.parametrize(
    "language",
    [
        "en",
        "de",
        "fr",
        "es",
        "pt",
        "pt-PT",
        "ru",
        "uk",
        "pl",
        "cs",
        "sv",
        "fi",
        "hu",
        "ja",
        "ko",
        "zh",
        "hi",
        "is",
        "nl",
        "it",
        "da",
        "no",
        "ro",
        "bn",
        "sw",
        "te",
        "th",
    ],
)
@given(number=st.decimals(min_value=-(10**9), max_value=10**9, places=2))
def test_what_cldr_writes_is_read(language: str, number: object) -> None:
    number = number + 0
    written = format_decimal(number, format="#,##0.00", locale=language.replace("-", "_"), numbering_system="latn")
    found = read(written, language)
    assert found is not None, written
    assert found.value == Fraction(str(number))
