"""TMX: translation memories as XML (LISA's TMX 1.4b)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import model_validator

from corpus.errors import UserError
from corpus.languages import canonical, same_language
from corpus.schema import KindName
from datagen.readers._files import FileNames, composer, expand, stream
from datagen.readers.base import Reader, Record

if TYPE_CHECKING:
    from lxml.etree import _Element

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_CODES = ("bpt", "ept", "ph", "it", "ut")
"""Elements that hold a document format's own codes."""


class Tmx(Reader):
    """Translation memories; each translation unit is a pair, or several where it has variants of one language.

    A row's languages are written as the unit writes them (`xml:lang`, else `lang`). What the unit says of itself
    (`tuid`, dates, `prop`) goes into `meta`. Files are parsed unit by unit, in constant memory; nothing outside them is
    loaded and no entity expanded but XML's own. XML defines its line ends, encoding and byte-order mark itself, so
    `normalize` has only `nfc` to do here.
    """

    unit: ClassVar[str] = "translation units, those with variants once for each"
    locations: ClassVar[tuple[str, ...]] = ("tmx",)

    tmx: FileNames
    """A file, a glob, a URL, or a list of them; may end in .gz, .zst, .xz or .bz2."""
    inline_codes: Literal["drop", "keep"] = "drop"
    """What becomes of a format's own codes within a segment (`bpt`, `ept`, `ph`, `it`, `ut`): `drop` leaves the bare
    text, `keep` has the codes in it as the document had them (`<b>`). The text within `hi` always stays."""

    @model_validator(mode="after")
    def _check(self) -> Tmx:
        if (self.src_lang is None) != (self.tgt_lang is None):
            raise ValueError("src_lang and tgt_lang choose the languages of a TMX together; give both or neither")
        return self

    def row_kind(self) -> KindName:
        """`pair`."""
        return "pair"

    def files(self) -> list[str]:
        """The files in the order in which they are read."""
        return expand(self.tmx)

    def records(self, counts: Counter[str]) -> Iterator[Record]:
        """Every unit as one record or several, `line` its number; faults: `missing_language`, `unknown_entity`.

        Raises:
            UserError: a file is empty or broken XML (which cannot be read on), or has other than two languages while
                src_lang and tgt_lang choose none; says which there are.
        """
        compose = composer(self.normalize, counts)
        for file in self.files():
            source, target = self._languages(file)
            number = 0
            for number, unit in _units(file):
                texts: dict[str, list[tuple[str, str]]] = {source: [], target: []}
                fault = ""
                for language, segment in _variants(unit):
                    side = _side(language, source, target)
                    if side is None:
                        continue
                    text = _text(segment, keep=self.inline_codes == "keep")
                    fault = fault or ("" if text is not None else language)
                    texts[side].append((language, compose(text or "") if compose else text or ""))
                if fault:
                    yield Record(
                        file, number, None, "unknown_entity", f"in {fault}: an entity that XML does not define"
                    )
                elif not texts[source] or not texts[target]:
                    has = ", ".join(language for language, _ in _variants(unit)) or "none"
                    yield Record(file, number, None, "missing_language", f"found {has}; expected {source} and {target}")
                else:
                    yield from _rows(file, number, texts[source], texts[target], _meta(unit))
            if not number:
                raise UserError(f"{file} has no translation units")

    def _languages(self, file: str) -> tuple[str, str]:
        """Source and target: as chosen, else the two languages of the file, that of the header's `srclang` first."""
        if self.src_lang is not None and self.tgt_lang is not None:
            return self.src_lang, self.tgt_lang
        found: Counter[str] = Counter()
        declared = ""
        for _, unit in _units(file):
            declared = declared or _declared_source(unit)
            found.update(list(dict.fromkeys(language for language, _ in _variants(unit))))
        if len(found) != 2:
            listed = ", ".join(f"{language} ({n} units)" for language, n in found.most_common()) or "none"
            raise UserError(f"{file} has other than two languages; choose src_lang and tgt_lang among: {listed}")
        first, second = found
        return (second, first) if _side(declared, first, second) == second else (first, second)


def _units(file: str) -> Iterator[tuple[int, _Element]]:
    """The translation units with their numbers from 1; each is emptied when the next is asked for."""
    from lxml import etree

    with stream(file) as content:
        if not content.peek(1):
            raise UserError(f"{file} is empty")
        number = 0
        try:
            parser = etree.iterparse(
                content,
                tag="{*}tu",
                resolve_entities=False,
                load_dtd=False,
                no_network=True,
                huge_tree=True,  # lifts limits on the length of a text, which entities, not expanded, cannot abuse
                remove_comments=True,
                remove_pis=True,
            )
            for number, (_, unit) in enumerate(parser, 1):
                yield number, unit
                unit.clear()
                before = unit.getprevious()
                parent = unit.getparent()
                while before is not None and parent is not None:
                    parent.remove(before)
                    before = unit.getprevious()
        except etree.XMLSyntaxError as error:
            raise UserError(f"{file} is broken XML after translation unit {number}: {error.msg}") from None


def _variants(unit: _Element) -> Iterator[tuple[str, _Element]]:
    """Language and segment of each variant that has both."""
    for variant in unit.iterfind("{*}tuv"):
        language = variant.get(_LANG) or variant.get("lang")
        segment = variant.find("{*}seg")
        if language and segment is not None:
            yield language, segment


def _declared_source(unit: _Element) -> str:
    header = next(iter(unit.getroottree().getroot().iterfind("{*}header")), None)
    return (header.get("srclang") or "") if header is not None else ""


@cache
def _side(language: str, source: str, target: str) -> str | None:
    """Which of the two languages this one is: the same code first, else the same language (en-US where en is asked)."""
    try:
        code = canonical(language)
    except UserError:
        return None
    sides = (source, target)
    equal = next((side for side in sides if canonical(side) == code), None)
    return equal or next((side for side in sides if same_language(side, code, region=True)), None)


def _text(element: _Element, *, keep: bool) -> str | None:
    """The text of a segment; None where it holds an entity that is not XML's own."""
    parts = [element.text or ""]
    for child in element:
        if not isinstance(child.tag, str):
            return None
        name = child.tag.rpartition("}")[2]
        inner = _text(child, keep=keep) if keep or name not in _CODES else ""
        if inner is None:
            return None
        parts += [inner, child.tail or ""]
    return "".join(parts)


def _meta(unit: _Element) -> dict[str, object]:
    """The unit's attributes and properties; a property given several times is a list."""
    properties: dict[str, list[str]] = {}
    for prop in unit.iterfind("{*}prop"):
        properties.setdefault(prop.get("type") or "prop", []).append(prop.text or "")
    attributes = {str(name).rpartition("}")[2]: str(value) for name, value in unit.attrib.items()}
    return attributes | {name: values[0] if len(values) == 1 else values for name, values in properties.items()}


def _rows(
    file: str, number: int, sources: list[tuple[str, str]], targets: list[tuple[str, str]], meta: dict[str, object]
) -> Iterator[Record]:
    for src_lang, source in sources:
        for tgt_lang, target in targets:
            row: dict[str, object] = {"source": source, "target": target, "src_lang": src_lang, "tgt_lang": tgt_lang}
            yield Record(file, number, row | ({"meta": meta} if meta else {}))
