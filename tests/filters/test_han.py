import polars as pl
import pytest

from filters import han


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我们这个国家的经济发展", "Hans"),
        ("我們這個國家的經濟發展", "Hant"),
        ("中文", None),
        ("日本語", "Hant"),
        ("日本", None),
        ("这這", None),
        ("他説這本书是他寫的", "Hant"),
        ("no Han at all", None),
        (None, None),
    ],
)
def test_the_standard_is_told_by_characters_that_one_of_the_two_has(text, expected):
    frame = pl.DataFrame({"text": [text]}, schema={"text": pl.String})
    assert frame.select(han.standard(pl.col("text"))).item() == expected
