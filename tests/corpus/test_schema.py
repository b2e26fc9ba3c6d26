"""Row kinds: what columns a dataset may have, and what is said about one that it may not."""

import polars as pl
import pytest

from corpus.errors import UserError
from corpus.schema import COMMON, KINDS, ROLES, kind_of, schema, score_dtype
from corpus.shards import conform

KIND_NAMES = list(KINDS)


@pytest.mark.parametrize(
    ("kind", "identity"),
    [
        ("text", {"text"}),
        ("pair", {"source", "target", "src_lang", "tgt_lang", "doc_id", "segment"}),
        ("prompt", {"prompt", "task", "doc_id", "segment"}),
        ("response", {"prompt_id", "engine", "sample"}),
        ("sft", {"messages"}),
        ("preference", {"prompt", "chosen", "rejected", "model_chosen", "model_rejected"}),
        ("verifiable", {"prompt", "references", "verifiers"}),
    ],
)
def test_identity(kind: str, identity: set[str]) -> None:
    assert set(kind_of(kind).identity) == identity


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_every_kind_has_the_common_columns_and_its_own(kind: str) -> None:
    told = kind_of(kind)
    columns = schema(kind)
    assert next(iter(columns)) == "id"
    assert set(columns) == {*COMMON, *told.own}
    assert {*told.required, *told.identity} <= set(columns)
    assert set(ROLES[kind]) <= {"source", "output"}
    assert "output" in ROLES[kind]


def test_prompts_and_responses_share_the_prompts_columns() -> None:
    assert set(schema("prompt")) < set(schema("response"))


@pytest.mark.parametrize(
    ("column", "dtype"),
    [
        ("score_kiwi", pl.Float64()),
        ("label_langid", pl.String()),
        ("flag_short", pl.Boolean()),
        ("spans_xcomet", pl.String()),
        ("score", None),
        ("scores_kiwi", None),
        ("kiwi", None),
    ],
)
def test_score_columns_are_known_by_prefix(column: str, dtype: pl.DataType | None) -> None:
    assert score_dtype(column) == dtype


def test_score_columns_follow_the_declared_ones_in_name_order() -> None:
    assert list(schema("text", ["score_b", "flag_c", "label_a"]))[-3:] == ["flag_c", "label_a", "score_b"]


def test_the_scores_of_a_preference_are_its_own_columns() -> None:
    assert list(schema("preference", ["score_chosen"])) == list(schema("preference"))


@pytest.mark.parametrize(
    ("kind", "columns", "words"),
    [
        ("texts", [], ["'texts'", "expected one of: text, pair, prompt, response, sft, preference, verifiable"]),
        ("text", ["score_a", "colour"], ["'colour'", "'text'", "score_, label_, flag_, spans_", "id, text, doc_id"]),
    ],
)
def test_errors_tell_what_is_known(kind: str, columns: list[str], words: list[str]) -> None:
    with pytest.raises(UserError) as error:
        schema(kind, columns)
    assert [word for word in words if word not in str(error.value)] == []


def test_conform_orders_types_and_fills_in() -> None:
    frame = conform(pl.DataFrame({"score_a": [1, None], "text": ["x", "y"]}), "text")
    assert dict(frame.schema) == schema("text", ["score_a"])
    assert frame["doc_id"].to_list() == [None, None]
    assert frame["score_a"].to_list() == [1.0, None]


def test_roles_of_each_kind() -> None:
    user, assistant = {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}
    again, other = {"role": "user", "content": "q2"}, {"role": "assistant", "content": "b"}
    rows = {
        "text": ({"text": "t"}, (None, "t")),
        "pair": ({"source": "s", "target": "t"}, ("s", "t")),
        "prompt": ({"prompt": [user], "source": "s"}, ("s", "q")),
        "response": ({"prompt": [user], "source": "s", "response": "r"}, ("s", "r")),
        "sft": ({"messages": [user, assistant, again, other]}, ("q2", "b")),
        "preference": ({"prompt": [user], "chosen": [assistant], "rejected": [other]}, ("q", "a")),
        "verifiable": ({"prompt": [user]}, (None, "q")),
    }
    assert list(rows) == KIND_NAMES
    for kind, (row, expected) in rows.items():
        frame = conform(pl.DataFrame([row]), kind)
        found = [
            frame.select(ROLES[kind][role]).item() if role in ROLES[kind] else None for role in ("source", "output")
        ]
        assert tuple(found) == expected, kind
