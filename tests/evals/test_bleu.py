"""BLEU with each language's tokenizer, and over the pieces of a model."""

import importlib.util
from pathlib import Path

import pytest
import sentencepiece
from sacrebleu.metrics.bleu import BLEU

from corpus.errors import UserError
from evals.bleu import _fetched, bleu_of, spbleu_of
from evals.corpus_metrics import CorpusMetric

ROOT = Path(__file__).parents[2]
HAS_MECAB = importlib.util.find_spec("MeCab") is not None


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A small SentencePiece model."""
    folder = tmp_path_factory.mktemp("pieces")
    texts = [file.read_text("utf-8") for file in sorted((ROOT / "docs").glob("*.md"))]
    (folder / "text").write_text("\n".join(texts), "utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "text"), model_prefix=str(folder / "small"), vocab_size=800, minloglevel=2, num_threads=1
    )
    return str(folder / "small.model")


@pytest.mark.parametrize(
    ("language", "tokenizer"),
    [("de", "13a"), ("ar", "13a"), ("zh", "zh"), ("zh-Hant", "zh"), ("yue", "zh"), ("th", "char"), ("km", "char")],
)
def test_tokenizers(language: str, tokenizer: str) -> None:
    assert bleu_of(language).tokenizer_signature == tokenizer


@pytest.mark.parametrize(("language", "tokenizer"), [("ja", "ja-mecab"), ("ko", "ko-mecab"), ("ko-KR", "ko-mecab")])
def test_japanese_and_korean(language: str, tokenizer: str) -> None:
    """By MeCab, or refused; by characters where that is asked for, and the signature tells."""
    if HAS_MECAB:
        assert bleu_of(language).tokenizer_signature.startswith(tokenizer)
    else:
        with pytest.raises(UserError, match=rf"{tokenizer}, which is not installed: pip install 'towerkit\[ja-ko\]'"):
            bleu_of(language)
    assert bleu_of(language, "char").tokenizer_signature == "char"


def test_spbleu_is_bleu_over_pieces(model: str) -> None:
    outputs = ["The house is old and large.", "猫が好きです。", "", "Alle Zahlen haben ein Intervall."]
    references = ["The house is old, and it is large.", "犬が好きです。", "Nichts.", "Jede Zahl hat ein Intervall."]
    pieces = sentencepiece.SentencePieceProcessor(model_file=model)

    def cut(texts: list[str]) -> list[str]:
        return [" ".join(pieces.encode_as_pieces(text)) for text in texts]

    theirs = BLEU(tokenize="none", force=True).corpus_score(cut(outputs), [cut(references)]).score
    metric = CorpusMetric(spbleu_of(model), [[text] for text in references])
    ours = metric.score(metric.statistics(outputs).sum(axis=0))
    assert float(ours) == pytest.approx(theirs)
    assert theirs > 10
    assert "|tok:spm-" in metric.signature


def test_models_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no model", "utf-8")
    for file in ("text", "nothing"):
        with pytest.raises(UserError, match="is no SentencePiece model that can be read"):
            spbleu_of(str(tmp_path / file))


def test_the_model_of_flores_without_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What to do is told: where the model is fetched from, and where a copy may lie."""
    _fetched.cache_clear()
    monkeypatch.setattr("sacrebleu.tokenizers.tokenizer_spm.SACREBLEU_DIR", str(tmp_path))
    monkeypatch.setattr("sacrebleu.utils.SACREBLEU_DIR", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with pytest.raises(UserError) as error:
        spbleu_of("flores200")
    assert "from https://tinyurl.com/flores200sacrebleuspm" in str(error.value)
    assert f"put it at {tmp_path / 'models' / 'flores200sacrebleuspm'}, or name the file: `spbleu: FILE`" in str(
        error.value
    )


def test_the_model_of_flores_where_it_lies(model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever lies in sacreBLEU's folder under that name is taken."""
    _fetched.cache_clear()
    monkeypatch.setattr("sacrebleu.tokenizers.tokenizer_spm.SACREBLEU_DIR", str(tmp_path))
    (tmp_path / "models").mkdir()
    (tmp_path / "models/flores200sacrebleuspm").write_bytes(Path(model).read_bytes())
    metric = spbleu_of("flores200")
    assert metric.tokenizer_signature == "flores200"
    assert metric.tokenizer("The house") == spbleu_of(model).tokenizer("The house")
    _fetched.cache_clear()
