"""Translations with a rule that a verifier checks, each with a reference that was said so as to obey it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from grammar.frames import FRAMES, SYNONYMS, Frame
from grammar.languages import language
from grammar.meaning import PLAIN, Distance, Meaning, Money, Style, Temperature, Value

from datagen.makers.translation_rules import Language as Told
from datagen.makers.translation_rules import problem
from datagen.tasks.base import open_task
from filters.translation_rules.address import Address
from filters.translation_rules.base import Rule, Source
from filters.translation_rules.capitals import Capitals
from filters.translation_rules.currency import Currency
from filters.translation_rules.dates import Dates
from filters.translation_rules.families import FAMILIES
from filters.translation_rules.measures import converted
from filters.translation_rules.quotes import Quotes
from filters.translation_rules.temperatures import Temperatures
from filters.translation_rules.terms import Terms
from filters.translation_rules.text import Text
from filters.translation_rules.times import Times
from filters.translation_rules.units import Units
from filters.verifier import Row, Verdict
from filters.verifiers.translation_rules import TranslationRules
from rows.held import KINDS, Held, Split, Taken, draw_held, draw_open
from rows.pairs import LICENSE, ORIGIN, direction

CASES: Mapping[str, str] = {
    "dates": "tickets cancelled thanks pay order_sent saved begins",
    "times": "train hours begins call free meet going",
    "numbers": "visitors",
    "currency": "price price_n refund room_price",
    "units": "distance",
    "temperatures": "weather",
    "verbatim": "order_sent pay contact cannot_open",
    "markup": "click welcome shared",
    "terms": "open want_delete saved click deleted_n have_n begins moved cancelled forget",
    "quotes": "wrote",
    "punctuation": "have_color how_much where_place when_begins free want_delete",
    "address": "order_sent refund expires thanks answer_by call shared",
    "length": "open show broken want_thing lives train expires",
    "capitals": "open forget deleted_n too lasts where_place train",
}
"""Families of rules with frames that give reason for them."""

_TRIES = 200
_MORE = 0.4
"""How often a rule of another family is added that the reference keeps as well."""
_TOLD: tuple[Told, ...] = ("en", "source", "target")


class GrammarFault(Exception):
    """A reference that was said so as to obey a rule does not pass the rule's verifier."""


@dataclass(frozen=True)
class Draw:
    """How the meanings of a set are drawn: from what frames may be drawn, with a form of address or any."""

    draw: Callable[[random.Random, list[Frame]], Meaning | None]
    taken: Taken
    claim: bool = False
    """Whether the sentences are a test set's, which no later row may have."""
    more: Mapping[str, Any] | None = None


def training_rules(rng: random.Random, count: int, taken: Taken) -> Iterator[dict[str, Any]]:
    """So many problems to train on."""
    return _rows(rng, count, Draw(draw_open, taken))


def test_rules(rng: random.Random, split: Split, count: int, taken: Taken) -> Iterator[dict[str, Any]]:
    """So many problems, whose sentences or words training has not seen."""
    kinds: tuple[Held, ...] = KINDS[:2]
    for held in kinds:

        def draw(rng: random.Random, frames: list[Frame], held: Held = held) -> Meaning | None:
            return draw_held(rng, split, held, frames)

        yield from _rows(rng, count // len(kinds), Draw(draw, taken, claim=True, more={"held": held}))


def _rows(rng: random.Random, count: int, how: Draw) -> Iterator[dict[str, Any]]:
    """The families take turns, so that each is there as often."""
    families = list(CASES)
    seen: set[tuple[str, str]] = set()
    made = 0
    while made < count and families:
        family = families.pop(0)
        row = _row(rng, family, how, seen)
        if row is None and how.claim:
            continue  # Some families have no sentence with a held-out word; the others take their turns.
        if row is None:
            raise GrammarFault(f"{family}: no rule found in {_TRIES} sentences of {CASES[family]}")
        families.append(family)
        seen.add((row["prompt"][0]["content"], row["references"][0]))
        made += 1
        yield row


def _row(rng: random.Random, family: str, how: Draw, seen: set[tuple[str, str]]) -> dict[str, Any] | None:
    for _ in range(_TRIES):
        made = _made(rng, family, how)
        if made is None:
            continue
        meaning, source, rules, reference = made
        texts = {source.text.raw, reference}
        # What was taken before is no longer free, also for a test set itself.
        if any(text in how.taken for text in texts) or (not how.claim and how.taken.quoted_in(meaning)):
            continue
        row, verdict = problem_row(rng, source, rules, reference)
        if verdict.reason == "wrong language":
            continue  # The recognizer takes so short a sentence for another language.
        if verdict.score != 1:
            raise GrammarFault(f"{verdict.reason} ({verdict.extracted}): {row['source']!r}, {reference!r}, {rules!r}")
        if (row["prompt"][0]["content"], reference) in seen:
            continue
        if how.claim and not how.taken.take(meaning):
            continue
        if how.claim:
            how.taken.add(texts)
        checks = checked(rules)
        return {
            **row,
            "template": meaning.frame,
            "lexemes": meaning.lexemes(),
            "family": family,
            "checks": checks,
            **(how.more or {}),
        }
    return None


def _made(rng: random.Random, family: str, how: Draw) -> tuple[Meaning, Source, list[Rule], str] | None:
    """A sentence with a rule of the family and its obedient translation; None where the draw gives no reason for it."""
    src, tgt = direction(rng)
    if family == "address" and src != "en":
        src, tgt = "en", src
    meaning = how.draw(rng, [FRAMES[name] for name in CASES[family].split()])
    if meaning is None:
        return None
    terms = _terms(meaning, src, tgt) if family == "terms" else {}
    told = language(src).say(meaning)
    told = told.upper() if family == "capitals" else told
    source = Source(Text(told), src, tgt, terms=terms)
    found = FAMILIES[family].find(source)
    if not found:
        return None
    rule = rng.choice(found)
    said, style = obeyed(rule, meaning)
    reference = language(tgt).say(said, style)
    if isinstance(rule, Capitals):
        reference = reference.upper()
    if family == "length" and rule.check(Text(reference), source).score != 1:
        return None  # The usual translation is longer; that is no fault of it.
    return meaning, source, [rule, *_more(rng, rule, source, reference)], reference


def _terms(meaning: Meaning, src: str, tgt: str) -> dict[str, str]:
    """A glossary that asks for another word than the usual one."""
    return {
        language(src).term(word): language(tgt).term(SYNONYMS[word]) for word in meaning.lexemes() if word in SYNONYMS
    }


def obeyed(rule: Rule, meaning: Meaning) -> tuple[Meaning, Style]:
    """The meaning and the style in which a translation obeys a rule."""
    match rule:
        case Dates():
            return meaning, Style(dates=rule.style)
        case Times():
            return meaning, Style(clock=rule.clock)
        case Quotes():
            return meaning, Style(quotes=(rule.opening, rule.closing))
        case Terms():
            return meaning, Style(terms=SYNONYMS)
        case Address():
            return replace(meaning, formal=rule.formal), PLAIN
        case Currency() if rule.to and rule.rate:
            to, rate = rule.to, Decimal(rule.rate)
            return _with(meaning, lambda value: _exchanged(value, to, rate)), PLAIN
        case Units():
            return _with(meaning, lambda value: _measured(value, rule)), PLAIN
        case Temperatures():
            return _with(meaning, lambda value: _measured(value, rule)), PLAIN
        case _:
            return meaning, PLAIN


def _with(meaning: Meaning, change: Callable[[Value], Value]) -> Meaning:
    return replace(meaning, slots={name: change(value) for name, value in meaning.slots.items()})


def _exchanged(value: Value, to: str, rate: Decimal) -> Value:
    if not isinstance(value, Money):
        return value
    amount = round(value.amount * rate, 2)
    whole = amount.to_integral_value()
    return Money(whole if amount == whole else amount, to)


def _measured(value: Value, rule: Units | Temperatures) -> Value:
    """A length or temperature in the unit that the rule asks for, rounded as people do."""
    if not isinstance(value, Distance | Temperature):
        return value
    unit = rule.target(value.unit)
    exact = float(converted(str(value.value), value.unit, unit))
    if isinstance(value, Distance):
        # So many digits that it is less than three percent off.
        near: float = round(exact, 0 if exact >= 20 else 1 if exact >= 2 else 2)
        return replace(value, value=int(near) if near == int(near) else near, unit=unit)  # type: ignore[arg-type]
    return replace(value, value=round(exact), unit=unit)  # type: ignore[arg-type]


def _more(rng: random.Random, rule: Rule, source: Source, reference: str) -> list[Rule]:
    """Perhaps a rule of another family, which the reference keeps too."""
    if rng.random() >= _MORE:
        return []
    own = type(rule)
    names = [name for name in CASES if FAMILIES[name] is not own]
    rng.shuffle(names)
    answer = Text(reference)
    for name in names:
        found = [each for each in FAMILIES[name].find(source) if each.check(answer, source).score == 1]
        if found:
            return [rng.choice(found)]
    return []


def checked(rules: Sequence[Rule]) -> list[str]:
    """What rules check, by the names of their families."""
    return sorted(rule.key().split(".")[0] for rule in rules)


def problem_row(
    rng: random.Random, source: Source, rules: Sequence[Rule], reference: str
) -> tuple[dict[str, Any], Verdict]:
    """A row of kind `verifiable`, and what its verifier finds in the reference."""
    text, src, tgt = source.text.raw, source.src_lang, source.tgt_lang
    asked = open_task("translate").prompts({"source": text, "src_lang": src, "tgt_lang": tgt})
    assert not isinstance(asked, str)
    request = asked[0][-1]["content"]
    made = problem(request, source, rules, reference, rng.choice(_TOLD), rng)
    row = {
        "prompt": list(made.prompt),
        "references": [reference],
        "verifiers": list(made.verifiers),
        "source": text,
        "src_lang": src,
        "tgt_lang": tgt,
        "origin": ORIGIN,
        "license": LICENSE,
        "task": "translation_rules",
    }
    verifier = TranslationRules.model_validate({"rules": [rule.model_dump() for rule in rules]})
    seen: Row = {"prompt": list(made.prompt), "source": text, "src_lang": src, "tgt_lang": tgt}
    return row, verifier.verify(seen, reference)
