"""MT-GenEval (Currey et al. 2022, 2022.emnlp-main.288): sentences about a woman and about a man, else alike."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple

from corpus.errors import UserError, nearest
from corpus.schema import KindName
from datagen.readers._files import Fault, aligned
from datagen.readers.base import Reader, Record

_NAME = re.compile(r"geneval-sentences-feminine-(?P<split>\w+)\.(?P<src>[\w-]+)_(?P<tgt>[\w-]+)\.(?P=src)")
_GENDERS = ("feminine", "masculine")


class _Set(NamedTuple):
    """Files of one language pair: by gender source and translation."""

    split: str
    src_lang: str
    tgt_lang: str
    files: dict[str, tuple[Path, Path]]

    @property
    def pair(self) -> str:
        return f"{self.src_lang}-{self.tgt_lang}"


class MtGeneval(Reader):
    """A folder of counterfactual sentences (`sentences/test`), files aligned line by line.

    Files are `geneval-sentences-GENDER-SPLIT.SRC_TGT.LANG`. Each sentence is two pairs, of which each has the other's
    translation in `meta.counterfactual`, and its own gender in `meta.gender`; `doc_id` is the sentence, so the two stay
    together. The set's contexts of two sentences are files of another form and are not read.
    """

    unit: ClassVar[str] = "lines × genders"
    locations: ClassVar[tuple[str, ...]] = ("mt_geneval",)

    mt_geneval: str
    """The folder of one split."""
    pairs: tuple[str, ...] | None = None
    """Language pairs (`en-de`); default: all."""
    gender: Literal["both", "feminine", "masculine"] = "both"
    """Which sentences."""

    def row_kind(self) -> KindName:
        """`pair`."""
        return "pair"

    def files(self) -> list[str]:
        """By pair and gender the source and the translation."""
        return [str(file) for one in self._sets() for files in one.files.values() for file in files]

    def identity(self) -> dict[str, object]:
        """The names of the files: they name split, genders and languages."""
        return {"names": [Path(file).name for file in self.files()]}

    def records(self, counts: Counter[str]) -> Iterator[Record]:
        """Every line in each gender.

        Raises:
            UserError: there is no such folder or pair, a file lacks, or files differ in length.
        """
        for one in self._sets():
            paths = [str(file) for files in one.files.values() for file in files]
            for number, values in aligned(paths, self.normalize, counts):
                broken = next(((v, path) for v, path in zip(values, paths, strict=True) if isinstance(v, Fault)), None)
                for place, gender in enumerate(_GENDERS):
                    if self.gender not in ("both", gender):
                        continue
                    if broken is not None:
                        yield broken[0].at(Path(broken[1]).name, number)
                        continue
                    row: dict[str, object] = {
                        "source": values[2 * place],
                        "target": values[2 * place + 1],
                        "doc_id": f"{one.split}-{one.pair}-{number}",
                        "segment": gender,
                        "src_lang": one.src_lang,
                        "tgt_lang": one.tgt_lang,
                        "origin": self.origin or "mt-geneval",
                        "meta": {"gender": gender, "counterfactual": values[3 - 2 * place]},
                    }
                    yield Record(one.files[gender][0].name, number, row)

    def _sets(self) -> list[_Set]:
        folder = Path(self.mt_geneval)
        found = {one.pair: one for one in map(_set, sorted(folder.glob("*"))) if one}
        if not found:
            raise UserError(
                f"{folder} has no files geneval-sentences-feminine-SPLIT.SRC_TGT.SRC; give a split's folder"
            )
        for pair in self.pairs or ():
            if pair not in found:
                raise UserError(f"{folder} has no pair {pair!r}.{nearest(pair, found)} It has: {', '.join(found)}")
        chosen = [found[pair] for pair in self.pairs or found]
        missing = [file for one in chosen for files in one.files.values() for file in files if not file.is_file()]
        if missing:
            raise UserError(f"{folder} has no file {missing[0].name}; the sentences of both genders are needed")
        return chosen


def _set(file: Path) -> _Set | None:
    match = _NAME.fullmatch(file.name)
    if match is None:
        return None
    split, src, tgt = match["split"], match["src"], match["tgt"]
    stems = {gender: f"geneval-sentences-{gender}-{split}.{src}_{tgt}" for gender in _GENDERS}
    files = {gender: (file.with_name(f"{s}.{src}"), file.with_name(f"{s}.{tgt}")) for gender, s in stems.items()}
    return _Set(split, src, tgt, files)
