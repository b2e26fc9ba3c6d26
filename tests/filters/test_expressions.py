"""What rules share: cheap bounds of lengths hold for any text, and dear verdicts are reached only where they matter."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.base import OUTPUT, SOURCE
from filters.expressions import length_bounds, length_quotient, quotient_bounds, weighted_length, where_suspect

TEXTS = st.none() | st.text(st.sampled_from("aé ́я中𠀀か한አ글…") | st.characters(codec="utf-8"), max_size=20)


@given(st.lists(TEXTS, min_size=1, max_size=20))
def test_a_text_is_as_long_as_its_bounds_say(texts: list[str | None]) -> None:
    frame = pl.DataFrame({"@output": texts}, {"@output": pl.String})
    low, high = length_bounds(OUTPUT)
    told = frame.select(low=low, length=weighted_length(OUTPUT), high=high)
    assert told.filter(~pl.col("length").is_between("low", "high")).is_empty()
    assert (told["low"].is_null() == frame["@output"].is_null()).all()


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=20))
def test_a_quotient_lies_within_its_bounds(pairs: list[tuple[str | None, str | None]]) -> None:
    frame = pl.DataFrame(pairs, {"@source": pl.String, "@output": pl.String}, orient="row")
    low, high = quotient_bounds()
    told = frame.select(low=low, quotient=length_quotient(), high=high)
    assert told.filter(~pl.col("quotient").is_between("low", "high")).is_empty()


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("Haus", 4, 4.0), ("Höhe", 4, 5.15), ("дом", 3, 6.45), ("日本", 2, 6.6), ("", 0, 0.0), (None, None, None)],
)
def test_bounds(text: str | None, low: int | None, high: float | None) -> None:
    frame = pl.DataFrame({"@output": [text]}, {"@output": pl.String})
    least, most = length_bounds(OUTPUT)
    assert frame.select(low=least, high=most.round(2)).row(0) == (low, high)


@pytest.mark.parametrize(
    ("suspect", "verdict", "found"),
    [
        (True, True, True),
        (True, False, False),
        (True, None, None),
        (False, True, False),
        (False, None, False),
        (None, True, None),
        (None, False, None),
    ],
)
@pytest.mark.parametrize("others", [0, 3])
def test_where_suspect(suspect: Any, verdict: Any, found: Any, others: int) -> None:
    rows = [(suspect, verdict), *[(False, True)] * others]
    frame = pl.DataFrame(rows, {"@source": pl.Boolean, "@output": pl.Boolean}, orient="row")
    for engine in ("in-memory", "streaming"):
        told = frame.lazy().select(where_suspect(SOURCE, OUTPUT).alias("found")).collect(engine=engine)
        assert told["found"].to_list() == [found, *[False] * others]


def test_only_suspects_are_looked_at() -> None:
    seen: list[list[str]] = []

    def look(texts: pl.Series) -> pl.Series:
        seen.append(texts.to_list())
        return texts == "b"

    verdict = OUTPUT.map_batches(look, return_dtype=pl.Boolean)
    found = pl.DataFrame({"@output": ["a", "b", "cc"]}).select(where_suspect(OUTPUT.str.len_chars() == 1, verdict))
    assert found.to_series().to_list() == [False, True, False]
    assert seen == [["a", "b"]]
