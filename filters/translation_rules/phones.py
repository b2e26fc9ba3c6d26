"""Telephone numbers: written internationally or as at home, and no digit changed; by Google's libphonenumber."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import Literal, Self

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberMatcher
from pydantic import Field, field_validator

from corpus.languages import parse
from filters.translation_rules.base import Rule, Source, added, failed, met
from filters.translation_rules.edits import Edit
from filters.translation_rules.text import Text
from filters.verifier import Verdict

_FORMATS = {
    "international": PhoneNumberFormat.INTERNATIONAL,
    "e164": PhoneNumberFormat.E164,
    "national": PhoneNumberFormat.NATIONAL,
}
_WRITTEN = re.compile(r"(?:\+ ?|\( ?)?[0-9](?:[ ().\-‑–/]{0,3}[0-9]){6,16}")
"""What may be a telephone number: at least seven digits, with little between them."""
_SHOWN = {"international": "+44 20 7946 0018", "e164": "+442079460018", "national": "020 7946 0018"}


class Phones(Rule):
    """Every telephone number stays the same number and is written in one form.

    Held where each stands in the answer as often as in the source, in that form (kinds of spaces and hyphens are left
    open), and in no other.
    """

    family: Literal["phones"] = "phones"
    form: Literal["international", "e164", "national"]
    numbers: tuple[str, ...] = Field(min_length=1, max_length=10)
    """In E.164: +442079460018."""

    @field_validator("numbers")
    @classmethod
    def _can_be_read(cls, numbers: tuple[str, ...]) -> tuple[str, ...]:
        for number in numbers:
            _parsed(number)
        return numbers

    @classmethod
    def find(cls, source: Source) -> list[Self]:
        """The forms that none of the source's valid numbers has; numbers of the source language's country or with +."""
        if not re.search(r"[0-9][^\n]{5,}[0-9]", source.text.flat):
            return []
        found = list(PhoneNumberMatcher(source.text.flat[:20_000], parse(source.src_lang).region))[:11]
        if not 0 < len(found) <= 10:
            return []
        numbers = [phonenumbers.format_number(match.number, PhoneNumberFormat.E164) for match in found]
        return [
            cls(locale=source.tgt_lang, form=form, numbers=tuple(numbers))  # type: ignore[arg-type]
            for form in _FORMATS
            if all(
                _level(match.raw_string) != _level(_written(n, form)) for match, n in zip(found, numbers, strict=True)
            )
        ]

    def key(self) -> str:
        """One wording for each form."""
        return f"phones.{self.form}"

    def slots(self, language: str) -> dict[str, str]:
        """A number that nobody has, in the form."""
        del language
        return {"example": _SHOWN[self.form]}

    def check(self, answer: Text, _source: Source, /) -> Verdict:
        """Compare all that may be telephone numbers with those that must be there."""
        wanted = Counter(_level(_written(number, self.form)) for number in self.numbers)
        ends = tuple(_ending(number) for number in self.numbers)
        found = [match.group() for match in _WRITTEN.finditer(answer.flat)]
        told = "; ".join(found[:10])
        for text in found:
            level = _level(text)
            if wanted[level] > 0:
                wanted[level] -= 1
            elif re.sub("[^0-9]", "", text).endswith(ends):
                return failed("number too often" if level in wanted else "number in another form", told)
        return failed("number missing", told) if any(n > 0 for n in wanted.values()) else met(told)

    def edits(self, answer: Text, _source: Source, /) -> list[Edit] | None:
        """Each number in another form, whoever reads it as the same number."""
        left, edits = list(self.numbers), []
        for found in _WRITTEN.finditer(answer.flat):
            number = next((number for number in left if _is_number(found.group(), number)), None)
            if number is None:
                continue
            left.remove(number)
            if _level(found.group()) != _level(_written(number, self.form)):
                alone = found.group().startswith("(") and ")" not in found.group()
                edits.append(Edit(found.start() + alone, found.end(), _written(number, self.form)))
        return None if left else edits

    def compliant(self, draft: str, _source: Source, /) -> str | None:
        """The draft with the numbers."""
        return added(draft, [_written(number, self.form) for number in self.numbers])

    def broken(self, draft: str, _source: Source, /) -> list[str]:
        """In every other form; in two; with another digit; without them."""
        right = [_written(number, self.form) for number in self.numbers]
        others = [[_written(number, form) for number in self.numbers] for form in _FORMATS if form != self.form]
        differ = [o for o in others if all(_level(a) != _level(b) for a, b in zip(o, right, strict=True))]
        both = [[f"{a} ({b})" for a, b in zip(right, other, strict=True)] for other in differ]
        wrong = [re.sub(r"[0-9](?=[^0-9]*$)", lambda m: str((int(m[0]) + 1) % 10), number) for number in right]
        return [added(draft, pieces) for pieces in (*differ, *both, wrong, right + right, [])]


@lru_cache(maxsize=4096)
def _parsed(number: str) -> phonenumbers.PhoneNumber:
    try:
        return phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException as error:
        raise ValueError(f"{number!r} is no telephone number in E.164: {error}") from None


@lru_cache(maxsize=4096)
def _written(number: str, form: str) -> str:
    return str(phonenumbers.format_number(_parsed(number), _FORMATS[form]))


def _is_number(text: str, number: str) -> bool:
    """Whether a number as written is this one, abroad or in its own country."""
    known = _parsed(number)
    try:
        read = phonenumbers.parse(text, phonenumbers.region_code_for_number(known))
    except phonenumbers.NumberParseException:
        return False
    return (read.country_code, read.national_number) == (known.country_code, known.national_number)


def _ending(number: str) -> str:
    """The digits that every form of a number ends with."""
    return str(_parsed(number).national_number)[-7:]


def _level(text: str) -> str:
    return re.sub(r"[\s\u00a0]+", " ", re.sub("[‑–]", "-", text)).strip()
