"""A small COMET checkpoint in CometKiwi's form, trained on the phrasebook's translations and their faults.

    python recipes/mini/small_comet.py --rows runs/phrasebook/scored.train.jsonl --out runs/comet

COMET's library has an environment of its own, made on first use; this script starts itself again in it.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any


def main() -> None:
    """Train what the command line asks for, unless it is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=Path, required=True, help="JSON lines with src, mt and score")
    parser.add_argument("--out", type=Path, required=True, help="folder of the checkpoint")
    parser.add_argument("--steps", type=int, default=200, help="training steps of 16 rows (default: 200)")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        train(given.rows, given.out, given.steps)
        return
    done = given.out / "made.json"
    asked = {"steps": given.steps, "bytes": given.rows.stat().st_size, "modified": given.rows.stat().st_mtime_ns}
    if done.is_file() and json.loads(done.read_text("utf-8")) == asked:
        print(f"{given.out}: made already")
        return
    from corpus.shards import replacing
    from filters.comet.environment import comet_environment

    python = comet_environment().python(lambda told: print(told["state"], flush=True))
    command = [str(python), "-I", __file__, "--inside", "--rows", str(given.rows), "--out", str(given.out)]
    subprocess.run([*command, "--steps", str(given.steps)], check=True)
    with replacing(done) as handle:
        handle.write(json.dumps(asked).encode())
    print(f"{given.out}: trained, {given.steps} steps")


def train(rows: Path, out: Path, steps: int) -> None:
    """An encoder of XLM-R's shape from random weights, and COMET's own trainer on top; runs in COMET's environment."""
    import logging
    import warnings

    import yaml
    from comet.models import UnifiedMetric
    from pytorch_lightning import Trainer, seed_everything

    warnings.filterwarnings("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    seed_everything(1)
    out.mkdir(parents=True, exist_ok=True)
    table = out / "rows.csv"
    scored = [json.loads(line) for line in rows.read_text("utf-8").splitlines()]
    with table.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, ["src", "mt", "ref", "score"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(scored)
    _make_encoder(out / "encoder", [row[side] for row in scored for side in ("src", "mt", "ref")])
    options: dict[str, Any] = {
        "encoder_model": "XLM-RoBERTa",
        "pretrained_model": str(out / "encoder"),
        "train_data": [str(table)],
        "validation_data": [str(table)],
        "batch_size": 16,
        "nr_frozen_epochs": 0.0,
        "encoder_learning_rate": 1e-3,
        "learning_rate": 1e-3,
        "hidden_sizes": [128, 64],
        "input_segments": ["mt", "src"],
        "layer_norm": False,
    }
    model = UnifiedMetric(**options)
    trainer = Trainer(
        accelerator="cpu",
        max_steps=steps,
        limit_val_batches=0,
        num_sanity_val_steps=0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=out,
    )
    print(f"training a COMET model for {steps} steps", flush=True)
    trainer.fit(model)
    trainer.save_checkpoint(out / "checkpoints" / "model.ckpt")
    (out / "hparams.yaml").write_text(yaml.safe_dump({**dict(model.hparams), "pretrained_model": "encoder"}), "utf-8")


def _make_encoder(folder: Path, texts: list[str]) -> None:
    import sentencepiece
    import torch
    from transformers import XLMRobertaConfig, XLMRobertaModel, XLMRobertaTokenizerFast

    with tempfile.TemporaryDirectory() as scratch:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(sorted(set(texts))),
            model_prefix=f"{scratch}/sentencepiece.bpe",
            vocab_size=2000,
            hard_vocab_limit=False,
            minloglevel=2,
        )
        tokenizer = XLMRobertaTokenizerFast(vocab_file=f"{scratch}/sentencepiece.bpe.model")
        tokenizer.save_pretrained(folder)
    torch.manual_seed(1)
    config = XLMRobertaConfig(
        vocab_size=len(tokenizer) + 8,
        hidden_size=128,
        intermediate_size=512,
        num_hidden_layers=3,
        num_attention_heads=4,
        max_position_embeddings=514,
        type_vocab_size=1,
    )
    XLMRobertaModel(config, add_pooling_layer=False).save_pretrained(folder)


if __name__ == "__main__":
    main()
