"""`dedup`: which rows say the same, which one stands for them, and that nothing depends on how rows are cut."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus.errors import UserError
from filters.dedup.exact import id_keys, representatives, text_keys
from filters.dedup.normalization import normalized


def texts(*values: str | None, **columns: list[Any]) -> list[dict[str, Any]]:
    """Text rows that differ in `doc_id`, so that equal texts can be told apart."""
    return [
        {"text": text, "doc_id": str(n), **{name: values[n] for name, values in columns.items()}}
        for n, text in enumerate(values)
    ]


def kept(dataset: Any) -> list[str]:
    """The `doc_id` of each row that stayed."""
    return [row["doc_id"] for row in dataset.rows()]


@pytest.mark.parametrize(
    ("normalize", "one", "other", "same"),
    [
        ("[]", "Haus", "Haus", True),
        ("[]", "Haus", "Haus ", False),
        ("[]", "Haus", "haus", False),
        ("[trim]", " Haus\t", "Haus", True),
        ("[trim]", "\u3000日本", "日本", True),  # the ideographic space is white space too
        ("[trim]", "a  b", "a b", False),
        ("[spaces]", "a \n\t b", "a b", True),
        ("[spaces]", "a\u00a0b", "a b", True),
        ("[spaces]", "ab", "a b", False),
        ("[lower]", "HAUS", "haus", True),
        ("[lower]", "ΣΊΣΥΦΟΣ", "σίσυφος", True),  # the sigma at the end is lowered as Greek writes it
        ("[lower]", "STRASSE", "straße", False),  # small letters, not case folding
        ("[lower]", "İ", "i", False),
        ("[nfc]", "e\u0301", "é", True),
        ("[nfc]", "각", "\u1100\u1161\u11a8", True),
        ("[nfc]", "ﬁ", "fi", False),  # composition alone, no compatibility
        ("[nfc, lower, spaces, trim]", " E\u0301t\u00e9  1 ", "été 1", True),
        ("[trim, spaces, lower, nfc]", " E\u0301t\u00e9  1 ", "été 1", True),  # the order in the recipe is of no matter
        ("[]", "مرحبا", "مرحبا", True),
        ("[nfc, lower, spaces, trim]", "ไทย", "ไท ย", False),
    ],
)
def test_normalization(normalize: str, one: str, other: str, same: bool, stages: Any) -> None:
    made = stages(texts(one, other), "text", f"unique: {{dedup: {{normalize: {normalize}}}}}")["unique"]
    assert kept(made) == (["0"] if same else ["0", "1"])


@pytest.mark.parametrize(
    ("options", "scores", "lower", "expected"),
    [
        ("{}", [1, 3, 2], (), ["0"]),
        ("{keep: first}", [1, 3, 2], (), ["0"]),
        ("{keep: score_x}", [1, 3, 2], (), ["1"]),
        ("{keep: score_x}", [1, 3, 2], ("score_x",), ["0"]),
        ("{keep: score_x}", [None, 1, 3], (), ["2"]),
        ("{keep: score_x}", [None, None, -1e300], (), ["2"]),
        ("{keep: score_x}", [None, None, 1e300], ("score_x",), ["2"]),
        ("{keep: score_x}", [2, 2, 2], (), ["0"]),
        ("{keep: score_x}", [None, None, None], (), ["0"]),
        ("{keep: score_x}", [0.0, -0.0, 0.0], (), ["0"]),
    ],
)
def test_which_row_stays(options: str, scores: list[Any], lower: Any, expected: list[str], stages: Any) -> None:
    rows = texts("a", "a", "a", score_x=scores)
    for size in (1, 2, 3):  # whether they lie in one shard or not
        made = stages(rows, "text", f"unique: {{dedup: {options}}}", lower=lower, rows_per_shard=size)["unique"]
        assert kept(made) == expected


def test_rows_set_aside_name_the_row_that_stands_for_them(stages: Any, aside: Any) -> None:
    rows = texts("a", "b", " A", "a ", "c")
    made = stages(rows, "text", "unique: {dedup: {normalize: [lower, trim]}}", rows_per_shard=2)
    ids = [row["id"] for row in made["rows"].rows()]
    found = [(row["id"], row["reason"], row["value"]) for row in aside(made["unique"])]
    assert found == [(ids[2], "duplicate", ids[0]), (ids[3], "duplicate", ids[0])]
    assert made["unique"].manifest.counts["dropped"] == {"duplicate": 2}


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        ("", ["0", "2", "3"]),  # default: source and output together
        ("on: [source, target], ", ["0", "2", "3"]),
        ("on: [target], ", ["0", "3"]),
        ("on: [output], ", ["0", "3"]),
        ("on: [source], ", ["0", "2"]),
        ("on: [target, tgt_lang], ", ["0", "1", "3"]),
        ("on: [segment], ", ["0"]),  # null equals null
    ],
)
def test_the_columns_of_the_key(on: str, expected: list[str], stages: Any) -> None:
    rows = [
        {"source": "a", "target": "x", "tgt_lang": "de", "doc_id": "0"},
        {"source": "a", "target": "x", "tgt_lang": "nl", "doc_id": "1"},
        {"source": "b", "target": "x", "tgt_lang": "de", "doc_id": "2"},
        {"source": "b", "target": "y", "tgt_lang": "de", "doc_id": "3"},
    ]
    assert kept(stages(rows, "pair", f"unique: {{dedup: {{{on}normalize: [trim]}}}}")["unique"]) == expected


def test_columns_of_the_key_do_not_run_into_each_other(stages: Any) -> None:
    pairs = [("a\x1fb", "c"), ("a", "b\x1fc"), ("ab", "c"), ("a", "bc"), ("", "abc"), ("abc", "")]
    rows = [{"source": source, "target": target} for source, target in pairs]
    text = "unique: {dedup: {on: [source, target], normalize: []}}"
    assert len(stages(rows, "pair", text)["unique"]) == len(pairs)


def test_chats_are_told_apart_by_roles_and_turns(stages: Any) -> None:
    def chat(*turns: tuple[str, str]) -> dict[str, Any]:
        return {"messages": [{"role": role, "content": content} for role, content in turns]}

    chats = [
        chat(("user", "q"), ("assistant", "a")),
        chat(("system", "q"), ("assistant", "a")),
        chat(("user", "q"), ("user", ""), ("assistant", "a")),
        chat(("user", "q"), ("assistant", "a")),
    ]
    assert len(stages(chats, "sft", "unique: {dedup: {on: [messages]}}")["unique"]) == 3


def test_verifiers_are_told_apart_by_names_and_arguments(stages: Any) -> None:
    told = [("number", "{}"), ("number", '{"digits":2}'), ("number", "{}"), ("choice", "{}")]
    rows = [
        {"prompt": [{"role": "user", "content": str(n)}], "verifiers": [{"name": name, "args": args}]}
        for n, (name, args) in enumerate(told)
    ]
    made = stages(rows, "verifiable", "unique: {dedup: {on: [verifiers]}}")["unique"]
    assert [row["prompt"][0]["content"] for row in made.rows()] == ["0", "1", "3"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("{on: [txt]}", ["no column 'txt'", "Did you mean 'text'?", "output, id, text"]),
        ("{on: [source]}", ["no column 'source'"]),
        ("{keep: score_y}", ["'score_y' is neither `first` nor a score", "Did you mean 'score_x'?", "score_x"]),
        ("{keep: label_y}", ["'label_y'", "Scores here: score_x"]),
        ("{normalize: [nfkc]}", ["normalize", "nfc"]),
        ("{on: []}", ["on"]),
    ],
)
def test_options_that_do_not_fit(options: str, words: list[str], stages: Any) -> None:
    with pytest.raises(UserError) as error:
        stages(texts("a", score_x=[1], label_y=["l"]), "text", f"unique: {{dedup: {options}}}")
    assert [word for word in words if word not in str(error.value)] == []


def test_datasets_that_are_united_are_deduplicated_together(stages: Any) -> None:
    rows = {"one": texts("a", "b", score_x=[1, 1]), "two": texts("c", "a")}
    made = stages(rows, "text", "unique: {from: [one, two], dedup: {}}")["unique"]
    assert [row["text"] for row in made.rows()] == ["a", "b", "c"]
    best = stages(rows, "text", "unique: {from: [two, one], dedup: {keep: score_x}}")["unique"]
    assert [(row["text"], row["score_x"]) for row in best.rows()] == [("c", None), ("a", 1.0), ("b", 1.0)]


def responses(**answers: tuple[str, int]) -> list[dict[str, Any]]:
    """One response row for each engine, with its text and score, to a prompt of its own."""
    return [
        {
            "prompt": [{"role": "user", "content": engine}],
            "prompt_id": engine,
            "engine": engine,
            "sample": 0,
            "response": text,
            "score_x": score,
        }
        for engine, (text, score) in answers.items()
    ]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("on: [response]", ["r1", "r3", "r2"]),  # nothing is said twice: r1 in both datasets is one row
        ("on: [src_lang]", ["r1"]),
        ("on: [src_lang], keep: score_x", ["r3"]),
    ],
)
def test_a_row_that_stands_in_both_datasets_is_no_duplicate_of_itself(
    options: str, expected: list[str], stages: Any, aside: Any
) -> None:
    text = f"""
    a: {{from: rows, select: {{filters: [{{threshold: {{column: score_x, min: 2}}}}]}}}}
    b: {{from: rows, select: {{filters: [{{threshold: {{column: score_x, max: 2}}}}]}}}}
    unique: {{from: [a, b], dedup: {{{options}}}}}
    """
    rows = responses(r1=("one", 2), r2=("two", 1), r3=("three", 3))
    for size in (1, 100):
        made = stages(rows, "response", text, rows_per_shard=size)
        assert sorted(row["engine"] for row in made["unique"].rows()) == sorted(expected)
        ids = {row["engine"]: row["id"] for row in made["rows"].rows()}
        gone = {row["id"]: row["value"] for row in aside(made["unique"])}
        assert gone == {ids[name]: ids[expected[0]] for name in ids if name not in expected}


def test_scores_that_kept_rows_are_remembered(stages: Any) -> None:
    made = stages(texts("a", score_x=[1]), "text", "unique: {dedup: {keep: score_x}}")["unique"]
    assert [(one.column, one.stage) for one in made.manifest.selected_by] == [("score_x", "unique")]


ALPHABET = st.text("aAé\u0301 \t", max_size=3)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(ALPHABET, min_size=1, max_size=12),
    scores=st.lists(st.none() | st.integers(0, 2), min_size=12, max_size=12),
    size=st.integers(1, 5),
)
def test_twice_is_as_good_as_once_and_shards_do_not_matter(
    values: list[str], scores: list[int | None], size: int, stages: Any
) -> None:
    rows = texts(*values, score_x=scores[: len(values)])
    text = """
    unique: {dedup: {keep: score_x, normalize: [lower, nfc, spaces, trim]}}
    again: {dedup: {keep: score_x, normalize: [lower, nfc, spaces, trim]}}
    """
    cut, whole = (stages(rows, "text", text, rows_per_shard=n) for n in (size, 100))
    assert kept(cut["unique"]) == kept(whole["unique"]) == kept(cut["again"])
    key = normalized(pl.col("text"), ("lower", "nfc", "spaces", "trim"))
    before, after = (made.scan().select(key.n_unique()).collect().item() for made in (cut["rows"], cut["unique"]))
    assert before == after == len(cut["unique"])


@given(
    keys=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=30),
    priority=st.lists(st.sampled_from([0.0, 1.0, -1.0, float("nan")]), min_size=30, max_size=30),
)
def test_representatives_are_those_of_a_plain_loop(keys: list[tuple[int, int]], priority: list[float]) -> None:
    best: dict[tuple[int, int], int] = {}
    for row, key in enumerate(keys):
        rank = np.nan_to_num(priority[row], nan=-np.inf)
        if key not in best or rank > np.nan_to_num(priority[best[key]], nan=-np.inf):
            best[key] = row
    found = representatives(np.array(keys, dtype=np.uint64).reshape(-1, 2), np.array(priority[: len(keys)]))
    assert found.tolist() == [best[key] for key in keys]
    first = representatives(np.array(keys, dtype=np.uint64).reshape(-1, 2))
    assert first.tolist() == [keys.index(key) for key in keys]


@given(st.lists(st.none() | st.text(max_size=4), max_size=20))
def test_equal_texts_have_equal_keys_and_others_have_not(values: list[str | None]) -> None:
    keys = [tuple(key) for key in text_keys(pl.Series(values, dtype=pl.String)).tolist()]
    assert len(set(keys)) == len(set(values))
    assert {values[n]: key for n, key in enumerate(keys)} == dict(zip(values, keys, strict=True))


@given(st.lists(st.integers(0, 2**128 - 1), max_size=20))
def test_ids_as_keys(numbers: list[int]) -> None:
    keys = id_keys(pl.Series([f"{number:032x}" for number in numbers], dtype=pl.String))
    assert [int(upper) << 64 | int(lower) for upper, lower in keys] == numbers
