"""Constraints of the rows of IFEval, M-IFEval and Tülu 3's RLVR-IF.

Names of instructions and of their arguments are those collections' own: google-research/instruction_following_eval
(Apache-2.0), lightblue-tech/M-IFEval (Apache-2.0), allenai/open-instruct (Apache-2.0). What a name means is checked by
the constraints of this package; where a checker of theirs differs from what its own instruction says, the instruction
counts.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from corpus.errors import UserError, nearest
from filters.constraints.base import Constraint
from filters.constraints.catalog import open_constraint

_RELATIONS = {
    "at least": "at_least",
    "al menos": "at_least",
    "au moins": "at_least",
    "以上": "at_least",
    "at most": "at_most",
    "como máximo": "at_most",
    "less than": "less_than",
    "moins de": "less_than",
    "未満": "less_than",
    "around": "around",
    "exactly": "exactly",
}
_CHOICES = {
    "en": ("My answer is yes.", "My answer is no.", "My answer is maybe."),
    "es": ("Sí.", "No.", "Quizás."),
    "fr": ("Oui.", "Non.", "Peut-être."),
    "ja": ("はい、そうです。", "いいえ、違います。", "どちらとも言えません。"),
}
_TITLES = {"en": "<<", "es": "<<", "fr": "##", "ja": "『"}
_QUOTES = {"en": ('""',), "es": ('""',), "fr": ("«»", '""', "''"), "ja": ("「」",)}
_COMMAS = {"ja": "、､，"}

Entry = dict[str, Any]
_Make = Callable[[Mapping[str, Any], str], Entry]


def _amount(name: str, count: str, relation: str = "relation", **more: Any) -> _Make:
    def make(given: Mapping[str, Any], language: str) -> Entry:
        del language
        entry = {"name": name, "count": given[count], **more}
        if given.get(relation) is not None:
            entry["relation"] = _relation(given[relation])
        return entry

    return make


def _plain(name: str, **renamed: str) -> _Make:
    def make(given: Mapping[str, Any], language: str) -> Entry:
        del language
        return {"name": name, **{ours: given[theirs] for ours, theirs in renamed.items()}}

    return make


def _always(name: str, **arguments: Any) -> _Make:
    return lambda *_: {"name": name, **arguments}


def _relation(text: str) -> str:
    if text not in _RELATIONS:
        raise UserError(f"found the relation {text!r}, expected one of {', '.join(_RELATIONS)}")
    return _RELATIONS[text]


_IFEVAL: dict[str, _Make] = {
    "keywords:existence": _plain("keywords", keywords="keywords"),
    "keywords:frequency": lambda given, _: {
        **_amount("keyword_frequency", "frequency")(given, ""),
        "keyword": given["keyword"],
    },
    "keywords:forbidden_words": _plain("forbidden_words", words="forbidden_words"),
    "keywords:letter_frequency": lambda given, _: {
        **_amount("letter_frequency", "let_frequency", "let_relation")(given, ""),
        "letter": given["letter"],
    },
    "language:response_language": _plain("response_language", language="language"),
    "length_constraints:number_sentences": _amount("sentences", "num_sentences"),
    "length_constraints:number_paragraphs": _amount("paragraphs", "num_paragraphs"),
    "length_constraints:number_words": _amount("words", "num_words"),
    "length_constraints:number_letters": _amount("characters", "num_letters"),
    "length_constraints:nth_paragraph_first_word": _plain(
        "paragraph_first_word", paragraphs="num_paragraphs", nth="nth_paragraph", first_word="first_word"
    ),
    "detectable_content:number_placeholders": _amount("placeholders", "num_placeholders"),
    "detectable_content:postscript": _plain("postscript", marker="postscript_marker"),
    "detectable_content:no_digits": _plain("no_digits"),
    "detectable_content:informal_address": _plain("informal_address"),
    "detectable_format:number_bullet_lists": lambda given, language: {
        **_amount("bullets", "num_bullets")(given, ""),
        "mark": "・" if language == "ja" else "*",
    },
    "detectable_format:number_numbered_lists": _plain("numbered_items", count="num_items"),
    "detectable_format:constrained_response": lambda _, language: {"name": "choice", "options": _CHOICES[language]},
    "detectable_format:number_highlighted_sections": lambda given, language: {
        **_amount("highlights", "num_highlights")(given, ""),
        "mark": "《" if language == "ja" else "*",
    },
    "detectable_format:multiple_sections": lambda given, _: {
        **_amount("sections", "num_sections")(given, ""),
        "marker": given["section_spliter"],
    },
    "detectable_format:json_format": _plain("json_format"),
    "detectable_format:title": lambda _, language: {"name": "title", "mark": _TITLES[language]},
    "detectable_format:nominal_ending": _plain("nominal_endings", count="count"),
    "combination:two_responses": _plain("two_responses"),
    "combination:repeat_prompt": _plain("repeat_prompt", prompt="prompt_to_repeat"),
    "startend:end_checker": _plain("end_phrase", phrase="end_phrase"),
    "startend:quotation": lambda _, language: {"name": "quotation", "pairs": _QUOTES[language]},
    "startend:sentence_unified_end": _plain("sentence_ending", ending="ending"),
    "change_case:capital_word_frequency": _amount("capital_words", "capital_frequency", "capital_relation"),
    "change_case:english_capital": _always("uppercase", language="en"),
    "change_case:english_lowercase": _always("lowercase", language="en"),
    "change_case:spanish_capital": _always("uppercase", language="es"),
    "change_case:spanish_lowercase": _always("lowercase", language="es"),
    "change_case:french_capital": _always("uppercase", language="fr"),
    "change_case:french_lowercase": _always("lowercase", language="fr"),
    "punctuation:no_comma": lambda _, language: {
        "name": "no_commas",
        **({"marks": _COMMAS[language]} if language in _COMMAS else {}),
    },
    "punctuation:no_period": _plain("no_full_stops"),
    "punctuation:question_marks": _plain("question"),
    "punctuation:exclamation_marks": _plain("exclamation"),
    "special_character:enie": _amount("words_with_letter", "let_frequency", letter="ñ"),
    "special_character:dieresis": _amount("words_with_letter", "let_frequency", letter="ü"),
    "special_character:tildes": _amount("accented_words", "num_words"),
    "special_character:accents": _plain("accents_restored", words="word_to_accentuate"),
    "special_character:no_accents": _plain("no_accents"),
    "special_character:ethel_or_cedilla": _plain("forbidden_letter", letter="forbidden_char"),
    "letters:furigana": _plain("furigana"),
    "letters:kanji": _amount("kanji_count", "kanji_limit"),
    "letters:kansuuji": _plain("kanji_numerals"),
    "letters:no_hiragana": _plain("no_hiragana"),
    "letters:hiragana_only": _plain("hiragana_only"),
    "letters:no_katakana": _plain("no_katakana"),
    "letters:katakana_only": _plain("katakana_only"),
}


def from_ifeval(row: Mapping[str, Any]) -> list[Constraint]:
    """The constraints of a row of IFEval or M-IFEval: `instruction_id_list` with `kwargs`, one of each for each.

    Instructions of M-IFEval begin with the language (`fr:startend:quotation`); those of IFEval are English. Null
    arguments, which tables with one column for each argument hold, are not looked at.

    Raises:
        UserError: an instruction that is not known, or an argument that is missing or does not fit.
    """
    names, given = row["instruction_id_list"], row["kwargs"]
    if len(names) != len(given):
        raise UserError(f"found {len(names)} instructions with {len(given)} sets of arguments, expected one for each")
    return [_ifeval(name, arguments) for name, arguments in zip(names, given, strict=True)]


def _ifeval(name: str, given: Mapping[str, Any] | None) -> Constraint:
    prefix, _, rest = name.partition(":")
    language, identifier = (prefix, rest) if prefix in _CHOICES else ("en", name)
    make = _IFEVAL.get(identifier)
    if make is None:
        raise UserError(
            f"there is no instruction {name!r}.{nearest(identifier, list(_IFEVAL))} Known: {', '.join(_IFEVAL)}"
        )
    return _made(name, make, {key: value for key, value in (given or {}).items() if value is not None}, language)


def _made(name: str, make: _Make, given: Mapping[str, Any], language: str) -> Constraint:
    try:
        return open_constraint(make(given, language))
    except KeyError as error:
        have = ", ".join(given) or "none"
        raise UserError(f"instruction {name!r}: found the arguments {have}; expected {error.args[0]!r} too") from None
    except UserError as error:
        raise UserError(f"instruction {name!r}: {error}") from None


def _quantified(name: str) -> _Make:
    return lambda given, _: {"name": name, "count": given["N"], "relation": _relation(given["quantifier"])}


_TULU: dict[str, _Make] = {
    "verify_keywords": _plain("keywords", keywords="keyword_list"),
    "verify_keyword_frequency": lambda given, _: {
        **_plain("keyword_frequency", keyword="word", count="N")(given, ""),
        "relation": "exactly",
        "alone": True,
    },
    "validate_forbidden_words": lambda given, _: {
        **_plain("forbidden_words", words="forbidden_words")(given, ""),
        "within": True,
    },
    "verify_letter_frequency": lambda given, _: {
        **_plain("letter_frequency", letter="letter", count="N")(given, ""),
        "relation": "exactly",
    },
    "validate_response_language": _plain("response_language", language="language"),
    "verify_paragraph_count": lambda given, _: {**_plain("paragraphs", count="N")(given, ""), "divider": "* * *"},
    "validate_word_constraint": _quantified("words"),
    "verify_sentence_constraint": _quantified("sentences"),
    "validate_paragraphs": _plain("paragraph_first_word", paragraphs="N", nth="i", first_word="first_word"),
    "verify_postscript": _plain("postscript", marker="postscript_marker"),
    "validate_placeholders": _plain("placeholders", count="N"),
    "verify_bullet_points": _plain("bullets", count="N"),
    "validate_title": _plain("title"),
    "validate_choice": lambda given, _: {"name": "choice", "options": _options(given["options"])},
    "validate_highlighted_sections": _plain("highlights", count="N"),
    "validate_sections": lambda given, _: {
        **_plain("sections", count="N", marker="section_splitter")(given, ""),
        "relation": "exactly",
    },
    "validate_json_format": _plain("json_format"),
    "validate_repeat_prompt": _plain("repeat_prompt", prompt="original_prompt"),
    "validate_two_responses": _plain("two_responses"),
    "validate_uppercase": _plain("uppercase"),
    "validate_lowercase": _plain("lowercase"),
    "validate_frequency_capital_words": _quantified("capital_words"),
    "validate_end": _plain("end_phrase", phrase="end_phrase"),
    "validate_quotation": _plain("quotation"),
    "validate_no_commas": _plain("no_commas"),
}


def from_tulu(row: Mapping[str, Any]) -> list[Constraint]:
    """The constraints of a row of Tülu 3's RLVR-IF: `ground_truth`, JSON with `func_name` and its arguments.

    Its later form, a list of `{instruction_id, kwargs}` of IFEval's instructions, is read as well.

    Raises:
        UserError: no JSON, a function or an instruction that is not known, or an argument that does not fit.
    """
    truth = row["ground_truth"]
    if isinstance(truth, str):
        truth = _parsed(truth)
    if isinstance(truth, list):
        return [constraint for each in truth for constraint in _later(each)]
    if not isinstance(truth, Mapping):
        raise UserError(
            f"ground_truth: found {str(truth)[:40]!r}, expected an object with func_name, or a list of them"
        )
    name = truth.get("func_name")
    if name not in _TULU:
        raise UserError(f"there is no function {name!r}.{nearest(str(name), list(_TULU))} Known: {', '.join(_TULU)}")
    given = {key: value for key, value in truth.items() if value is not None}
    return [_made(name, _TULU[name], given, "en")]


def _later(each: Any) -> list[Constraint]:
    if not isinstance(each, Mapping) or not {"instruction_id", "kwargs"} <= each.keys():
        raise UserError(f"ground_truth: found {str(each)[:40]!r}, expected an object with instruction_id and kwargs")
    return from_ifeval({"instruction_id_list": each["instruction_id"], "kwargs": each["kwargs"]})


def _parsed(truth: str) -> Any:
    try:
        return orjson.loads(truth)
    except orjson.JSONDecodeError as error:
        # The later form was written by Python and not as JSON.
        try:
            return ast.literal_eval(truth)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            raise UserError(f"ground_truth is no JSON: {error}. It begins with {truth[:40]!r}") from None


def _options(given: str | Sequence[str]) -> Sequence[str]:
    if not isinstance(given, str):
        return given
    parts = [part.strip(" \"'()[]") for part in given.replace("/", ",").split(",")]
    return [part for part in parts if part]
