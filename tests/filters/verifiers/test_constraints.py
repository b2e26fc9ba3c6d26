import json

import pytest

from corpus import UserError
from filters.constraints.catalog import entry
from filters.constraints.readers import from_ifeval
from filters.names import verifier_class
from filters.verifier import Verdict, open_verifiers

TWO = [{"name": "no_commas"}, {"name": "words", "count": 2}]


def opened(mode="strict", *constraints):
    args = {"constraints": list(constraints) or TWO, "mode": mode}
    [named] = open_verifiers([{"name": "constraints", "args": json.dumps(args)}])
    return named.verifier


@pytest.mark.parametrize(
    ("response", "verdict"),
    [
        ("two words", Verdict(1.0, "no_commas:yes words:yes")),
        ("one", Verdict(0.0, "no_commas:yes words:no", "words not met")),
        ("one,", Verdict(0.0, "no_commas:no words:no", "no_commas not met")),
        (" \n", Verdict(0.0, "no_commas:no words:no", "empty response")),
        ("\ud800 b c", Verdict(1.0, "no_commas:yes words:yes")),
    ],
)
def test_all_constraints_must_hold(response, verdict):
    assert opened().verify({}, response) == verdict


def test_loose_looks_at_the_response_without_what_stands_around_it():
    answer = "Sure, here it is:\nno comma here"
    assert opened("strict").verify({}, answer).score == 0
    assert opened("loose").verify({}, answer).score == 1
    assert opened("loose", {"name": "end_phrase", "phrase": "the end"}).each("**The end**") == [True]


def test_what_cannot_be_told_is_null_unless_another_fails():
    german = {"name": "response_language", "language": "de"}
    digits = Verdict(None, "response_language:?", "response_language cannot be told")
    assert opened("strict", german).verify({}, "1234") == digits
    assert opened("loose", german).verify({}, "1234") == digits
    assert opened("strict", german, {"name": "no_digits"}).verify({}, "1234").score == 0


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ({"constraints": []}, "at least 1 item"),
        ({"constraints": [{"name": "nothing"}]}, "there is no constraint 'nothing'"),
        ({"constraints": [{"name": "words", "count": "many"}]}, "constraint 'words': count"),
        ({"constraints": TWO, "mode": "lenient"}, "mode"),
        ({"constraints": TWO, "more": 1}, "more: Extra inputs"),
        ({}, "constraints: Field required"),
    ],
)
def test_arguments_that_it_does_not_take_are_told(args, told):
    with pytest.raises(UserError, match=told):
        open_verifiers([{"name": "constraints", "args": json.dumps(args)}])


def test_a_compliant_response_is_found_right():
    row = {"tgt_lang": "de"}
    verifier = opened("strict", {"name": "response_language", "language": "de"}, *TWO, {"name": "uppercase"})
    made = verifier.compliant(row)
    assert made
    assert verifier.verify(row, made).score == 1
    assert opened("strict", {"name": "uppercase"}, {"name": "lowercase"}).compliant(row) is None
    assert opened().compliant({"tgt_lang": "sw"})
    assert opened().compliant({})


def test_rows_of_ifeval_become_its_arguments():
    row = {"instruction_id_list": ["startend:end_checker"], "kwargs": [{"end_phrase": "Bye."}]}
    verifier = verifier_class("constraints")(constraints=tuple(entry(each) for each in from_ifeval(row)))
    assert verifier.verify({}, "So long. Bye.").score == 1


@pytest.mark.parametrize("nasty", ["*" * 10**6, "[" * 10**6, "漢" * 10**6, "a. " * 333_333, "\u0301\u0316" * 500_000])
def test_a_megabyte_is_judged(nasty):
    names = ["sentences", "placeholders", "highlights", "characters", "bullets", "kanji_count"]
    verifier = opened("loose", *({"name": name, "count": 3} for name in names), {"name": "furigana"})
    assert verifier.verify({}, nasty).score in (0, 1)
