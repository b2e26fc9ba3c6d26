"""What holds for every filter, whichever there are."""

import random
import subprocess
import sys

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.errors import UserError
from filters.base import Filter, Scorer
from filters.names import (
    filter_class,
    filter_names,
    open_filter,
    open_scorer,
    scorer_class,
    scorer_names,
)

NEEDS_OPTIONS = {
    "threshold": {"column": "score_x", "min": 0.5},
    "margin": {"min": 0.1},
    "license": {"allow": ["CC0-1.0"]},
}
ALL = [open_filter({name: NEEDS_OPTIONS.get(name, {})}) for name in filter_names()]
COLUMNS = sorted(
    {
        root
        for judge in ALL
        for expression in (judge.reject(), judge.evidence())
        if expression is not None
        for root in expression.meta.root_names()
    }
)

TEXTS = st.none() | st.text(max_size=60) | st.sampled_from(
    [
        "",
        " \t\u200b",
        "Der Preis beträgt 1.234,50 €.",
        "مرحبا بالعالم، السعر ١٢٣٤.",
        "שלום עולם",
        "नमस्ते दुनिया १२३",
        "今天天气很好。",
        "ฉันรักภาษาไทย",
        "e\u0301e\u0301 \u0301",
        "👩‍👩‍👧 🇩🇪 🏴󠁧󠁢󠁳󠁣󠁴󠁿",
        "<b>x</b> {y} %s https://example.org/?a=1 #NAME#",
        "9" * 400,
        "\ud7a3\uffff\U0010ffff\x00",
    ]
)  # fmt: skip
VALUES = {
    "@source": TEXTS,
    "@output": TEXTS,
    "src_lang": st.sampled_from([None, "en", "zh-TW", "sr", "und", "xx", "not a language"]),
    "tgt_lang": st.sampled_from([None, "de", "ar", "hi", "ja", "tlh", "x-private", ""]),
    "license": st.sampled_from([None, "CC0-1.0", "cc0-1.0", "all rights reserved"]),
    "finish_reason": st.sampled_from([None, "stop", "length"]),
}
BY_PREFIX = {
    "score_": (st.none() | st.floats(), pl.Float64),
    "flag_": (st.none() | st.booleans(), pl.Boolean),
    "label_": (st.none() | st.sampled_from(["de", "zh-Hant"]), pl.String),
    "spans_": (st.none() | st.just("[]"), pl.String),
}


def _column(name: str) -> tuple[st.SearchStrategy[object], type[pl.DataType]]:
    if name in VALUES:
        return VALUES[name], pl.String
    return next(value for prefix, value in BY_PREFIX.items() if name.startswith(prefix))


SCHEMA = {name: _column(name)[1] for name in (*COLUMNS, "finish_reason")}
ROWS = st.lists(st.fixed_dictionaries({name: _column(name)[0] for name in SCHEMA}), max_size=30)


def _judged(rows: list[dict[str, object]]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema=SCHEMA).lazy()
    verdicts = [judge.reject().alias(judge.name()) for judge in ALL]
    told = [
        evidence.cast(pl.String).alias(f"{judge.name()} evidence")
        for judge in ALL
        if (evidence := judge.evidence()) is not None
    ]
    return frame.select(*verdicts, *told).collect()


# Few examples of many rows: each compiles every pattern anew.
@settings(max_examples=25)
@given(ROWS, st.randoms(use_true_random=False))
def test_any_text_is_judged_by_itself(rows: list[dict[str, object]], chance: random.Random) -> None:
    judged = _judged(rows)
    assert judged.height == len(rows)
    assert {judged.schema[judge.name()] for judge in ALL} == {pl.Boolean()}
    some = chance.sample(range(len(rows)), k=len(rows) // 2)
    assert _judged([rows[n] for n in some]).equals(judged[some])


def test_no_rows() -> None:
    assert _judged([]).is_empty()


@pytest.mark.parametrize("judge", ALL, ids=lambda judge: judge.name())
def test_documented_and_of_one_version(judge: Filter) -> None:
    assert type(judge).__doc__ != Filter.__doc__
    assert (type(judge).__doc__ or "").startswith("Drops ")
    assert judge.version >= 1
    assert judge.reason.startswith(judge.name())
    for name, field in type(judge).model_fields.items():
        assert name == "unjudged" or not field.is_required() or judge.name() in NEEDS_OPTIONS


@pytest.mark.parametrize("name", filter_names())
def test_null_output_is_not_judged(name: str) -> None:
    judge = open_filter({name: NEEDS_OPTIONS.get(name, {})})
    row = dict.fromkeys(SCHEMA) | {"@source": "Wie geht es dir?", "src_lang": "de", "tgt_lang": "en"}
    assert pl.DataFrame([row], schema=SCHEMA).select(judge.reject().alias("v")).item() is None


def test_names_are_file_names() -> None:
    assert {"empty", "length_ratio", "wrong_language"} < set(filter_names())
    assert filter_names() == sorted(filter_names())
    assert filter_class("empty").name() == "empty"
    assert "repetition" in scorer_names()
    assert issubclass(scorer_class("repetition"), Scorer)
    assert open_scorer({"repetition": {"as": "echo"}}).stem == "echo"


@pytest.mark.parametrize(
    ("spec", "options"),
    [
        ("length_ratio", {"max": 2.5}),
        ({"length_ratio": None}, {"max": 2.5}),
        ({"length_ratio": {"max": 3}}, {"max": 3.0}),
        ({"length_ratio": {"unjudged": "keep"}}, {"max": 2.5, "unjudged": "keep"}),
    ],
)
def test_spec(spec: object, options: dict[str, object]) -> None:
    opened = open_filter(spec)  # type: ignore[arg-type]
    assert opened.model_dump() == {"unjudged": "drop", **options}


@pytest.mark.parametrize("name", ["length_ration", "Length-Ratio", "lengthratio"])
def test_nearest_spelling(name: str) -> None:
    with pytest.raises(
        UserError, match=r"there is no filter .* Did you mean 'length_ratio'\? Known: .*copied, .*empty"
    ):
        open_filter(name)


def test_unknown_scorer_and_wrong_form() -> None:
    with pytest.raises(UserError, match=r"there is no scorer 'langide'\. Did you mean 'langid'\?"):
        open_scorer("langide")
    with pytest.raises(UserError, match="expected a name, or a name with options"):
        open_filter({"empty": {}, "copied": {}})


def test_a_file_defines_one_filter(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    import filters.rules

    head = "import polars as pl\nfrom filters.base import OUTPUT, Filter\n"
    body = (
        "class {}(Filter):\n    '''Drops shouts.'''\n    def reject(self):\n        return OUTPUT.str.contains('!')\n"
    )
    (tmp_path / "shouting_here.py").write_text(head + body.format("Shouting"))
    (tmp_path / "two_at_once.py").write_text(head + body.format("One") + body.format("Two"))
    monkeypatch.setattr(filters.rules, "__path__", [*filters.rules.__path__, str(tmp_path)])
    assert "shouting_here" in filter_names()
    assert open_filter("shouting_here").reason == "shouting_here"
    with pytest.raises(UserError, match=r"two_at_once\.py defines 2 subclasses of Filter, expected exactly one"):
        open_filter("two_at_once")


def test_names_import_no_filter() -> None:
    program = (
        "import sys, filters.names as n; n.filter_names(); n.scorer_names(); "
        "print([m for m in sys.modules if m.startswith(('filters.rules.', 'filters.scorers.'))])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
