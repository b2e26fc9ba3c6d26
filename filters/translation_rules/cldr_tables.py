"""Makes `cldr.json`: what CLDR knows and babel does not carry (quotation marks, punctuation, words of two varieties).

    npm pack cldr-misc-full cldr-annotations-full && for f in *.tgz; do mkdir ${f%-*}; tar xzf $f -C ${f%-*}; done
    python -m filters.translation_rules.cldr_tables FOLDER

The folder holds `cldr-misc-full/package` and `cldr-annotations-full/package` of one release (here 48.2.0).
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
from babel import Locale

TABLES = Path(__file__).with_name("cldr.json")
_MARKS = ("quotationStart", "quotationEnd", "alternateQuotationStart", "alternateQuotationEnd")
_VARIETIES = {"pt": ("pt-BR", "pt", "pt-PT"), "es": ("es-ES", "es", "es-419"), "fr": ("fr-FR", "fr", "fr-CA")}
"""Of a language: the variety that CLDR's main locale writes, that locale, and the other variety and locale."""
_EVERYDAY = "🚌🚆🍼👕🟤🍭🥤📱👓🍑🐷🛴🍍🥪🫐👖"
"""Emoji of things that people write of, whose names in two varieties a reader found to be how they speak."""
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_ACCENT = 3
"""Characters of a spelling pattern: the letter whose accent differs with its neighbours."""


def main(folder: Path) -> None:
    """Write the tables of a folder of CLDR's JSON."""
    main_, kept = folder / "cldr-misc-full/package/main", {}
    for path in sorted(main_.iterdir()):
        locale = path.name
        read = {part: orjson.loads((path / f"{part}.json").read_bytes()) for part in ("delimiters", "characters")}
        marks = read["delimiters"]["main"][locale]["delimiters"]
        characters = read["characters"]["main"][locale]["characters"]
        kept[locale] = {"quotes": [marks[name] for name in _MARKS], "marks": _set(characters.get("punctuation", ""))}
    tables = {
        "source": "Unicode CLDR 48.2 (Unicode License v3), made by filters/translation_rules/cldr_tables.py",
        "locales": {name: row for name, row in kept.items() if row != kept.get(name.rpartition("-")[0])},
        "varieties": {
            name: _varieties(folder / "cldr-annotations-full/package/annotations", *row)
            for name, row in _VARIETIES.items()
        },
    }
    TABLES.write_bytes(orjson.dumps(tables, option=orjson.OPT_INDENT_2))


def _set(pattern: str) -> str:
    """The characters of a UnicodeSet without ranges, as CLDR writes those of punctuation."""
    return "".join(sorted(set(re.sub(r"\\(.)|[\[\]\s]", r"\1", re.sub(r"\{(.*?)\}", "", pattern.strip("[]"))))))


def _varieties(annotations: Path, first: str, locale: str, second: str) -> dict[str, Any]:
    """Words and spellings that one variety of a language alone has in all of CLDR's text, for both."""
    one, two = _texts(annotations, locale), _texts(annotations, second)
    words_one, words_two = _words(one.values()), _words(two.values())
    respelled = [pair for key in one.keys() & two.keys() for pair in _respelled(one[key], two[key])]
    respelled = [(a, b) for a, b in respelled if a not in words_two and b not in words_one]
    pairs = [*respelled, *_named(annotations, locale, second, (words_one, words_two))]
    patterns = Counter(pattern for pair in respelled for pattern in _patterns(*pair))
    seen_one, seen_two = " ".join(words_one), " ".join(words_two)
    spellings = [pair for pair, n in patterns.items() if n > 1 and _apart(pair, seen_one, seen_two)]
    return {
        name: {"words": sorted({pair[side] for pair in pairs}), "spellings": sorted({s[side] for s in spellings})}
        for side, name in enumerate((first, second))
    }


def _texts(annotations: Path, locale: str) -> dict[str, str]:
    """Every name and keyword in CLDR's text of a locale by what it names: emoji, countries, languages, currencies."""
    rows = _annotations(annotations, locale)
    texts = {f"emoji {key}": " | ".join(row.get("tts", []) + row.get("default", [])) for key, row in rows.items()}
    return texts | _names(locale)


def _names(locale: str) -> dict[str, str]:
    data = Locale.parse(locale, sep="-")
    return {f"{p} {key}": str(name) for p in ("territories", "currencies") for key, name in getattr(data, p).items()}


def _annotations(annotations: Path, locale: str) -> dict[str, Any]:
    file = annotations / locale / "annotations.json"
    return dict(orjson.loads(file.read_bytes())["annotations"]["annotations"])


def _named(
    annotations: Path, one: str, two: str, seen: tuple[Container[str], Container[str]]
) -> Iterator[tuple[str, str]]:
    """Names of one word that differ: of countries, and of everyday things by their emoji."""
    for key in Locale.parse(one, sep="-").territories:
        a, b = (str(Locale.parse(locale, sep="-").territories[key]).lower() for locale in (one, two))
        if a != b and _WORD.fullmatch(a) and _WORD.fullmatch(b) and a not in seen[1] and b not in seen[0]:
            yield a, b
    first, second = _annotations(annotations, one), _annotations(annotations, two)
    names = [_words(row.get("tts", [""])[0] for row in rows.values()) for rows in (first, second)]
    for key in _EVERYDAY:
        texts = (rows.get(key, {}).get("tts", [""])[0].lower() for rows in (first, second))
        of_one, of_two = map(_WORD.findall, texts)
        unequal = [(x, y) for x, y in zip(of_one, of_two, strict=False) if x != y]
        if len(of_one) != len(of_two) or len(unequal) != 1:
            continue
        if unequal[0][0] not in names[1] and unequal[0][1] not in names[0]:
            yield unequal[0]


def _respelled(one: str, two: str) -> Iterator[tuple[str, str]]:
    """Words of one place that differ in accents alone, both with some: a word without may be another word (metro)."""
    bare = {_bare(word): word for word in _WORD.findall(two.lower())}
    for word in _WORD.findall(one.lower()):
        other = bare.get(_bare(word), word)
        if word != other and not word.isascii() and not other.isascii():
            yield word, other


def _words(names: Iterable[str]) -> Mapping[str, int]:
    return Counter(word for name in names for word in _WORD.findall(name.lower()))


def _bare(word: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))


def _patterns(one: str, two: str) -> Iterator[tuple[str, str]]:
    for at, (a, b) in enumerate(zip(one, two, strict=False)):
        if a != b and 0 < at < len(one) - 2 and len(one) == len(two):
            yield one[at : at + _ACCENT], two[at : at + _ACCENT]


def _apart(pair: tuple[str, str], one: str, two: str) -> bool:
    return pair[0] not in two and pair[1] not in one


if __name__ == "__main__":
    main(Path(sys.argv[1]))
