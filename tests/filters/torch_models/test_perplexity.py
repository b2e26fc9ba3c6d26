"""The scorer `perplexity`: what transformers gives, token by token, for the text alone."""

import math
from pathlib import Path
from typing import Any

import pytest
from scoring import score
from tiny_models import TEXTS

from corpus.chat import user
from filters.scorers.perplexity import Perplexity

pytestmark = pytest.mark.filterwarnings("default:::torch")

LONG = " ".join(TEXTS * 4)


def scorer(model: Path, **options: Any) -> Perplexity:
    return Perplexity(model=str(model), device="cpu", dtype="float32", **options)


class Alone:
    """The model by itself."""

    def __init__(self, model: Path) -> None:
        import transformers

        self.tokenizer = transformers.AutoTokenizer.from_pretrained(model)
        self.model = transformers.AutoModelForCausalLM.from_pretrained(model, dtype="float32")

    def tokens(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def nats(self, before: list[int], tokens: list[int]) -> float:
        """Negative log probability of tokens that follow others."""
        import torch

        with torch.no_grad():
            logits = self.model(torch.tensor([[*before, *tokens]])).logits[0, len(before) - 1 : -1]
        return -float(logits.log_softmax(-1).gather(1, torch.tensor(tokens)[:, None]).sum())


@pytest.fixture(scope="module")
def alone(chat_model: Path) -> Alone:
    return Alone(chat_model)


@pytest.mark.parametrize("batch_tokens", [None, 50])
def test_by_token_and_by_byte(chat_model: Path, alone: Alone, batch_tokens: int | None) -> None:
    rows = [{"text": text} for text in [*TEXTS, "", "x"]]
    by_token = score(scorer(chat_model, batch_tokens=batch_tokens), "text", rows)
    by_byte = score(scorer(chat_model, batch_tokens=batch_tokens, unit="byte"), "text", rows)
    end = [alone.tokenizer.eos_token_id]  # it has no token that begins texts
    nats = [alone.nats(end, alone.tokens(text)) for text in [*TEXTS, "x"]]
    per_token = [math.exp(n / len(alone.tokens(text))) for n, text in zip(nats, [*TEXTS, "x"], strict=True)]
    per_byte = [n / math.log(2) / len(text.encode()) for n, text in zip(nats, [*TEXTS, "x"], strict=True)]
    assert by_token["score_perplexity"].drop_nulls().to_list() == pytest.approx(per_token, rel=1e-5)
    assert by_byte["score_perplexity"].drop_nulls().to_list() == pytest.approx(per_byte, rel=1e-5)
    assert by_token["label_perplexity_note"].to_list()[-2:] == ["empty output", None]


def test_after_a_source_or_a_prompt(chat_model: Path, alone: Alone) -> None:
    prompt = [user(TEXTS[0])]
    row = {"prompt": prompt, "source": TEXTS[0], "response": TEXTS[1]}
    made = score(scorer(chat_model, given="source"), "response", [row, row | {"source": None}])
    before = [alone.tokenizer.eos_token_id, *alone.tokens(f"{TEXTS[0]}\n")]
    tokens = alone.tokens(TEXTS[1])
    expected = math.exp(alone.nats(before, tokens) / len(tokens))
    assert made["score_perplexity"].to_list() == [pytest.approx(expected, rel=1e-5), None]
    assert made["label_perplexity_note"].to_list() == [None, "no source"]

    before = alone.tokenizer.apply_chat_template(prompt, add_generation_prompt=True, return_dict=False)
    expected = math.exp(alone.nats(before, tokens) / len(tokens))
    bad = row | {"prompt": [*prompt, {"role": "tool", "content": "9"}]}
    made = score(scorer(chat_model, given="prompt"), "response", [row, bad])
    assert made["score_perplexity"].to_list() == [pytest.approx(expected, rel=1e-5), None]
    assert made["label_perplexity_note"].to_list() == [None, "refused by the model's chat template"]


@pytest.mark.parametrize(("window", "stride"), [(64, 16), (64, 63), (64, 64), (100, None), (None, None)])
def test_windows_count_each_token_once(chat_model: Path, alone: Alone, window: int | None, stride: int | None) -> None:
    made = score(scorer(chat_model, window=window, stride=stride), "text", [{"text": LONG}])
    tokens = [alone.tokenizer.eos_token_id, *alone.tokens(LONG)]
    assert len(tokens) > 512
    size = window or 512
    step = min(stride or size // 2, size - 1)
    nats, counted, start = 0.0, 1, 0
    while counted < len(tokens):
        start = min(start, len(tokens) - size)
        end = start + size
        nats += alone.nats(tokens[start:counted], tokens[counted:end])
        counted, start = end, start + step
    assert made["score_perplexity"][0] == pytest.approx(math.exp(nats / (len(tokens) - 1)), rel=1e-5)


def test_a_source_longer_than_the_window(chat_model: Path) -> None:
    row = {"source": LONG, "target": TEXTS[0], "src_lang": "en", "tgt_lang": "de"}
    made = score(scorer(chat_model, given="source", window=64), "pair", [row])
    assert made["score_perplexity"][0] > 1


def test_very_long_texts(chat_model: Path) -> None:
    made = score(scorer(chat_model), "text", [{"text": "暗" * 20_000}, {"text": "x"}])
    assert made["score_perplexity"].null_count() == 0
