from importlib.util import find_spec

import polars as pl
import pytest
import sacrebleu
from sacrebleu.metrics.bleu import BLEU

from corpus import UserError
from filters.scorers.bleu import Bleu, tokenizer_of

ROWS = [
    ("The cat sat on the mat.", ["The cat sat on the mat."], "en"),
    ("A cat sat on a mat!", ["The cat sat on the mat.", "A CAT was sitting on the mat"], None),
    ("", ["The cat sat on the mat."], "en"),
    ("Yes.", ["No."], "en-GB"),
    ("我在那里等你", ["我在这里等你"], "zh-Hans"),
    ("ฉันรอคุณอยู่ที่นี่", ["ฉันกำลังรอคุณอยู่"], "th"),
    ("مرحبا بالعالم", ["أهلا بالعالم"], "ar"),
]


def scores(rows, **options) -> list[float | None]:
    schema = {"@output": pl.String, "references": pl.List(pl.String), "tgt_lang": pl.String}
    return Bleu(**options).score(pl.DataFrame(rows, schema=schema, orient="row"))["score_bleu"].to_list()


@pytest.mark.parametrize("options", [{}, {"smooth_method": "floor"}, {"smooth_method": "add-k"}, {"lowercase": True}])
def test_scores_are_sacrebleus_with_the_tokenizer_of_the_language(options):
    expected = [
        sacrebleu.sentence_bleu(output, references, tokenize=tokenizer_of(language), **options).score
        for output, references, language in ROWS
    ]
    assert scores(ROWS, **options) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("language", "tokenizer"),
    [
        ("de", "13a"),
        (None, "13a"),
        ("zh", "zh"),
        ("zh-TW", "zh"),
        ("yue", "zh"),
        ("ja", "ja-mecab"),
        ("ko-KR", "ko-mecab"),
        ("th", "char"),
        ("lo", "char"),
        ("km", "char"),
        ("my", "char"),
    ],
)
def test_tokenizers_by_language(language, tokenizer):
    assert tokenizer_of(language) == tokenizer


@pytest.mark.parametrize("options", [{"tokenize": "13a"}, {"tokenize": "intl", "smooth_method": "add-k"}])
def test_signatures_are_sacrebleus(options):
    metric = BLEU(effective_order=True, **options)
    metric.corpus_score(["a"], [["a"]])
    expected = f"BLEU|{metric.get_signature().format()}".replace("nrefs:1", "nrefs:var")
    assert Bleu(**options).columns("response")[0].signature == expected


def test_a_signature_lists_the_tokenizers_that_auto_chooses_from():
    assert "|tok:auto(13a,char,ja-mecab,ko-mecab,zh)|" in Bleu().columns("response")[0].signature


def test_without_output_or_references_there_is_no_score():
    rows = [("a", None, "en"), ("a", [], "ja"), (None, ["a"], "ko"), ("a", [None], "en")]
    assert scores(rows) == [None, None, None, None]


@pytest.mark.skipif(find_spec("MeCab") is not None, reason="the Japanese tokenizer is installed")
def test_a_missing_tokenizer_is_told_with_the_command_that_installs_it():
    with pytest.raises(UserError, match=r"Japanese rows need .* pip install 'towerkit\[ja-ko\]'"):
        scores([("猫がいる。", ["猫がいる。"], "ja")])
    assert scores([("猫がいる。", ["猫がいる。"], "ja")], tokenize="char") == pytest.approx([100.0])
