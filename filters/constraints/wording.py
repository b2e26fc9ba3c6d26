"""Instructions in many languages: sentences with placeholders, and numbers inflected with what they count."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from corpus.errors import UserError, nearest
from corpus.languages import TOWER_PLUS, parse

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
LANGUAGES = TOWER_PLUS
"""Languages that every constraint can be told in: those of Tower+."""


class Quantity(NamedTuple):
    """A number of things with how it is compared: at least 3 words."""

    relation: str
    number: int
    noun: str


def tell(name: str, language: str, values: Mapping[str, str | Quantity]) -> str:
    """The wording of a constraint with its placeholders filled.

    Raises:
        UserError: a language without wordings.
    """
    sheet = wordings(language)
    filled = {key: value if isinstance(value, str) else told(value, language) for key, value in values.items()}
    # In one pass: what is filled in may hold braces itself.
    return _PLACEHOLDER.sub(lambda found: filled[found[1]], sheet["constraints"][name])


def told(quantity: Quantity, language: str) -> str:
    """A quantity in words, the noun in the plural form and case that number and relation want."""
    sheet = wordings(language)
    # Some languages compare how often otherwise than how many.
    special = sheet.get(f"relations_of_{quantity.noun}", {})
    pattern = special.get(quantity.relation) or sheet["relations"][quantity.relation]
    case = "nouns"
    if isinstance(pattern, dict):
        case, pattern = pattern["nouns"], pattern["text"]
    noun = sheet[case][quantity.noun]
    if isinstance(noun, dict):
        noun = noun.get(_plural(quantity.number, language), noun["other"])
    # A noun that is written together with its number begins with a tilde.
    return str(pattern).replace("{n}", str(quantity.number)).replace("{noun}", str(noun)).replace(" ~", "")


def quoted(words: tuple[str, ...] | list[str], language: str) -> str:
    """Words in the quotation marks of a language, parted as a list is there."""
    sheet = wordings(language)
    opening, closing = sheet["quotes"]
    return str(sheet["comma"]).join(f"{opening}{word}{closing}" for word in words)


@cache
def wordings(language: str) -> Mapping[str, Any]:
    """All wordings of a language: those of its file in `filters/constraints/wordings`.

    Raises:
        UserError: a language without wordings.
    """
    import yaml

    code = {"nb": "no", "nn": "no"}.get(parse(language).language, parse(language).language)
    if code not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        raise UserError(
            f"constraints have no wordings in {language!r}.{nearest(code, LANGUAGES)} They have them in {known}"
        )
    sheet: Mapping[str, Any] = yaml.safe_load(
        (files("filters.constraints") / "wordings" / f"{code}.yaml").read_text("utf-8")
    )
    return sheet


@cache
def _plural(count: int, language: str) -> str:
    from babel import Locale

    return str(Locale.parse(parse(language).language).plural_form(count))
