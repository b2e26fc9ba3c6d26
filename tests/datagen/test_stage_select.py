"""`select`: who is dropped, why, with what evidence, and what is counted."""

from collections import Counter
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.errors import UserError
from datagen.stages.base import Header
from datagen.stages.select import judge_rows
from filters.base import ScoreColumn
from filters.names import open_filter

ROWS = [
    {"source": "Guten Morgen", "target": "Good morning", "score_x": 3.0},
    {"source": "Guten Morgen", "target": "Guten Morgen", "score_x": 3.0},
    {"source": "Hund", "target": "", "score_x": 1.0},
    {"source": "Hund", "target": "dog", "score_x": 0.5},
    {"source": "Katze", "target": "cat", "score_x": None},
    {"source": "Katze", "target": "a cat that sat on a mat on top of the old roof", "score_x": 0.5},
]
"""Fit, copied, empty (and of a low score), low, unscored, too long for its source (and low)."""


def reasons(stages: Any, aside: Any, filters: str) -> list[str | None]:
    """The reason of each of `ROWS`, None for those that stay."""
    made = stages(ROWS, "pair", f"kept: {{select: {{filters: {filters}}}}}")["kept"]
    stay = {row["id"] for row in made.rows()}
    why = {row["id"]: row["reason"] for row in aside(made)}
    ids = [row["id"] for row in stages(ROWS, "pair", "x: {select: {filters: [{too_long: {max: 1000}}]}}")["x"].rows()]
    assert stay | set(why) == set(ids)
    assert stay & set(why) == set()
    return [why.get(one) for one in ids]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ("[empty]", [None, None, "empty", None, None, None]),
        ("[empty, copied]", [None, "copied", "empty", None, None, None]),
        # The first filter that rejects a row claims it.
        (
            "[empty, {threshold: {column: score_x, min: 2}}]",
            [None, None, "empty", "threshold:score_x", "threshold:score_x:unjudged", "threshold:score_x"],
        ),
        (
            "[{threshold: {column: score_x, min: 2}}, empty]",
            [None, None, *["threshold:score_x"] * 2, "threshold:score_x:unjudged", "threshold:score_x"],
        ),
        (
            "[{length_ratio: {max: 3}}, {threshold: {column: score_x, min: 2}}]",
            [None, None, *["threshold:score_x"] * 2, "threshold:score_x:unjudged", "length_ratio"],
        ),
        # A row that cannot be judged stays only where the recipe says so.
        (
            "[{threshold: {column: score_x, min: 2, unjudged: keep}}]",
            [None, None, "threshold:score_x", "threshold:score_x", None, "threshold:score_x"],
        ),
        # What cannot be judged by the first filter still is by the next.
        (
            "[{threshold: {column: score_x, min: 0, unjudged: keep}}, {too_short: {min: 4}}]",
            [None, None, "too_short", "too_short", "too_short", None],
        ),
    ],
)
def test_the_first_reason_wins(filters: str, expected: list[str | None], stages: Any, aside: Any) -> None:
    assert reasons(stages, aside, filters) == expected


def test_counts_are_of_reasons_alone_and_together(stages: Any) -> None:
    made = stages(ROWS, "pair", "kept: {select: {filters: [empty, {threshold: {column: score_x, min: 2}}]}}")["kept"]
    counts = made.manifest.counts
    assert (counts["in"], counts["rows"]) == (6, 2)
    assert counts["dropped"] == {"empty": 1, "threshold:score_x": 2, "threshold:score_x:unjudged": 1}
    # What each reason would drop if it stood alone, and what two of them share.
    assert counts["alone"] == {
        "empty": 1, "empty:unjudged": 0, "threshold:score_x": 3, "threshold:score_x:unjudged": 1,
    }  # fmt: skip
    assert counts["overlap"] == {"empty & threshold:score_x": 1}


def test_evidence_is_kept_beside_the_row(stages: Any, aside: Any) -> None:
    text = "kept: {select: {filters: [empty, {threshold: {column: score_x, min: 2}}, {too_short: {min: 4}}]}}"
    found = aside(stages(ROWS, "pair", text)["kept"])
    assert [(row["reason"], row.get("value")) for row in found] == [
        ("empty", "0"),
        ("threshold:score_x", "0.5"),
        ("threshold:score_x:unjudged", None),
        ("threshold:score_x", "0.5"),
    ]


def test_evidence_of_a_margin_is_in_the_scores_direction(stages: Any, aside: Any) -> None:
    rows = [{"source": "a", "target": "b", "score_x": 2.0, "score_y": 3.0}]
    text = "kept: {select: {filters: [{margin: {column: score_x, over: score_y, min: 2}}]}}"
    (dropped,) = aside(stages(rows, "pair", text, lower=("score_x", "score_y"))["kept"])
    assert dropped["value"] == "1.0"  # 2 is better than 3 by 1


def test_rows_set_aside_say_whose_they_are(stages: Any, aside: Any) -> None:
    row = {
        "prompt": [{"role": "user", "content": "q"}], "prompt_id": "p", "engine": "quick", "sample": 0, "response": "",
        "src_lang": "de", "tgt_lang": "en", "origin": "news",
    }  # fmt: skip
    (dropped,) = aside(stages([row], "response", "kept: {select: {filters: [empty]}}")["kept"])
    assert {name: dropped[name] for name in ("src_lang", "tgt_lang", "origin", "engine", "reason")} == {
        "src_lang": "de", "tgt_lang": "en", "origin": "news", "engine": "quick", "reason": "empty",
    }  # fmt: skip


def test_what_selected_the_rows_is_remembered_downstream(stages: Any) -> None:
    made = stages(
        ROWS,
        "pair",
        """
        kept: {select: {filters: [empty, {threshold: {column: score_x, min: 0.2}}]}}
        again: {select: {filters: [copied, {threshold: {column: score_x, max: 5}}]}}
        text: {render: {}}
        """,
    )
    selected = [(one.column, one.stage) for one in made["text"].manifest.selected_by]
    assert selected == [("score_x", "kept"), ("score_x", "again")]


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        (
            "[{threshold: {column: score_kiwi, min: 1}}]",
            ["score_kiwi", "A score stage before it must add it", "score_x"],
        ),
        ("[wrong_language]", ["wrong_language", "langid"]),
    ],
)
def test_a_filter_whose_column_is_not_there(filters: str, words: list[str], stages: Any) -> None:
    with pytest.raises(UserError) as error:
        stages(ROWS, "pair", f"kept: {{select: {{filters: {filters}}}}}")
    assert [word for word in words if word not in str(error.value)] == []


def test_a_filter_that_looks_at_a_role_which_the_kind_lacks(stages: Any) -> None:
    with pytest.raises(UserError, match="'copied' looks at the source of a row; rows of kind 'text' have none"):
        stages([{"text": "a"}], "text", "kept: {select: {filters: [copied]}}")


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        ("text", {"text": "x" * 50}),
        ("pair", {"source": "a", "target": "x" * 50}),
        ("prompt", {"prompt": [{"role": "user", "content": "x" * 50}]}),
        ("sft", {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "x" * 50}]}),
        (
            "preference",
            {
                "prompt": [{"role": "user", "content": "a"}],
                "chosen": [{"role": "assistant", "content": "x" * 50}],
                "rejected": [{"role": "assistant", "content": "b"}],
            },
        ),
    ],
)
def test_every_kind_is_judged_by_its_output(kind: str, row: dict[str, Any], stages: Any, aside: Any) -> None:
    made = stages([row], kind, "kept: {select: {filters: [{too_long: {max: 40}}]}}")["kept"]
    assert [(one["reason"], one["value"]) for one in aside(made)] == [("too_long", "50.0")]


VALUES = st.none() | st.floats(-10, 10)


@given(
    rows=st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=20),
    limits=st.lists(st.tuples(st.sampled_from(["score_a", "score_b"]), st.floats(-10, 10), st.booleans()), max_size=4),
)
def test_each_reason_is_that_of_the_first_filter_that_rejects(
    rows: list[tuple[float | None, float | None]], limits: list[tuple[str, float, bool]]
) -> None:
    """What a plain loop over rows and filters says."""
    filters = [
        open_filter({"threshold": {"column": column, "min": least, "unjudged": "keep" if keep else "drop"}})
        for column, least, keep in limits
    ]
    scores = {name: ScoreColumn(name=name, higher_is_better=True) for name in ("score_a", "score_b")}
    types = {"text": pl.String, "score_a": pl.Float64, "score_b": pl.Float64}
    frame = pl.DataFrame([("t", *row) for row in rows], types, orient="row")
    judged, _ = judge_rows(frame, filters, Header("text", scores))
    assert judged["@reason"].to_list() == [_first(dict(zip(scores, row, strict=True)), limits) for row in rows]


def _first(row: dict[str, float | None], limits: list[tuple[str, float, bool]]) -> str | None:
    seen: Counter[str] = Counter()
    for column, least, keep in limits:
        value = row[column]
        seen[column] += 1
        number = f"#{seen[column]}" if seen[column] > 1 else ""  # the second filter of one kind, and on
        if value is None and not keep:
            return f"threshold:{column}{number}:unjudged"
        if value is not None and value < least:
            return f"threshold:{column}{number}"
    return None
