"""The folder form of WMT's news-systems repositories: a test set's sources, references and every system's output."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from corpus.errors import UserError, nearest
from corpus.schema import KindName
from datagen.readers._files import Fault, aligned
from datagen.readers.base import Reader, Record

_NAME = re.compile(r"(?P<set>.+)\.(?P<src>[^.-]+)-(?P<tgt>[^.-]+)\.(?P<part>src|ref|hyp)(?:\.(?P<who>.+))?\.[^.]+")
_FOLDERS = {"src": "sources", "ref": "references", "hyp": "system-outputs"}


@dataclass(frozen=True)
class _TestSet:
    """One test set of a language pair: files relative to the folder, by the name of the reference or system."""

    name: str
    src_lang: str
    tgt_lang: str
    source: str
    references: dict[str, str]
    systems: dict[str, str]

    @property
    def pair(self) -> str:
        return f"{self.src_lang}-{self.tgt_lang}"

    @property
    def files(self) -> list[str]:
        return [self.source, *self.references.values(), *self.systems.values()]


class Wmt(Reader):
    """A folder of WMT system outputs, as the repositories wmt22-news-systems and wmt23-news-systems have it.

    Files are `txt/sources/SET.PAIR.src.LANG`, `txt/references/SET.PAIR.ref.NAME.LANG` and
    `txt/system-outputs/SET.PAIR.hyp.SYSTEM.LANG`, aligned line by line. Each system's line is a row of kind `response`,
    all systems' answers to a source line together; `engine` is the system, `segment` the line's number, `references`
    are all references in order of their names (which are in `meta`, with the test set's).
    """

    unit: ClassVar[str] = "segments × systems"
    locations: ClassVar[tuple[str, ...]] = ("wmt",)

    wmt: str
    """The folder that holds `txt`."""
    pairs: tuple[str, ...] | None = None
    """Language pairs as file names have them (`de-en`); default: all of which there are system outputs."""
    references_as_candidates: bool = False
    """Whether references are answers too (`engine` is the reference's name; its `references` are then the others)."""

    def row_kind(self) -> KindName:
        """`response`."""
        return "response"

    def files(self) -> list[str]:
        """The files of the pairs: by test set the source, the references, the outputs."""
        return [str(Path(self.wmt) / file) for test_set in self._test_sets() for file in test_set.files]

    def identity(self) -> dict[str, object]:
        """The names of the folder and its files, which name origin, languages, references and systems."""
        return {"folder": self._folder, "names": [file for test_set in self._test_sets() for file in test_set.files]}

    def records(self, counts: Counter[str]) -> Iterator[Record]:
        """Every system's every line; an unreadable source or reference sets the answers to it aside too.

        Raises:
            UserError: there is no such folder or pair, files of a test set differ in length, or one is empty or broken.
        """
        for test_set in self._test_sets():
            paths = [str(Path(self.wmt) / file) for file in test_set.files]
            for number, lines in aligned(paths, self.normalize, counts):
                yield from self._segment(test_set, number, dict(zip(test_set.files, lines, strict=True)))

    @property
    def _folder(self) -> str:
        return Path(self.wmt).resolve().name

    def _segment(self, test_set: _TestSet, number: int, lines: dict[str, str | Fault]) -> Iterator[Record]:
        shared = [test_set.source, *test_set.references.values()]
        unusable = next(((file, line) for file in shared if isinstance(line := lines[file], Fault)), None)
        candidates = test_set.systems | (test_set.references if self.references_as_candidates else {})
        for engine, file in candidates.items():
            answer = lines[file]
            if unusable is not None:
                yield unusable[1].at(unusable[0], number)
            elif isinstance(answer, Fault):
                yield answer.at(file, number)
            else:
                references = {name: lines[path] for name, path in test_set.references.items() if path != file}
                row: dict[str, object] = {
                    "source": lines[test_set.source],
                    "references": list(references.values()),
                    "engine": engine,
                    "response": answer,
                    "segment": str(number),
                    "src_lang": test_set.src_lang,
                    "tgt_lang": test_set.tgt_lang,
                    "origin": self.origin or f"{self._folder}/{test_set.pair}",
                    "meta": {"test_set": test_set.name, "references": list(references)},
                }
                yield Record(file, number, row)

    def _test_sets(self) -> list[_TestSet]:
        """The test sets of the pairs wanted, in order of pair and name."""
        found = _look(Path(self.wmt))
        wanted = self.pairs if self.pairs is not None else sorted({s.pair for s in found if s.systems})
        chosen = []
        for pair in wanted:
            of_pair = [test_set for test_set in found if test_set.pair == pair and test_set.systems]
            if not of_pair:
                have: Counter[str] = Counter()
                for test_set in found:
                    have[test_set.pair] += len(test_set.systems)
                listed = ", ".join(f"{known} ({n} systems)" for known, n in sorted(have.items()))
                raise UserError(f"{self.wmt} has no system outputs for {pair!r}.{nearest(pair, have)} It has: {listed}")
            chosen += of_pair
        if not chosen:
            raise UserError(f"{self.wmt}/txt/system-outputs has no file of the form SET.PAIR.hyp.SYSTEM.LANG")
        return chosen


def _look(folder: Path) -> list[_TestSet]:
    """All test sets of a folder, in order of pair and name."""
    if not (folder / "txt" / "sources").is_dir():
        raise UserError(f"{folder} has no folder txt/sources; expected txt/sources, txt/references, txt/system-outputs")
    parts: dict[tuple[str, str, str], dict[str, dict[str, str]]] = {}
    for part, name in _FOLDERS.items():
        for path in sorted((folder / "txt" / name).glob(f"*.{part}.*")):
            match = _NAME.fullmatch(path.name)
            if match and match["part"] == part and (match["who"] is None) == (part == "src"):
                key = (f"{match['src']}-{match['tgt']}", match["set"], match["src"])
                by_name = parts.setdefault(key, {part: {} for part in _FOLDERS})[part]
                by_name[match["who"] or ""] = path.relative_to(folder).as_posix()
    found = []
    for (pair, name, src_lang), files in sorted(parts.items()):
        if not files["src"]:
            raise UserError(f"{folder} has answers or references for {name}.{pair}, and no source {name}.{pair}.src.*")
        references, systems = (dict(sorted(files[part].items())) for part in ("ref", "hyp"))
        found.append(_TestSet(name, src_lang, pair.partition("-")[2], files["src"][""], references, systems))
    return found
