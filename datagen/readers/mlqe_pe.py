"""MLQE-PE (Fomicheva et al. 2022, 2010.04480): machine translations that people rated and corrected."""

from __future__ import annotations

import html
import json
import math
import re
import tarfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any, ClassVar

from corpus.errors import UserError, nearest
from corpus.schema import KindName
from datagen.readers._files import Fault, composer, decoded, excerpt, lines_in, stream
from datagen.readers.base import Reader, Record
from filters.base import ScoreColumn

COLUMNS = ("index", "original", "translation", "scores", "mean", "z_scores", "z_mean", "model_scores")
"""Columns of a table of direct assessments."""
ENGINE = "mlqe-pe-nmt"
"""`engine` of all rows: the data names no system; each pair has one."""

_ARCHIVE = (".tar.gz", ".tgz", ".tar.xz", ".tar.bz2", ".tar")
_PAIR = re.compile(r"(?:^|[/._-])([a-z]{2,3})-([a-z]{2,3})(?=[/._-])")
_RATED = re.compile(r"(?P<split>[^./]+)\.[^/]*df\.short\.tsv")
_PART = re.compile(r"(?P<split>[^./]+)\.(?P<part>doc_ids|src|mt|pe|hter|tags|source_tags)")
_LETTERS = re.compile(r"\W+")


@dataclass
class _Set:
    """The lines of one split of one language pair, by the part that they are of."""

    rated: list[str | Fault] = field(default_factory=list)
    parts: dict[str, list[str | Fault]] = field(default_factory=dict)
    file: str = ""
    """Where it lies, as records name it."""
    where: dict[str, str] = field(default_factory=dict)
    """By part, the archive or file that it was found in."""


class MlqePe(Reader):
    """A folder of MLQE-PE, its archives as the repository has them or unpacked: a row of kind `response` a segment.

    `score_human` is the mean of the raters' z-scores, `score_da` the mean of their ratings from 0 to 100. Where the
    translation was corrected, the corrected text is its reference, and `score_hter` how much of it was changed
    (0 to 1, lower is better). `score_model` is the log-probability that the translation's own model gave it, which is a
    baseline for metrics. `doc_id` is the article; every rater's scores and the tags of words (OK, BAD; those of gaps
    between) are in `meta`. Texts are those that were rated, else those that were corrected, which are cut into words.
    """

    unit: ClassVar[str] = "segments"
    locations: ClassVar[tuple[str, ...]] = ("mlqe_pe",)

    mlqe_pe: str
    """The folder, which holds `direct-assessments` and `post-editing` or one of them."""
    pairs: tuple[str, ...] | None = None
    """Language pairs as the data writes them (`en-de`); default: all that are there."""
    splits: tuple[str, ...] | None = None
    """Parts of the data (`train`, `dev`, `test20`), as files are named; default: all that are there."""

    def row_kind(self) -> KindName:
        """`response`."""
        return "response"

    def files(self) -> list[str]:
        """Archives and unpacked files of the pairs."""
        return [str(Path(self.mlqe_pe) / name) for name in self._names()]

    def identity(self) -> dict[str, object]:
        """The names of files, which say languages and splits."""
        return {"names": self._names()}

    def score_columns(self) -> list[ScoreColumn]:
        """People's scores, the effort of correcting, and the translation model's own."""
        told = {
            "score_human": (True, "mlqe-pe|z-scores|over-raters:mean", "human"),
            "score_da": (True, "mlqe-pe|direct-assessment|over-raters:mean", "human"),
            "score_hter": (False, "mlqe-pe|hter", "human"),
            "score_model": (True, "mlqe-pe|log-probability|over-tokens:mean", ENGINE),
        }
        return [
            ScoreColumn(name=name, higher_is_better=better, signature=signature, family=family)
            for name, (better, signature, family) in told.items()
        ]

    def records(self, counts: Counter[str]) -> Iterator[Record]:
        """Every segment, its `line` the number in its files.

        A segment is set aside where one of its lines is: unreadable, of another number of fields
        (`wrong_field_count`), with a number that is none (`broken_number`), or where the text that was corrected is not
        the one that was rated (`different_texts`).

        Raises:
            UserError: there is no such folder or pair, an archive is damaged, a table lacks a column, or files that
                belong together differ in length.
        """
        found: dict[tuple[str, str], _Set] = {}
        for name in self._names():
            for inner, content in _members(Path(self.mlqe_pe) / name):
                self._take(found, name, inner, content, counts)
        wanted = {split for _, split in found}
        for split in self.splits or ():
            if split not in wanted:
                raise UserError(
                    f"{self.mlqe_pe} has no split {split!r}.{nearest(split, wanted)} It has: {_told(wanted)}"
                )
        if not found:
            raise UserError(f"{self.mlqe_pe}: its archives hold no *.df.short.tsv and no *.src, *.mt, *.pe")
        for (pair, split), of in sorted(found.items()):
            if self.splits is None or split in self.splits:
                yield from self._segments(pair, split, of, counts)

    def _names(self) -> list[str]:
        """Files of the wanted pairs, relative to the folder."""
        root = Path(self.mlqe_pe)
        if not root.is_dir():
            raise UserError(f"there is no folder {root}; expected one with direct-assessments, post-editing or both")
        by_pair: dict[str, list[str]] = {}
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            name = path.relative_to(root).as_posix()
            pair = _PAIR.search(name)
            if pair and (name.endswith(_ARCHIVE) or _RATED.fullmatch(path.name) or _PART.fullmatch(path.name)):
                by_pair.setdefault(f"{pair[1]}-{pair[2]}", []).append(name)
        for pair_name in self.pairs if self.pairs is not None else ():
            if pair_name not in by_pair:
                raise UserError(
                    f"{root} has nothing for {pair_name!r}.{nearest(pair_name, by_pair)} It has: {_told(by_pair)}"
                )
        names = [name for pair, some in by_pair.items() if self.pairs is None or pair in self.pairs for name in some]
        if not names:
            raise UserError(f"{root} holds no archives or files of language pairs, such as en-de-dev.tar.gz")
        return sorted(names)

    def _take(
        self, found: dict[tuple[str, str], _Set], name: str, inner: str, content: bytes, counts: Counter[str]
    ) -> None:
        """Put a file's lines where they belong; other files are passed over."""
        base = inner.rpartition("/")[2]
        match = _RATED.fullmatch(base) or _PART.fullmatch(base)
        pair = _PAIR.search(name)
        if not match or not pair:
            return
        one = found.setdefault((f"{pair[1]}-{pair[2]}", match["split"]), _Set())
        part = match.groupdict().get("part") or "rated"
        shown = name if name == inner else f"{name}/{base}"
        if part in one.where:
            raise UserError(f"{self.mlqe_pe}: {shown} and {one.where[part]} hold the same; remove one of them")
        one.where[part] = shown
        lines = list(decoded(lines_in(iter([content]), shown, self.normalize, counts)))
        if part == "rated":
            one.rated, one.file = self._body(lines, shown), name
        else:
            # Files of articles begin with a header.
            one.parts[part] = lines[1:] if lines[:1] == ["doc_id"] else lines
            one.file = one.file or name

    @staticmethod
    def _body(lines: Sequence[str | Fault], shown: str) -> list[str | Fault]:
        header = lines[0]
        names = header.split("\t") if isinstance(header, str) else []
        missing = [name for name in COLUMNS if name not in names]
        if missing or tuple(names) != COLUMNS:
            raise UserError(f"{shown}: found the columns {', '.join(names)}, expected {', '.join(COLUMNS)}")
        return list(lines[1:])

    def _segments(self, pair: str, split: str, of: _Set, counts: Counter[str]) -> Iterator[Record]:
        columns = {"rated": of.rated, **of.parts} if of.rated else dict(of.parts)
        if not of.rated and not {"src", "mt"} <= set(columns):
            raise UserError(f"{self.mlqe_pe}: {of.file} has neither ratings nor both texts ({split}.src, {split}.mt)")
        lengths = {part: len(lines) for part, lines in columns.items()}
        if len(set(lengths.values())) > 1:
            listed = "\n".join(f"  {rows:>9} {of.where[part]}" for part, rows in lengths.items())
            raise UserError(f"files that belong together line by line differ in length (lines, file):\n{listed}")
        compose = composer(self.normalize, counts)
        src_lang, tgt_lang = pair.split("-")
        for number, lines in enumerate(zip_longest(*columns.values()), 1):
            made = _row(dict(zip(columns, lines, strict=True)))
            if isinstance(made, Fault):
                yield made.at(of.file, number)
                continue
            if compose:
                for name in ("source", "response"):
                    made[name] = compose(made[name])
                made["references"] = [compose(text) for text in made["references"]]
            made |= {"segment": f"{split}-{made['segment'] or number - 1}", "engine": ENGINE}
            made |= {"src_lang": src_lang, "tgt_lang": tgt_lang, "origin": self.origin or f"mlqe_pe/{pair}/{split}"}
            yield Record(of.file, number, made)


def _row(told: dict[str, str | Fault]) -> dict[str, Any] | Fault:
    """The row that the lines of one segment make."""
    texts: dict[str, str] = {}
    for part, line in told.items():
        if isinstance(line, Fault):
            return line
        texts[part] = line
    row: dict[str, Any] = {"segment": None, "doc_id": texts.get("doc_ids") or None}
    meta: dict[str, object] = {}
    try:
        if "rated" in texts:
            fields = texts["rated"].split("\t")
            if len(fields) != len(COLUMNS):
                return Fault("wrong_field_count", f"found {len(fields)} fields, expected {len(COLUMNS)}")
            row["segment"], row["source"], row["response"], scores, mean, z_scores, z_mean, model = fields
            if any(_differ(texts[part], row[name]) for part, name in _SAME.items() if part in texts):
                return Fault("different_texts", f"rated {excerpt(row['response'])}, corrected {excerpt(texts['mt'])}")
            row |= {"score_human": _number(z_mean), "score_da": _number(mean), "score_model": _number(model)}
            meta |= {"scores": _numbers(scores), "z_scores": _numbers(z_scores)}
        else:
            row |= {"source": texts["src"], "response": texts["mt"]}
        row["references"] = [texts["pe"]] if "pe" in texts else []
        row["score_hter"] = _number(texts["hter"]) if "hter" in texts else None
    except ValueError as error:
        return Fault("broken_number", excerpt(str(error)))
    meta |= {part: texts[part].split(" ") for part in ("tags", "source_tags") if part in texts}
    return {**row, "meta": meta}


_SAME = {"src": "source", "mt": "response"}
"""Files of corrected texts, and what of the rated ones they must be."""


def _differ(corrected: str, rated: str) -> bool:
    """Whether two texts have other letters and digits; the corrected ones are cut into words, and some are escaped."""
    return _LETTERS.sub("", html.unescape(corrected)) != _LETTERS.sub("", html.unescape(rated))


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text!r} is no finite number")
    return number


def _numbers(text: str) -> list[float]:
    found = json.loads(text)
    if not isinstance(found, list):
        raise ValueError(f"{text!r} is no list of numbers")
    return [_number(str(number)) for number in found]


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the files in an archive, or of the one file that it is."""
    if not path.name.endswith(_ARCHIVE):
        yield path.name, path.read_bytes()
        return
    try:
        with tarfile.open(fileobj=stream(str(path)), mode="r|") as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isfile() else None
                if content is not None:
                    yield member.name, content.read()
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise UserError(f"{path}: the archive is damaged or cut off ({error}); fetch it again") from None


def _told(names: Sequence[str] | set[str] | dict[str, list[str]]) -> str:
    return ", ".join(sorted(names))
