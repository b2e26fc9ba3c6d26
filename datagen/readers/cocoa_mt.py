"""CoCoA-MT (Nădejde et al. 2022, arXiv 2205.04022): translations in formal and in informal address."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple

from corpus.errors import UserError
from corpus.schema import KindName
from datagen.readers._files import Fault, aligned
from datagen.readers.base import Reader, Record

_NAME = re.compile(r"formality-control\.(?P<split>\w+)\.(?P<domain>\w+)\.(?P<src>[\w]+)-(?P<tgt>[\w]+)(?P<rest>\..+|)")
_PHRASE = re.compile(r"\[F\](.*?)\[/F\]")
_FORMS = ("formal", "informal")


class _Part(NamedTuple):
    """One domain's files."""

    domain: str
    src_lang: str
    tgt_lang: str
    source: Path
    forms: dict[str, Path]
    annotated: dict[str, Path]


class CocoaMt(Reader):
    """A folder of one language pair (`train/en-de`), files aligned line by line.

    Files are `formality-control.SPLIT.DOMAIN.PAIR.LANG` for the source and `….formal.LANG`, `….informal.LANG` for its
    translations; where a pair's file names lack the language, the source's has nothing after the pair. Each translation
    is a pair with `meta.formality`, the domain, and `meta.phrases`: what the annotated file marks as showing the form.
    """

    unit: ClassVar[str] = "lines × forms"
    locations: ClassVar[tuple[str, ...]] = ("cocoa_mt",)

    cocoa_mt: str
    """The pair's folder."""
    formality: Literal["both", "formal", "informal"] = "both"
    """Which translations."""

    def row_kind(self) -> KindName:
        """`pair`."""
        return "pair"

    def files(self) -> list[str]:
        """By domain the source, the translations, the annotated translations."""
        return [str(file) for p in self._parts() for file in (p.source, *p.forms.values(), *p.annotated.values())]

    def identity(self) -> dict[str, object]:
        """The names of the folder and its files: they name the rows' origin, domain, form and languages."""
        return {"names": [f"{Path(file).resolve().parent.name}/{Path(file).name}" for file in self.files()]}

    def records(self, counts: Counter[str]) -> Iterator[Record]:
        """Every line in each form.

        Raises:
            UserError: there is no such folder, a source lacks its translations, or files differ in length.
        """
        for part in self._parts():
            named = {"source": part.source, **part.forms}
            named |= {f"annotated {form}": file for form, file in part.annotated.items()}
            for number, values in aligned([str(file) for file in named.values()], self.normalize, counts):
                yield from self._rows(part, number, dict(zip(named, values, strict=True)))

    def _rows(self, part: _Part, number: int, values: dict[str, str | Fault]) -> Iterator[Record]:
        for form, file in part.forms.items():
            broken = next((v for name in ("source", form) if isinstance(v := values[name], Fault)), None)
            if broken is not None:
                yield broken.at(file.name, number)
                continue
            annotated = values.get(f"annotated {form}")
            row: dict[str, object] = {
                "source": values["source"],
                "target": values[form],
                "segment": f"{part.domain}-{number}",
                "src_lang": part.src_lang,
                "tgt_lang": part.tgt_lang,
                "origin": self.origin or Path(self.cocoa_mt).resolve().name,
                "meta": {
                    "formality": form,
                    "domain": part.domain,
                    "phrases": _PHRASE.findall(annotated) if isinstance(annotated, str) else [],
                },
            }
            yield Record(file.name, number, row)

    def _parts(self) -> list[_Part]:
        folder = Path(self.cocoa_mt)
        names = {match["domain"]: match for file in sorted(folder.glob("*")) if (match := _NAME.fullmatch(file.name))}
        if not names:
            raise UserError(f"{folder} has no files formality-control.SPLIT.DOMAIN.PAIR.…; give the folder of one pair")
        return [self._part(folder, match) for _, match in sorted(names.items())]

    def _part(self, folder: Path, match: re.Match[str]) -> _Part:
        stem = match.group().removesuffix(match["rest"])
        forms = _FORMS if self.formality == "both" else (self.formality,)
        source = _first(folder, f"{stem}.{match['src']}", stem)
        files = {form: _first(folder, f"{stem}.{form}.{match['tgt']}", f"{stem}.{form}") for form in forms}
        annotated = {
            form: folder / name
            for form in forms
            for name in (f"{stem}.{form}.annotated.{match['tgt']}", f"{stem}.{form}.annotated")
            if (folder / name).is_file()
        }
        return _Part(match["domain"], match["src"], match["tgt"], source, files, annotated)


def _first(folder: Path, *names: str) -> Path:
    """The first of some files that is there."""
    found = next((folder / name for name in names if (folder / name).is_file()), None)
    if found is None:
        raise UserError(f"{folder} has no file {' or '.join(names)}")
    return found
