"""The scorer `classifier`: each number is what transformers or fastText gives for the text alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scoring import score
from tiny_models import TEXTS, make_encoder

from corpus.errors import UserError
from filters.recognizer import lid176
from filters.scorers.classifier import Classifier

pytestmark = pytest.mark.filterwarnings("default:::torch")

LONG = " ".join(TEXTS * 2)
Make = Callable[..., Path]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Classifiers of random weights."""

    def make(*labels: str, **config: Any) -> Path:
        folder = tmp_path_factory.mktemp("models") / "classifier"
        names = dict(enumerate(labels))
        config |= {"id2label": names, "label2id": {name: number for number, name in names.items()}}
        return make_encoder(folder, "AutoModelForSequenceClassification", num_labels=len(labels), **config)

    return make


def scorer(model: Path, **options: Any) -> Classifier:
    return Classifier(model=str(model), device="cpu", dtype="float32", **options)


def texts(*given: str) -> list[dict[str, str]]:
    return [{"text": text} for text in given]


def logits(model: Path, text: str) -> list[float]:
    """What the library says of a text by itself, cut to the window."""
    import torch
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    loaded = transformers.AutoModelForSequenceClassification.from_pretrained(model)
    with torch.no_grad():
        told = loaded(**tokenizer(text, return_tensors="pt", truncation=True)).logits[0]
    return [float(each) for each in told]


@pytest.mark.parametrize("batch_tokens", [None, 64])
def test_one_label_is_a_number_as_it_is(make: Make, batch_tokens: int | None) -> None:
    model = make("LABEL_0", problem_type="regression")
    made = score(scorer(model, batch_tokens=batch_tokens), "text", texts(*TEXTS[:3], "", "x", TEXTS[4], LONG))
    given = [*TEXTS[:3], "x", TEXTS[4], LONG]
    expected = [logits(model, text)[0] for text in given]
    assert made["score_classifier"].drop_nulls().to_list() == pytest.approx(expected, abs=1e-5)
    assert made["label_classifier"].is_null().all()
    notes = made["label_classifier_note"].to_list()
    assert notes[3:5] == ["empty output", None]
    assert notes[-1] == "truncated"


@pytest.mark.parametrize(("problem_type", "function"), [(None, "softmax"), ("multi_label_classification", "sigmoid")])
def test_probabilities_of_classes(make: Make, problem_type: str | None, function: str) -> None:
    import torch

    model = make("clean", "toxic", "vulgar", problem_type=problem_type)
    made = score(scorer(model, label="toxic", higher_is_better=False), "text", texts(*TEXTS[:4]))
    likeliest = score(scorer(model, higher_is_better=None), "text", texts(*TEXTS[:4]))
    for number, text in enumerate(TEXTS[:4]):
        told = torch.tensor(logits(model, text))
        shares = told.softmax(-1) if function == "softmax" else told.sigmoid()
        label = ["clean", "toxic", "vulgar"][int(shares.argmax())]
        assert made["score_classifier"][number] == pytest.approx(float(shares[1]), abs=1e-5)
        assert likeliest["score_classifier"][number] == pytest.approx(float(shares.max()), abs=1e-5)
        assert made["label_classifier"][number] == likeliest["label_classifier"][number] == label


def test_windows_of_a_long_text(make: Make) -> None:
    import torch
    import transformers

    model = make("LABEL_0")
    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    loaded = transformers.AutoModelForSequenceClassification.from_pretrained(model)
    tokens = tokenizer(LONG, add_special_tokens=False)["input_ids"]
    assert len(tokens) > 200
    for overlap in (0, 20):
        parts = [tokens[start : start + 62] for start in range(0, len(tokens), 62 - overlap)]
        while len(parts) > 1 and len(parts[-1]) <= overlap:
            parts.pop()
        with torch.no_grad():
            told = [float(loaded(torch.tensor([[0, *part, 2]])).logits[0, 0]) for part in parts]
        for windows, expected in {"first": told[0], "mean": sum(told) / len(told), "max": max(told)}.items():
            made = score(scorer(model, windows=windows, overlap=overlap), "text", texts(LONG, "x"))
            assert made["score_classifier"][0] == pytest.approx(expected, abs=1e-5)
            assert made["label_classifier_note"].to_list() == ["truncated" if windows == "first" else None, None]


def test_a_very_long_text(make: Make) -> None:
    made = score(scorer(make("a", "b"), label="b", windows="mean"), "text", texts((TEXTS[3] * 4_000)[:100_000]))
    assert 0 <= made["score_classifier"][0] <= 1


def test_the_source(make: Make) -> None:
    model = make("LABEL_0")
    pair = {"source": TEXTS[0], "target": TEXTS[1], "src_lang": "en", "tgt_lang": "de"}
    made = score(scorer(model, side="source"), "pair", [pair])
    assert made["score_classifier"][0] == pytest.approx(logits(model, TEXTS[0])[0], abs=1e-5)


def test_an_unknown_label(make: Make) -> None:
    with pytest.raises(UserError, match=r"has no label 'Toxic'\. Did you mean 'toxic'\? Its labels: clean, toxic"):
        score(scorer(make("clean", "toxic"), label="Toxic"), "text", texts("x"))


def test_an_encoder_alone_is_no_classifier(tmp_path: Path) -> None:
    encoder = make_encoder(tmp_path / "encoder", "AutoModel")
    with pytest.raises(UserError, match=r"is not a text classifier: it has no weights for its last layer \(classifier"):
        score(scorer(encoder), "text", texts("x"))


def test_fasttext() -> None:
    import fasttext

    given = [TEXTS[0], TEXTS[1], f"{TEXTS[1]}\n{TEXTS[1]}\u2028{TEXTS[0]}", " ", "島へのフェリー", "x" * 100_000]
    made = score(Classifier(model=str(lid176()), label="de"), "text", texts(*given))
    model = fasttext.load_model(str(lid176()))
    for number, text in enumerate(given):
        if not text.strip():
            assert made["score_classifier"][number] is None
            continue
        labels, shares = model.predict(" ".join(text.splitlines()), k=-1, threshold=-1.0)
        told = dict(zip(labels, shares, strict=True))
        assert made["score_classifier"][number] == pytest.approx(told["__label__de"], abs=1e-5)
        assert made["label_classifier"][number] == labels[0].removeprefix("__label__")
    assert made["score_classifier"][1] > 0.9 > 0.1 > made["score_classifier"][0]
    assert made["label_classifier_note"].to_list() == [None, None, None, "empty output", None, None]
    likeliest = score(Classifier(model=str(lid176())), "text", texts(*given))
    assert likeliest["score_classifier"][0] > 0.8


def test_what_fasttext_cannot(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="`windows` is of no use to fastText"):
        Classifier(model=str(lid176()), windows="mean")
    with pytest.raises(UserError, match=r"lid.176.ftz has no label 'ger'.* Its labels: en, ru"):
        score(Classifier(model=str(lid176()), label="ger"), "text", texts("x"))
    (tmp_path / "bad.bin").write_bytes(b"bad")
    with pytest.raises(UserError, match="is no fastText model"):
        score(Classifier(model=str(tmp_path / "bad.bin")), "text", texts("x"))
    with pytest.raises(UserError, match="there is no model folder"):
        score(Classifier(model=str(tmp_path / "none.bin")), "text", texts("x"))
