"""Pieces of united datasets: a look at some columns sees the rows that a shard is made of."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.schema import schema
from datagen.stages.base import Header, Piece
from filters.base import ScoreColumn

HEADER = Header("text", {name: ScoreColumn(name=name) for name in ("score_a", "score_b")})
SCORES = {"score_a": 1.0, "score_b": 2.0}


def written(file: Path, rows: list[int], scores: tuple[str, ...]) -> Path:
    """A file of rows by number, with some of the scores; a number may come twice, as rows that repeat do."""
    declared = schema("text", scores)
    told = {"id": [f"{n}" for n in rows], "text": [f"text {n}" for n in rows]}
    told |= {name: [SCORES[name] * n for n in rows] for name in scores}
    empty = pl.DataFrame(schema=declared)
    frame = pl.concat([empty, pl.DataFrame(told)], how="diagonal_relaxed").select(*declared)
    frame.write_parquet(file)
    return file


@given(
    files=st.lists(
        st.tuples(
            st.lists(st.integers(0, 6), max_size=6, unique=True),
            st.sampled_from([(), ("score_a",), ("score_b",), ("score_a", "score_b")]),
        ),
        min_size=1,
        max_size=3,
    ),
    column=st.sampled_from(["id", "text", "score_a", "score_b"]),
)
def test_a_look_sees_what_is_loaded(
    files: list[tuple[list[int], tuple[str, ...]]], column: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp()
    piece = Piece("p", tuple(written(folder / f"{n}.parquet", *told) for n, told in enumerate(files)))
    whole = piece.load(HEADER)
    assert piece.scan(HEADER).collect().equals(whole)
    assert piece.scan(HEADER).select(column).collect()[column].equals(whole[column])
    assert piece.scan(HEADER).select(pl.len()).collect().item() == whole.height
