"""The scorer `similarity`: cosines of embeddings as the model's own files say that they are made."""

import json
from pathlib import Path
from typing import Any

import pytest
from scoring import score
from tiny_models import TEXTS, make_encoder

from corpus.errors import UserError
from filters.scorers.similarity import Similarity

pytestmark = pytest.mark.filterwarnings("default:::torch")

_TYPE = "sentence_transformers.models."


def scorer(model: Path, **options: Any) -> Similarity:
    return Similarity(model=str(model), device="cpu", dtype="float32", **options)


def pair(source: str, target: str) -> dict[str, str]:
    return {"source": source, "target": target, "src_lang": "en", "tgt_lang": "de"}


def hidden(model: Path, text: str, window: int = 64) -> Any:
    """The encoder's output for a text by itself, (tokens, 64)."""
    import torch
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    inputs = tokenizer(text, return_tensors="pt", truncation=True, max_length=window)
    with torch.no_grad():
        return transformers.AutoModel.from_pretrained(model)(**inputs).last_hidden_state[0]


def cosine(one: Any, other: Any) -> float:
    import torch

    return float(torch.nn.functional.cosine_similarity(one, other, dim=0))


def with_modules(folder: Path, pooling: dict[str, Any], *, dense: bool = False, **said: Any) -> Path:
    """What sentence-transformers writes beside an encoder."""
    import torch
    from safetensors.torch import save_file

    modules = [{"idx": 0, "name": "0", "path": "", "type": f"{_TYPE}Transformer"}]
    modules += [{"idx": 1, "name": "1", "path": "1_Pooling", "type": f"{_TYPE}Pooling"}]
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling/config.json").write_text(json.dumps({"word_embedding_dimension": 64, **pooling}))
    if dense:
        modules += [{"idx": 2, "name": "2", "path": "2_Dense", "type": f"{_TYPE}Dense"}]
        (folder / "2_Dense").mkdir()
        settings = {"in_features": 64, "out_features": 16, "bias": True}
        settings |= {"activation_function": "torch.nn.modules.activation.Tanh"}
        (folder / "2_Dense/config.json").write_text(json.dumps(settings))
        torch.manual_seed(4)
        weights = {"linear.weight": torch.randn(16, 64) / 8, "linear.bias": torch.randn(16) / 8}
        save_file(weights, folder / "2_Dense/model.safetensors")
    modules += [{"idx": 3, "name": "3", "path": "3_Normalize", "type": f"{_TYPE}Normalize"}]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "sentence_bert_config.json").write_text(json.dumps(said))
    return folder


PAIRS = [(TEXTS[0], TEXTS[1]), (TEXTS[0], TEXTS[0]), (TEXTS[2], TEXTS[1]), ("x", TEXTS[5]), (TEXTS[0], TEXTS[1])]


@pytest.mark.parametrize("batch_tokens", [None, 30])
def test_labse(tmp_path: Path, batch_tokens: int | None) -> None:
    """The first token, through a dense layer with tanh, of length one."""
    import torch
    from safetensors.torch import load_file

    model = make_encoder(tmp_path / "labse", "AutoModel", family="bert")
    with_modules(
        model,
        {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False, "pooling_mode_max_tokens": False},
        dense=True,
        max_seq_length=40,
        do_lower_case=False,
    )
    weights = load_file(model / "2_Dense/model.safetensors")

    def vector(text: str) -> Any:
        first = hidden(model, text, 40)[0]
        return torch.tanh(torch.nn.functional.linear(first, weights["linear.weight"], weights["linear.bias"]))

    long = " ".join(TEXTS)
    rows = [pair(*each) for each in [*PAIRS, (long, TEXTS[0]), (" ", "x"), ("x", "")]]
    made = score(scorer(model, batch_tokens=batch_tokens), "pair", rows)
    expected = [cosine(vector(source), vector(target)) for source, target in [*PAIRS, (long, TEXTS[0])]]
    assert made["score_similarity"].drop_nulls().to_list() == pytest.approx(expected, abs=1e-5)
    assert made["score_similarity"][1] == pytest.approx(1, abs=1e-6)
    notes = made["label_similarity_note"].to_list()
    assert notes[1] is None
    assert notes[-3:] == ["truncated", "empty source", "empty output"]


@pytest.mark.parametrize(
    ("pooling", "pool"),
    [
        ({"pooling_mode_mean_tokens": True}, lambda told: told.mean(0)),
        ({"pooling_mode": "mean"}, lambda told: told.mean(0)),
        ({"pooling_mode_max_tokens": True, "pooling_mode_mean_tokens": False}, lambda told: told.amax(0)),
        ({"pooling_mode_lasttoken": True}, lambda told: told[-1]),
        (None, lambda told: told.mean(0)),
    ],
    ids=["means", "mean", "max", "last", "by default"],
)
def test_poolings(tmp_path: Path, pooling: dict[str, Any] | None, pool: Any) -> None:
    model = make_encoder(tmp_path / "encoder", "AutoModel")
    if pooling is not None:
        with_modules(model, pooling)
    made = score(scorer(model), "pair", [pair(*each) for each in PAIRS])
    expected = [cosine(pool(hidden(model, source)), pool(hidden(model, target))) for source, target in PAIRS]
    assert made["score_similarity"].to_list() == pytest.approx(expected, abs=1e-5)


def test_each_distinct_text_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from filters.torch_models.sentences import Sentences

    read: list[int] = []
    vectors = Sentences.vectors

    def counted(self: Sentences, pieces: Any) -> Any:
        read.append(len(pieces))
        return vectors(self, pieces)

    monkeypatch.setattr(Sentences, "vectors", counted)
    model = make_encoder(tmp_path / "encoder", "AutoModel")
    answers = [{"prompt": [], "source": TEXTS[0], "response": TEXTS[number % 3]} for number in range(12)]
    assert score(scorer(model), "response", answers)["score_similarity"].null_count() == 0
    assert sum(read) == 3


def test_an_encoder_saved_without_the_layer_that_nobody_reads(tmp_path: Path) -> None:
    """Masked language models have no pooler."""
    model = make_encoder(tmp_path / "masked", "AutoModelForMaskedLM")
    made = score(scorer(model), "pair", [pair(*PAIRS[0])])
    expected = cosine(hidden(model, PAIRS[0][0]).mean(0), hidden(model, PAIRS[0][1]).mean(0))
    assert made["score_similarity"][0] == pytest.approx(expected, abs=1e-5)


def test_references_and_prefixes(tmp_path: Path) -> None:
    model = make_encoder(tmp_path / "encoder", "AutoModel")
    rows = [
        {"references": [TEXTS[1], " ", TEXTS[2]], "response": TEXTS[0]},
        {"references": [], "response": TEXTS[0]},
        {"references": None, "response": TEXTS[0]},
    ]
    made = score(scorer(model, against="references", prefix="query: "), "response", rows)
    vectors = [hidden(model, f"query: {text}").mean(0) for text in TEXTS[:3]]
    mean = sum(cosine(vectors[0], vectors[n]) for n in (1, 2)) / 2
    assert made["score_similarity"].to_list() == [pytest.approx(mean, abs=1e-5), None, None]
    assert made["label_similarity_note"].to_list()[1:] == ["no reference"] * 2
    settings = {"prompts": {"query": "query: "}, "default_prompt_name": "query"}
    (model / "config_sentence_transformers.json").write_text(json.dumps(settings))
    assert score(scorer(model, against="references"), "response", rows).equals(made)


def test_what_follows_the_encoder_is_part_of_the_model(tmp_path: Path) -> None:
    model = make_encoder(tmp_path / "encoder", "AutoModel")
    plain = scorer(model).identity()
    with_modules(model, {"pooling_mode_mean_tokens": True})
    assert scorer(model).identity() != plain


@pytest.mark.parametrize(
    ("pooling", "words"),
    [
        ({"pooling_mode_weightedmean_tokens": True}, "pools by weightedmean; known here: mean, cls, lasttoken, max"),
        ({"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": True}, "pools by mean and cls"),
    ],
)
def test_poolings_that_are_not_known(tmp_path: Path, pooling: dict[str, Any], words: str) -> None:
    model = with_modules(make_encoder(tmp_path / "encoder", "AutoModel"), pooling)
    with pytest.raises(UserError, match=words):
        score(scorer(model), "pair", [pair("a", "b")])


def test_a_dense_layer_without_weights(tmp_path: Path) -> None:
    model = with_modules(make_encoder(tmp_path / "e", "AutoModel"), {"pooling_mode_cls_token": True}, dense=True)
    (model / "2_Dense/model.safetensors").unlink()
    with pytest.raises(UserError, match="no weights for its dense layer in 2_Dense"):
        score(scorer(model), "pair", [pair("a", "b")])
