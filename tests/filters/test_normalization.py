"""What counts as no difference between texts; letters become small exactly as polars would have them."""

import sys
import unicodedata

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.dedup.normalization import _MAY_COMPOSE, Normalization, normalized

CHARACTERS = [chr(point) for point in range(sys.maxunicode + 1) if not 0xD800 <= point < 0xE000]
MARKED = st.sampled_from("aAeÅé\u0301\u0323\u0338가ᄀ\u1161\u11a8क\u093cか\u3099\u212b中\u00b7\u0387ا\u0653\u2000 ")
BLANK = st.sampled_from("ab \t\n\x0b\x1c\x85\u00a0\u1680\u2003\u2028\u200b\u3000é")


@given(
    st.lists(
        st.none() | st.text(st.sampled_from("aAßẞİIıiΣσς' .\u0307Ж中") | st.characters(codec="utf-8")), max_size=20
    )
)
def test_small_letters_are_those_of_polars(texts: list[str | None]) -> None:
    frame = pl.DataFrame({"text": texts}, {"text": pl.String})
    told = frame.select(ours=normalized(pl.col("text"), ["lower"]), theirs=pl.col("text").str.to_lowercase())
    # Letters of a later Unicode than Arrow's stay as they are.
    later = r"[\u{A7CB}-\u{A7FF}\u{1C89}\u{1DF00}-\u{1DFFF}\u{AB60}-\u{AB6F}]"
    told = told.filter(~frame["text"].str.contains(later).fill_null(value=False))
    assert told["ours"].equals(told["theirs"])


@pytest.mark.parametrize(
    ("steps", "text", "found"),
    [
        ([], " A\u0301 ", " A\u0301 "),
        (["nfc"], "A\u0301", "Á"),
        (["lower"], "ÀΣ ΟΔΟΣ", "àς οδος"),
        (["spaces"], "a \u00a0\u3000\n b", "a b"),
        (["trim"], "\u3000a b\t", "a b"),
        (["trim", "spaces", "lower", "nfc"], " A\u0301  B ", "á b"),
        (["lower"], None, None),
    ],
)
def test_steps(steps: list[Normalization], text: str | None, found: str | None) -> None:
    frame = pl.DataFrame({"text": [text]}, {"text": pl.String})
    assert frame.select(normalized(pl.col("text"), steps)).item() == found


def test_what_is_said_never_to_compose_does_not() -> None:
    """No character is changed alone, is a part of another, or is moved; and all are known to Unicode already."""
    later = {part for one in CHARACTERS for part in unicodedata.normalize("NFD", one)[1:]}
    frame = pl.DataFrame({"text": CHARACTERS})
    never = frame.filter(~pl.col("text").str.contains(_MAY_COMPOSE))["text"].to_list()
    assert {"a", "ß", "Ж", "中", "가", "ا", "क", "の"} <= set(never)
    assert [one for one in never if unicodedata.normalize("NFC", one) != one] == []
    assert [one for one in never if one in later or unicodedata.combining(one)] == []
    assert [one for one in never if unicodedata.category(one) == "Cn"] == []


@given(st.lists(st.none() | st.text(MARKED | st.characters(codec="utf-8")), max_size=20))
def test_nfc_is_that_of_polars(texts: list[str | None]) -> None:
    frame = pl.DataFrame({"text": texts}, {"text": pl.String})
    told = frame.select(ours=normalized(pl.col("text"), ["nfc"]), theirs=pl.col("text").str.normalize("NFC"))
    assert told["ours"].equals(told["theirs"])


@given(st.lists(st.none() | st.text(BLANK | st.characters(codec="utf-8")), max_size=20))
def test_spaces_are_as_if_every_run_were_replaced(texts: list[str | None]) -> None:
    frame = pl.DataFrame({"text": texts}, {"text": pl.String})
    told = frame.select(ours=normalized(pl.col("text"), ["spaces"]), theirs=pl.col("text").str.replace_all(r"\s+", " "))
    assert told["ours"].equals(told["theirs"])
