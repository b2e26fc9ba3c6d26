"""`agreement` and `diversity`: answers to one prompt, side by side, against sacreBLEU one by one."""

from statistics import mean
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from filters.scorers.agreement import Agreement
from filters.scorers.diversity import Diversity, distinct, self_bleu
from filters.tokens import tokens

ANSWERS: dict[str, list[str | None]] = {
    "en": ["The ferry leaves at nine.", "The ferry goes at nine.", "The ferry leaves at nine.", "Buses do not run."],
    "de": ["Die Fähre fährt um neun.", "Um neun fährt die Fähre ab!", ""],
    "zh": ["渡轮九点出发。", "渡轮在九点钟出发。", "没有公共汽车。", " \u3000"],
    "ar": ["تغادر العبارة في التاسعة.", "العبارة تغادر في التاسعة صباحا."],
    "th": ["เรือออกเก้าโมง", None, "เรือออกตอนเก้าโมงเช้า"],
    "one": ["alone"],
    "none": ["", None],
    "short": ["a", "ab", "!?", "🙂"],
}


def frame(answers: dict[str, list[str | None]]) -> pl.DataFrame:
    rows = [(prompt, text) for prompt, texts in answers.items() for text in texts]
    # Rows of a prompt need not stand together.
    return pl.DataFrame(rows, {"prompt_id": pl.String, "@output": pl.String}, orient="row").sample(
        fraction=1, shuffle=True, seed=1
    )


def says(texts: list[str | None]) -> list[str]:
    return [text for text in texts if text is not None and text.strip()]


def test_agreement_is_the_mean_chrf_with_each_sibling() -> None:
    rows = frame(ANSWERS)
    made = Agreement().score(rows)["score_agreement"].to_list()
    metric = CHRF()
    for (prompt, text), score in zip(rows.iter_rows(), made, strict=True):
        others = says(ANSWERS[prompt])
        if text not in others or len(others) == 1:
            assert score is None, (prompt, text)
            continue
        others.remove(text)
        expected = mean(metric.sentence_score(text, [other]).score for other in others)
        assert score == pytest.approx(expected, abs=1e-9), (prompt, text)


WORDS = st.text("abc d界", min_size=1, max_size=12).filter(str.strip)


@given(st.lists(WORDS, min_size=2, max_size=6))
def test_agreement_of_any_texts(texts: list[str]) -> None:
    made = Agreement().score(pl.DataFrame({"prompt_id": ["p"] * len(texts), "@output": texts}))
    metric = CHRF()
    for place, text in enumerate(texts):
        others = texts[:place] + texts[place + 1 :]
        expected = mean(metric.sentence_score(text, [other]).score for other in others)
        assert made["score_agreement"][place] == pytest.approx(expected, abs=1e-9)


def test_the_consensus_wins() -> None:
    rows = pl.DataFrame({"prompt_id": ["p"] * 4, "@output": ANSWERS["en"]})
    scores = Agreement(**{"as": "mbr"}).score(rows)["score_mbr"]
    assert scores.arg_max() in (0, 2)
    assert scores[0] == scores[2]
    assert scores.arg_min() == 3


@pytest.mark.parametrize(
    ("texts", "n", "expected"),
    [
        (["a b c", "d e f"], 1, 1.0),
        (["a b c", "a b d"], 1, 4 / 6),
        (["a b c", "a b d"], 2, 3 / 4),
        (["a a a a"], 1, 1 / 4),
        (["渡轮出发", "渡轮开"], 2, 4 / 5),
        (["เรือออก", "เรือ"], 1, 4 / 9),
        (["a", "b"], 2, None),
        (["!", "?"], 1, None),
    ],
)
def test_distinct(texts: list[str], n: int, expected: float | None) -> None:
    assert distinct(tokens(pl.Series(texts)).to_list(), n) == expected


@given(st.lists(st.lists(st.sampled_from("abcd"), min_size=1, max_size=9), min_size=2, max_size=6))
def test_self_bleu_is_sacrebleus(texts: list[list[str]]) -> None:
    metric = BLEU(tokenize="none", effective_order=True)
    lines = [" ".join(words) for words in texts]
    scores = [metric.sentence_score(line, lines[:n] + lines[n + 1 :]).score for n, line in enumerate(lines)]
    assert self_bleu(texts) == pytest.approx(mean(scores), abs=1e-9)


def test_diversity_is_of_the_prompt() -> None:
    rows = frame(ANSWERS)
    made = rows.hstack(Diversity().score(rows))
    made = made.with_columns(said=pl.col("@output").str.strip_chars() != "")
    of = {prompt: made.filter(pl.col("prompt_id") == prompt, "said") for prompt in ANSWERS}
    for prompt in ("en", "de", "zh", "ar", "th"):
        assert of[prompt]["score_diversity"].n_unique() == 1, prompt
        assert 0.3 < of[prompt]["score_diversity"][0] <= 1
        assert 0 < of[prompt]["score_diversity_self_bleu"][0] < 100
    assert of["one"]["score_diversity"].to_list() == [None]
    assert made.filter(pl.col("@output").is_null())["score_diversity"].is_null().all()
    equal = Diversity().score(pl.DataFrame({"prompt_id": ["p"] * 3, "@output": ["The ferry leaves at nine."] * 3}))
    assert equal["score_diversity"].to_list() == [pytest.approx(1 / 3)] * 3
    assert equal["score_diversity_self_bleu"].to_list() == [pytest.approx(100)] * 3


@pytest.mark.parametrize("scorer", [Agreement(), Diversity()])
def test_no_rows(scorer: Any) -> None:
    rows = pl.DataFrame(schema={"prompt_id": pl.String, "@output": pl.String})
    made = scorer.score(rows)
    assert made.height == 0
    assert made.columns == [column.name for column in scorer.columns("response")]
