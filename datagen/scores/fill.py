"""Run learned scorers over a dataset: what the store knows is taken from it, every other item is judged once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import polars as pl

from corpus.shards import replacing
from datagen.scores.store import KEY, ScoreStore, keys_of
from datagen.scores.watch import ScoreWatch
from datagen.stages.base import Context, Piece
from filters.base import with_roles
from filters.learned import NOTE, ROW, Judge, Judged, LearnedScorer, Services

MakeServices = Callable[[LearnedScorer, Callable[[Mapping[str, Any]], None]], AbstractContextManager[Services]]
"""Makes what a scorer gets from us as long as it is open, given the scorer and whom it may tell facts."""
STORE = "scores"
"""Folder of a run where verdicts are kept."""


def fill(
    scorers: Sequence[LearnedScorer],
    pieces: Sequence[Piece],
    context: Context,
    services: MakeServices,
) -> None:
    """Leave, for each piece and scorer, a parquet file of the scorer's columns in `context.scratch`.

    One scorer after another, so that one model at a time holds the memory; a scorer's model is loaded when the first
    item turns up that the store does not know, and serves all pieces.

    Args:
        scorers: scorers of one stage.
        pieces: the rows, in order.
        context: of the stage.
        services: what the scorers get from us.
    """
    for place, scorer in enumerate(scorers):
        waiting = [piece for piece in pieces if not left(context.scratch, place, piece.name).is_file()]
        if not waiting:
            continue
        watch = ScoreWatch(scorer.stem, sum(piece.height() for piece in waiting), context.tell)
        with ScoreStore(context.run_folder / STORE, scorer) as store, ExitStack() as stack:
            judge = _lazily(scorer, services, watch, stack)
            for piece in waiting:
                rows = with_roles(piece.load(context.header).lazy(), context.header.kind).collect()
                columns = scored(scorer, rows, store, judge, watch)
                with replacing(left(context.scratch, place, piece.name)) as handle:
                    columns.write_parquet(handle)
        watch.ended()


def left(scratch: Path, place: int, piece: str) -> Path:
    """Where the columns lie that the scorer in this place gave the rows of a piece."""
    return scratch / f"scorer-{place}" / piece


def scored(
    scorer: LearnedScorer, rows: pl.DataFrame, store: ScoreStore, judge: Judge, watch: ScoreWatch
) -> pl.DataFrame:
    """The scorer's columns for these rows."""
    items = scorer.items(rows)
    if NOTE not in items.columns:
        items = items.with_columns(pl.lit(None, pl.String).alias(NOTE))
    columns = sorted(set(items.columns) - {ROW, NOTE})
    asked = items.filter(pl.col(NOTE).is_null())
    asked = asked.with_columns(keys_of(asked, columns))
    new = asked.unique(KEY, keep="first", maintain_order=True)
    new = new.filter(~store.find(new[KEY])["@found"])
    watch.begins(rows.height, asked.height, new.height)
    _judge_new(new, columns, store, judge, watch)
    verdicts = store.find(asked[KEY])
    if not verdicts["@found"].all():
        raise RuntimeError(f"scorer {scorer.name()!r} left {(~verdicts['@found']).sum()} items unjudged")
    unasked = items.filter(pl.col(NOTE).is_not_null()).select(ROW, NOTE)
    told = pl.concat([asked.select(ROW).hstack(verdicts.drop("@found")), unasked], how="diagonal")
    watch.advances(rows.height)
    return scorer.gather(told.sort(ROW, maintain_order=True), rows.height)


def _judge_new(new: pl.DataFrame, columns: Sequence[str], store: ScoreStore, judge: Judge, watch: ScoreWatch) -> None:
    if not new.height:
        return
    for places, values in judge(new.select(columns)):
        store.add(new[KEY].gather(list(places)), values)
        watch.judges(len(places))


def _lazily(scorer: LearnedScorer, services: MakeServices, watch: ScoreWatch, stack: ExitStack) -> Judge:
    """A judge that loads its model when it is first asked; it lives as long as the stack."""
    opened: list[Judge] = []

    def judge(items: pl.DataFrame) -> Iterator[Judged]:
        if not opened:
            given = stack.enter_context(services(scorer, watch.told))
            opened.append(stack.enter_context(scorer.open(given)))
        return opened[0](items)

    return judge
