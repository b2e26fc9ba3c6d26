"""A tokenizer and a model of random weights, from nothing but texts.

    python recipes/mini/base.py --texts runs/corpus/texts --out runs/base --seed 3

The tokenizer is byte-level BPE with single digits, so that numbers are copied digit by digit; it knows the tokens of
ChatML. The model is a Llama of the size asked for. The same texts, sizes and seed give the same files.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import corpus
from corpus.errors import UserError
from corpus.hashing import digest
from corpus.model_manifest import ModelManifest, TrainedOn, read_model_manifest, write_model_manifest
from train.chat_templates import training_template, without_marks

SPECIAL = ("<pad>", "<eos>", "<|im_start|>", "<|im_end|>")
SIZES = ("vocabulary", "hidden", "layers", "context", "seed")
VERSION = 3


def main() -> None:
    """Make what the command line asks for, unless it is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, required=True, help="dataset of kind `text` to learn the tokenizer from")
    parser.add_argument("--out", type=Path, required=True, help="folder of the model")
    parser.add_argument("--vocabulary", type=int, default=4096, help="tokens (default: 4096)")
    parser.add_argument("--hidden", type=int, default=256, help="width of the model, in steps of 64 (default: 256)")
    parser.add_argument("--layers", type=int, default=5, help="its layers (default: 5)")
    parser.add_argument("--context", type=int, default=512, help="tokens that it reads at most (default: 512)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the weights (default: 0)")
    given = parser.parse_args()
    try:
        make(given.texts, given.out, {name: getattr(given, name) for name in SIZES})
    except UserError as error:
        parser.error(str(error))


def make(source: Path, out: Path, sizes: dict[str, int]) -> None:
    """Make a tokenizer and a model from a dataset of texts, unless they are there.

    Raises:
        UserError: there are no texts.
    """
    texts = corpus.open(source)
    plan = digest(["base", VERSION, texts.manifest.content, sizes])
    done = read_model_manifest(out) if out.is_dir() else None
    if done is not None and done.plan == plan:
        print(f"{out}: made already")
        return
    print(f"learning {sizes['vocabulary']:,} tokens from {texts.manifest.rows:,} texts", flush=True)
    tokenizer = make_tokenizer((row["text"] for row in texts.rows()), sizes["vocabulary"], sizes["context"])
    # So that it can be asked like its children: it answers in a format that it has never seen.
    tokenizer.chat_template = without_marks(training_template(tokenizer, "chatml", marks=True))
    tokenizer.save_pretrained(out)
    weights = make_model(out, len(tokenizer), sizes)
    trained = TrainedOn(path="texts", content=texts.manifest.content, kind="text", rows=0)
    write_model_manifest(
        out, ModelManifest(method="random", datasets=[trained], options=sizes, plan=plan, facts={"weights": weights})
    )
    print(f"{out}: {weights / 1e6:.2f} million weights, {len(tokenizer):,} tokens")


def make_tokenizer(texts: Iterator[str], vocabulary: int, context: int) -> Any:
    """Learn a tokenizer from texts."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        pad_token="<pad>",
        eos_token="<eos>",
        additional_special_tokens=["<|im_start|>", "<|im_end|>"],
        model_max_length=context,
    )


def make_model(folder: Path, vocabulary: int, sizes: dict[str, int]) -> int:
    """Save a Llama of random weights; how many there are."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    heads = max(4, sizes["hidden"] // 64)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=sizes["hidden"],
        intermediate_size=sizes["hidden"] * 11 // 4,
        num_hidden_layers=sizes["layers"],
        num_attention_heads=heads,
        num_key_value_heads=heads // 2,
        head_dim=64,
        max_position_embeddings=sizes["context"],
        # So small a model learns several times as fast from weights of this size as from the usual 0.02.
        initializer_range=sizes["hidden"] ** -0.5,
        bos_token_id=None,
        eos_token_id=SPECIAL.index("<eos>"),
        pad_token_id=SPECIAL.index("<pad>"),
        tie_word_embeddings=True,
    )
    torch.manual_seed(sizes["seed"])
    model = LlamaForCausalLM(config)
    model.save_pretrained(folder)
    return sum(parameter.numel() for parameter in model.parameters())


if __name__ == "__main__":
    main()
