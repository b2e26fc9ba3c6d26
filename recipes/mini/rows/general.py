"""General tasks whose answers a program can check: arithmetic, forms, sorting, extraction, facts, programs."""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from grammar.base import weekday_name
from grammar.frames import FRAMES
from grammar.languages import CODES, language
from grammar.meaning import City, Meaning, Noun, Number, Person, Raw, Value, Weekday, Word
from grammar.vocabulary import WORDS

from rows.held import Split, Taken, draw_open
from rows.pairs import LICENSE, ORIGIN

_WEIGHTS = {"en": 3.0, "de": 1.0, "es": 1.0, "ru": 1.0, "zh": 1.0, "it": 0.1}
_OTHER_WORDINGS: Mapping[Split, frozenset[str]] = {
    "dev": frozenset(["ask_sum_other", "ask_upper_other", "ask_code_other", "ask_plus_other"]),
    "test": frozenset(["ask_plain_other", "ask_bullets_other", "ask_up_other", "ask_capital_other"]),
}
"""Wordings that training has not seen."""
_FACTS = frozenset(["ask_capital", "ask_country", "ask_opposite", "ask_after", "ask_before"])
"""A fact that is never told cannot be known, so none of these is held out but by its wording."""
_BUCKETS = 10
"""Of so many buckets of values one is held out for dev and one for test."""

_HELD_WORDS = frozenset([*WORDS["held_dev"], *WORDS["held_test"]])
_FOODS, _NAMES, _CITIES, _THINGS = (
    [word for word in WORDS[name] if word not in _HELD_WORDS] for name in ("foods", "names", "cities", "things")
)
_CAPITALS = [city for city in _CITIES if city not in ("London", "Prague")]
"""Of countries whose names need no article of their own in any language."""
_OPPOSITES = {"new": "old", "old": "new", "big": "small", "small": "big", "white": "black", "black": "white"} | {
    "cheap": "expensive",
    "expensive": "cheap",
}
_COUNTS = [n for n in range(2, 31) if n % 10 != 1 or n == 11]
_FUNCTIONS = ["f", "g", "h", "calc", "work", "change", "compute", "step"]

Verifiers = list[dict[str, str]]


@dataclass(frozen=True)
class Made:
    """A task: what is asked, of what kind, the good answer and what checks an answer."""

    kind: str
    slots: Mapping[str, Value]
    answer: str
    verifiers: Verifiers


Make = Callable[[random.Random, str], Made]


def _verifier(name: str, **args: Any) -> Verifiers:
    return [{"name": name, "args": json.dumps(args, ensure_ascii=False, sort_keys=True)}]


def _exactly(answer: str, *more: dict[str, Any]) -> Verifiers:
    """The answer, and at most a stop beside it."""
    constraints = [
        {"name": "keywords", "keywords": [answer]},
        {"name": "characters", "count": len(answer) + 1, "relation": "at_most"},
        *more,
    ]
    return _verifier("constraints", constraints=constraints)


def _json(kind: str, words: str, value: object) -> Made:
    schema = {"const": value}
    answer = json.dumps(value, ensure_ascii=False)
    return Made(kind, {"words": Raw(words)}, answer, _verifier("format", json_schema=schema))


def _listed(items: Sequence[object], code: str) -> str:
    return ("、" if code == "zh" else ", ").join(map(str, items))


def _terms(rng: random.Random, code: str, count: int) -> list[str]:
    return [language(code).term(word) for word in rng.sample(_THINGS + _FOODS, count)]


# --- arithmetic ------------------------------------------------------------------------------------------------------


def _worked(x: int, op: str, y: int, slots: Mapping[str, Value]) -> Made:
    value = _value(x, op, y)
    return Made("arithmetic", slots, f"{x} {op} {y} = {value}", _verifier("math", answer=str(value)))


def _value(x: int, op: str, y: int) -> int:
    return {"+": x + y, "-": x - y, "×": x * y, "*": x * y}[op]


def _two(op: str) -> Make:
    """Two amounts of one food, put together or taken away."""

    def make(rng: random.Random, code: str) -> Made:
        del code
        food, (who, other) = rng.choice(_FOODS), rng.sample(_NAMES, 2)
        x, y = rng.choice(_COUNTS), rng.choice(_COUNTS)
        if op == "-":
            x, y = sorted(rng.sample(_COUNTS, 2), reverse=True)
        slots: dict[str, Value] = {"who": Person(who), "other": Person(other)}
        slots |= {"a": Noun(food, count=x), "b": Noun(food, count=y)}
        return _worked(x, op, y, slots)

    return make


def _each(rng: random.Random, code: str) -> Made:
    del code
    bags, each = rng.randint(2, 9), rng.randint(2, 9)
    slots: dict[str, Value] = {
        "who": Person(rng.choice(_NAMES)),
        "bags": Noun("bag", count=bags),
        "a": Noun(rng.choice(_FOODS), count=each),
    }
    return _worked(bags, "×", each, slots)


def _plain(rng: random.Random, code: str) -> Made:
    del code
    op = rng.choice("+-×")
    x, y = sorted((rng.randint(2, 50), rng.randint(2, 50)), reverse=True)
    if op == "×":
        x, y = rng.randint(2, 12), rng.randint(2, 12)
    return _worked(x, op, y, {"x": Raw(str(x)), "op": Raw(op), "y": Raw(str(y))})


# --- forms of answers ------------------------------------------------------------------------------------------------


def _upper(rng: random.Random, code: str) -> Made:
    (word,) = _terms(rng, code, 1)
    answer = word.upper()
    return Made("form", {"words": Raw(word)}, answer, _exactly(answer, {"name": "uppercase"}))


def _lower(rng: random.Random, code: str) -> Made:
    (word,) = _terms(rng, code, 1)
    answer = word.lower()
    return Made("form", {"words": Raw(word.upper())}, answer, _exactly(answer, {"name": "lowercase"}))


def _bullets(rng: random.Random, code: str) -> Made:
    words = _terms(rng, code, rng.randint(2, 4))
    constraints = [{"name": "bullets", "count": len(words)}, {"name": "keywords", "keywords": words}]
    answer = "\n".join(f"* {word}" for word in words)
    return Made("form", {"words": Raw(_listed(words, code))}, answer, _verifier("constraints", constraints=constraints))


def _repeat(rng: random.Random, code: str) -> Made:
    (word,), count = _terms(rng, code, 1), rng.randint(2, 6)
    constraints = [
        {"name": "words", "count": count, "relation": "exactly"},
        {"name": "keyword_frequency", "keyword": word, "count": count, "relation": "exactly"},
    ]
    slots: dict[str, Value] = {"words": Raw(word), "n": Number(count)}
    return Made("form", slots, " ".join([word] * count), _verifier("constraints", constraints=constraints))


def _json_list(rng: random.Random, code: str) -> Made:
    words = _terms(rng, code, rng.randint(2, 4))
    return _json("form", _listed(words, code), words)


def _sorted(reverse: bool) -> Make:
    def make(rng: random.Random, code: str) -> Made:
        numbers = rng.sample(range(1, 100), rng.randint(3, 5))
        return _json("sorting", _listed(numbers, code), sorted(numbers, reverse=reverse))

    return make


# --- extraction ------------------------------------------------------------------------------------------------------


def _found(frames: Sequence[str], slot: str) -> Make:
    """What stands in a slot of a sentence."""

    def make(rng: random.Random, code: str) -> Made:
        del code
        said = draw_open(rng, [FRAMES[name] for name in frames])
        value = said.slots[slot]
        assert isinstance(value, Raw)
        return Made("extraction", {"said": said}, value.text, _exactly(value.text))

    return make


def _live(rng: random.Random, code: str) -> Made:
    said = draw_open(rng, [FRAMES["lives"]])
    who, city = said.slots["who"], said.slots["city"]
    assert isinstance(who, Person)
    assert isinstance(city, City)
    say = language(code)
    told = {"name": say.person(who, frozenset(["nom"])), "city": say.city(city, frozenset(["nom"]))}
    verifiers = _verifier("format", json_schema={"const": told})
    return Made("extraction", {"said": said}, json.dumps(told, ensure_ascii=False), verifiers)


# --- facts -----------------------------------------------------------------------------------------------------------


def _fact(slots: Mapping[str, Value], answer: str) -> Made:
    return Made("facts", slots, answer, _exactly(answer))


def _capital(rng: random.Random, code: str) -> Made:
    city = rng.choice(_CAPITALS)
    country, _ = language(code).words[f"in_{city}"].replace("_", " ").rsplit(" ", 1)
    return _fact({"country": Raw(country)}, language(code).city(City(city), frozenset(["nom"])))


def _country(rng: random.Random, code: str) -> Made:
    city = rng.choice(_CAPITALS)
    return _fact({"city": City(city)}, language(code).words[f"in_{city}"].split()[-1])


def _opposite(rng: random.Random, code: str) -> Made:
    word = rng.choice(list(_OPPOSITES))
    answer = language(code).word(Word(_OPPOSITES[word]), frozenset(["predicate"]))
    return _fact({"adjective": Word(word)}, answer)


def _neighbour(step: Literal[1, -1]) -> Make:
    def make(rng: random.Random, code: str) -> Made:
        day = rng.randrange(7)
        return _fact({"day": Weekday(day)}, weekday_name((day + step) % 7, code))

    return make


# --- programs --------------------------------------------------------------------------------------------------------


def _program(op: Literal["*", "+", "-"]) -> Make:
    def make(rng: random.Random, code: str) -> Made:
        del code
        name, n = rng.choice(_FUNCTIONS), rng.randint(2, 20)
        tests = [f"assert {name}({x}) == {_value(x, op, n)}" for x in rng.sample(range(-20, 50), 3)]
        slots: dict[str, Value] = {"name": Raw(name), "n": Number(n)}
        return Made("programs", slots, f"def {name}(x): return x {op} {n}", _verifier("code", tests=tests))

    return make


MAKERS: Mapping[str, Make] = {
    **{"ask_sum": _two("+"), "ask_sum_other": _two("+"), "ask_take": _two("-"), "ask_each": _each},
    **{"ask_plain": _plain, "ask_plain_other": _plain},
    **{"ask_upper": _upper, "ask_upper_other": _upper, "ask_lower": _lower, "ask_repeat": _repeat},
    **{"ask_bullets": _bullets, "ask_bullets_other": _bullets, "ask_json": _json_list},
    **{"ask_up": _sorted(False), "ask_down": _sorted(True), "ask_up_other": _sorted(False)},
    **{"ask_code": _found(["order_sent", "pay"], "code"), "ask_code_other": _found(["order_sent", "pay"], "code")},
    **{"ask_address": _found(["contact"], "email"), "ask_live": _live},
    **{"ask_capital": _capital, "ask_capital_other": _capital, "ask_country": _country, "ask_opposite": _opposite},
    **{"ask_after": _neighbour(1), "ask_before": _neighbour(-1)},
    **{"ask_times": _program("*"), "ask_plus": _program("+"), "ask_plus_other": _program("+")},
    "ask_minus": _program("-"),
}
"""What makes the tasks of each wording."""


def split_of(wording: str, slots: Mapping[str, Value]) -> Split | None:
    """Which test set a task's values are held out for; None where training may have them."""
    if wording in _FACTS:
        return None
    # Wordings of one task hold out the same values.
    key = f"{wording.removesuffix('_other')}/{sorted(slots.items())!r}"
    return {0: "dev", 1: "test"}.get(zlib.crc32(key.encode()) % _BUCKETS)  # type: ignore[return-value]


def training_tasks(rng: random.Random, count: int, taken: Taken) -> Iterator[dict[str, Any]]:
    """So many tasks, of each kind as many as its wordings; small kinds repeat."""
    others = frozenset().union(*_OTHER_WORDINGS.values())
    wordings = [name for name in MAKERS if name not in others]
    for _ in range(count):
        while True:
            row, split = _row(rng, rng.choice(wordings), rng.choices(CODES, [_WEIGHTS[c] for c in CODES])[0])
            if row is not None and split is None and not _is_taken(row, taken):
                break
        yield row


def test_tasks(rng: random.Random, split: Split, count: int, taken: Taken) -> Iterator[dict[str, Any]]:
    """So many tasks: half by a wording that is held out, half of values that are. What they ask is taken."""
    others = frozenset().union(*_OTHER_WORDINGS.values())
    known = [name for name in MAKERS if name not in others and name not in _FACTS]
    for number in range(count):
        held, wordings = ("wording", sorted(_OTHER_WORDINGS[split])) if number % 2 == 0 else ("values", known)
        for _ in range(2_000):
            wording = wordings[number // 2 % len(wordings)]
            row, own = _row(rng, wording, rng.choice(CODES))
            if row is None or (held == "values") != (own == split) or _is_taken(row, taken):
                continue
            taken.add([row["prompt"][0]["content"]])
            yield {**row, "held": held}
            break


def _is_taken(row: Mapping[str, Any], taken: Taken) -> bool:
    """Whether a test set asks the same, or the task quotes a sentence of one.

    What is held out by its values may be asked in the same words for other values, where a sentence does not show them
    all, such as its form of address.
    """
    return row["prompt"][0]["content"] in taken or (row["quoted"] is not None and row["quoted"] in taken)


def _row(rng: random.Random, wording: str, code: str) -> tuple[dict[str, Any] | None, Split | None]:
    """A row of kind `verifiable`; None where the language has no such wording."""
    say = language(code)
    if wording not in say.patterns:
        return None, None
    made = MAKERS[wording](rng, code)
    said = made.slots.get("said")
    row = {
        "prompt": [{"role": "user", "content": say.say(Meaning(wording, made.slots))}],
        "references": [made.answer],
        "verifiers": made.verifiers,
        "tgt_lang": code,
        "origin": ORIGIN,
        "license": LICENSE,
        "task": made.kind,
        "template": wording,
        "quoted": say.say(said) if isinstance(said, Meaning) else None,
    }
    return row, split_of(wording, made.slots)
