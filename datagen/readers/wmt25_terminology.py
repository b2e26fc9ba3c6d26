"""WMT25's terminology shared task: parallel segments and documents, each with its glossaries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Literal

import orjson

from corpus.errors import UserError
from corpus.languages import canonical
from corpus.schema import KindName
from datagen.readers._files import Fault, FileNames, composer, excerpt, expand, lines
from datagen.readers.base import Reader, Record

_MODES = ("proper", "random", "noterm")


class Wmt25Terminology(Reader):
    """JSON lines of the shared task: a text in two languages under their codes, and terms by mode.

    The first language is the source unless `src_lang` says otherwise. The glossary of a mode goes into `meta.terms`: by
    terms of the source their translations, of which documents (track 2) may list several. Read with the first language
    as target, a glossary is turned around.
    """

    unit: ClassVar[str] = "lines that are not blank"
    locations: ClassVar[tuple[str, ...]] = ("wmt25_terminology",)

    wmt25_terminology: FileNames
    """A file, a glob, a URL, or a list of them; may end in .gz, .zst, .xz or .bz2."""
    terms: Literal["proper", "random", "noterm"] = "proper"
    """Which glossary: proper terms of the domain, random words, or none."""

    def row_kind(self) -> KindName:
        """`pair`."""
        return "pair"

    def files(self) -> list[str]:
        """The files in the order in which they are read."""
        return expand(self.wmt25_terminology)

    def records(self, counts: Counter[str]) -> Iterator[Record]:
        """Every line; faults are `broken_json`, `no_two_texts`, and those of lines.

        Raises:
            UserError: a file has no text in a language that an option asks for.
        """
        compose = composer(self.normalize, counts)
        for file in self.files():
            for number, line in enumerate(lines(file, self.normalize, counts), 1):
                if isinstance(line, Fault):
                    yield line.at(file, number)
                elif line.strip():
                    yield self._record(file, number, line, compose)

    def _record(self, file: str, number: int, line: bytes, compose: object) -> Record:
        try:
            values = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            return Record(file, number, None, "broken_json", f"{error.msg}: {excerpt(line)}")
        texts = {k: v for k, v in values.items() if k not in _MODES} if isinstance(values, dict) else {}
        if len(texts) != 2 or not all(isinstance(text, str) for text in texts.values()):
            return Record(file, number, None, "no_two_texts", excerpt(line))
        source, target = self._direction(file, list(texts))
        given = values.get(self.terms) or {}
        terms = given if source == next(iter(texts)) else _turned(given)
        if callable(compose):
            texts = {code: compose(text) for code, text in texts.items()}
        row: dict[str, object] = {
            "source": texts[source],
            "target": texts[target],
            "segment": str(number),
            "src_lang": source,
            "tgt_lang": target,
            "origin": self.origin or Path(file).name,
            "meta": {"terms": terms, "terms_mode": self.terms},
        }
        return Record(file, number, row)

    def _direction(self, file: str, codes: list[str]) -> tuple[str, str]:
        for wanted, place in ((self.src_lang, 0), (self.tgt_lang, 1)):
            if wanted is None or canonical(codes[place]) == canonical(wanted):
                continue
            if canonical(codes[1 - place]) != canonical(wanted):
                raise UserError(f"{file} has texts in {' and '.join(codes)}, and none in {wanted!r}")
            return codes[1], codes[0]
        return codes[0], codes[1]


def _turned(terms: dict[str, object]) -> dict[str, object]:
    pairs = ((word, term) for term, words in terms.items() for word in (words if isinstance(words, list) else [words]))
    return {str(word): term for word, term in pairs}
