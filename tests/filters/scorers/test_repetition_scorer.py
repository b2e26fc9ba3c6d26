import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.scorers.repetition import Repetition


def measures(text: str | None) -> dict[str, float | None]:
    row = Repetition().score(pl.DataFrame({"@output": [text]}, schema={"@output": pl.String})).row(0, named=True)
    return {name.removeprefix("score_repetition_"): value for name, value in row.items()}


@pytest.mark.parametrize(
    ("text", "nonzero"),
    [
        ("A sentence in which no word stands twice.", {}),
        ("Yes.", {}),
        # Eight of eighteen characters are of the 2-gram that stands twice.
        ("to be or not to be alive", {"top2gram": 8 / 18}),
        ("one\ntwo\n\n one \nthree", {"lines": 1 / 4}),
        ("ab ab ab ab", {"top2gram": 1, "top3gram": 1}),
        # Of the 5-grams only the second a b c d e and b c d e f have stood before.
        (
            "a b c d e f a b c d e f",
            {"top2gram": 4 / 12, "top3gram": 6 / 12, "top4gram": 8 / 12, "dup5gram": 6 / 12, "dup6gram": 6 / 12},
        ),
        ("שלום שלום שלום", {"top2gram": 1}),
        # Two characters count as a word: the 2-gram is of four, and stands at the first, fourth and seventh place.
        ("你好吗你好吗你好吗。", {"top2gram": 7 / 9, "top3gram": 1}),
        ("我喜欢你，你喜欢我。", {}),
    ],
)
def test_measures(text, nonzero):
    assert {name: value for name, value in measures(text).items() if value} == pytest.approx(nonzero)


@pytest.mark.parametrize("text", [None, "", " \n ", "!!! … ???", "👍👍👍"])
def test_without_words_there_is_no_judging(text):
    assert set(measures(text).values()) == {None}


def test_a_loop_scores_high_in_any_script():
    for text in ("Der Hund und die Katze. " * 20, "我们在这里等你。" * 20, "ฉันรอคุณอยู่ที่นี่ " * 20):
        found = measures(text)
        assert found["dup10gram"] > 0.8, text


def test_columns_are_those_that_score_gives():
    scorer = Repetition.model_validate({"as": "loops"})
    columns = scorer.columns("response")
    assert [column.name for column in columns] == scorer.score(pl.DataFrame({"@output": ["a"]})).columns
    assert {column.higher_is_better for column in columns} == {False}


@given(st.text("abc \n字", max_size=60))
def test_all_measures_are_shares(text):
    found = measures(text)
    assert all(value is None or 0 <= value <= 1 for value in found.values())
    # What repeats in long stretches repeats in shorter ones.
    dups = [found[f"dup{n}gram"] or 0 for n in range(5, 11)]
    assert dups == sorted(dups, reverse=True)
