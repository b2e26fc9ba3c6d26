import json

import pytest

from corpus import UserError
from filters.constraints.catalog import entry
from filters.constraints.readers import _IFEVAL, _TULU, from_ifeval, from_tulu


def ifeval(**instructions):
    names = [name.replace("__", ":") for name in instructions]
    return {"key": 1, "prompt": "x", "instruction_id_list": names, "kwargs": list(instructions.values())}


def test_rows_of_ifeval():
    row = ifeval(
        punctuation__no_comma={"num_words": None},
        length_constraints__number_words={"relation": "less than", "num_words": 30},
        startend__quotation={},
        change_case__english_capital=None,
    )
    assert [entry(each) for each in from_ifeval(row)] == [
        {"name": "no_commas"},
        {"name": "words", "count": 30, "relation": "less_than"},
        {"name": "quotation"},
        {"name": "uppercase", "language": "en"},
    ]


@pytest.mark.parametrize(
    ("name", "given", "made"),
    [
        ("es:keywords:frequency", {"relation": "como máximo", "keyword": "a", "frequency": 2}, "at_most"),
        ("fr:length_constraints:number_words", {"relation": "moins de", "num_words": 2}, "less_than"),
        ("ja:letters:kanji", {"relation": "未満", "kanji_limit": 4}, "less_than"),
    ],
)
def test_relations_of_other_languages(name, given, made):
    assert entry(from_ifeval({"instruction_id_list": [name], "kwargs": [given]})[0])["relation"] == made


def test_marks_of_other_languages():
    names = [
        "ja:startend:quotation",
        "fr:detectable_format:title",
        "ja:detectable_format:title",
        "ja:punctuation:no_comma",
    ]
    made = from_ifeval({"instruction_id_list": names, "kwargs": [{}] * 4})
    assert [each.hold(text) for each, text in zip(made, ["「a」", "##a##", "『a』", "1,000"], strict=True)] == [
        True
    ] * 4


def test_rows_of_tulu():
    truth = {"func_name": "validate_word_constraint", "N": 30, "quantifier": "around", "end_phrase": None}
    assert entry(from_tulu({"ground_truth": json.dumps(truth)})[0]) == {
        "name": "words", "count": 30, "relation": "around",
    }  # fmt: skip
    later = "[{'instruction_id': ['keywords:existence'], 'kwargs': [{'keywords': ['a', 'b']}]}]"
    assert entry(from_tulu({"ground_truth": later})[0]) == {"name": "keywords", "keywords": ["a", "b"]}
    choice = {"func_name": "validate_choice", "options": "yes/no/maybe"}
    assert entry(from_tulu({"ground_truth": choice})[0])["options"] == ["yes", "no", "maybe"]


def test_all_functions_of_tulu_are_read():
    arguments = {
        "N": 2, "quantifier": "at most", "end_phrase": "bye", "keyword_list": ["a"], "word": "a",
        "forbidden_words": ["b"], "letter": "c", "i": 1, "first_word": "d", "postscript_marker": "P.S.", 
        "options": ["e", "f"],
        "section_splitter": "Part", "original_prompt": "g", "language": "de",
    }  # fmt: skip
    for name in _TULU:
        assert len(from_tulu({"ground_truth": {"func_name": name, **arguments}})) == 1
    assert len(_TULU) == 25


@pytest.mark.parametrize(
    ("read", "row", "told"),
    [
        (from_ifeval, {"instruction_id_list": ["a:b"], "kwargs": [{}]}, "there is no instruction 'a:b'"),
        (from_ifeval, {"instruction_id_list": ["punctuation:no_comma"], "kwargs": []}, "1 instructions with 0 sets"),
        (from_ifeval, {"instruction_id_list": ["startend:end_checker"], "kwargs": [{}]}, "'end_phrase' too"),
        (
            from_ifeval,
            {
                "instruction_id_list": ["length_constraints:number_words"],
                "kwargs": [{"num_words": 3, "relation": "over"}],
            },
            "found the relation 'over'",
        ),
        (from_tulu, {"ground_truth": '{"func_name": "verify_all"}'}, "there is no function 'verify_all'"),
        (from_tulu, {"ground_truth": "{oh"}, "ground_truth is no JSON"),
        (from_tulu, {"ground_truth": "3"}, "expected an object"),
        (from_tulu, {"ground_truth": '[{"a": 1}]'}, "instruction_id"),
    ],
)
def test_what_cannot_be_read_is_told(read, row, told):
    with pytest.raises(UserError, match=told):
        read(row)


def test_all_instructions_of_the_shared_rows_are_known(shared_data):
    names = set()
    for file in (shared_data / "m_ifeval" / "input").iterdir():
        for line in file.read_text("utf-8").split("\n"):
            if line:
                names.update(json.loads(line)["instruction_id_list"])
    assert {name.partition(":")[2] for name in names} == set(_IFEVAL)
