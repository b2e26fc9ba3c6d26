"""BLEU of test sets with the tokenizer of each language, and spBLEU with that of FLORES-200."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from corpus.errors import UserError
from corpus.hashing import file_sha256
from filters.scorers.bleu import tokenizer_of

if TYPE_CHECKING:
    from sacrebleu.metrics.bleu import BLEU

FLORES = "flores200"
JapaneseKorean = Literal["mecab", "char"]
_ADDRESS = "https://tinyurl.com/flores200sacrebleuspm"


def bleu_of(language: str, japanese_korean: JapaneseKorean = "mecab") -> BLEU:
    """BLEU with the tokenizer that sacreBLEU has for a language: zh, ja-mecab, ko-mecab, characters, or 13a.

    Args:
        language: BCP-47 code.
        japanese_korean: `char` where MeCab is not to be had; such numbers cannot be set beside others'.

    Raises:
        UserError: MeCab is not installed.
    """
    from sacrebleu.metrics.bleu import BLEU

    tokenizer = tokenizer_of(language)
    if tokenizer.endswith("-mecab") and japanese_korean == "char":
        return BLEU(tokenize="char")
    try:
        return BLEU(tokenize=tokenizer)
    except RuntimeError:
        raise UserError(
            f"BLEU of {language!r} needs the tokenizer {tokenizer}, which is not installed: "
            "pip install 'towerkit[ja-ko]'; or say `japanese_korean: char`, by characters, which no published number is"
        ) from None


def spbleu_of(model: str) -> BLEU:
    """BLEU over the pieces of a SentencePiece model: spBLEU (Goyal et al. 2022, 2022.tacl-1.30).

    Args:
        model: `flores200`, which sacreBLEU fetches once and keeps, or a model's file.

    Raises:
        UserError: SentencePiece is not installed, or there is no such model.
    """
    from sacrebleu.metrics.bleu import BLEU

    metric = BLEU(tokenize="none")
    metric.tokenizer, metric.tokenizer_signature = _fetched() if model == FLORES else _of_file(model)
    return metric


@cache
def _fetched() -> tuple[object, str]:
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.utils import SACREBLEU_DIR

    _needs_sentencepiece()
    kept = Path(SACREBLEU_DIR) / "models" / _ADDRESS.rpartition("/")[2]
    try:
        metric = BLEU(tokenize=FLORES)
    except OSError as error:
        raise UserError(
            f"spBLEU: sacreBLEU cannot fetch the SentencePiece model of FLORES-200 from {_ADDRESS}: {error}. Fetch it "
            f"where that can be reached and put it at {kept}, or name the file: `spbleu: FILE`"
        ) from None
    return metric.tokenizer, metric.tokenizer_signature


@cache
def _of_file(model: str) -> tuple[object, str]:
    """The model's pieces; the signature has the file's hash, since any model may be in it."""
    _needs_sentencepiece()
    import sentencepiece

    try:
        pieces = sentencepiece.SentencePieceProcessor(model_file=model)
    except (OSError, RuntimeError) as error:
        raise UserError(
            f"spBLEU: {model} is no SentencePiece model that can be read: {str(error).strip()[:200]}. Expected "
            f"`{FLORES}`, which sacreBLEU fetches, or the file of a model"
        ) from None
    return _Pieces(pieces), f"spm-{file_sha256(Path(model))[:8]}"


class _Pieces:
    """A tokenizer as sacreBLEU takes them."""

    def __init__(self, model: object) -> None:
        self._encode = cache(model.encode_as_pieces)  # type: ignore[attr-defined]

    def __call__(self, text: str) -> str:
        return " ".join(self._encode(text))


def _needs_sentencepiece() -> None:
    try:
        import sentencepiece  # noqa: F401
    except ImportError:
        raise UserError(
            "spBLEU needs the package sentencepiece, which is not installed: pip install 'towerkit[spbleu]'"
        ) from None
