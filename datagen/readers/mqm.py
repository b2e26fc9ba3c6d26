"""Google's MQM ratings (Freitag et al. 2021, Experts, Errors, and Context): spans that raters marked as errors."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from corpus.errors import UserError, nearest
from corpus.schema import KindName
from datagen.readers._files import Fault, composer, excerpt, expand, text_lines
from datagen.readers.base import Reader, Record
from datagen.urls import file_name, shown
from filters import mqm
from filters.base import ScoreColumn

COLUMNS = ("system", "doc", "seg_id", "rater", "source", "target", "category", "severity")
"""Columns of a ratings file that are used; it may have more."""
SIGNATURE = f"{mqm.SIGNATURE}|over-raters:mean"

_SPAN = re.compile(r"<v>(.*?)</v>", re.DOTALL)
_MARK = re.compile(r"</?v>")
_REFERENCE = re.compile(r"ref(?:[-.]?[A-Z0-9])?")
_PAIR = re.compile(r"(?:.*[_.])?([a-z]{2})-?([a-z]{2})(?:\.tsv)?(?:\.(?:gz|zst|xz|bz2))?")


@dataclass
class _Output:
    """What is known of one system's answer to one segment."""

    line: int
    """Where it is rated first."""
    source: str = ""
    response: str = ""
    ratings: dict[str, float] = field(default_factory=dict)
    """Sum of weights by rater."""
    errors: list[dict[str, object]] = field(default_factory=list)
    fault: Fault | None = None
    """Why its score would be wrong."""

    @property
    def score(self) -> float:
        return 0.0 - sum(self.ratings.values()) / len(self.ratings)


class Mqm(Reader):
    """A TSV of MQM ratings, one error a line: every rated answer is a row of kind `response`.

    `score_human` is minus the sum of the errors' weights, averaged over the raters who rated the answer (Major 5, Minor
    1, Minor Fluency/Punctuation 0.1, Non-translation 25, Neutral and No-error 0). `response` and `source` are the texts
    without the `<v>` marks around error spans; the errors are in `meta`, and each rater's score. `doc_id` is the column
    `doc`, `segment` is `seg_id`. All answers to a segment stand together, in order of the systems' names.

    The whole file is held in memory, about three times its size.
    """

    unit: ClassVar[str] = "rated answers"
    locations: ClassVar[tuple[str, ...]] = ("mqm",)

    mqm: str
    """The file; quotes in it are characters like any other. May end in .gz, .zst, .xz or .bz2."""
    reference_systems: tuple[str, ...] | None = None
    """Names under which human translations were rated: they are the `references` of the others. Default: `ref`,
    `ref-A`, `refA`, `ref.B` and their like."""
    references_as_candidates: bool = False
    """Whether human translations are answers too; their `references` are then the other ones."""

    def row_kind(self) -> KindName:
        """`response`."""
        return "response"

    def files(self) -> list[str]:
        """The file."""
        found = expand(self.mqm)
        if len(found) > 1:
            matches = f"{shown(self.mqm)} matches {len(found)} files"
            raise UserError(f"{matches}, expected one: answers are grouped within a file")
        return found

    def identity(self) -> dict[str, object]:
        """The languages, which the file's name may say."""
        return {"languages": self._languages()}

    def score_columns(self) -> list[ScoreColumn]:
        """`score_human`: at most 0, and 0 is a flawless answer."""
        return [ScoreColumn(name="score_human", higher_is_better=True, signature=SIGNATURE, family="human")]

    def records(self, counts: Counter[str]) -> Iterator[Record]:
        """Every rated answer as a record, its `line` the first of its ratings.

        An answer is set aside where one of its ratings is: unreadable, of another number of fields
        (`wrong_field_count`), of an unknown severity (`unknown_severity`), or of another text than the others
        (`different_texts`), since without it the score would be too good.

        Raises:
            UserError: the file is empty or broken, lacks a column or its languages, or a line says not what it rates.
        """
        (file,) = self.files()
        src_lang, tgt_lang = self._languages()
        for (doc, segment), outputs in self._outputs(file, counts).items():
            humans = {name: outputs[name] for name in sorted(outputs) if self._is_reference(name)}
            for system in sorted(outputs):
                output = outputs[system]
                if system in humans and not self.references_as_candidates:
                    continue
                others = [name for name in humans if name != system]
                fault = next((outputs[name].fault for name in (system, *others) if outputs[name].fault), None)
                if fault:
                    yield fault.at(file, output.line)
                    continue
                row: dict[str, object] = {
                    "source": output.source,
                    "references": [outputs[name].response for name in others],
                    "engine": system,
                    "response": output.response,
                    "doc_id": doc,
                    "segment": segment,
                    "src_lang": src_lang,
                    "tgt_lang": tgt_lang,
                    "score_human": output.score,
                    "meta": {
                        "references": others,
                        "errors": output.errors,
                        "raters": {rater: 0.0 - total for rater, total in output.ratings.items()},
                    },
                }
                yield Record(file, output.line, row)

    def _outputs(self, file: str, counts: Counter[str]) -> dict[tuple[str, str], dict[str, _Output]]:
        """All rated answers by document and segment, then by system; segments in the file's order."""
        found: dict[tuple[str, str], dict[str, _Output]] = {}
        compose = composer(self.normalize, counts)
        lines = enumerate(text_lines(file, self.normalize, counts), 1)
        header = next(lines)[1]
        if isinstance(header, Fault):
            raise UserError(f"{file}: the header cannot be read: {header.detail}")
        names = header.split("\t")
        for name in COLUMNS:
            if name not in names:
                raise UserError(f"{file}: no column {name!r}.{nearest(name, names)} Found: {', '.join(names)}")
        places = [names.index(name) for name in COLUMNS]
        for number, line in lines:
            fault = line if isinstance(line, Fault) else None
            text = line.line.decode("utf-8", "replace").rstrip("\r") if isinstance(line, Fault) else line
            fields = text.split("\t")
            if len(fields) <= max(places[:3]):
                raise UserError(
                    f"{file}:{number}: found {len(fields)} fields, expected {len(names)}, so that it is unknown whose "
                    f"score the rating belongs to: {excerpt(text)}"
                )
            system, doc, segment = (fields[place] for place in places[:3])
            output = found.setdefault((doc, segment), {}).setdefault(system, _Output(number))
            if fault is None and len(fields) != len(names):
                fault = Fault("wrong_field_count", f"line {number}: found {len(fields)} fields, expected {len(names)}")
            if fault is None:
                _, _, _, rater, source, target, category, severity = (fields[place] for place in places)
                if compose:
                    source, target = compose(source), compose(target)
                fault = _rate(output, number, rater, source, target, category, severity)
            output.fault = output.fault or fault
        return found

    def _is_reference(self, system: str) -> bool:
        if self.reference_systems is None:
            return _REFERENCE.fullmatch(system) is not None
        return system in self.reference_systems

    def _languages(self) -> tuple[str, str]:
        if self.src_lang is not None and self.tgt_lang is not None:
            return self.src_lang, self.tgt_lang
        pair = _PAIR.fullmatch(file_name(self.mqm))
        if not pair:
            raise UserError(
                f"{shown(self.mqm)}: the file's name does not end in languages (as mqm_ted_ende.tsv does); "
                "give src_lang and tgt_lang"
            )
        return self.src_lang or pair[1], self.tgt_lang or pair[2]


def _rate(
    output: _Output, line: int, rater: str, source: str, target: str, category: str, severity: str
) -> Fault | None:
    """Add one line of ratings to an answer."""
    texts = _MARK.sub("", source), _MARK.sub("", target)
    if not output.ratings:
        output.source, output.response = texts
    elif texts != (output.source, output.response):
        return Fault("different_texts", f"line {line} rates {excerpt(texts[1])}, line {output.line} another text")
    points = mqm.weight(category, severity)
    if points is None:
        return Fault("unknown_severity", f"line {line}: {severity!r}, expected Major, Minor, Neutral or No-error")
    output.ratings[rater] = output.ratings.get(rater, 0.0) + points
    if severity.lower() != "no-error":
        error: dict[str, object] = {"rater": rater, "category": category, "severity": severity, "weight": points}
        error |= {"spans": spans} if (spans := _spans(target)) else {}
        error |= {"source_spans": spans} if (spans := _spans(source)) else {}
        output.errors.append(error)
    return None


def _spans(text: str) -> list[dict[str, object]]:
    """The marked spans of a text; `start` counts characters in the text without its marks."""
    return [{"start": len(_MARK.sub("", text[: m.start()])), "text": m[1]} for m in _SPAN.finditer(text)]
