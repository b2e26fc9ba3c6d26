"""What the two teachers are taught, one mostly to translate and the other all else."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from datagen.tasks.base import open_task

TEACHERS: Mapping[str, float] = {"teacher_a": 0.9, "teacher_b": 0.1}
"""Share of translations in what each is taught."""
_WITH_RULES = 0.1
"""Share of translations that have a rule."""


Draw = Callable[[int], Iterable[dict[str, Any]]]
"""So many rows."""


def conversations(
    rng: random.Random, share: float, count: int, *, pairs: Draw, rules: Draw, tasks: Draw
) -> Iterator[dict[str, Any]]:
    """So many conversations of kind `sft`, shuffled: a share of translations, the others tasks."""
    translations = round(count * share)
    with_rules = round(translations * _WITH_RULES)
    rows = [_from_pair(row) for row in pairs(translations - with_rules)]
    rows += [_from_problem(row) for row in rules(with_rules)]
    rows += [_from_problem(row) for row in tasks(count - translations)]
    rng.shuffle(rows)
    yield from rows


def _from_pair(row: Mapping[str, Any]) -> dict[str, Any]:
    asked = open_task("translate").prompts(row)
    assert not isinstance(asked, str)
    return _chat(row, list(asked[0]), row["target"])


def _from_problem(row: Mapping[str, Any]) -> dict[str, Any]:
    return _chat(row, row["prompt"], row["references"][0])


def _chat(row: Mapping[str, Any], asked: list[Any], answer: str) -> dict[str, Any]:
    return {
        "messages": [*asked, {"role": "assistant", "content": answer}],
        "task": row["task"],
        "src_lang": row.get("src_lang"),
        "tgt_lang": row["tgt_lang"],
        "origin": row["origin"],
        "license": row["license"],
        "template": row.get("template"),
        "lexemes": row.get("lexemes"),
        "domain": row.get("domain"),
    }
