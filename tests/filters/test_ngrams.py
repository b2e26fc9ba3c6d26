import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from filters.ngrams import NgramIndex, TokenTable


def test_tables_level_case_width_and_composition():
    table = TokenTable.of(pl.Series(["ＡＢＣ Straße", None, "CAFE\u0301", ""]))
    assert table.words.to_list() == ["abc", "straße", "café"]
    assert table.counts.tolist() == [2, 0, 1, 0]


def grams(text: str, n: int, whole: int) -> list[tuple[str, ...]]:
    words = TokenTable.of(pl.Series([text])).words.to_list()
    if len(words) < n:
        return [tuple(words)] if len(words) >= whole else []
    return [tuple(words[at : at + n]) for at in range(len(words) - n + 1)]


# Few letters, so that n-grams recur.
TEXTS = st.lists(st.text("aab字 ,", max_size=12), min_size=1, max_size=8)


@given(indexed=TEXTS, searched=TEXTS, n=st.integers(2, 4), whole=st.integers(1, 2))
def test_an_index_finds_exactly_the_shared_ngrams(indexed, searched, n, whole):
    known = {gram for text in indexed for gram in grams(text, n, whole)}
    matches = NgramIndex.of(pl.Series(indexed), n, whole).find(TokenTable.of(pl.Series(searched)))
    found = [sum(matches.windows.texts == row) for row in range(len(searched))]
    assert found == [sum(gram in known for gram in grams(text, n, whole)) for text in searched]
    assert matches.totals.tolist() == [len(grams(text, n, whole)) for text in searched]
    for place, text in zip(matches.known.tolist(), matches.windows.texts.tolist(), strict=True):
        assert set(grams(indexed[place], n, whole)) & set(grams(searched[text], n, whole))


def test_an_index_of_nothing_finds_nothing():
    matches = NgramIndex.of(pl.Series(["", None], dtype=pl.String), 2, 1).find(
        TokenTable.of(pl.Series(["a b c", None]))
    )
    assert matches.windows.starts.tolist() == []
    assert matches.totals.tolist() == [2, 0]
