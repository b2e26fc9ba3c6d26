"""Learned scorers without a store: each distinct item judged once, and every row its own verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from filters.learned import NOTE, ROW, Judged, LearnedScorer, judged_rows, rows_of, values_frame


class Length(LearnedScorer):
    """Characters of an output beside each reference; nothing is asked of an empty output."""

    def needs(self, kind: str) -> Sequence[str]:
        del kind
        return ("@output", "references")

    def values(self) -> Mapping[str, bool | None]:
        return {"score": True, "label": None}

    def items(self, frame: pl.DataFrame) -> pl.DataFrame:
        items = frame.select(rows_of(frame), "@output", pl.col("references").alias("reference"))
        items = items.explode("reference", empty_as_null=True)
        return items.with_columns(pl.when(pl.col("@output") == "").then(pl.lit("empty output")).alias(NOTE))


TEXTS = st.sampled_from(["", "a", "bb", "ccc"])
ROWS = st.lists(st.tuples(TEXTS, st.lists(TEXTS, max_size=3)), max_size=12)


@given(rows=ROWS)
def test_every_row_gets_the_mean_over_its_items(rows: list[tuple[str, list[str]]]) -> None:
    asked: list[tuple[str, str | None]] = []

    def judge(items: pl.DataFrame) -> Iterator[Judged]:
        texts = list(zip(items["@output"], items["reference"], strict=True))
        asked.extend(texts)
        # In any order, and in parts.
        for place in reversed(range(items.height)):
            output, reference = texts[place]
            score = float(len(output) + len(reference or ""))
            yield Judged([place], values_frame({"score": [score], "label": [output]}, [None]))

    schema = {"@output": pl.String, "references": pl.List(pl.String)}
    frame = pl.DataFrame({"@output": [r[0] for r in rows], "references": [r[1] for r in rows]}, schema=schema)
    found = judged_rows(Length(), judge, frame)
    assert len(asked) == len(set(asked))
    assert ROW not in found.columns
    wanted = [
        None if not output else sum(len(output) + len(each) for each in references or [""]) / max(1, len(references))
        for output, references in rows
    ]
    scores = found["score_test_learned"].to_list()
    assert [None if score is None else round(score, 9) for score in scores] == [
        None if score is None else round(score, 9) for score in wanted
    ]
    assert found["label_test_learned_note"].to_list() == [None if output else "empty output" for output, _ in rows]
