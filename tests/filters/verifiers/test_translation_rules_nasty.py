"""Whatever an answer is, a verdict comes, within a second, and the same one each time."""

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from translations import DRAFTS, EN

from corpus.errors import UserError
from filters.translation_rules.base import Source
from filters.translation_rules.families import FAMILIES, find_rules
from filters.translation_rules.text import Text
from filters.verifier import open_verifiers
from filters.verifiers.translation_rules import TranslationRules

SECONDS = 1.0
"""What the contract allows; measured on the processor's clock, which other processes do not slow."""

SOURCE = (
    f'{EN} "Yes," he said on March 5, 2024 at 3:30 PM, "it is $1,234.50 for 26.2 miles at 68 °F": '
    "call +44 20 7946 0018, order_id A380, <b>Save</b> {count} files, %s.\n\n# Head\n\n- one\n- two\n"
)
RULES = [
    {"family": "numbers", "numbers": [["1,234.50", "1234.5"]]},
    {"family": "dates", "style": "long", "dates": ["2024-03-05"]},
    {"family": "times", "clock": 24, "times": [930]},
    {"family": "currency", "amounts": [{"value": "1234.5", "unit": "USD"}]},
    {"family": "units", "system": "metric", "amounts": [{"value": "26.2", "unit": "length-mile"}]},
    {"family": "temperatures", "scale": "celsius", "amounts": [{"value": "68", "unit": "temperature-fahrenheit"}]},
    {"family": "phones", "form": "e164", "numbers": ["+442079460018"]},
    {"family": "verbatim", "kind": "codes", "items": ["order_id", "A380"]},
    {"family": "markup"},
    {"family": "terms", "required": [["files", "Dateien"]], "forbidden": ["Computer"]},
    {"family": "quotes", "opening": "„", "closing": "“", "pairs": 2},
    {"family": "punctuation", "marks": ["."]},
    {"family": "address", "formal": True},
    {"family": "length", "most": 400},
    {"family": "capitals", "style": "upper"},
    {"family": "structure"},
    {"family": "variety"},
]
NASTY = {
    "a megabyte of one letter": "a" * 1_000_000,
    "a megabyte of digits": "1" * 1_000_000,
    "numbers with exponents": "1e999999 " * 100_000,
    "tags 10,000 deep": "<b>" * 10_000 + "</b>" * 10_000,
    "tags never closed": "<a href='" * 100_000,
    "comments never closed": "<!--" * 200_000,
    "braces 10,000 deep": "{a, plural, other {" * 10_000,
    "brackets": "[" * 500_000 + "](" * 100_000,
    "stars": "*" * 500_000 + "a" + "**_" * 100_000,
    "backticks": "`" * 500_001,
    "spaces": " " * 1_000_000,
    "lines": "\n" * 1_000_000,
    "bullets": "- \n" * 300_000,
    "pipes": "|" * 500_000,
    "dashes and digits": "1-" * 300_000,
    "separators": "1,2.3'4 " * 100_000,
    "dates": "05.03.2024 März " * 60_000,
    "times": "3:30 PM 15 h " * 60_000,
    "signs of money": "$€£ 1 " * 100_000,
    "combining marks": "e" + "\u0301" * 500_000,
    "zero-width characters": "\u200d" * 500_000,
    "quotation marks": "„“" * 300_000,
    "entities": "&amp;" * 200_000,
    "emoji": "👩‍👩‍👧" * 100_000,
    "words in capitals": "ISO-9001-" * 100_000,
    "one long word": "ab" * 400_000 + "@" + "c." * 50_000,
    "hash signs": "#" * 600_000,
    "percent signs": "%" * 600_000,
    "lone surrogates": "\ud800\udfff" * 200_000,
    "every plane": "".join(map(chr, range(0x20, 0xD800))) * 12,
    "null characters": "\0" * 500_000,
    "the source's own length in nested tags": "<b>" * 40 + "x" + "</b>" * 40,
}


def row(text: str = SOURCE, tgt_lang: str = "de") -> dict:
    return {"source": text, "src_lang": "en", "tgt_lang": tgt_lang, "prompt": [{"role": "user", "content": text}]}


def verifier(tgt_lang: str = "de") -> TranslationRules:
    return TranslationRules.model_validate({"rules": [{"locale": tgt_lang, **rule} for rule in RULES]})


@pytest.mark.parametrize("name", NASTY)
def test_nasty_answers_are_judged_at_once(name):
    judge = verifier()
    judge.verify(row(), DRAFTS["de"])  # The tables of a locale are read once.
    started = time.process_time()
    verdict = judge.verify(row(), NASTY[name])
    assert time.process_time() - started < SECONDS
    assert verdict.score == 0


@pytest.mark.parametrize("name", NASTY)
def test_each_family_alone_is_quick_on_answers_as_long_as_guards_let_through(name):
    """The guards end most nasty answers; each check by itself must be linear too, on 100,000 characters."""
    source, answer = Source(Text(SOURCE), "en", "de"), NASTY[name][:100_000]
    rules = verifier().rules
    for rule in rules:
        rule.check(Text(DRAFTS["de"]), source)
        started = time.process_time()
        rule.check(Text(answer), source)
        assert time.process_time() - started < SECONDS, rule.family


def test_a_source_of_nested_tags_is_no_harm():
    text = "<b>" * 10_000 + "Save the file now, please." + "</b>" * 10_000
    answer = "<b>" * 10_000 + "Speichern Sie bitte jetzt die Datei." + "</b>" * 10_000
    judge = TranslationRules.model_validate({"rules": [{"family": "markup", "locale": "de"}]})
    started = time.process_time()
    assert judge.verify(row(text), answer).score == 1
    assert judge.verify(row(text), answer.replace("</b>", "", 1)).score == 0
    assert time.process_time() - started < SECONDS


def test_nasty_sources_give_rules_or_none_at_once():
    Source(Text(SOURCE), "en", "de")
    find_rules(Source(Text(SOURCE), "en", "de"))
    for text in NASTY.values():
        started = time.process_time()
        find_rules(Source(Text(text[:20_000]), "en", "de"))
        assert time.process_time() - started < 5 * SECONDS


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(answer=st.text(st.characters(codec=None), max_size=300), tgt_lang=st.sampled_from(sorted(DRAFTS)))
def test_any_text_is_judged_and_always_the_same(answer, tgt_lang):
    judge = verifier(tgt_lang)
    verdict = judge.verify(row(tgt_lang=tgt_lang), answer)
    assert verdict.score in (0.0, None, 1.0)
    assert judge.verify(row(tgt_lang=tgt_lang), answer) == verdict
    for rule in judge.rules:
        rule.check(Text(answer), Source(Text(SOURCE), "en", tgt_lang))


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(text=st.text(max_size=300), tgt_lang=st.sampled_from(sorted(DRAFTS)))
def test_what_is_found_in_any_source_can_be_written_down_and_read_again(text, tgt_lang):
    for rule in find_rules(Source(Text(text), "en", tgt_lang)):
        judge = TranslationRules.model_validate({"rules": [rule.model_dump(mode="json")]})
        assert judge.rules == (rule,)
        assert rule.family in FAMILIES


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ('{"rules": []}', "at least 1 item"),
        ('{"rules": [{"family": "nothing", "locale": "de"}]}', "family"),
        ('{"rules": [{"family": "markup", "locale": "xx-none"}]}', "xx-none"),
        ('{"rules": [{"family": "dates", "locale": "de", "style": "long", "dates": ["March"]}]}', "dates"),
        ('{"rules": [{"family": "phones", "locale": "de", "form": "e164", "numbers": ["12"]}]}', "E.164"),
        ('{"rules": [{"family": "terms", "locale": "de"}]}', "neither required nor forbidden"),
        ('{"rules": [{"family": "numbers", "locale": "de", "numbers": [["1", "1"]], "more": 1}]}', "more"),
        (
            '{"rules": [{"family": "currency", "locale": "de", "amounts": [{"value": "x", "unit": "USD"}]}]}',
            "value",
        ),
        ("{", "no JSON"),
    ],
)
def test_wrong_arguments_are_told_by_name(args, words):
    with pytest.raises(UserError, match="translation_rules") as error:
        open_verifiers([{"name": "translation_rules", "args": args}])
    assert words in str(error.value)
