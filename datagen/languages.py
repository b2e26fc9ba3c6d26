"""What the project knows of each language: a table made by asking the parts themselves."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import NamedTuple

from corpus.errors import UserError
from corpus.languages import TOWER_PLUS, TOWER_PLUS_VARIETIES, canonical, english_name, same_language, unicode_scripts
from filters import preferences
from filters.constraints import wording as constraints
from filters.maths.notation import notation
from filters.maths.numerals import read
from filters.recognizer import load
from filters.translation_rules import locales, wordings
from filters.translation_rules.families import FAMILIES
from filters.translation_rules.forms import ENDINGS, MARKERS
from filters.translation_rules.stems import stem
from filters.translation_rules.support import families_for


class Column(NamedTuple):
    """A column of the table."""

    title: str
    doc: str
    cell: Callable[[str], str]
    """What stands there for a language code; empty where there is nothing."""
    known: Callable[[], Iterable[str]] = tuple
    """Codes of the languages that it has something for by name. Parts that work for any language name none."""


def _recognized(code: str) -> str:
    return ", ".join(sorted(known for known in load(None).languages if same_language(known, code)))


def _constraints(code: str) -> str:
    try:
        return str(len(constraints.wordings(code)["constraints"]))
    except UserError:
        return ""


def _preference(code: str) -> str:
    try:
        return "yes" if preferences.instruction(code) else ""
    except UserError:
        return ""


def _rule_wordings(code: str) -> str:
    return str(sum(map(len, wordings.of_language(code).values())) or "")


def _families(code: str) -> str:
    return str(len(families_for(code)))


def _without(code: str) -> str:
    return ", ".join(name for name in FAMILIES if name not in families_for(code))


def _rule_languages() -> list[str]:
    varieties = [code for of_language in locales.tables()["varieties"].values() for code in of_language]
    return [*MARKERS, *ENDINGS, *varieties]


def _stemmed(code: str) -> str:
    return "yes" if stem("a", code) is not None else ""


def _number(code: str) -> str:
    """A number as mathematics is written in the language."""
    if locales.locale(code) is None:
        return ""
    written = notation(code)
    return f"`1{written.group}234{written.group}567{written.decimal}5`"


def _digits(code: str) -> str:
    """One, two and three in the digits of the language's scripts, where the verifier `math` reads them as such."""
    ones = (one for script in sorted(unicode_scripts(code)) for one in _ones().get(script.upper(), ()))
    numbers = ("".join(chr(ord(one) + more) for more in range(3)) for one in ones)
    return " ".join(number for number in numbers if (found := read(number, code)) and found.value == 123)


@cache
def _ones() -> dict[str, list[str]]:
    """The digits for one, beside that of ASCII, by the script in their Unicode names: DEVANAGARI DIGIT ONE."""
    scripts: dict[str, list[str]] = {}
    for one in map(chr, range(128, sys.maxunicode + 1)):
        named = _ONE.fullmatch(unicodedata.name(one, "")) if one.isdecimal() else None
        if named:
            scripts.setdefault(named[1], []).append(one)
    return scripts


_ONE = re.compile(r"(?:EXTENDED )?(.+?)(?:-INDIC)? DIGIT ONE")


COLUMNS: Sequence[Column] = (
    Column("name", "what prompts call the language", english_name),
    Column(
        "recognized as",
        "codes that language identification (lid.176, in the scorer `langid` and the verifiers `language` and "
        "`translation_rules`) may give",
        _recognized,
        lambda: load(None).languages,
    ),
    Column(
        "constraints",
        "how many kinds of constraints can be told in the language",
        _constraints,
        lambda: constraints.LANGUAGES,
    ),
    Column(
        "preference",
        "whether models can be asked in the language which of two translations is better",
        _preference,
        preferences.languages,
    ),
    Column(
        "rule wordings",
        "how many sentences of the language ask for rules of translations",
        _rule_wordings,
        wordings.languages,
    ),
    Column(
        f"rules, of {len(FAMILIES)}",
        f"how many of the {len(FAMILIES)} families of translation rules apply to translations into it",
        _families,
        _rule_languages,
    ),
    Column("without", "the other families", _without),
    Column("stems", "whether terms are found by a stemmer of the language; else by how words begin", _stemmed),
    Column(
        "numbers",
        "how the verifier `math` takes numbers to be written; where the cell is empty, as in English",
        _number,
    ),
    Column("digits", "digits of the language's own script that `math` reads beside 123", _digits),
)
"""The columns behind the code."""


def rows() -> dict[str, list[str]]:
    """Codes by section: the languages of Tower+, their varieties, and all others that a column knows by name."""
    told = [*TOWER_PLUS, *TOWER_PLUS_VARIETIES]
    known = {canonical(code) for column in COLUMNS for code in column.known()}
    return {
        "Languages of Tower+": list(TOWER_PLUS),
        "Their varieties": list(TOWER_PLUS_VARIETIES),
        "Other languages": sorted(known - set(told)),
    }


def page() -> str:
    """The documentation page."""
    parts = [
        "# Languages",
        "What is there for each language. The table is made from the code and its data when this page is built; an "
        "empty cell means that there is nothing. A variety without wordings of its own is asked in those of its "
        "language: Nynorsk in Bokmål, and constraints for Traditional Chinese in Simplified.",
        "\n".join(f"- **{column.title}:** {column.doc}." for column in COLUMNS),
        "That something is there does not say how good it is: [reports](reports/index.md) tell what was measured.",
    ]
    for section, codes in rows().items():
        parts += [f"## {section}", _table(codes)]
    return "\n\n".join(parts) + "\n"


def _table(codes: Sequence[str]) -> str:
    lines = [
        f"| code | {' | '.join(column.title for column in COLUMNS)} |",
        f"|---|{'---|' * len(COLUMNS)}",
        *(f"| `{code}` | {' | '.join(column.cell(code) for column in COLUMNS)} |" for code in codes),
    ]
    return "\n".join(lines)
