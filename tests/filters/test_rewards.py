"""One verifier, three adapters: the scorer, the reward of a trainer, the verdict of an evaluation."""

import json
from typing import Any

import orjson
import polars as pl
import pytest

from corpus.chat import assistant, user
from corpus.errors import UserError
from corpus.schema import schema
from filters.base import with_roles
from filters.names import verifier_names
from filters.rewards import Composite, completion_text, reward_function, verify_row, verify_rows
from filters.scorers.verified import Verified
from filters.verifier import CodeNotAllowed
from filters.verifiers import code

DE = "Die Antwort auf diese gewöhnliche deutsche Frage ist 18."
EN = "The answer to this perfectly ordinary English question is 18."


def entry(name: str, **arguments: Any) -> dict[str, str]:
    return {"name": name, "args": json.dumps(arguments)}


MATH, LANGUAGE, FORMAT = entry("math"), entry("language"), entry("format", max_chars=100)
PREFERENCE = entry("preference", preferred="B")
BRIEF = entry("constraints", constraints=[{"name": "words", "count": 10, "relation": "at_most"}, {"name": "no_commas"}])
SHORT = entry("translation_rules", rules=[{"family": "length", "locale": "de", "most": 60}])
VARIETY = entry("translation_rules", rules=[{"family": "variety", "locale": "de"}])
CODE = entry("code", tests=["assert add(1, 2) == 3"], seconds=2)
RIGHT, WRONG = "```python\ndef add(a, b): return a + b\n```", "```python\ndef add(a, b): return a\n```"

CASES: list[tuple[list[dict[str, str]] | None, str | None, float | None, str]] = [
    ([MATH], DE, 1, ""),
    ([MATH], "Die Antwort ist 19.", 0, "math: another number"),
    ([MATH, LANGUAGE, FORMAT], DE, 1, ""),
    ([MATH, LANGUAGE], EN, 0, "language: another language"),
    ([LANGUAGE, MATH], "18", None, "language: cannot tell"),
    ([MATH, LANGUAGE], "19", None, "language: cannot tell"),
    ([FORMAT, LANGUAGE], "1" * 101, 0, "format: too long"),
    ([FORMAT], DE, 1, ""),
    ([FORMAT], "", 0, "format: empty output"),
    ([BRIEF], DE, 1, ""),
    ([BRIEF], f"{DE} Das ist, wie gesagt, alles.", 0, "constraints: words not met"),
    ([SHORT], DE, 1, ""),
    ([SHORT], EN, 0, "translation_rules: copied source"),
    ([VARIETY], DE, None, "translation_rules: variety: no other variety"),
    ([PREFERENCE], f"{DE}\nVerdict: B", 1, ""),
    ([PREFERENCE], f"{DE}\nVerdict: A", 0, "preference: the other translation"),
    ([PREFERENCE], "Verdict: B\nVerdict: A", 0, "preference: more than one verdict"),
    ([MATH, PREFERENCE, LANGUAGE], f"{DE}\nVerdict: A", 0.5, "preference: the other translation"),
    ([CODE], RIGHT, 1, ""),
    ([CODE], WRONG, 0, "code: a test fails"),
    ([MATH, entry("math", answer="19")], DE, 0.5, "math: another number"),
    ([], DE, None, "no verifiers"),
    (None, DE, None, "no verifiers"),
    ([MATH], None, None, "no response"),
    ([entry("maths")], DE, None, "wrong verifiers: there is no verifier 'maths'. Did you mean 'math'?"),
    ([entry("math", strange=1)], DE, None, "wrong verifiers: verifier 'math': strange: Extra inputs are not permitted"),
    ([{"name": "math", "args": "{"}], DE, None, "wrong verifiers: verifier 'math': its arguments are no JSON"),
    ([MATH], "\ud800 19", 0, "math: another number"),
]


def row_of(verifiers: list[dict[str, str]] | None) -> dict[str, Any]:
    return {
        "prompt": [user("Wie viele?")],
        "references": ["18"],
        "source": EN,
        "src_lang": "en",
        "tgt_lang": "de",
        "verifiers": verifiers,
    }


def frame_of(rows: list[dict[str, Any]], responses: list[str | None]) -> pl.DataFrame:
    full = [
        {**row, "response": response, "prompt_id": "p", "sample": 0}
        for row, response in zip(rows, responses, strict=True)
    ]
    columns = schema("response")
    frame = pl.DataFrame([{name: row.get(name) for name in columns} for row in full], schema=columns)
    return with_roles(frame.lazy(), "response").collect()


def test_the_same_verdict_through_all_adapters() -> None:
    composite = Composite(allow_code=True)
    told = [verify_row(row_of(verifiers), response, composite) for verifiers, response, *_ in CASES]
    assert [judgement.score for judgement in told] == [score for *_, score, _ in CASES]
    for judgement, (*_, reason) in zip(told, CASES, strict=True):
        assert judgement.reason.startswith(reason)
        assert bool(judgement.reason) == bool(reason)

    # Columns hold no half of a surrogate pair.
    cases = [case for case in CASES if case[1] is None or "\ud800" not in case[1]]
    rows, responses = [row_of(case[0]) for case in cases], [case[1] for case in cases]
    scored = Verified(allow_code=True).score(frame_of(rows, responses))
    assert scored["score_verified"].to_list() == [case[2] for case in cases]

    completions: list[Any] = [[assistant(case[1])] if case[1] is not None else [] for case in CASES]
    columns = {name: [row_of(case[0])[name] for case in CASES] for name in row_of(None) if name != "prompt"}
    prompts = [[user("Wie viele?")]] * len(CASES)
    reward = reward_function(composite)
    assert reward(prompts=prompts, completions=completions, completion_ids=None, **columns) == [c[2] for c in CASES]


def test_every_verifier_is_among_them() -> None:
    # `verifier_names` gives all, so a new one asks for its rows above.
    judged = {each["name"] for verifiers, *_ in CASES for each in verifiers or ()}
    assert set(verifier_names()) <= judged


def test_plain_prompts_and_completions() -> None:
    reward = reward_function(name="correct")
    assert reward.__name__ == "correct"  # type: ignore[attr-defined]
    found = reward(
        prompts=["Wie viele?"] * 2, completions=["18", "19"], verifiers=[[MATH]] * 2, references=[["18"]] * 2
    )
    assert found == [1, 0]


def test_components_are_logged_by_themselves() -> None:
    metrics: dict[str, float] = {}
    extra: dict[str, list[str]] = {}
    reward_function()(
        completions=[DE, EN, "18", "Die Antwort auf diese deutsche Frage ist 19."],
        verifiers=[[MATH, LANGUAGE]] * 4,
        references=[["18"]] * 4,
        tgt_lang=["de"] * 4,
        log_metric=metrics.__setitem__,
        log_extra=extra.__setitem__,
    )
    assert metrics == {"verified/math": 0.75, "verified/language": pytest.approx(2 / 3), "verified/unjudged": 0.25}
    assert extra["verified_reason"][0] == ""
    assert extra["verified_reason"][2] == "language: cannot tell"


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, "needs the column 'verifiers'"),
        ({"verifiers": [[MATH]]}, "found 1 values of 'verifiers' for 2 completions"),
        ({"verifiers": [[MATH]] * 2, "references": []}, "found 0 values of 'references'"),
    ],
)
def test_wrong_columns_are_refused(columns: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        reward_function()(completions=["18", "19"], **columns)


@pytest.mark.parametrize(
    ("completion", "text"),
    [
        ("18", "18"),
        ([assistant("18")], "18"),
        ([assistant("a"), {"role": "tool", "content": "b"}, assistant("c")], "c"),
        ([{"role": "assistant", "content": [{"type": "text", "text": "18"}]}], "18"),
        ([{"role": "assistant", "content": None}], None),
        ([], None),
    ],
)
def test_texts_of_completions(completion: Any, text: str | None) -> None:
    assert completion_text(completion) == text


@pytest.mark.parametrize(
    ("composite", "score"),
    [
        (Composite(weights={"math": 3}), 0.75),
        (Composite(weights={"math": 0}), 0),
        (Composite(gates=("math",)), 0),
        (Composite(gates=("code",)), 0),
    ],
)
def test_weights_and_gates(composite: Composite, score: float) -> None:
    allowed = composite.model_copy(update={"allow_code": True})
    assert verify_row(row_of([MATH, CODE]), f"The answer is in code.\n{WRONG}\n#### 18", allowed).score == score


def test_a_gate_decides_before_what_cannot_be_judged() -> None:
    assert verify_row({**row_of([FORMAT, MATH]), "references": None}, "x" * 101).score == 0
    assert verify_row({**row_of([FORMAT, MATH]), "references": None}, "18").score is None
    assert (
        verify_row(
            {**row_of([FORMAT, MATH]), "references": None}, "18", Composite(weights={"math": 0, "format": 1})
        ).score
        == 1
    )


def test_programs_run_only_where_the_recipe_says_so() -> None:
    frame = frame_of([row_of([CODE])], [RIGHT])
    with pytest.raises(CodeNotAllowed, match="allow_code: true"):
        Verified().score(frame)
    with pytest.raises(CodeNotAllowed):
        reward_function()(completions=[RIGHT], verifiers=[[CODE]])
    sneaky = {"name": "code", "args": json.dumps({"tests": ["assert True"], "allow_code": True})}
    assert verify_row(row_of([sneaky]), RIGHT).score is None


def test_columns_of_the_scorer() -> None:
    scorer = Verified(components=("math", "language"), weights={"math": 2})
    frame = frame_of([row_of([MATH, LANGUAGE]), row_of([FORMAT])], [DE, DE])
    scored = scorer.score(frame)
    assert scored.columns == [column.name for column in scorer.columns("response")]
    assert scored["score_verified_math"].to_list() == [1, None]
    assert scored["label_verified_reason"].to_list() == [None, None]
    assert orjson.loads(scored["spans_verified"][0]) == [
        {"name": "math", "score": 1, "reason": "", "extracted": "18"},
        {"name": "language", "score": 1, "reason": "", "extracted": "de"},
    ]
    assert "weights:math:2" in scorer.columns("response")[0].signature


@pytest.mark.parametrize("options", [{"gates": ["maht"]}, {"components": ["maht"]}, {"weights": {"maht": 1}}])
def test_unknown_verifiers_in_options(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="Did you mean 'math'"):
        Verified.model_validate(options)


def test_a_program_that_answers_a_row_twice_runs_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    known = code.run_tests

    def counted(source: str, *rest: Any) -> list[str]:
        asked.append(source)
        return known(source, *rest)

    monkeypatch.setattr(code, "run_tests", counted)
    rows = [row_of([entry("code", tests=[f"assert f(2) == {value}"])]) for value in (4, 4, 4, 5, 4)]
    right, wrong = "def f(x): return x + 2", "def f(x): return x"
    found = verify_rows(rows, [right, wrong, right, right, wrong], Composite(allow_code=True))
    assert [each.score for each in found] == [1.0, 0.0, 1.0, 0.0, 0.0]
    assert sorted(asked) == sorted([right, wrong, right])
