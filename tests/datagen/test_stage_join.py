"""`join`: pairs of one document become one pair."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from corpus.errors import UserError

LINE = {"src_lang": "de", "tgt_lang": "en", "origin": "news", "license": "MIT"}


def pair(doc: str | None, source: str, target: str, **more: str) -> dict[str, Any]:
    return {**LINE, "doc_id": doc, "source": source, "target": target, **more}


ROWS = [
    pair("a", "Eins.", "One.", segment="1"),
    pair("b", "مرحبا", "Hello", segment="1"),
    pair("a", "Zwei.", "Two.", segment="2"),
    pair(None, "Allein.", "Alone."),
    pair("a", "Un.", "One.", src_lang="fr"),
    pair("a", "Drei.", "Three.", segment="10"),
    pair("a", "Anderswo.", "Elsewhere.", origin="talks"),
]


def told(rows: Any) -> list[tuple[str, ...]]:
    return [(row["doc_id"], row["src_lang"], row["origin"], row["source"], row["target"]) for row in rows]


@pytest.mark.parametrize("rows_per_shard", [1, 3, 100])
def test_pairs_of_a_document_stand_line_by_line(rows_per_shard: int, stages: Any, aside: Any) -> None:
    """In the order in which they came, whatever lies between them and in whichever shard."""
    made = stages(ROWS, "pair", "documents: {join: {}}", rows_per_shard=rows_per_shard)["documents"]
    assert told(made.rows()) == [
        ("a", "de", "news", "Eins.\nZwei.\nDrei.", "One.\nTwo.\nThree."),
        ("b", "de", "news", "مرحبا", "Hello"),
        ("a", "fr", "news", "Un.", "One."),
        ("a", "de", "talks", "Anderswo.", "Elsewhere."),
    ]
    assert [row["license"] for row in made.rows()] == ["MIT"] * 4
    assert {row["segment"] for row in made.rows()} == {None}
    counts: Mapping[str, Any] = made.manifest.counts
    assert (counts["in"], counts["rows"], counts["united"], counts["dropped"]) == (7, 4, 6, {"no_document": 1})
    assert [row["reason"] for row in aside(made)] == ["no_document"]


def test_documents_keep_the_group_of_their_pairs(stages: Any) -> None:
    """What is held out as a pair is held out as a document."""
    made = stages(ROWS, "pair", "prompts: {prompt: {}}\ndocuments: {from: rows, join: {}}\nwhole: {prompt: {}}")
    groups = [{json.loads(row["meta"])["@group"] for row in made[name].rows()} for name in ("prompts", "whole")]
    assert len(groups[1]) == 3
    assert groups[1] < groups[0]


def test_documents_alone_can_be_joined(stages: Any) -> None:
    made = stages([pair(None, "Allein.", "Alone.")], "pair", "documents: {join: {}}")["documents"]
    assert (made.manifest.rows, made.manifest.counts["dropped"]) == (0, {"no_document": 1})


def test_other_kinds_are_refused(stages: Any) -> None:
    with pytest.raises(UserError, match="'join' reads rows of kind pair; the stage before it gives 'text'"):
        stages([{"text": "Eins.", "tgt_lang": "de"}], "text", "documents: {join: {}}")
