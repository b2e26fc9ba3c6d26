"""Read a judge's verdict out of what it said: JSON in prose, in fences, behind reasoning."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from filters.json_schema import Misfit, fitted

_LONGEST = 50_000
"""Characters of a reply, from its end, that are searched: a verdict comes last."""
_ATTEMPTS = 500
"""Places that are tried as the beginning of an object."""
_ENDED = re.compile(
    r"</(?:seed:)?(?:think|thinking|thought|reasoning|reflection|analysis|scratchpad)>|\[/THINK\]|◁/think▷|"
    # The channels of gpt-oss (harmony): what is said to the user is the last one.
    r"<\|end_of_thought\|>|<\|channel\|>\s*final\s*<\|message\|>",
    re.IGNORECASE,
)
"""Where reasoning ends."""
_BEGUN = re.compile(
    r"<(?:seed:)?(?:think|thinking|thought|reasoning|reflection|scratchpad)>|\[THINK\]|◁think▷"
    r"|<\|begin_of_thought\|>|<\|channel\|>\s*analysis\b",
    re.IGNORECASE,
)
"""Where it begins."""


class Unreadable(Exception):
    """A reply holds no verdict of the form; the message tells the judge why."""


def read_verdict(reply: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The last JSON object in a reply that has the schema's form.

    Reasoning is taken off, fences and prose around the object do not matter. Nothing is guessed: half an object, or a
    number outside of its scale, is no verdict.

    Raises:
        Unreadable: there is none.
    """
    text = without_reasoning(reply)
    if not text.strip():
        raise Unreadable("it was empty" if not reply.strip() else "it ended before an answer began")
    misfits, best = [], None
    for found in objects(text[-_LONGEST:]):
        try:
            best = fitted(found, schema)
        except Misfit as misfit:
            misfits.append(str(misfit))
    if best is not None:
        return dict(best)
    raise Unreadable(misfits[-1] if misfits else "it held no JSON object")


def without_reasoning(reply: str) -> str:
    """A reply without what the model thought before it; nothing where it never came to an answer."""
    answer = reply[max((end.end() for end in _ENDED.finditer(reply)), default=0) :]
    return "" if _BEGUN.match(answer.lstrip()) else answer


def begins_reasoning(answer: str) -> bool:
    """Whether reasoning begins anywhere in what `without_reasoning` left, and so never ends."""
    return bool(_BEGUN.search(answer))


def objects(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects in a text that do not lie within one another, in order."""
    place = attempts = 0
    while attempts < _ATTEMPTS and (place := text.find("{", place)) >= 0:
        attempts += 1
        try:
            found, place = _DECODER.raw_decode(text, place)
        except (ValueError, RecursionError):
            place += 1
            continue
        yield found


def clean(text: str) -> str:
    """A text without lone surrogates, which JSON can spell and no file can hold: U+FFFD stands for each."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


# Not strict: models write line breaks into texts as they are.
_DECODER = json.JSONDecoder(strict=False, parse_constant=_no_constant)
