"""Rows of the training data that stand in an evaluation: whoever trains on them measures memory.

Two things are looked for, after NFKC, case folding and folding of white space. Whole questions: a chat up to one of its
user turns (its system prompt aside), or a whole text. And sources of translations, of which every wording of the task
is another question: wherever one stands within a turn or a text. A few of them stand in any large corpus, quoted, and
are told of; many are an evaluation that was trained on. What else is shared within longer texts is what `datagen`'s
filter `contamination` finds.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import corpus
from corpus.current import newest
from corpus.errors import UserError
from corpus.manifest import FILE
from corpus.mixing import hash64
from filters.expressions import weighted_length
from filters.report.markdown import plural
from train.sources import Opened
from train.tokens import Tell

_EXAMPLES = 5
_TELLING = 30
"""Characters of English, or as much text in another script, from which on a source is no phrase that anybody says."""


_FEW = 0.01
"""Share of an evaluation's sources that may stand in a dataset."""


def refuse_overlap(
    sources: Sequence[Opened], validation: Sequence[Opened], evaluations: Sequence[str], tell: Tell
) -> None:
    """Refuse training data that shares questions with what measures it.

    Args:
        sources: the training data.
        validation: datasets whose loss is measured.
        evaluations: dataset folders, or folders that hold some at any depth.
        tell: is told where few sources of translations stand in the data.

    Raises:
        UserError: rows ask the same, more than one in a hundred sources of translations stand in a dataset, or a folder
            holds no dataset.
    """
    held: list[tuple[corpus.Dataset, str | None]] = [(each.dataset, each.split) for each in validation]
    held += [(dataset, None) for place in evaluations for dataset in _datasets(newest(Path(place)))]
    if not held:
        return
    asked = _asked(held)
    for source in sources:
        same, quoting, quoted = _shared(source, asked)
        some = f"{len(quoted):,} of the {len(asked.sources):,} sources of translations of an evaluation"
        told = f"{plural(len(quoting), 'row')} with {some}"
        if same or len(quoted) > _FEW * len(asked.sources):
            words = f"{plural(len(same), 'row')} that an evaluation has" if same else told
            raise UserError(
                f"data: {source.name}: found {words} (such as {', '.join((same or quoting)[:_EXAMPLES])}). Drop them "
                f"with `datagen` (scorer and filter `contamination`, against "
                f"{', '.join(str(each.path) for each, _ in held[:3])}), or leave the evaluation out of `evaluation:` "
                "and `validation:`"
            )
        if quoting:
            tell(f"{source.name}: {told}, such as {', '.join(quoting[:_EXAMPLES])}")


@dataclass(frozen=True)
class _Asked:
    """What evaluations ask."""

    questions: np.ndarray
    """Hashes of whole questions, sorted."""
    sources: list[str]
    """Texts to translate that are long enough to be known again."""


def _datasets(place: Path) -> list[corpus.Dataset]:
    if (place / FILE).is_file():
        return [corpus.open(place)]
    found = [corpus.open(file.parent) for file in sorted(place.rglob(FILE))]
    if not found:
        raise UserError(f"evaluation: {place} is no dataset and holds none")
    return found


def _asked(held: Sequence[tuple[corpus.Dataset, str | None]]) -> _Asked:
    questions: list[str] = []
    sources: set[str] = set()
    for dataset, split in held:
        for file in dataset.files(split):
            frame = pl.read_parquet(file)
            if "source" in frame.columns:
                sources.update(_folded(text) for text in frame["source"].drop_nulls())
            # Of a chat the last question alone: those before it are only what led to it.
            questions += [said[-1] for said in _questions(frame, dataset.manifest.kind) if said]
    texts = pl.Series(sorted(sources), dtype=pl.String)
    telling = texts.to_frame("text").select(weighted_length(pl.col("text")) >= _TELLING).to_series()
    return _Asked(np.unique(hash64(questions, "overlap")), texts.filter(telling).to_list())


def _shared(source: Opened, asked: _Asked) -> tuple[list[str], list[str], set[str]]:
    """Ids of rows that ask what is asked, ids of rows in which sources stand, and those sources."""
    same: list[str] = []
    quoting: list[str] = []
    quoted: set[str] = set()
    for file in source.dataset.files(source.split):
        frame = pl.read_parquet(file)
        said = list(_questions(frame, source.dataset.manifest.kind))
        keys = hash64([question for each in said for question in each], "overlap")
        rows = np.repeat(np.arange(frame.height), [len(each) for each in said])
        same += frame["id"].gather(np.unique(rows[np.isin(keys, asked.questions)])).to_list()
        if asked.sources:
            # The last question holds all before it.
            whole = pl.Series([each[-1] if each else "" for each in said], dtype=pl.String)
            found = pl.select(pl.lit(whole).str.extract_many(asked.sources)).to_series()
            quoting += frame["id"].filter(found.list.len() > 0).to_list()
            quoted.update(found.explode().drop_nulls())
    return same, quoting, quoted


def _questions(frame: pl.DataFrame, kind: str) -> Iterator[list[str]]:
    """What each row asks: a text, or a chat up to each of its user turns; none that is empty."""
    if kind in ("text", "pair"):
        for text in frame["text" if kind == "text" else "source"]:
            yield [folded] if (folded := _folded(text or "")) else []
        return
    for turns in frame["messages" if kind == "sft" else "prompt"].to_list():
        yield _so_far(turns or [])


def _so_far(turns: Sequence[Mapping[str, Any]]) -> list[str]:
    said: list[str] = []
    found: list[str] = []
    for turn in turns:
        if turn["role"] == "system":
            continue
        said.append(_folded(turn["content"] or ""))
        if turn["role"] == "user" and any(said):
            found.append("\n".join(said))
    return found


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
