"""Each constraint on texts that meet it and texts that do not."""

import pytest

from corpus import UserError
from filters.constraints.catalog import CONSTRAINTS, entry, open_constraint

GERMAN = "Die Kinder gingen gestern mit ihren Eltern in den großen Wald und spielten dort bis zum Abend."
SPANISH = "Los niños fueron ayer con sus padres al bosque y jugaron allí hasta la noche."

HELD: dict[str, list[tuple[dict, list[str], list[str]]]] = {
    "keywords": [({"keywords": ["Haus", "blau"]}, ["ein blaues haus"], ["ein Haus", "", "H aus blau"])],
    "keyword_frequency": [
        ({"keyword": "cat", "count": 2}, ["cat Cats"], ["cat"]),
        ({"keyword": "cat", "count": 1, "relation": "exactly", "alone": True}, ["a cat, cats"], ["cats", "cat cat"]),
        ({"keyword": "猫", "count": 2, "relation": "at_most"}, ["猫と猫"], ["猫猫猫"]),
    ],
    "forbidden_words": [
        ({"words": ["rat"]}, ["a rate", "separate"], ["A RAT.", "rat", "the rat's"]),
        ({"words": ["海"]}, ["山"], ["海外"]),
        ({"words": ["rat"], "within": True}, ["mouse"], ["a rate"]),
        ({"words": ["c++", "a.b"]}, ["c+", "axb"], ["use C++ now", "A.B"]),
    ],
    "letter_frequency": [
        ({"letter": "!", "count": 2}, ["a! b!"], ["a!"]),
        ({"letter": "a", "count": 2, "relation": "less_than"}, ["xa"], ["aA"]),
        ({"letter": "し", "count": 2}, ["しシ"], ["し"]),
    ],
    "response_language": [
        ({"language": "de"}, [GERMAN], [SPANISH]),
        ({"language": "spa"}, [SPANISH, SPANISH.upper()], [GERMAN]),
        (
            {"language": "hr"},
            ["Vlada je danas odlučila da će nova cesta uz more biti izgrađena do kraja sljedeće godine."],
            [GERMAN],
        ),
    ],
    "uppercase": [
        ({}, ["ABC 1", "ÄÖÜ", "ΑΒΓ"], ["ABc", "123", "", "漢字"]),
        ({"language": "es"}, [SPANISH.upper()], [SPANISH, GERMAN.upper()]),
    ],
    "lowercase": [({}, ["abc ß"], ["aBc", "1", ""]), ({"language": "es"}, [SPANISH.lower()], [GERMAN.lower()])],
    "capital_words": [
        ({"count": 2}, ["NASA and the U.S. agree"], ["NASA", "NaSA IsO"]),
        ({"count": 1, "relation": "less_than"}, ["l'eau"], ["L'EAU"]),
    ],
    "words": [
        ({"count": 3}, ["one two three"], ["one two"]),
        ({"count": 100, "relation": "around"}, ["w " * 92, "w " * 110], ["w " * 89, "w " * 111]),
        ({"count": 5, "relation": "at_most"}, ["我们去公园"], ["我们去公园玩"]),
    ],
    "sentences": [({"count": 2, "relation": "less_than"}, ["One."], ["One. Two."])],
    "characters": [({"count": 3, "relation": "at_most"}, ["e\u0301ab", "あいう"], ["abcd"])],
    "paragraphs": [
        ({"count": 2}, ["a\n***\nb", "***\na\n***\nb\n***"], ["a", "a\n***\n***\nb", "a\n\nb"]),
        ({"count": 2, "divider": "* * *"}, ["a\n* * *\nb"], ["a"]),
    ],
    "paragraph_first_word": [
        (
            {"paragraphs": 2, "nth": 2, "first_word": "Now"},
            ["a\n\nnow, b", "a\n\n**Now** b"],
            ["a\n\nNowhere", "now\n\na", "a\n\nx\n\nnow", "now"],
        ),
        ({"paragraphs": 1, "nth": 1, "first_word": "首"}, ["首都です"], ["都首"]),
        ({"paragraphs": 1, "nth": 1, "first_word": "In my view"}, ["In my view, yes"], ["In my viewpoint"]),
    ],
    "placeholders": [({"count": 2}, ["[a] [b c]"], ["[a]", "[ ] [x]", "[a](url) [b]", "[a\nb] [c]", "[[a]"])],
    "postscript": [
        ({"marker": "P.S."}, ["a\nP.S. b", "a\n**PS:** b", "a\np. s. b", "a\nP.S.\nb"], ["a P.S. b", "P.S.", "PSA b"]),
        ({"marker": "追伸"}, ["a\n追伸 b"], ["追伸"]),
    ],
    "no_digits": [({}, ["none"], ["1", "٣", "３"])],
    "choice": [({"options": ["Yes.", "No."]}, ["Yes. It is."], ["Yes. No.", "maybe", "yes."])],
    "bullets": [
        ({"count": 2}, ["* a\n- b", " * a\n *b"], ["* a", "---\n* a", "**a**\n* b", "a * b"]),
        ({"count": 1, "mark": "・"}, ["・a"], ["* a"]),
    ],
    "numbered_items": [({"count": 2}, ["1. a\n2. b"], ["1. a", "1) a\n2) b", "1.5 a\n2. b"])],
    "highlights": [
        ({"count": 2}, ["*a* **b**", "***a*** *b c*"], ["*a*", "* a\n* b", "** **", "*a\nb* *c*"]),
        ({"count": 1, "mark": "《"}, ["《a》"], ["《 》", "*a*"]),
    ],
    "sections": [
        ({"marker": "SECTION", "count": 2}, ["SECTION 1\na\n**SECTION 2**\nb"], ["see SECTION 1 and SECTION 2"]),
        ({"marker": "章", "count": 2}, ["第1章 a\n第二章 b"], ["1章 2章"]),
    ],
    "title": [
        ({}, ["<<a title>>\nb"], ["<< >>", "<a>", "<<a\nb>>"]),
        ({"mark": "##"}, ["##a##"], ["## a", "###a###"]),
        ({"mark": "『"}, ["『a』"], ["『』"]),
    ],
    "json_format": [({}, ['{"a": 1}', "```json\n[1]\n```"], ["{", '"a"', "1", '{"a": NaN}', "x {}", "[" * 10_000])],
    "end_phrase": [({"phrase": "Good bye"}, ["x good bye.", 'x "Good bye" \n'], ["Good bye, x", "Good bye 1", ""])],
    "quotation": [
        ({}, ['"a"'], ['"a', '"', "«a»"]),
        ({"pairs": ["«»", '""']}, ["« a »", '"a"'], ["“a”"]),
    ],
    "repeat_prompt": [({"prompt": "Why is it?"}, ["why is it?\nBecause."], ["So: Why is it?", "Why"])],
    "two_responses": [({}, ["a\n******\nb", "******a******b"], ["a******a", "a***b", "a******b******c", "a******"])],
    "no_commas": [({}, ["a; b"], ["a, b", "a、b", "a، b", "a，b"]), ({"marks": "、"}, ["1,000"], ["一、二"])],
    "no_full_stops": [({}, ["a."], ["a。"])],
    "question": [({}, ["¿qué?"], ["qué?", "¿?", "¿ ?"])],
    "exclamation": [({}, ["¡ay!"], ["ay!", "¡!"])],
    "words_with_letter": [({"letter": "ñ", "count": 1}, ["NIÑO", "nin\u0303o"], ["nino", "niño año"])],
    "accented_words": [({"count": 2}, ["canción así"], ["canción ñu"])],
    "informal_address": [({}, ["Tu viens ?", "je t'aime", "Ton avis"], ["vous", "tutu", "toit"])],
    "no_accents": [({}, ["ete"], ["été", "ça", "e\u0301"])],
    "accents_restored": [({"words": {"deja": "déjà"}}, ["Déjà vu", "rien"], ["deja", "déja"])],
    "forbidden_letter": [({"letter": "œ"}, ["coeur"], ["cœur", "ŒUVRE"])],
    "furigana": [({}, ["漢字（かんじ）です", "かな"], ["漢字です", "漢字(かんじ)", "漢字（漢）"])],
    "kanji_count": [({"count": 2}, ["漢字"], ["漢"]), ({"count": 1, "relation": "less_than"}, ["かな"], ["漢"])],
    "kanji_numerals": [({}, ["三つ"], ["3つ", "３つ"])],
    "no_hiragana": [({}, ["漢字カナ"], ["の"])],
    "no_katakana": [({}, ["漢字かな・ー"], ["カ", "ｶ"])],
    "hiragana_only": [({}, ["らーめん、1!"], ["ラーメン", "漢", "abc", "123", ""])],
    "katakana_only": [({}, ["ラーメン!"], ["らーめん", "******"])],
    "sentence_ending": [({"ending": "です"}, ["猫です。犬です！\n「はい」です"], ["猫です。犬だ。", ""])],
    "nominal_endings": [({"count": 2}, ["静かな山。深い海。"], ["静かな山。深い海だ。", "山 海"])],
}


@pytest.mark.parametrize("name", list(CONSTRAINTS))
def test_what_holds_and_what_does_not(name):
    for arguments, good, bad in HELD[name]:
        constraint = open_constraint({"name": name, **arguments})
        assert {text: constraint.hold(text) for text in good} == dict.fromkeys(good, True)
        assert {text: constraint.hold(text) for text in bad} == dict.fromkeys(bad, False)
        assert open_constraint(entry(constraint)) == constraint


def test_a_language_that_cannot_be_told_is_null():
    for code in ("de", "tok"):
        assert open_constraint({"name": "response_language", "language": code}).hold("12 3!") is None
    assert open_constraint({"name": "response_language", "language": "tok"}).hold("toki pona li pona mute") is None


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"name": "wrods", "count": 1}, "there is no constraint 'wrods'"),
        ({"count": 1}, "there is no constraint None"),
        ({"name": "words"}, "constraint 'words': count: Field required"),
        ({"name": "words", "count": -1}, "greater than or equal to 0"),
        ({"name": "words", "count": 1, "relation": "above"}, "relation"),
        ({"name": "words", "count": 1, "size": 2}, "size: Extra inputs"),
        ({"name": "keywords", "keywords": []}, "at least 1 item"),
        ({"name": "keywords", "keywords": [" "]}, "found an empty text"),
        ({"name": "paragraph_first_word", "paragraphs": 2, "nth": 3, "first_word": "a"}, "paragraph 3 of 2"),
        ({"name": "response_language", "language": "xx-yy-zz"}, "language"),
    ],
)
def test_what_no_constraint_takes_is_told(given, told):
    with pytest.raises(UserError, match=told):
        open_constraint(given)
