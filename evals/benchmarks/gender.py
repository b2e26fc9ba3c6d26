"""`gender`: whether translations keep the gender that the source tells, of MT-GenEval."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import orjson
import polars as pl
from pydantic import Field

from evals.benchmarks.parallel import Parallel as _Parallel
from evals.measures import Counted, Measure
from evals.statistics import share

_SPACED = str.maketrans(dict.fromkeys(string.punctuation, " "))


class Gender(_Parallel):
    """The share of translations with no word that only the reference of the other gender has, on MT-GenEval.

    It is the accuracy that its authors publish (Currey et al. 2022, 2022.emnlp-main.288): whoever says nothing of
    anybody's gender, or nothing at all, is right. So the share that also has a word which only the right reference has
    stands beside it, with all that `parallel` measures.
    """

    headline: ClassVar[str] = "no wrong gender"

    read: dict[str, Any] = Field(default={}, max_length=0)
    """Nothing: `folder` and `pairs` say what is read."""
    folder: str
    """The files of one split: `sentences/test`."""
    pairs: tuple[str, ...] | None = None
    """Language pairs (`en-de`); default: all."""
    documents: Literal[False] = False
    """No: the gender told is a sentence's own."""

    def source(self) -> dict[str, Any]:
        """Each sentence about a woman and about a man."""
        pairs = {"pairs": list(self.pairs)} if self.pairs else {}
        return {"mt_geneval": self.folder, **pairs, "license": "CC-BY-SA-3.0"}

    def measures(self) -> Sequence[Measure]:
        """Gender first."""
        return [_Gendered("no wrong gender"), _Gendered("right gender shown"), *super().measures()]


class _Gendered:
    """Words of a translation that only one of two references has."""

    higher_is_better = True
    family = ""

    def __init__(self, name: str) -> None:
        self.name = name

    def count(self, items: pl.DataFrame, answers: Sequence[pl.DataFrame]) -> Counted:
        """1 where the first answer is right, else 0."""
        found = []
        for told, references, rows in zip(items["@meta"], items["references"].to_list(), answers, strict=True):
            own, other = words(references[0]), words(orjson.loads(told)["counterfactual"])
            said = words(rows["response"][0]) if rows.height else None
            found.append(np.nan if said is None else float(self._right(said, own - other, other - own)))
        return Counted(np.array(found, np.float64), share, "words of one reference alone, lower case, no punctuation")

    def _right(self, said: set[str], right: set[str], wrong: set[str]) -> bool:
        return not said & wrong and (self.name == "no wrong gender" or bool(said & right))


def words(text: str) -> set[str]:
    """Words in lower case; ASCII punctuation parts them."""
    return set(text.lower().translate(_SPACED).split())
