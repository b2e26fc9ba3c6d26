"""What the two teachers are taught, one mostly to translate and the other all else."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

from datagen.tasks.base import open_task
from rows.general import training_tasks
from rows.held import Taken
from rows.pairs import LICENSE, ORIGIN, training_pairs
from rows.rules import training_rules

TEACHERS: Mapping[str, float] = {"teacher_a": 0.9, "teacher_b": 0.1}
"""Share of translations in what each is taught."""
_WITH_RULES = 0.1
"""Share of translations that have a rule."""


def conversations(rng: random.Random, share: float, count: int, taken: Taken) -> Iterator[dict[str, Any]]:
    """So many conversations of kind `sft`, shuffled."""
    translations = round(count * share)
    with_rules = round(translations * _WITH_RULES)
    rows = [_from_pair(row) for row in training_pairs(rng, translations - with_rules, taken)]
    rows += [_from_problem(row) for row in training_rules(rng, with_rules, taken)]
    rows += [_from_problem(row) for row in training_tasks(rng, count - translations, taken)]
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
        "origin": ORIGIN,
        "license": LICENSE,
        "template": row["template"],
        "lexemes": row.get("lexemes"),
        "domain": row.get("domain"),
    }
