"""Chat models small enough to be made on the spot, of random weights from a seed, in folders as people have them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

TEXTS = [
    "The ferry to the islands leaves at nine in the morning and comes back before dark.",
    "Die Fähre zu den Inseln fährt um neun Uhr morgens ab und kommt vor Einbruch der Dunkelheit zurück.",
    "去群岛的渡轮早上九点出发,天黑前返回。",
    "島へのフェリーは朝九時に出発し、暗くなる前に戻ります。",
    "تغادر العبارة إلى الجزر في الساعة التاسعة صباحا وتعود قبل حلول الظلام.",
    "เรือข้ามฟากไปยังเกาะต่างๆ ออกเวลาเก้าโมงเช้าและกลับก่อนมืด",
    "द्वीपों के लिए नौका सुबह नौ बजे निकलती है और अंधेरा होने से पहले लौट आती है।",
]
TEMPLATE = (
    "{% for message in messages %}"
    "{% if message.role == 'tool' %}{{ raise_exception('no tools here') }}{% endif %}"
    "<|{{ message.role }}|>{{ message.content }}<|end|>"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
"""Refuses tools, as published templates refuse roles that their models do not know."""
_SPECIAL = ("<|end|>", "<|system|>", "<|user|>", "<|assistant|>")


def make_chat_model(
    folder: Path,
    *,
    seed: int = 1,
    hidden: int = 64,
    layers: int = 2,
    vocabulary: int = 1000,
    context: int = 512,
    template: str | None = TEMPLATE,
    generation: dict[str, Any] | None = None,
    texts: Sequence[str] = TEXTS,
) -> Path:
    """Save a Llama with its tokenizer into a folder. Its tokens are bytes and what the texts merge into.

    `generation` is what generation_config.json says beside the end of a turn.
    """
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=list(_SPECIAL), initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=_SPECIAL[0], model_max_length=context)
    fast.chat_template = template
    fast.save_pretrained(folder)

    torch.manual_seed(seed)
    # Heads of 32: vLLM's attention on a CPU has none of 16. The wide spread makes some tokens far likelier than others.
    config = LlamaConfig(
        vocab_size=len(fast),
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 32,
        num_key_value_heads=max(1, hidden // 128),
        head_dim=32,
        max_position_embeddings=context,
        initializer_range=0.15,
        bos_token_id=None,
        eos_token_id=fast.eos_token_id,
        tie_word_embeddings=False,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    settings = {"eos_token_id": fast.eos_token_id, **(generation or {})}
    (folder / "generation_config.json").write_text(json.dumps(settings), "utf-8")
    return folder


def make_reward_model(folder: Path, base: Path, steps: int = 30) -> Path:
    """Train a chat model with TRL to prefer answers in full sentences to cut and doubled ones."""
    import transformers
    from datasets import Dataset
    from trl import RewardConfig, RewardTrainer

    def answered(text: str, answer: str) -> list[dict[str, str]]:
        return [{"role": "user", "content": f"Say: {text}"}, {"role": "assistant", "content": answer}]

    worse = [(text, bad) for text in TEXTS for bad in (text[: len(text) // 2], f"{text} {text}", text[::-1], "")]
    pairs = [{"chosen": answered(text, text), "rejected": answered(text, bad)} for text, bad in worse]
    tokenizer = transformers.AutoTokenizer.from_pretrained(base)
    # As published reward models have it: padding that no chat contains.
    tokenizer.add_special_tokens({"pad_token": "<|pad|>"})
    model = transformers.AutoModelForSequenceClassification.from_pretrained(base, num_labels=1, dtype="float32")
    model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    model.config.pad_token_id = tokenizer.pad_token_id
    arguments = RewardConfig(
        output_dir=str(folder / "trainer"),
        use_cpu=True,
        bf16=False,
        max_steps=steps,
        learning_rate=1e-3,
        per_device_train_batch_size=8,
        save_strategy="no",
        disable_tqdm=True,
        logging_strategy="no",
        activation_checkpointing=False,
    )
    trainer = RewardTrainer(
        model=model, args=arguments, train_dataset=Dataset.from_list(pairs), processing_class=tokenizer
    )
    trainer.train()
    trainer.save_model(str(folder))
    return folder


def add_reward_head(folder: Path, base: Path) -> Path:
    """Save a chat model with a last layer for rewards, of random weights, and padding that stands in no chat."""
    import torch
    import transformers

    torch.manual_seed(3)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        base, num_labels=1, pad_token_id=1, dtype="float32"
    )
    torch.nn.init.normal_(model.score.weight)
    model.save_pretrained(folder)
    transformers.AutoTokenizer.from_pretrained(base).save_pretrained(folder)
    return folder


def make_encoder(
    folder: Path,
    factory: str,
    *,
    family: str = "xlm-roberta",
    seed: int = 1,
    hidden: int = 64,
    layers: int = 2,
    vocabulary: int = 700,
    window: int = 64,
    texts: Sequence[str] = TEXTS,
    **config: Any,
) -> Path:
    """Save an encoder of random weights with a tokenizer: `factory` is a class of transformers, such as AutoModel.

    `config` goes into the model's config (`num_labels`, `id2label`, `problem_type`).
    """
    import torch
    import transformers
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    special = ["<s>", "<pad>", "</s>", "<unk>"]
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    names = {"bos_token": "<s>", "eos_token": "</s>", "cls_token": "<s>", "sep_token": "</s>"}
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", model_max_length=window, **names
    )
    fast.save_pretrained(folder)
    torch.manual_seed(seed)
    # The RoBERTa family counts positions from behind that of padding.
    positions = window + 2 if family == "xlm-roberta" else window
    settings = transformers.AutoConfig.for_model(
        family,
        vocab_size=len(fast),
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 32,
        max_position_embeddings=positions,
        initializer_range=0.2,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
        **config,
    )
    getattr(transformers, factory).from_config(settings).save_pretrained(folder)
    return folder
