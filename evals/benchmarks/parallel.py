"""`parallel`: translation of any parallel text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from evals.benchmarks.base import Ability, Benchmark, Spec
from evals.measures import Corpus, Faults, Measure
from filters.names import filter_class


class Parallel(Benchmark):
    """Translations of pairs of texts, whatever they are read from: line-aligned files, TMX, JSON lines, NTREX, WMT.

    chrF++, BLEU with each language's tokenizer and TER by sacreBLEU over the whole set, the mean over language pairs
    where there are several; the shares of answers that are off target, empty, copied or looping stand beside them.
    """

    ability: ClassVar[Ability] = "translation"
    headline: ClassVar[str] = "chrF++"
    translates: ClassVar[bool] = True

    read: dict[str, Any]
    """Options of a `read` stage that gives pairs, such as `{text: {en: news.en, de: news.de}, doc_ids: news.docs}`."""
    also: tuple[Any, ...] = ()
    """Further scorers of the translations, such as `{comet: {model: ..., as: comet22}}`; their `score_` columns are
    measured."""

    def stages(self, task: str) -> dict[str, Spec]:
        """Pairs, and prompts worded by the task."""
        return {"pairs": {"read": self.read}, "prompts": {"prompt": {"task": task}}}

    def scorers(self) -> Sequence[Spec | str]:
        """Language and loops, and what the recipe adds."""
        return ["langid", "looping", *self.also]

    def measures(self) -> Sequence[Measure]:
        """Quality first, faults after it."""
        faults = {
            "off target": ("wrong_language", {"min_probability": 0.5}),
            "empty": ("empty", {}),
            "copied": ("copied", {}),
            "looping": ("looping", {}),
        }
        return [
            *(Corpus("chrF++"), Corpus("BLEU"), Corpus("TER")),
            *(Faults(name, filter_class(rule).model_validate(options)) for name, (rule, options) in faults.items()),
        ]
