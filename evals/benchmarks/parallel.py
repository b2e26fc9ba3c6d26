"""`parallel`: translation of any parallel text, sentence by sentence or document by document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from evals.benchmarks.base import Ability, Benchmark, Spec
from evals.bleu import JapaneseKorean
from evals.measures import Corpus, Measure, translation_faults


class Parallel(Benchmark):
    """Translations of pairs of texts, whatever they are read from: line-aligned files, TMX, JSON lines, NTREX, WMT.

    chrF++ and BLEU with each language's tokenizer, if asked for spBLEU and TER, by sacreBLEU over the whole set, the
    mean over language pairs where there are several; the shares of answers that are off target, empty, copied or
    looping stand beside them.
    """

    ability: ClassVar[Ability] = "translation"
    headline: ClassVar[str] = "chrF++"
    translates: ClassVar[bool] = True
    locations: ClassVar[tuple[str, ...]] = ("spbleu",)

    read: dict[str, Any]
    """Options of a `read` stage that gives pairs, such as `{text: {en: news.en, de: news.de}, doc_ids: news.docs}`, or
    responses, of which sources and references are taken: `{wmt: wmt23-news-systems, pairs: [de-en]}`."""
    documents: bool = False
    """Whether the pairs of each document (`doc_id`) are joined, line by line, and translated and scored as one. `first`
    still counts lines."""
    japanese_korean: JapaneseKorean = "mecab"
    """How BLEU cuts Japanese and Korean: by MeCab, as others do, which comes with `towerkit[ja-ko]`, or by `char`."""
    spbleu: str | None = None
    """spBLEU too: `flores200`, whose SentencePiece model sacreBLEU fetches from tinyurl.com/flores200sacrebleuspm into
    ~/.sacrebleu/models (the environment variable SACREBLEU names another folder), or the file of a model. Needs
    `towerkit[spbleu]`."""
    ter: bool = False
    """TER too. sacreBLEU works it out in Python: 0.15 s for a paragraph of 45 words, where chrF++ takes 0.0015 s
    [measured on WMT23 de-en], and more than in proportion for longer ones."""
    also: tuple[Any, ...] = ()
    """Further scorers of the translations, such as `{comet: {model: ..., as: comet22}}`; their `score_` columns are
    measured."""

    def stages(self, task: str) -> dict[str, Spec]:
        """Pairs, and prompts worded by the task."""
        joined: dict[str, Spec] = {"documents": {"join": {}}} if self.documents else {}
        return {"pairs": {"read": self.source()}, **joined, "prompts": {"prompt": {"task": task}}}

    def source(self) -> dict[str, Any]:
        """Options of the `read` stage."""
        return self.read

    def scorers(self) -> Sequence[Spec | str]:
        """Language and loops, and what the recipe adds."""
        return ["langid", "looping", *self.also]

    def measures(self) -> Sequence[Measure]:
        """Quality first, faults after it."""
        return [*self._overlaps(), *translation_faults()]

    def refuse(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Refuse languages whose tokenizers are not there, before any model is asked."""
        languages = sorted({str(row["tgt_lang"]) for row in rows})
        for overlap in self._overlaps():
            overlap.check(languages)

    def _overlaps(self) -> list[Corpus]:
        spbleu = [Corpus("spBLEU", pieces=self.spbleu)] if self.spbleu else []
        ter = [Corpus("TER")] if self.ter else []
        return [Corpus("chrF++"), Corpus("BLEU", self.japanese_korean), *spbleu, *ter]
