"""Translation memories: which languages they hold, and which of them is the source."""

from __future__ import annotations

from collections import Counter

from corpus.errors import UserError
from corpus.languages import same_language
from datagen.init.inputs import Input, short, stem
from datagen.init.languages import code_of
from datagen.readers._files import stream

_UNITS = 2_000
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def tmx(file: str) -> list[Input]:
    """Pairs of the source that the header names and of the language that has most segments beside it.

    Raises:
        UserError: the file is broken, or of one language.
    """
    declared, found = _languages(file)
    if len(found) < 2:
        raise UserError(f"{file}: found segments in {', '.join(found) or 'no language'}, expected two languages")
    source = next((code for code in found if _same(code, declared)), None)
    first = source or next(iter(found))
    second = next(code for code, _ in found.most_common() if code != first)
    why = f"the header has srclang={declared!r}" if source else "it stands first in the units"
    read = Input("tmx", file, stem(file), {"src_lang": first, "tgt_lang": second}, {"src_lang": why})
    counts = ", ".join(f"{n:,} in {code}" for code, n in found.items())
    read.told.append(f"{short(file)}: translation memory; its first units have segments: {counts}")
    read.told.append(f"{short(file)}: {first} is the source: {why}")
    if len(found) > 2:
        read.assumed.append(
            f"{short(file)}: of {len(found)} languages the pair {first}-{second} is read; "
            "for others copy the stage and unite them with `from: [a, b]`"
        )
    return [read]


def _same(code: str, declared: str) -> bool:
    return bool(code_of(code) and code_of(declared)) and same_language(code, declared)


def _languages(file: str) -> tuple[str, Counter[str]]:
    """The header's source language, and the languages of the first units in the order in which they come up."""
    from lxml import etree

    declared, found, units = "", Counter[str](), 0
    try:
        with stream(file) as content:
            if not content.peek(1):
                raise UserError(f"{file} is empty")
            for _, element in etree.iterparse(content, events=("end",), resolve_entities=False, load_dtd=False):
                match element.tag.rpartition("}")[2] if isinstance(element.tag, str) else "":
                    case "header":
                        declared = element.get("srclang") or ""
                    case "tuv":
                        found[element.get(_LANG) or element.get("lang") or "?"] += 1
                    case "tu":
                        element.clear()
                        units += 1
                if units == _UNITS:
                    break
    except etree.XMLSyntaxError as error:
        raise UserError(f"{file} is broken XML: {error.msg}") from None
    return declared, found
