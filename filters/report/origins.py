"""Where scores come from: which family judges, under which licence, and what it could not judge or saw in part only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import polars as pl

from corpus.manifest import Manifest
from filters.report.books import Step, outputs
from filters.report.markdown import code, count, escaped, listed, percent, signature, table

_NOTE = re.compile(r"label_(?P<stem>.+)_note")
_NON_COMMERCIAL = re.compile(r"(?i)\bNC\b|non[- ]?commercial")
_HUMAN = "human"
TRUNCATED = "truncated"
"""The note beside a number that a model came to from a part of the text."""


class Noted(NamedTuple):
    """Rows of which a learned scorer says something beside its number."""

    scorer: str
    note: str
    rows: int
    scored: bool
    """Whether there is a number all the same."""


def non_commercial(licence: str | None) -> bool:
    """Whether a licence forbids commercial use, as far as its name says so (`CC-BY-NC-4.0`)."""
    return licence is not None and _NON_COMMERCIAL.search(licence) is not None


def is_note(column: str, columns: Iterable[str]) -> bool:
    """Whether a column holds the notes of a learned scorer that is among the columns."""
    match = _NOTE.fullmatch(column)
    return match is not None and any(_of(other, match["stem"]) for other in columns if other != column)


def notes(step: Step, names: Sequence[str]) -> list[Noted]:
    """How often each note stands among a dataset's rows, by scorer, most frequent first.

    Args:
        step: the stage that added the columns.
        names: the score columns that it added.
    """
    found = []
    for name in names:
        match = _NOTE.fullmatch(name)
        scores = [other for other in names if match and other.startswith("score_") and _of(other, match["stem"])]
        if not match or not scores:
            continue
        judged = pl.any_horizontal(pl.col(scores).is_not_null())
        counted = (
            step.dataset.scan()
            .filter(pl.col(name).is_not_null())
            .group_by(note=pl.col(name), scored=judged)
            .len()
            .sort("len", "note", descending=[True, False])
            .collect(engine="streaming")
        )
        found += [Noted(match["stem"], note, rows, scored) for note, scored, rows in counted.iter_rows()]
    return found


def _of(column: str, stem: str) -> bool:
    """Whether a column is one of those that the scorer named `stem` adds."""
    return re.fullmatch(rf"(?:score|label|flag|spans)_{re.escape(stem)}(?:_.+)?", column) is not None


def noted(found: Sequence[Noted], rows: int, *, text: bool) -> str:
    """A table of notes; empty where there are none.

    Args:
        found: the notes.
        rows: of the dataset.
        text: whether notes may be shown; without it, only the count of those that are not `truncated`.
    """
    if not found:
        return ""
    cells = [
        [
            code(one.scorer),
            escaped(one.note) if text or one.note == TRUNCATED else "…",
            "a number all the same" if one.scored else "null",
            count(one.rows),
            percent(one.rows, rows),
        ]
        for one in found
    ]
    return "What could not be judged and why, and what was judged from a part only:\n\n" + table(
        "lllrr", ["scorer", "note", "score", "rows", "share"], cells, limit=40
    )


def origins(manifest: Manifest, names: Sequence[str]) -> str:
    """A line for each signature among columns: what was judged with, its family and its licence."""
    by: dict[tuple[str, str, str | None], list[str]] = {}
    for name in names:
        told = manifest.scores[name]
        by.setdefault((told.signature, told.family, told.licence), []).append(name)
    return "\n".join(
        f"- {listed(columns, 12)}: {_spanned(told)}"
        + (f"; family {code(family)}" if family else "")
        + (
            f"; licence {escaped(licence)}{' (**non-commercial**)' if non_commercial(licence) else ''}"
            if licence
            else ""
        )
        for (told, family, licence), columns in by.items()
    )


def _spanned(told: str) -> str:
    """A signature as code: outside of tables its bars do no harm."""
    return f"`{told}`" if told.isprintable() and told and "`" not in told else signature(told)


def selections(run: Sequence[Step]) -> str:
    """Which scores decided what is in the outputs, and which families can judge it no more."""
    deciding: dict[tuple[str, str, str, str], dict[str, None]] = {}
    for step in outputs(run):
        for chosen in step.manifest.selected_by:
            key = (step.name, chosen.stage, chosen.family, chosen.signature)
            deciding.setdefault(key, {})[chosen.column] = None
    if not deciding:
        return "No score decided which rows are here."
    rows = [
        [code(output), code(stage), listed(list(columns), 12), code(family) if family else "", signature(told)]
        for (output, stage, family, told), columns in deciding.items()
    ]
    families = sorted({family for _, _, family, _ in deciding if family and family != _HUMAN})
    told = f" Here these families are: {listed(families, 24)}." if families else ""
    return (
        "These columns decided which rows are in the outputs. A model trained on them has been chosen for these "
        f"scores: a metric of the same family is no independent judge of it.{told}\n\n"
        + table("lllll", ["output", "decided in", "by", "family", "signature"], rows, limit=40)
    )


def licence_doubts(run: Sequence[Step]) -> Iterator[str]:
    """Outputs whose rows were selected by a model that may not be used commercially."""
    licences = {
        (name, told.signature): told.licence
        for step in run
        for name, told in step.manifest.scores.items()
        if told.licence
    }
    for step in outputs(run):
        by: dict[str, dict[str, None]] = {}
        for chosen in step.manifest.selected_by:
            licence = licences.get((chosen.column, chosen.signature))
            if licence is not None and non_commercial(licence):
                by.setdefault(licence, {})[chosen.column] = None
        for licence, columns in by.items():
            yield (
                f"Rows of {code(step.name)} were selected by {listed(list(columns))}, of a model under "
                f"{escaped(licence)}: non-commercial."
            )
