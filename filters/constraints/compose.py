"""Sets of constraints: which of them conflict, and a text that meets them all."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

from corpus.languages import parse, same_language
from filters.constraints import wording
from filters.constraints.base import Constraint
from filters.constraints.case import CASED, ResponseLanguage
from filters.constraints.catalog import CONSTRAINTS

_ROUNDS = 4
"""How often a text is mended before it counts as one that cannot be made."""
_TRIES = 20

_WHOLE = frozenset({"json_format", "choice"})
"""What leaves no room for a layout around it."""
_LAYOUTS = (
    "paragraphs paragraph_first_word sections bullets numbered_items title postscript two_responses end_phrase "
    "repeat_prompt quotation highlights placeholders"
)
_LAYOUT = frozenset(_LAYOUTS.split())
_TABLE: tuple[tuple[frozenset[str], frozenset[str]], ...] = (
    # Names of either side conflict whatever their arguments are. What is no fault of logic but hardly ever written
    # (JSON in capitals) stands here too, as in IFEval's own table.
    (_WHOLE, _LAYOUT | _WHOLE | {"sentences", "words", "characters", "uppercase", "lowercase", "capital_words"}),
    (frozenset({"json_format"}), frozenset({"no_commas", "keyword_frequency", "letter_frequency"})),
    (frozenset({"uppercase"}), frozenset({"lowercase", "capital_words", "repeat_prompt"})),
    (frozenset({"lowercase"}), frozenset({"capital_words", "repeat_prompt"})),
    (frozenset({"quotation"}), frozenset({"end_phrase", "repeat_prompt", "postscript", "two_responses"})),
    (frozenset({"repeat_prompt"}), frozenset({"paragraph_first_word", "title"})),
    (frozenset({"end_phrase"}), frozenset({"postscript"})),
    (frozenset({"two_responses"}), frozenset({"paragraphs", "paragraph_first_word", "repeat_prompt"})),
    (frozenset({"paragraphs"}), frozenset({"paragraph_first_word", "sections"})),
    (frozenset({"paragraph_first_word"}), frozenset({"sections", "title", "postscript", "bullets", "numbered_items"})),
    (frozenset({"no_digits", "kanji_numerals"}), frozenset({"numbered_items", "sections"})),
    (frozenset({"hiragana_only"}), frozenset({"katakana_only", "no_hiragana", "furigana", "kanji_count"})),
    (frozenset({"katakana_only"}), frozenset({"no_katakana", "furigana", "kanji_count"})),
    (frozenset({"no_hiragana"}), frozenset({"furigana", "sentence_ending"})),
    (frozenset({"no_full_stops"}), frozenset({"sentences", "nominal_endings", "sentence_ending"})),
    (frozenset({"sentence_ending"}), frozenset({"nominal_endings"})),
    (frozenset({"no_accents"}), frozenset({"accents_restored"})),
)


class Conflict(NamedTuple):
    """Two constraints that no text meets, or hardly any, and why."""

    one: str
    other: str
    reason: str


def conflicts(constraints: Sequence[Constraint]) -> list[Conflict]:
    """Pairs of a set that conflict: by their names, by their counts, or by what one asks for and another forbids.

    An empty list does not promise that a text exists; `compose` tries to make one.
    """
    return [found for one, other in combinations(constraints, 2) if (found := _conflict(one, other))]


def _conflict(one: Constraint, other: Constraint) -> Conflict | None:
    names = (one.name, other.name)
    for left, right in _TABLE:
        if (names[0] in left and names[1] in right) or (names[1] in left and names[0] in right):
            return Conflict(*names, "their forms exclude each other") if names[0] != names[1] else None
    for asks, forbids in ((one, other), (other, one)):
        if reason := _forbidden(asks, forbids):
            return Conflict(asks.name, forbids.name, reason)
    if one.name == other.name:
        return _same_name(one, other)
    return None


def _same_name(one: Constraint, other: Constraint) -> Conflict | None:
    if one == other:
        return None
    fields, others = one.model_dump(), other.model_dump()
    counted = {"count", "relation"} <= fields.keys()
    if not counted:
        repeatable = one.name in ("keywords", "forbidden_words", "forbidden_letter", "accents_restored")
        return None if repeatable else Conflict(one.name, other.name, "asked for twice with different arguments")
    if any(fields[key] != others[key] for key in fields.keys() - {"count", "relation"}):
        return None
    (low, high), (low2, high2) = (each["relation"].bounds(each["count"]) for each in (fields, others))
    return Conflict(one.name, other.name, "no number meets both") if max(low, low2) > min(high, high2) else None


def _forbidden(asks: Constraint, forbids: Constraint) -> str | None:
    """Why the words that a constraint asks for cannot be written under another."""
    if isinstance(asks, ResponseLanguage):
        language = parse(asks.language).language
        cased = forbids.written == CASED
        if cased and language not in CASED:
            return f"a text in {asks.language} has no capital letters"
        if not cased and forbids.written is not None and language not in forbids.written:
            return f"no text in {asks.language} is asked for it"
        wanted = getattr(forbids, "language", None)
        return "two languages" if wanted and not same_language(wanted, asks.language) else None
    for text in _asked(asks):
        if forbids.name in _ABOUT_WORDS and forbids.hold(text) is False:
            return f"it asks for {text!r}, which the other does not allow"
    return None


_LETTERED = (
    "forbidden_words forbidden_letter no_commas no_digits no_full_stops no_accents kanji_numerals no_hiragana "
    "no_katakana hiragana_only katakana_only"
)
_ABOUT_WORDS = frozenset(_LETTERED.split())


def _asked(constraint: Constraint) -> list[str]:
    """The texts that must occur in a response, letter for letter."""
    fields = constraint.model_dump()
    least = fields["relation"].bounds(fields["count"])[0] if "relation" in fields else 1
    if constraint.name == "forbidden_words" or not least:
        return []
    keys = ("keyword", "letter", "prompt", "phrase", "marker", "first_word", "ending")
    singles = [fields[key] for key in keys if key in fields and constraint.name != "forbidden_letter"]
    return [
        *singles,
        *fields.get("keywords", ()),
        *(fields["words"].values() if isinstance(fields.get("words"), dict) else ()),
    ]


def compose(constraints: Sequence[Constraint], language: str) -> str | None:
    """A text in a language that meets all constraints, made of filler; None where none was found.

    Raises:
        UserError: a language without wordings.
    """
    for constraint in constraints:
        if isinstance(constraint, ResponseLanguage) and parse(constraint.language).language in wording.LANGUAGES:
            language = constraint.language
    text = " ".join([str(wording.wordings(language)["filler"])] * 3)
    ordered = sorted(constraints, key=lambda constraint: constraint.phase)
    for start in (text, str(wording.wordings(language)["filler"]), ""):
        made = _mended(start, ordered, language)
        if made is not None:
            return made
    return None


def _mended(text: str, ordered: Sequence[Constraint], language: str) -> str | None:
    for _ in range(_ROUNDS):
        for constraint in ordered:
            if constraint.hold(text) is True:
                continue
            changed = constraint.comply(text, language)
            if changed is None:
                return None
            text = changed
        if text.strip() and all(constraint.hold(text) is True for constraint in ordered):
            return text
    return None


def sample_set(rng: random.Random, language: str, count: int) -> list[Constraint]:
    """Different constraints for a response in a language that do not conflict, at most so many.

    Raises:
        UserError: a language without wordings.
    """
    fitting = [each for each in CONSTRAINTS.values() if each.fits(language)]
    chosen: list[Constraint] = []
    for _ in range(_TRIES * count):
        if len(chosen) == count:
            break
        candidate = rng.choice(fitting).sample(rng, language)
        if candidate.name not in {each.name for each in chosen} and not conflicts([*chosen, candidate]):
            chosen.append(candidate)
    return chosen
