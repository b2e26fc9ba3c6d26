"""BLEU of each output against its references (Papineni et al. 2002, P02-1040), by sacreBLEU."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Literal, get_args

import polars as pl

from corpus.errors import UserError
from corpus.languages import parse, segmentation
from filters.base import ScoreColumn, Scorer
from filters.overlap import SentenceScore, sacrebleu_version, sentence_scores, yes_no

Tokenizer = Literal["13a", "char", "intl", "ja-mecab", "ko-mecab", "none", "zh"]

_BY_LANGUAGE: dict[str, Tokenizer] = {
    "ja": "ja-mecab",
    "ko": "ko-mecab",
    "lzh": "zh",
    "wuu": "zh",
    "yue": "zh",
    "zh": "zh",
}


class Bleu(Scorer):
    """Smoothed BLEU of a sentence, 0 to 100, with effective order, so that short sentences can score.

    Equals sacreBLEU's `sentence_bleu` with the row's tokenizer. Null where a row has no references.
    """

    tokenize: Tokenizer | Literal["auto"] = "auto"
    """A tokenizer of sacreBLEU. `auto` takes by `tgt_lang`: zh for Chinese, ja-mecab for Japanese, ko-mecab for Korean,
    char for other languages written without spaces (Thai, Lao, Khmer, Burmese), 13a for the rest."""
    smooth_method: Literal["exp", "floor", "add-k", "none"] = "exp"
    """What an order without matches counts: sacreBLEU's smoothing methods with their default values."""
    lowercase: bool = False
    """Whether case is ignored."""

    def needs(self, kind: str) -> Sequence[str]:
        """The output, its references and its language."""
        del kind
        return ("@output", "references", "tgt_lang")

    def columns(self, kind: str) -> list[ScoreColumn]:
        """`score_bleu`, with sacreBLEU's signature; `auto` lists the tokenizers it chooses from."""
        del kind
        tokenizers = f"auto({','.join(sorted({*_BY_LANGUAGE.values(), 'char', '13a'}))})"
        smooth = {"floor": "floor[0.10]", "add-k": "add-k[1.00]"}.get(self.smooth_method, self.smooth_method)
        signature = (
            f"BLEU|nrefs:var|case:{'lc' if self.lowercase else 'mixed'}|eff:{yes_no(True)}|"
            f"tok:{tokenizers if self.tokenize == 'auto' else self.tokenize}|smooth:{smooth}|"
            f"version:{sacrebleu_version()}"
        )
        return [ScoreColumn(name=f"score_{self.stem}", higher_is_better=True, signature=signature)]

    def identity(self) -> object:
        """The version of sacreBLEU."""
        return sacrebleu_version()

    def score(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Sentence BLEU of each row."""
        judged = (frame["@output"].is_not_null() & (frame["references"].list.len() > 0)).fill_null(False)
        languages = pl.select(pl.when(judged).then(frame["tgt_lang"])).to_series()
        by_language = {language: self._metric(language) for language in languages.unique()}
        scores = sentence_scores(frame, [by_language[language] for language in languages])
        return pl.DataFrame({f"score_{self.stem}": pl.Series(scores, dtype=pl.Float64)})

    def _metric(self, language: str | None) -> SentenceScore:
        tokenizer = tokenizer_of(language) if self.tokenize == "auto" else self.tokenize
        return _sentence_bleu(tokenizer, self.smooth_method, self.lowercase)


def tokenizer_of(language: str | None) -> Tokenizer:
    """Which tokenizer of sacreBLEU fits a language; 13a where none is given."""
    if language is None:
        return "13a"
    fallback: Tokenizer = "char" if segmentation(language) == "characters" else "13a"
    return _BY_LANGUAGE.get(parse(language).language, fallback)


@cache
def _sentence_bleu(tokenizer: Tokenizer, smooth_method: str, lowercase: bool) -> SentenceScore:
    from sacrebleu.metrics.bleu import BLEU

    try:
        metric = BLEU(lowercase, tokenize=tokenizer, smooth_method=smooth_method, effective_order=True)
    except RuntimeError as error:
        language = {"ja-mecab": "Japanese", "ko-mecab": "Korean"}.get(tokenizer)
        if language is None:
            raise
        raise UserError(
            f"scorer 'bleu': {language} rows need the tokenizer {tokenizer}, whose packages are not installed. "
            "Install them with: pip install 'towerkit[ja-ko]'; "
            f"or name another tokenizer, such as `tokenize: char` (one of {', '.join(get_args(Tokenizer))})"
        ) from error

    def score(output: str, references: Sequence[str]) -> float:
        return float(metric.sentence_score(output, references).score)

    return score
