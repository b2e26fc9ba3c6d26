"""`ifeval`: instructions whose constraints a program checks, of IFEval and M-IFEval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import orjson
import polars as pl

from evals.benchmarks.base import Ability, Benchmark, Spec
from evals.measures import Counted, Measure
from evals.statistics import mean, share
from filters.verifiers.constraints import Constraints


class _Followed:
    """Prompt- or instruction-level accuracy, strict or loose, as IFEval defines them."""

    higher_is_better = True
    family = ""

    def __init__(self, level: str, mode: str) -> None:
        self.level, self.mode = level, mode
        self.name = f"{level}-level {mode}"

    def count(self, items: pl.DataFrame, answers: Sequence[pl.DataFrame]) -> Counted:
        """Of each prompt whether all instructions are met; or how many of how many, so that each instruction counts."""
        found = np.full((items.height, 2), np.nan)
        for place, (entries, rows) in enumerate(zip(items["verifiers"].to_list(), answers, strict=True)):
            if not rows.height:
                continue
            asked = orjson.loads(entries[0]["args"])
            verdicts = Constraints.model_validate({**asked, "mode": self.mode}).each(rows["response"][0])
            if None not in verdicts:
                met = [bool(verdict) for verdict in verdicts]
                found[place] = (all(met), 1) if self.level == "prompt" else (sum(met), len(met))
        score = share if self.level == "prompt" else mean
        return Counted(found, score, f"constraints|version:{Constraints.version}|{self.mode}")


class Ifeval(Benchmark):
    """IFEval (Zhou et al. 2023, arXiv 2311.07911) and M-IFEval (arXiv 2502.04688), from files in their form.

    Prompt-level and instruction-level accuracy, strict and loose, over all rows, those included whose constraints
    hardly any text meets together.
    """

    ability: ClassVar[Ability] = "general"
    headline: ClassVar[str] = "prompt-level strict"

    file: str
    """JSON lines with `prompt`, `instruction_id_list` and `kwargs`."""
    language: str = "en"
    """Language of the prompts."""

    def stages(self, task: str) -> dict[str, Spec]:
        """Prompts with constraints."""
        del task
        read = {"jsonl": self.file, "kind": "prompt", "tgt_lang": self.language, "license": "Apache-2.0"}
        make = [{"constraints": {"form": "ifeval", "conflicts": "keep"}}]
        return {"rows": {"read": read}, "prompts": {"verifiable": {"make": make}}}

    def scorers(self) -> Sequence[Spec | str]:
        """Strictly, all constraints together."""
        return ["verified"]

    def measures(self) -> Sequence[Measure]:
        """The four accuracies."""
        return [_Followed(level, mode) for level in ("prompt", "instruction") for mode in ("strict", "loose")]
