"""`threshold`, `margin`, `license`, `contamination`: filters that look at columns alone."""

import math
from typing import Any

import pytest
from pydantic import ValidationError

from filters.base import ScoreColumn
from filters.names import open_filter


@pytest.mark.parametrize(
    ("limits", "value", "rejected"),
    [
        ({"min": 0.5}, 0.4, True),
        ({"min": 0.5}, 0.5, False),
        ({"max": 0.5}, 0.6, True),
        ({"max": 0.5}, 0.5, False),
        ({"min": 0.2, "max": 0.5}, 0.1, True),
        ({"min": 0.2, "max": 0.5}, 0.3, False),
        ({"min": 0.2, "max": 0.5}, 0.6, True),
        ({"min": 0.5}, None, None),
        ({"min": 0.5}, math.nan, None),
        ({"min": 0.5}, math.inf, False),
        ({"min": 0}, -0.1, True),
    ],
)
def test_threshold(judge, limits: dict[str, float], value: float | None, rejected: bool | None) -> None:
    assert judge({"threshold": {"column": "score_x", **limits}}, score_x=value) is rejected


@pytest.mark.parametrize(
    ("language", "value", "rejected"),
    [
        ("de", 0.7, True),
        ("de", 0.8, False),
        ("ja", 0.7, False),
        ("pt-BR", 0.7, True),
        ("pt-PT", 0.5, False),
        ("zh-Hant", 0.7, None),
        ("th", 0.7, None),
        (None, 0.7, None),
        ("de", None, None),
    ],
)
def test_threshold_by_language(judge, language: str | None, value: float | None, rejected: bool | None) -> None:
    limits = {"de": 0.8, "ja": 0.6, "pt": 0.8, "pt-PT": 0.4}
    spec = {"threshold": {"column": "score_x", "min": limits}}
    assert judge(spec, score_x=value, tgt_lang=language) is rejected
    # A limit for the rest, in the other direction, and one for all languages beside it.
    spec = {"threshold": {"column": "score_x", "max": {"DE": 0.75, "others": 0.1}, "min": 0.0}}
    rejected = None if value is None else language != "de" or value > 0.75
    assert judge(spec, score_x=value, tgt_lang=language) is rejected
    assert judge({"threshold": {"column": "score_x", "max": {"others": 0.1}}}, score_x=0.2, tgt_lang=None) is True


@pytest.mark.parametrize(
    ("limits", "message"),
    [({"min": {"xx-nope": 1}}, "'xx-nope' is no language code"), ({"min": {}}, "at least 1"), ({"min": "a"}, "number")],
)
def test_wrong_limits(limits: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        open_filter({"threshold": {"column": "score_x", **limits}})


def test_threshold_is_counted_by_column() -> None:
    assert open_filter({"threshold": {"column": "completion_tokens", "max": 5}}).reason == "threshold:completion_tokens"
    with pytest.raises(ValidationError, match="give min, max or both"):
        open_filter({"threshold": {"column": "score_x"}})


@pytest.mark.parametrize(
    "spec",
    [
        {"threshold": {"column": "source", "min": 1}},
        {"threshold": {"column": "label_x", "min": 1}},
        {"margin": {"column": "kiwi", "min": 1}},
        {"margin": {"over": "prompt", "min": 1}},
    ],
)
def test_columns_that_hold_no_numbers(spec: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="holds no numbers; expected one that starts with score_"):
        open_filter(spec)


@pytest.mark.parametrize(
    ("chosen", "rejected_score", "higher", "rejected"),
    [
        (0.9, 0.7, True, False),
        (0.9, 0.85, True, True),
        (0.7, 0.9, True, True),
        (-5.0, -1.0, True, True),
        (1.0, 5.0, False, False),
        (5.0, 1.0, False, True),
        (0.9, 0.7, None, False),
        (None, 0.7, True, None),
        (0.9, math.nan, True, None),
    ],
)
def test_margin(judge, chosen: float | None, rejected_score: float, higher: bool | None, rejected: bool | None) -> None:
    scores = {"score_chosen": ScoreColumn(name="score_chosen", higher_is_better=higher)}
    columns = {"score_chosen": chosen, "score_rejected": rejected_score}
    assert judge({"margin": {"min": 0.1}}, scores=scores, **columns) is rejected


def test_margin_of_other_columns(judge, evidence) -> None:
    spec = {"margin": {"column": "score_a", "over": "score_b", "min": 0.5, "higher_is_better": False}}
    scores = {"score_a": ScoreColumn(name="score_a", higher_is_better=True)}
    assert judge(spec, scores=scores, score_a=1.0, score_b=2.0) is False
    assert evidence(spec, score_a=1.0, score_b=1.25) == "0.25"


@pytest.mark.parametrize(
    ("licence", "rejected"),
    [("CC-BY-4.0", False), ("cc-by-4.0", False), ("CC-BY-NC-4.0", True), ("", True), (None, None)],
)
def test_license(judge, licence: str | None, rejected: bool | None) -> None:
    assert judge({"license": {"allow": ["CC0-1.0", "CC-BY-4.0"]}}, license=licence) is rejected


@pytest.mark.parametrize(("flag", "rejected"), [(True, True), (False, False), (None, None)])
def test_contamination(judge, flag: bool | None, rejected: bool | None) -> None:
    assert judge("contamination", flag_contamination=flag, spans_contamination="[]") is rejected
    assert judge({"contamination": {"score": "wmt"}}, flag_wmt=flag, spans_wmt="[]") is rejected
