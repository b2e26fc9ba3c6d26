"""`language`: the right language and script throughout."""

import time

import pytest

from filters.verifiers.language import Language

DE = "Das ist ein ganz gewöhnlicher deutscher Satz, an dem man die Sprache erkennen kann. "
EN = "This is a perfectly ordinary English sentence by which one can tell the language. "


@pytest.mark.parametrize(
    ("language", "reply", "score", "reason"),
    [
        ("de", DE, 1, ""),
        ("de", EN, 0, "another language"),
        ("de", DE * 3 + EN * 12, 0, "another language"),
        ("de", DE * 12 + "\n" + EN * 12, 0, "partly another language"),
        ("de", DE * 20 + EN, 1, ""),
        ("de", f"{DE}\n```python\nfor name in names: print(name)\n```", 1, ""),
        ("de", f"```\n{EN * 3}\n```", 0, "another language"),
        ("de", f"<think>{EN * 5}</think>{DE}", 1, ""),
        ("de", "<think>" + EN, 0, "empty output"),
        ("de", "", 0, "empty output"),
        ("de", "42", None, "cannot tell"),
        ("de", "\ud800", None, "cannot tell"),
        (None, DE, None, "no language asked for"),
        ("zh", "这是一个完全正常的中文句子。", 1, ""),
        ("zh-Hant", "這是一個完全正常的中文句子，說明臺灣的問題。", 1, ""),
        ("zh-Hant", "这是一个完全正常的中文句子，说明台湾的问题。", 0, "another language"),
        ("sr-Cyrl", "Ovo je sasvim obična rečenica na srpskom jeziku.", 0, "another script"),
        ("sr-Latn", "Ovo je sasvim obična rečenica na srpskom jeziku.", 1, ""),
        ("hi", "Yeh ek bilkul saadharan vaakya hai jo Hindi mein hai.", 0, "another script"),
        ("ru", "Это совершенно обычное предложение на русском языке.", 1, ""),
        ("ja", "これはごく普通の日本語の文です。", 1, ""),
        ("ko", EN, 0, "another script"),
        ("th", "นี่คือประโยคภาษาไทยธรรมดาประโยคหนึ่ง", 1, ""),
        ("ar", "هذه جملة عربية عادية تماما يمكن التعرف على لغتها.", 1, ""),
    ],
)
def test_languages(language: str | None, reply: str, score: float | None, reason: str) -> None:
    verdict = Language().verify({"tgt_lang": language}, reply)
    assert (verdict.score, verdict.reason) == (score, reason)


def test_the_language_may_be_an_argument() -> None:
    assert Language(language="deu_Latn").language == "de"
    assert Language(language="de").verify({"tgt_lang": "en"}, DE).score == 1
    with pytest.raises(ValueError, match="no language code"):
        Language(language="klingon")


@pytest.mark.parametrize(
    "reply",
    [
        "x" * 1_000_000,
        (DE + "\n") * 11_000,
        "<" * 1_000_000,
        "$ " * 500_000,
        "`" * 1_000_000,
        "\ud800" * 500_000,
        "。" * 500_000,
        "\n" * 999_999 + "x",
    ],
    ids=lambda reply: reply[:3].encode("ascii", "replace").decode(),
)
def test_nothing_takes_long(reply: str) -> None:
    Language().verify({"tgt_lang": "de"}, DE)
    started = time.process_time()
    Language().verify({"tgt_lang": "de"}, reply)
    assert time.process_time() - started < 1
