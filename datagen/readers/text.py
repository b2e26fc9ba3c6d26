"""Plain text: one language a line each, or two languages aligned line by line (Moses)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import ClassVar

from pydantic import model_validator

from corpus.errors import UserError
from corpus.schema import KindName
from datagen.readers._files import Fault, FileNames, aligned, expand
from datagen.readers.base import Reader, Record, known_language


class Text(Reader):
    """Line-aligned files listed by language: `text: {de: train.de, en: train.en}` makes pairs from de to en.

    One language alone makes `text` rows. `segment` of a pair is its line's number.
    """

    version: ClassVar[int] = 2
    unit: ClassVar[str] = "lines"
    locations: ClassVar[tuple[str, ...]] = ("text", "doc_ids")

    text: dict[str, FileNames]
    """Files by language, source first; each a file, a glob or a list, as many for one language as for the other. May
    end in .gz, .zst, .xz or .bz2."""
    doc_ids: FileNames | None = None
    """Files, aligned with the text, that name on each line the document that it belongs to; a blank line names none."""

    @model_validator(mode="after")
    def _check(self) -> Text:
        if not 1 <= len(self.text) <= 2:
            raise ValueError(
                f"text: found {len(self.text)} languages ({', '.join(self.text)}), expected one (rows of kind text) or "
                "two (pairs). For more, read each pair in a stage of its own and unite them with `from: [a, b]`"
            )
        for code in self.text:
            known_language(code)
        for option in ("src_lang", "tgt_lang"):
            if getattr(self, option) is not None:
                raise ValueError(f"{option}: the keys of `text` name the languages, source first")
        return self

    def row_kind(self) -> KindName:
        """`pair` for two languages, `text` for one."""
        return "pair" if len(self.text) == 2 else "text"

    def files(self) -> list[str]:
        """All files: those of the first language, those of the second, those of `doc_ids`."""
        return [file for column in self._columns() for file in column]

    def identity(self) -> dict[str, object]:
        """The languages, source first."""
        return {"languages": list(self.text)}

    def records(self, counts: Counter[str]) -> Iterator[Record]:
        """Every line as a record; a line that is unreadable on one side sets the other aside with it.

        Raises:
            UserError: aligned files differ in length, or one is empty or broken.
        """
        languages = list(self.text)
        for files in zip(*self._columns(), strict=True):
            for number, items in aligned(files, self.normalize, counts):
                bad = next((place for place, item in enumerate(items) if isinstance(item, Fault)), None)
                if bad is not None:
                    yield items[bad].at(files[bad], number)  # type: ignore[union-attr]  # it is a Fault
                    continue
                row: dict[str, object]
                if len(languages) == 1:
                    row = {"text": items[0], "tgt_lang": languages[0]}
                else:
                    source, target = items[:2]
                    row = {"source": source, "target": target, "src_lang": languages[0], "tgt_lang": languages[1]}
                    row["segment"] = str(number)
                if self.doc_ids is not None:
                    # A blank line names no document; else all of its like would be one.
                    row["doc_id"] = items[-1] if str(items[-1]).strip() else None
                yield Record(files[0], number, row)

    def _columns(self) -> list[list[str]]:
        """Files by language, then those of `doc_ids`; equally many of each."""
        named = {**self.text, **({"doc_ids": self.doc_ids} if self.doc_ids is not None else {})}
        found = {name: expand(files) for name, files in named.items()}
        if len({len(files) for files in found.values()}) > 1:
            raise UserError(
                "files that belong together line by line must be equally many: "
                + "; ".join(f"{name}: {len(files)} ({', '.join(files[:3])})" for name, files in found.items())
            )
        return list(found.values())
