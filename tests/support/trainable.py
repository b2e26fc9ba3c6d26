"""Small base models and datasets to train on, in folders as people have them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import corpus

TURNS = {
    "chatml": ("<|im_start|>", "<|im_end|>"),
    "gemma2": ("<start_of_turn>", "<end_of_turn>"),
    "qwen2.5": ("<|im_start|>", "<|im_end|>"),
    "llama3": ("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
}
"""Tokens of each family's chat format."""
Family = Literal["chatml", "gemma2", "qwen2.5", "llama3"]

WORDS = {
    "de": {"red": "rot", "green": "grün", "small": "klein", "old": "alt", "new": "neu"},
    "es": {"red": "rojo", "green": "verde", "small": "pequeño", "old": "viejo", "new": "nuevo"},
    "ru": {"red": "красный", "green": "зелёный", "small": "маленький", "old": "старый", "new": "новый"},
    "ar": {"red": "أحمر", "green": "أخضر", "small": "صغير", "old": "قديم", "new": "جديد"},
    "ja": {"red": "赤い", "green": "緑の", "small": "小さい", "old": "古い", "new": "新しい"},
}
NAMES = ["Ana", "Bo", "Chen", "Dima", "Eva", "Femi", "Gita", "Hans"]
LANGUAGE_NAMES = {"de": "German", "es": "Spanish", "ru": "Russian", "ar": "Arabic", "ja": "Japanese"}


def base_model(folder: Path, family: Family = "chatml", *, seed: int = 1, vocabulary: int = 500) -> Path:
    """Save a small model of random weights with a tokenizer that knows the family's chat tokens, and no template."""
    import torch
    from transformers import AutoModelForCausalLM, Gemma2Config, LlamaConfig, Qwen2Config

    fast = tokenizer(family, vocabulary)
    fast.save_pretrained(folder)
    shape: dict[str, Any] = {
        "vocab_size": len(fast),
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 32,
        "max_position_embeddings": 512,
        "bos_token_id": fast.bos_token_id,
        "eos_token_id": fast.eos_token_id,
        "pad_token_id": fast.pad_token_id,
        "tie_word_embeddings": True,
    }
    config = {"gemma2": Gemma2Config, "qwen2.5": Qwen2Config}.get(family, LlamaConfig)(**shape)
    torch.manual_seed(seed)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return folder


def tokenizer(family: Family, vocabulary: int) -> Any:
    """A byte-level tokenizer with the tokens of a family's chat format."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    special = ["<pad>", "<bos>", "<eos>", *TURNS[family]]
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator([row["messages"][-1]["content"] for row in chats(200)], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        bos_token="<bos>",
        eos_token="<eos>",
        pad_token="<pad>",
        additional_special_tokens=list(TURNS[family]),
    )


def chats(count: int, *, general: float = 0.5) -> list[dict[str, Any]]:
    """`sft` rows: translations of a noun phrase into five languages, and sums."""
    rows: list[dict[str, Any]] = []
    for number in range(count):
        if number % 10 < 10 * general:
            left, right = number % 17, number % 11
            ask, answer = f"How much is {left} + {right}? ({number})", f"{left + right}"
            told = {"task": "arithmetic", "tgt_lang": "en"}
        else:
            ask, answer, code = _translation(number)
            told = {"task": "translate", "src_lang": "en", "tgt_lang": code}
        messages = [{"role": "user", "content": ask}, {"role": "assistant", "content": answer}]
        rows.append({"messages": messages, "license": "CC-BY-4.0", "origin": "made", **told})
    return rows


def texts(count: int) -> list[dict[str, Any]]:
    """`text` rows in five languages."""
    rows = []
    for number in range(count):
        _, answer, code = _translation(number)
        rows.append({"text": " ".join([answer] * (1 + number % 7)), "tgt_lang": code, "license": "CC0-1.0"})
    return rows


def preferences(count: int) -> list[dict[str, Any]]:
    """`preference` rows: the right translation against one into another language."""
    rows = []
    for number in range(count):
        ask, good, code = _translation(number)
        _, bad, _ = _translation(number + 1)
        rows.append(
            {
                "prompt": [{"role": "user", "content": ask}],
                "chosen": [{"role": "assistant", "content": good}],
                "rejected": [{"role": "assistant", "content": bad}],
                "task": "translate",
                "src_lang": "en",
                "tgt_lang": code,
                "license": "CC-BY-NC-4.0",
            }
        )
    return rows


def problems(count: int) -> list[dict[str, Any]]:
    """`verifiable` rows: sums."""
    rows = []
    for number in range(count):
        left, right = number % 17, number % 11
        rows.append(
            {
                "prompt": [{"role": "user", "content": f"How much is {left} + {right}? ({number})"}],
                "references": [str(left + right)],
                "verifiers": [{"name": "math", "args": "{}"}],
                "task": "arithmetic",
                "tgt_lang": "en",
            }
        )
    return rows


def translation_problems(count: int) -> list[dict[str, Any]]:
    """`verifiable` rows: translations that must be in their language, and sums."""
    rows: list[dict[str, Any]] = []
    for number, problem in enumerate(problems(count)):
        if number % 2:
            rows.append(problem)
            continue
        ask, answer, code = _translation(number)
        told = {"task": "translate", "src_lang": "en", "tgt_lang": code}
        rows.append(
            {
                "prompt": [{"role": "user", "content": ask}],
                "references": [answer],
                "source": ask.partition(": ")[2],
                "verifiers": [{"name": "language", "args": "{}"}],
                "license": "CC-BY-4.0",
                **told,
            }
        )
    return rows


KINDS: dict[str, tuple[str, Callable[[int], list[dict[str, Any]]]]] = {
    "cpt": ("text", texts),
    "sft": ("sft", chats),
    "wpo": ("preference", preferences),
    "reward": ("preference", preferences),
}
"""By method, the kind of rows that it learns from and what makes some."""


def dataset(folder: Path, kind: str, rows: list[dict[str, Any]]) -> Path:
    """Write rows as a dataset of two shards."""
    corpus.write(rows, kind, folder, rows_per_shard=max(1, len(rows) // 2))
    return folder


def _translation(number: int) -> tuple[str, str, str]:
    codes = list(WORDS)
    code = codes[number % len(codes)]
    words = list(WORDS[code].items())
    english, foreign = words[(number // len(codes)) % len(words)]
    name = NAMES[(number // 3) % len(NAMES)]
    ask = f"Translate into {LANGUAGE_NAMES[code]}: {name} {english} {number % 13}"
    return ask, f"{name} {foreign} {number % 13}", code
