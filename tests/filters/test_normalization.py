"""What counts as no difference between texts; letters become small exactly as polars would have them."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.dedup.normalization import Normalization, normalized


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
