"""Scorers on a GPU: what they say there is what they say on the CPU, and memory that ends halves batches."""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
from scoring import score
from tiny_models import TEXTS, add_reward_head, make_chat_model, make_encoder

from corpus.chat import user
from filters.scorers.classifier import Classifier
from filters.scorers.perplexity import Perplexity
from filters.scorers.reward import Reward
from filters.scorers.similarity import Similarity

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.filterwarnings("default"),
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]

WINDOW = 40_000
NEAR = 0.02
"""Rewards of these models deviate by 20 from one another; what rounding makes of it, and less than any fault would."""


@pytest.fixture(scope="module")
def chats(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A causal model with a long window, of random weights."""
    return make_chat_model(tmp_path_factory.mktemp("gpu") / "chats", hidden=512, layers=4, context=WINDOW)


@pytest.fixture(scope="module")
def rewards(tmp_path_factory: pytest.TempPathFactory, chats: Path) -> Path:
    """The same with a last layer for rewards, of random weights too."""
    return add_reward_head(tmp_path_factory.mktemp("gpu") / "rewards", chats)


@pytest.fixture
def limit() -> Iterator[Callable[[int], None]]:
    """Lets this process have so many bytes of the GPU's memory and no more."""
    total = torch.cuda.get_device_properties(0).total_memory

    def limit(most: int) -> None:
        gc.collect()
        torch.cuda.empty_cache()
        torch.cuda.set_per_process_memory_fraction(most / total)

    yield limit
    torch.cuda.set_per_process_memory_fraction(1.0)


def answers(*texts: str) -> list[dict[str, Any]]:
    return [{"prompt": [user("Say it.")], "response": text} for text in texts]


def reward(model: Path, device: str, dtype: str = "float32", **options: Any) -> Reward:
    return Reward(model=str(model), device=device, dtype=dtype, **options)


def peak() -> int:
    most = torch.cuda.max_memory_allocated()
    gc.collect()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    return most


def test_a_batch_that_does_not_fit_is_halved(rewards: Path, limit: Callable[[int], None]) -> None:
    rows = answers(*(f"{number} {TEXTS[number % 7]} " * 40 for number in range(96)))
    peak()
    alone = score(reward(rewards, "cuda", batch_tokens=1), "response", rows)
    one = peak()
    free = score(reward(rewards, "cuda", batch_tokens=500_000), "response", rows)
    every = peak()
    assert every > 4 * one
    limit(one + (every - one) // 3)
    told: list[dict[str, Any]] = []
    made = score(reward(rewards, "cuda", batch_tokens=500_000), "response", rows, told)
    words = [facts["memory"] for facts in told if "memory" in facts]
    print(f"one row: {one / 2**20:.0f} MiB, all: {every / 2**20:.0f} MiB; told: {words}")
    assert words
    assert made["label_reward_note"].null_count() == len(rows)
    for other in (alone, free):
        assert made["score_reward"].to_list() == pytest.approx(other["score_reward"].to_list(), abs=NEAR)


def test_what_does_not_fit_even_alone_is_null(rewards: Path, limit: Callable[[int], None]) -> None:
    short = answers(*TEXTS)
    peak()
    expected = score(reward(rewards, "cuda"), "response", short)
    few = peak()
    long = answers("ferry " * 6_000)
    assert score(reward(rewards, "cuda"), "response", long)["score_reward"].null_count() == 0
    much = peak()
    limit(few + (much - few) // 4)
    made = score(reward(rewards, "cuda"), "response", short[:3] + long + short[3:])
    assert made["label_reward_note"].to_list() == [None] * 3 + ["failed: no memory for it even alone"] + [None] * 4
    numbers = made["score_reward"].to_list()
    assert numbers[:3] + numbers[4:] == pytest.approx(expected["score_reward"].to_list(), abs=NEAR)


def test_rewards_are_those_of_the_cpu(rewards: Path) -> None:
    rows = answers(*TEXTS, *(text * 9 for text in TEXTS), "x")
    cpu = score(reward(rewards, "cpu"), "response", rows)["score_reward"]
    gpu = score(reward(rewards, "cuda"), "response", rows)["score_reward"]
    assert gpu.to_list() == pytest.approx(cpu.to_list(), abs=NEAR)
    half = score(reward(rewards, "cuda", dtype="bfloat16"), "response", rows)["score_reward"]
    error, spread = (half - cpu).abs().mean(), cpu.std()
    print(f"bfloat16: mean error {error:.4f} of rewards with a deviation of {spread:.4f}")
    assert error < 0.2 * spread
    assert pl.DataFrame({"a": cpu, "b": half}).select(pl.corr("a", "b")).item() > 0.95
    assert score(Reward(model=str(rewards)), "response", rows)["score_reward"].equals(half)


def test_other_scorers_say_what_they_say_on_the_cpu(chats: Path, tmp_path: Path) -> None:
    classes = make_encoder(tmp_path / "classes", "AutoModelForSequenceClassification", num_labels=3)
    encoder = make_encoder(tmp_path / "encoder", "AutoModel")
    texts = [{"text": text} for text in [*TEXTS, " ".join(TEXTS * 3)]]
    pairs = [
        {"source": TEXTS[0], "target": text, "src_lang": "en", "tgt_lang": "de"} for text in [*TEXTS, TEXTS[0] * 9]
    ]
    for kind, rows, make in (
        ("text", texts, lambda device: Classifier(model=str(classes), windows="mean", dtype="float32", device=device)),
        ("pair", pairs, lambda device: Similarity(model=str(encoder), dtype="float32", device=device)),
        ("text", texts, lambda device: Perplexity(model=str(chats), unit="byte", dtype="float32", device=device)),
    ):
        scorer = make("cpu")
        column = f"score_{scorer.stem}"
        cpu, gpu = (score(make(device), kind, rows)[column].to_list() for device in ("cpu", "cuda"))
        assert gpu == pytest.approx(cpu, abs=1e-3, rel=1e-3), column
