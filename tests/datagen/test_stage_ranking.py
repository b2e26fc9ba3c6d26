"""`best` and `pair`: who is chosen, who is rejected, which prompts give nothing, and why."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus.errors import UserError
from corpus.laws import balances

A, B, C, D = "abcd"
"""Names of systems; where a test does not say what a system answers, it answers its own name."""


def answers(*groups: dict[str, Any], references: list[str] | None = None) -> list[dict[str, Any]]:
    """Rows of one prompt for each group: by system a score, or a tuple of text and scores x, y."""
    rows = []
    for number, group in enumerate(groups):
        for system, told in group.items():
            text, x, y = told if isinstance(told, tuple) else (system, told, None)
            rows.append(
                {
                    "prompt": [{"role": "user", "content": f"prompt {number}"}],
                    "prompt_id": f"p{number}",
                    "source": f"source {number}",
                    "engine": system,
                    "sample": 0,
                    "response": text,
                    "references": references,
                    "doc_id": "d",
                    "segment": str(number),
                    "src_lang": "de",
                    "tgt_lang": "en",
                    "license": "MIT",
                    "origin": "test",
                    "score_x": x,
                    "score_y": y,
                }
            )
    return rows


def best(stages: Any, rows: list[dict[str, Any]], options: str, **more: Any) -> list[str]:
    """The text that is best of each prompt."""
    made = stages(rows, "response", f"best: {{best: {options}}}", **more)["best"]
    return [row["messages"][-1]["content"] for row in made.rows()]


def pairs(stages: Any, rows: list[dict[str, Any]], options: str, **more: Any) -> list[tuple[str, str]]:
    """Texts of chosen and rejected."""
    made = stages(rows, "response", f"pairs: {{pair: {options}}}", **more)["pairs"]
    return [(row["chosen"][0]["content"], row["rejected"][0]["content"]) for row in made.rows()]


BY: list[tuple[str, dict[str, Any], tuple[str, ...], str]] = [
    # by, answers, scores that are better lower, best
    ("score_x", {A: 1, B: 3, C: 2}, (), B),
    ("score_x", {A: 1, B: 3, C: 2}, ("score_x",), A),
    ("score_x", {A: None, B: 3, C: None}, (), B),
    ("score_x", {A: -1, B: -3}, (), A),
    # Ties go to the shorter answer (in characters), then to the smaller id; "日本語" has three characters, nine bytes.
    ("score_x", {A: ("long answer", 1, 0), B: ("日本語", 1, 0), C: ("four", 1, 0)}, (), "日本語"),
    ("[score_x, score_y]", {A: ("a", 1, 1), B: ("b", 2, 1), C: ("c", 2, 2)}, (), C),
    ("[score_x, score_y]", {A: ("a", 1, 1), B: ("b", 2, 1), C: ("c", 2, 2)}, ("score_y",), B),
    ("[score_y, score_x]", {A: ("a", 1, 1), B: ("b", 2, 1), C: ("c", 2, 2)}, ("score_y",), B),
    ("[score_y, score_x]", {A: ("a", 1, 1), B: ("b", 2, 1), C: ("c", 2, 2)}, ("score_y", "score_x"), A),
    ("{score_x: 1, score_y: 1}", {A: ("a", 1, 5), B: ("b", 3, 2), C: ("c", 2, 2)}, (), A),
    ("{score_x: 2, score_y: 1}", {A: ("a", 1, 5), B: ("b", 3, 2), C: ("c", 2, 2)}, (), B),
    ("{score_x: 1, score_y: 1}", {A: ("a", 1, 5), B: ("b", 3, 2), C: ("c", 2, 2)}, ("score_y",), B),
    ("{score_x: 1, score_y: -1}", {A: ("a", 1, 5), B: ("b", 3, 2), C: ("c", 2, 2)}, (), B),
]


@pytest.mark.parametrize(("by", "group", "lower", "expected"), BY)
def test_by(by: str, group: dict[str, Any], lower: tuple[str, ...], expected: str, stages: Any) -> None:
    assert best(stages, answers(group), f"{{by: {by}}}", lower=lower) == [expected]


NORMALIZE = [
    # x spreads widely and y hardly: the raw sum follows x, standard deviations and ranks weigh both alike.
    ("none", {A: ("a", 0, 0.3), B: ("b", 60, 0.2), C: ("c", 100, 0.0)}, C),
    ("zscore", {A: ("a", 0, 0.3), B: ("b", 60, 0.2), C: ("c", 100, 0.0)}, B),
    ("rank", {A: ("a", 0, 0.3), B: ("b", 60, 0.2), C: ("c", 100, 0.0)}, A),  # all three 1.0: the first id, see below
    # A score that is the same for all says nothing.
    ("zscore", {A: ("a", 5, 1), B: ("b", 5, 2)}, B),
    ("rank", {A: ("a", 5, 1), B: ("b", 5, 2)}, B),
    ("rank", {A: ("a", 5, 1)}, A),
]


@pytest.mark.parametrize(("normalize", "group", "expected"), NORMALIZE)
def test_weights_after_normalization_within_the_prompt(
    normalize: str, group: dict[str, Any], expected: str, stages: Any
) -> None:
    rows = answers(group)
    made = stages(rows, "response", f"best: {{best: {{by: {{score_x: 1, score_y: 1}}, normalize: {normalize}}}}}")
    chosen = json.loads(next(made["best"].rows())["meta"])
    if normalize == "rank" and len(group) == 3:  # a tie of equal length: the smaller id
        assert chosen["response_id"] == min(row["id"] for row in made["rows"].rows())
    else:
        assert chosen["engine"] == expected


@pytest.mark.parametrize(
    ("normalize", "expected"),
    [
        # Within the prompt both scores of the first are worth the same; over the dataset x hardly matters there, since
        # the second prompt spreads it so widely.
        ("zscore", "a"),
        ("rank", "a"),
    ],
)
def test_weights_after_normalization_within_the_dataset(normalize: str, expected: str, stages: Any) -> None:
    rows = answers(
        {A: ("a", 50, 9), B: ("b", 51, 1)}, {C: ("c", 0, 1), D: ("d", 1000, 9)}, {C: ("c", 50.2, 2), D: ("d", 50.8, 8)}
    )
    options = f"{{by: {{score_x: 1.1, score_y: 1}}, normalize: {normalize}, within: %s}}"
    for size in (1, 3):
        assert best(stages, rows, options % "prompt", rows_per_shard=size)[0] == "b"
        assert best(stages, rows, options % "dataset", rows_per_shard=size)[0] == expected


def test_ranks_within_the_dataset_are_those_of_all_rows(stages: Any) -> None:
    rows = answers({A: 1, B: 2}, {A: 2, B: 4}, {A: None, B: 0})
    options = "{by: {score_x: 1}, normalize: rank, within: dataset}"
    made = stages(rows, "response", f"pairs: {{pair: {options}}}", rows_per_shard=1)["pairs"]
    scores = [(row["score_chosen"], row["score_rejected"]) for row in made.rows()]
    # 0, 1, 2, 2, 4 have the ranks 0, 1/4, 2.5/4, 2.5/4, 1.
    assert scores == [(0.625, 0.25), (1.0, 0.625)]


def test_ranks_count_a_row_that_stands_in_two_datasets_once(stages: Any) -> None:
    text = """
    low: {from: rows, select: {filters: [{threshold: {column: score_x, max: 2}}]}}
    high: {from: rows, select: {filters: [{threshold: {column: score_x, min: 2}}]}}
    pairs: {from: [low, high], pair: {by: {score_x: 1}, normalize: rank, within: dataset}}
    """
    made = stages(answers({A: 1, B: 2}, {A: 2, B: 4}, {B: 0}), "response", text)["pairs"]
    scores = [(row["score_chosen"], row["score_rejected"]) for row in made.rows()]
    # The ranks of 0, 1, 2, 2, 4 again, though both datasets hold the answers of score 2.
    assert scores == [(0.625, 0.25), (1.0, 0.625)]


def test_lower_is_better_within_the_dataset(stages: Any) -> None:
    rows = answers({A: 1, B: 2}, {A: 2, B: 4})
    for normalize in ("zscore", "rank"):
        options = f"{{by: {{score_x: 1}}, normalize: {normalize}, within: dataset}}"
        assert best(stages, rows, options, lower=("score_x",)) == [A, A]


def test_gates_take_candidates_out_and_count_them(stages: Any, aside: Any) -> None:
    rows = answers(
        {A: ("a", 9, 0), B: ("", 8, 5), C: ("c", 7, 5)},  # a fails on y, b is empty
        {A: ("a", 9, None), B: ("b", None, 5)},  # a cannot be judged, b has no score: nobody is left
    )
    options = "{by: score_x, gates: [empty, {threshold: {column: score_y, min: 1}}]}"
    made = stages(rows, "response", f"best: {{best: {options}}}\npairs: {{from: rows, pair: {options}}}")
    assert [row["messages"][-1]["content"] for row in made["best"].rows()] == [C]
    left = {
        "gate:empty": 1, "gate:threshold:score_y": 1, "gate:threshold:score_y:unjudged": 1, "unscored:score_x": 1,
    }  # fmt: skip
    for stage in ("best", "pairs"):
        assert made[stage].manifest.counts["left"] == left
    assert made["best"].manifest.counts["without"] == {"no_candidate_left": 1}
    assert made["pairs"].manifest.counts["without"] == {"no_candidate_left": 1, "single_candidate": 1}
    told = [(row["reason"], row.get("value")) for row in aside(made["best"])]
    assert ("gate:threshold:score_y", "0.0") in told
    assert next(row["id"] for row in aside(made["best"]) if row["reason"] == "no_candidate_left") == "p1"


def test_a_gate_may_keep_whom_it_cannot_judge(stages: Any) -> None:
    rows = answers({A: ("a", 1, None), B: ("b", 2, 0)})
    assert best(stages, rows, "{by: score_x, gates: [{threshold: {column: score_y, min: 1, unjudged: keep}}]}") == [A]


def test_the_best_becomes_a_chat_that_says_where_it_comes_from(stages: Any) -> None:
    made = stages(answers({A: 1, B: 2}), "response", "best: {best: {by: score_x}}")
    (row,) = made["best"].rows()
    chosen = next(one for one in made["rows"].rows() if one["engine"] == B)
    assert row["messages"] == [*chosen["prompt"], {"role": "assistant", "content": B}]
    told = {"prompt_id": "p0", "doc_id": "d", "segment": "0", "engine": B, "response_id": chosen["id"]}
    meta = json.loads(row["meta"])
    assert len(meta.pop("@group")) == 16
    assert meta == told
    assert (row["score_x"], row["src_lang"], row["tgt_lang"], row["license"]) == (2.0, "de", "en", "MIT")
    assert [(one.column, one.stage) for one in made["best"].manifest.selected_by] == [("score_x", "best")]


def test_prompts_stay_in_order(stages: Any) -> None:
    rows = answers(*({A: ("a%d" % n, n % 3, 0), B: ("b%d" % n, 1, 0)} for n in range(7)))  # noqa: UP031
    assert [text[1] for text in best(stages, rows, "{by: score_x}", rows_per_shard=3)] == list("0123456")
    assert [chosen[1] for chosen, _ in pairs(stages, rows, "{by: score_x}")] == list("02356")


PAIRS: list[tuple[str, dict[str, Any], tuple[str, ...], list[tuple[str, str]]]] = [
    ("by: score_x", {A: 1, B: 3, C: 2}, (), [(B, A)]),
    ("by: score_x", {A: 1, B: 3, C: 2}, ("score_x",), [(A, B)]),
    ("by: score_x, min_margin: 2", {A: 1, B: 3, C: 2}, (), [(B, A)]),
    ("by: score_x, min_margin: 2.5", {A: 1, B: 3, C: 2}, (), []),
    ("by: score_x, min_margin: 2", {A: 1, B: 3, C: 2}, ("score_x",), [(A, B)]),
    # Rejected: of the worst the one whose length is closest to the chosen's (WPO's rule), then the smaller id.
    ("by: score_x", {A: ("12345", 9, 0), B: ("1", 1, 0), C: ("1234567", 1, 0), D: ("123456789", 1, 0)}, (),
     [("12345", "1234567")]),
    ("by: score_x", {A: ("日本語日本", 9, 0), B: ("1", 1, 0), C: ("1234567", 1, 0)}, (), [("日本語日本", "1234567")]),
    # Chosen: of the best the shortest.
    ("by: score_x", {A: ("12345", 9, 0), B: ("1", 9, 0), C: ("1234567", 1, 0)}, (), [("1", "1234567")]),
    # The second column decides, the margin is the first one's.
    ("by: [score_x, score_y]", {A: ("a", 1, 1), B: ("b", 1, 2)}, (), [(B, A)]),
    ("by: [score_x, score_y], min_margin: 1", {A: ("a", 1, 1), B: ("b", 1, 2)}, (), []),
    ("by: [score_x, score_y], min_margin: 1", {A: ("a", 1, 5), B: ("b", 2, 1)}, (), [(B, A)]),
    # The margin of weights is that of the sum.
    ("by: {score_x: 1, score_y: 2}, min_margin: 3", {A: ("a", 1, 1), B: ("b", 2, 2)}, (), [(B, A)]),
    ("by: {score_x: 1, score_y: 2}, min_margin: 3.5", {A: ("a", 1, 1), B: ("b", 2, 2)}, (), []),
    # Several pairs: best against worst, then the next of either side, as long as the margin holds.
    ("by: score_x, pairs: 2", {A: 1, B: 2, C: 3, D: 4}, (), [(D, A), (C, B)]),
    ("by: score_x, pairs: 9", {A: 1, B: 2, C: 3, D: 4}, (), [(D, A), (C, B)]),
    ("by: score_x, pairs: 2, min_margin: 2", {A: 1, B: 2, C: 3, D: 4}, (), [(D, A)]),
    ("by: score_x, pairs: 2", {A: 1, B: 2, C: 3}, (), [(C, A)]),
    ("by: score_x, pairs: 2", {A: 1, B: 2, C: 2, D: 3}, (), [(D, A)]),
]  # fmt: skip


@pytest.mark.parametrize(("options", "group", "lower", "expected"), PAIRS)
def test_pairs(options: str, group: dict[str, Any], lower: Any, expected: list[tuple[str, str]], stages: Any) -> None:
    assert pairs(stages, answers(group), f"{{{options}}}", lower=lower) == expected


@pytest.mark.parametrize(
    ("options", "group", "reason"),
    [
        ("", {A: 1}, "single_candidate"),
        ("", {A: 1, B: None}, "single_candidate"),
        ("", {A: None, B: None}, "no_candidate_left"),
        ("", {A: 1, B: 1}, "equal_scores"),
        (", min_margin: 2", {A: 1, B: 2}, "small_margin"),
        ("", {A: ("same", 1, 0), B: ("same", 2, 0)}, "same_text"),
        (", chosen: reference", {A: ("ref", 1, 0)}, "same_text"),
    ],
)
def test_a_prompt_without_a_pair_is_counted_by_reason(
    options: str, group: dict[str, Any], reason: str, stages: Any, aside: Any
) -> None:
    rows = answers(group, {A: ("a", 1, 0), B: ("b", 9, 0)}, references=["ref"])
    made = stages(rows, "response", f"pairs: {{pair: {{by: score_x{options}}}}}")["pairs"]
    assert made.manifest.counts["without"] == {reason: 1}
    assert (made.manifest.counts["groups"], made.manifest.counts["with_output"]) == (2, 1)
    assert [row["id"] for row in aside(made) if row["reason"] == reason] == ["p0"]


def test_a_pair_says_where_it_comes_from(stages: Any) -> None:
    made = stages(answers({A: 1, B: 3}), "response", "pairs: {pair: {by: score_x}}", lower=("score_x",))
    (row,) = made["pairs"].rows()
    ids = {one["engine"]: one["id"] for one in made["rows"].rows()}
    assert (row["model_chosen"], row["model_rejected"]) == (A, B)
    assert (row["score_chosen"], row["score_rejected"]) == (1.0, 3.0)  # in the score's own unit and direction
    assert row["prompt"] == [{"role": "user", "content": "prompt 0"}]
    meta = json.loads(row["meta"])
    assert len(meta.pop("@group")) == 16
    assert meta == {
        "prompt_id": "p0", "doc_id": "d", "segment": "0", "chosen_id": ids[A], "rejected_id": ids[B],
    }  # fmt: skip
    # Filters and plots further down know which way the scores go.
    assert {name: one.higher_is_better for name, one in made["pairs"].manifest.scores.items()} == {
        "score_chosen": False, "score_rejected": False,
    }  # fmt: skip


def test_the_scores_of_pairs_made_by_weights_are_better_higher(stages: Any) -> None:
    made = stages(answers({A: 1, B: 3}), "response", "pairs: {pair: {by: {score_x: 1}}}", lower=("score_x",))["pairs"]
    (row,) = made.rows()
    assert (row["model_chosen"], row["score_chosen"], row["score_rejected"]) == (A, -1.0, -3.0)
    assert made.manifest.scores["score_chosen"].higher_is_better is True


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", [("reference", "b")]),  # the worst answer
        (", pairs: 2", [("reference", "b"), ("reference", "a")]),
        (", pairs: 9", [("reference", "b"), ("reference", "a"), ("reference", "c")]),
    ],
)
def test_the_reference_as_chosen(options: str, expected: list[tuple[str, str]], stages: Any) -> None:
    rows = answers({A: 2, B: 1, C: 3}, references=["reference", "another"])
    assert pairs(stages, rows, f"{{by: score_x, chosen: reference{options}}}") == expected


def test_the_reference_as_chosen_has_no_score(stages: Any) -> None:
    rows = answers({A: 2}, references=["reference"])
    (row,) = stages(rows, "response", "pairs: {pair: {by: score_x, chosen: reference}}")["pairs"].rows()
    assert (row["model_chosen"], row["score_chosen"], row["score_rejected"]) == ("reference", None, 2.0)
    assert json.loads(row["meta"])["chosen_id"] is None


def test_prompts_without_a_reference(stages: Any) -> None:
    made = stages(answers({A: 1, B: 2}), "response", "pairs: {pair: {by: score_x, chosen: reference}}")["pairs"]
    assert made.manifest.counts["without"] == {"no_reference": 1}


@pytest.mark.parametrize("stage", ["best", "pair"])
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("{by: score_z}", ["'score_z' is no score that ranks", "score_x, score_y"]),
        ("{by: [score_x, score_xx]}", ["'score_xx'", "Did you mean 'score_x'?"]),
        ("{by: []}", ["at least one column"]),
        ("{by: {}}", ["at least one column"]),
        ("{by: score_x, normalize: zscore}", ["only a map of weights"]),
        ("{by: score_x, gates: [wrong_language]}", ["wrong_language"]),
        ("{}", ["by"]),
        ("{by: {score_x: .inf}}", [".inf"]),
    ],
)
def test_options_that_do_not_fit(stage: str, options: str, words: list[str], stages: Any) -> None:
    with pytest.raises(UserError) as error:
        stages(answers({A: ("a", 1, 2)}), "response", f"out: {{{stage}: {options}}}")
    assert [word for word in words if word not in str(error.value)] == []


def test_a_reference_has_no_margin(stages: Any) -> None:
    with pytest.raises(UserError, match="a reference has no score"):
        stages(answers({A: 1}), "response", "out: {pair: {by: score_x, chosen: reference, min_margin: 1}}")


@pytest.mark.parametrize("stage", ["best", "pair"])
def test_only_answers_are_ranked(stage: str, stages: Any) -> None:
    with pytest.raises(UserError, match="reads rows of kind response; the stage before it gives 'text'"):
        stages([{"text": "a", "score_x": 1.0}], "text", f"out: {{{stage}: {{by: score_x}}}}")


def test_teachers_made_on_different_days_join_by_prompt(stages: Any) -> None:
    monday = answers({A: 1}, {A: 2}, {A: 3})
    tuesday = [{**row, "engine": B, "response": B, "score_x": 2.5} for row in monday]
    for row in tuesday:
        del row["score_y"]  # a score that only some have is null for the others
    given = {"monday": monday, "tuesday": tuesday}
    text = "pairs: {from: [monday, tuesday], pair: {by: score_x}}"
    made = stages(given, "response", text, rows_per_shard=2)["pairs"]
    found = [(row["model_chosen"], row["model_rejected"]) for row in made.rows()]
    assert found == [(B, A), (B, A), (A, B)]
    weighted = "best: {from: [monday, tuesday], best: {by: {score_x: 1, score_y: 1}, normalize: rank, within: dataset}}"
    best = stages(given, "response", weighted, rows_per_shard=2)["best"]
    assert best.manifest.counts["left"] == {"unscored:score_x+score_y": 6}


def test_one_engine_name_for_different_answers_is_refused(stages: Any) -> None:
    given = {"monday": answers({A: ("one", 1, 0)}), "tuesday": answers({A: ("another", 1, 0)})}
    with pytest.raises(UserError, match=r"rows with equal ids differ.*give the engines different names"):
        stages(given, "response", "best: {from: [monday, tuesday], best: {by: score_x}}")


def test_shards_that_do_not_belong_together_are_refused(stages: Any) -> None:
    monday = answers({A: 1}, {A: 2}, {A: 3})
    tuesday = [{**row, "engine": B} for row in reversed(monday)]
    given = {"monday": monday, "tuesday": tuesday}
    with pytest.raises(UserError, match=r"lie in the shards 00000\.parquet, 00001\.parquet"):
        stages(given, "response", "best: {from: [monday, tuesday], best: {by: score_x}}", rows_per_shard=2)


SCORES = st.none() | st.integers(0, 3)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    groups=st.lists(st.dictionaries(st.sampled_from("abcdef"), SCORES, min_size=1), min_size=1, max_size=6),
    size=st.integers(1, 4),
)
def test_chosen_is_best_rejected_is_worst_and_groups_add_up(
    groups: list[dict[str, int | None]], size: int, stages: Any
) -> None:
    rows = answers(*groups)
    text = "best: {best: {by: score_x}}\npairs: {from: rows, pair: {by: score_x}}"
    made = stages(rows, "response", text, rows_per_shard=size)
    by_prompt = {f"p{n}": [score for score in group.values() if score is not None] for n, group in enumerate(groups)}
    found = {json.loads(row["meta"])["prompt_id"]: row["score_x"] for row in made["best"].rows()}
    assert found == {prompt: max(scores) for prompt, scores in by_prompt.items() if scores}
    found = {
        json.loads(row["meta"])["prompt_id"]: (row["score_chosen"], row["score_rejected"])
        for row in made["pairs"].rows()
    }
    assert found == {prompt: (max(scores), min(scores)) for prompt, scores in by_prompt.items() if len(set(scores)) > 1}


def test_references_become_chats(stages: Any) -> None:
    rows = [
        {"source": "猫が好きです。", "target": "I like cats.", "src_lang": "ja", "tgt_lang": "en", "doc_id": "d1"},
        {"source": "أحب القطط.", "target": "Ich mag Katzen.", "src_lang": "ar", "tgt_lang": "de"},
    ]
    recipe = "asked: {prompt: {}}\nchats: {best: {chosen: reference}}"
    made = stages([{**row, "license": "MIT", "origin": "test"} for row in rows], "pair", recipe)
    found = list(made["chats"].rows())
    assert [row["messages"][-1] for row in found] == [
        {"role": "assistant", "content": "I like cats."},
        {"role": "assistant", "content": "Ich mag Katzen."},
    ]
    assert "猫が好きです。" in found[0]["messages"][0]["content"]
    assert [(row["src_lang"], row["tgt_lang"], row["task"]) for row in found] == [
        ("ja", "en", "translate"),
        ("ar", "de", "translate"),
    ]
    assert json.loads(found[0]["meta"])["engine"] == "reference"
    assert made["chats"].manifest.kind == "sft"


def test_prompts_without_a_reference_are_set_aside(stages: Any) -> None:
    rows = [
        {"prompt": [{"role": "user", "content": f"q{number}"}], "references": references, "license": "MIT"}
        for number, references in enumerate([["a"], None, [], ["", " \n", "b"]])
    ]
    chats = stages(rows, "prompt", "chats: {best: {chosen: reference}}")["chats"]
    assert [row["messages"][-1]["content"] for row in chats.rows()] == ["a", "b"]
    assert chats.aside().collect()["reason"].to_list() == ["no_reference"] * 2
    assert all(balance.holds for balance in balances(chats.manifest))


def test_a_reference_is_not_ranked(stages: Any) -> None:
    rows = [{"prompt": [{"role": "user", "content": "q"}], "references": ["a"], "license": "MIT"}]
    with pytest.raises(UserError, match="a reference is not ranked"):
        stages(rows, "prompt", "chats: {best: {chosen: reference, by: score_x}}")
    with pytest.raises(UserError, match="'best' reads rows of kind prompt"):
        stages(answers({A: 1}), "response", "chats: {best: {chosen: reference}}")
