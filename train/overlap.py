"""Rows of the training data that stand in an evaluation: whoever trains on them measures memory.

Two things are looked for, after NFKC, case folding and folding of white space. Whole questions: a chat up to one of its
user turns (its system prompt aside), or a whole text. And sources of translations, of which every wording of the task
is another question: wherever one stands within a turn or a text. A few of them stand in any large corpus, quoted, and
are told of; many are an evaluation that was trained on. Those in rejected answers are told of apart, and refused in no
number: there they are wrong answers to something else, but the model learns to mark them down. What else is shared
within longer texts is what `datagen`'s filter `contamination` finds.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
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

_Quote = tuple[str, str]
"""A row, as `DATASET: ID`, and a source of translations that stands in it."""
_EXAMPLES = 5
_TELLING = 30
"""Characters of English, or as much text in another script, from which on a source is no phrase that anybody says."""
_FEW = 0.01
"""Share of an evaluation's sources that may stand in the training data."""


def refuse_overlap(
    sources: Sequence[Opened], validation: Sequence[Opened], evaluations: Sequence[str], tell: Tell
) -> None:
    """Refuse training data that shares questions with what measures it.

    Args:
        sources: the training data.
        validation: datasets whose loss is measured.
        evaluations: dataset folders, or folders that hold some at any depth.
        tell: is told where few sources of translations stand in the data, or any in rejected answers.

    Raises:
        UserError: rows ask the same, more than one in a hundred of an evaluation's sources of translations stand in
            the data, or a folder holds no dataset.
    """
    held = [_asked(each.dataset, each.split) for each in validation]
    held += [_asked(dataset, None) for place in evaluations for dataset in _datasets(newest(Path(place)))]
    if not held:
        return
    questions = np.unique(np.concatenate([each.questions for each in held]))
    known = sorted({text for each in held for text in each.sources})
    quoted: list[_Quote] = []
    rejected: list[_Quote] = []
    for source in sources:
        same, more, turned_down = _shared(source, questions, known)
        if same:
            raise _refused(f"{plural(len(same), 'row')} that an evaluation has", same, held)
        quoted += more
        rejected += turned_down
    for each in held:
        mine, rows, told = _of(each, quoted)
        if mine > _FEW * len(each.sources):
            raise _refused(f"{told}, in {plural(len(rows), 'row')}", rows, [each])
        if mine:
            tell(f"data: {told} stand in it, such as in {', '.join(rows[:_EXAMPLES])}")
        mine, rows, told = _of(each, rejected)
        if mine:
            tell(f"data: {told} stand in rejected answers, such as in {', '.join(rows[:_EXAMPLES])}")


def _refused(what: str, rows: Sequence[str], held: Sequence[_Asked]) -> UserError:
    return UserError(
        f"data: found {what} (such as {', '.join(rows[:_EXAMPLES])}). Drop them with `datagen` (scorer and filter "
        f"`contamination`, against {', '.join(each.path for each in held[:3])}), or leave the evaluation out of "
        "`evaluation:` and `validation:`"
    )


@dataclass(frozen=True)
class _Asked:
    """What an evaluation asks."""

    path: str
    questions: np.ndarray
    """Hashes of whole questions."""
    sources: set[str]
    """Texts to translate that are long enough to be known again."""


def _of(asked: _Asked, quotes: Sequence[_Quote]) -> tuple[int, list[str], str]:
    """How many sources of an evaluation are quoted, in which rows, and the number in words."""
    mine = [(row, text) for row, text in quotes if text in asked.sources]
    count = len({text for _, text in mine})
    told = f"{count:,} of the {len(asked.sources):,} sources of translations of {asked.path}"
    return count, list(dict.fromkeys(row for row, _ in mine)), told


def _datasets(place: Path) -> list[corpus.Dataset]:
    if (place / FILE).is_file():
        return [corpus.open(place)]
    found = [corpus.open(file.parent) for file in sorted(place.rglob(FILE))]
    if not found:
        raise UserError(f"evaluation: {place} is no dataset and holds none")
    return found


def _asked(dataset: corpus.Dataset, split: str | None) -> _Asked:
    questions: list[str] = []
    sources: set[str] = set()
    for file in dataset.files(split):
        frame = pl.read_parquet(file)
        if "source" in frame.columns:
            sources.update(_folded(text) for text in frame["source"].drop_nulls())
        # Of a chat the last question alone: those before it are only what led to it.
        questions += [said[-1] for said in _questions(frame, dataset.manifest.kind) if said]
    texts = pl.Series("text", sorted(sources), dtype=pl.String).to_frame()
    telling = texts.filter(weighted_length(pl.col("text")) >= _TELLING)["text"]
    return _Asked(str(dataset.path), hash64(questions, "overlap"), set(telling))


def _shared(source: Opened, questions: np.ndarray, known: list[str]) -> tuple[list[str], list[_Quote], list[_Quote]]:
    """Rows that ask what is asked, as `DATASET: ID`, and known sources in rows and in what these reject."""
    same: list[str] = []
    quoted: list[_Quote] = []
    rejected: list[_Quote] = []
    for file in source.dataset.files(source.split):
        frame = pl.read_parquet(file)
        names = source.name + ": " + frame["id"]
        said = list(_questions(frame, source.dataset.manifest.kind))
        keys = hash64([question for each in said for question in each], "overlap")
        rows = np.repeat(np.arange(frame.height), [len(each) for each in said])
        same += names.gather(np.unique(rows[np.isin(keys, questions)])).to_list()
        if known:
            quoted += _quotes(names, _whole(frame, source.dataset.manifest.kind), known)
            if "rejected" in frame.columns:
                rejected += _quotes(names, _said(frame, ["rejected"]), known)
    return same, quoted, rejected


def _quotes(names: pl.Series, texts: list[str], known: list[str]) -> list[_Quote]:
    """Known sources that stand in the texts of rows."""
    frame = pl.DataFrame({"row": names, "text": pl.Series(texts, dtype=pl.String)})
    found = frame.with_columns(pl.col("text").str.extract_many(known, overlapping=True))
    return found.explode("text").drop_nulls().rows()


def _whole(frame: pl.DataFrame, kind: str) -> list[str]:
    """All that a row says, what is answered too, but for what it rejects."""
    if kind == "text":
        return [_folded(text or "") for text in frame["text"]]
    return _said(frame, [name for name in ("messages", "prompt", "chosen") if name in frame.columns])


def _said(frame: pl.DataFrame, columns: Sequence[str]) -> list[str]:
    """All that each row says in columns of turns."""
    chats = [frame[name].to_list() for name in columns]
    rows = (chain.from_iterable(chat or () for chat in row) for row in zip(*chats, strict=True))
    return ["\n".join(_folded(turn["content"] or "") for turn in turns) for turns in rows]


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
