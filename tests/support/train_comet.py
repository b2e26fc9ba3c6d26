"""Makes small COMET checkpoints with COMET's own trainer; run by the Python of COMET's environment.

    python -I train_comet.py FOLDER ROWS.csv KIND... [--hidden 32 --layers 2 --vocabulary 400 --steps 30]

ROWS.csv has the columns src, mt, ref and score. FOLDER gets `encoder/` (tokenizer and shape, as a hub's encoder) and a
folder for each kind, as COMET's trainer and the hub lay them out.
"""

from __future__ import annotations

import argparse
import csv
import logging
import tempfile
import warnings
from pathlib import Path

import sentencepiece
import torch
import yaml
from comet.models import ReferencelessRegression, RegressionMetric, UnifiedMetric, XCOMETMetric
from comet.models.ranking.ranking_metric import RankingMetric
from pytorch_lightning import Trainer, seed_everything
from transformers import XLMRobertaConfig, XLMRobertaModel, XLMRobertaTokenizerFast

KINDS = {
    "regression": (RegressionMetric, {}),
    "referenceless": (ReferencelessRegression, {}),
    # Published ones do not normalise the layers that they mix.
    "unified": (UnifiedMetric, {"input_segments": ["mt", "src"], "layer_norm": False}),
    "unified-all": (UnifiedMetric, {"input_segments": ["mt", "src", "ref"]}),
    "xcomet": (XCOMETMetric, {"loss_lambda": 0.0}),
    "ranking": (RankingMetric, None),
}


def main() -> None:
    """Make what the command line asks for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("rows", type=Path)
    parser.add_argument("kinds", nargs="+")
    for name, default in {"hidden": 32, "layers": 2, "vocabulary": 400, "steps": 30}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    torch.set_num_threads(2)
    # The trainer moves word labels to a GPU whether there is one or not.
    torch.Tensor.cuda = lambda self, *_, **__: self
    make_encoder(asked.folder / "encoder", asked.rows, asked.hidden, asked.layers, asked.vocabulary)
    for kind in asked.kinds:
        train(kind, asked.folder, asked.rows, asked.layers, asked.steps)


def make_encoder(folder: Path, rows: Path, hidden: int, layers: int, vocabulary: int) -> None:
    """An encoder of XLM-R's shape, with a SentencePiece tokenizer trained on the rows."""
    with rows.open(encoding="utf-8") as handle:
        texts = [row[side] for row in csv.DictReader(handle) for side in ("src", "mt", "ref")]
    with tempfile.TemporaryDirectory() as scratch:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(sorted(set(texts))),
            model_prefix=f"{scratch}/sentencepiece.bpe",
            vocab_size=vocabulary,
            hard_vocab_limit=False,
            minloglevel=2,
        )
        tokenizer = XLMRobertaTokenizerFast(vocab_file=f"{scratch}/sentencepiece.bpe.model")
        tokenizer.save_pretrained(folder)
    torch.manual_seed(1)
    config = XLMRobertaConfig(
        vocab_size=len(tokenizer) + 8,
        hidden_size=hidden,
        intermediate_size=4 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=max(2, hidden // 32),
        max_position_embeddings=514,
        type_vocab_size=1,
        # Wide, so that a model of hardly trained weights tells sentences apart.
        initializer_range=0.1,
    )
    XLMRobertaModel(config, add_pooling_layer=False).save_pretrained(folder)


def train(kind: str, folder: Path, rows: Path, layers: int, steps: int) -> None:
    """A checkpoint of one kind, trained for some steps."""
    metric, options = KINDS[kind]
    seed_everything(1)
    common = {
        "encoder_model": "XLM-RoBERTa",
        "pretrained_model": str(folder / "encoder"),
        "batch_size": 16,
        "train_data": [str(rows)],
        "validation_data": [str(rows)],
        "nr_frozen_epochs": 0.0,
        "encoder_learning_rate": 1e-3,
        "learning_rate": 1e-3,
    }
    if options is None:
        model = metric(**common)
    else:
        last = {"word_layer": layers} if kind == "xcomet" else {}
        model = metric(**common, hidden_sizes=[64, 32], **last, **options)
    trainer = Trainer(
        accelerator="cpu",
        max_steps=steps if options is not None else 0,
        limit_val_batches=0,
        num_sanity_val_steps=0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
    )
    if options is None:
        trainer.strategy.connect(model)
    else:
        trainer.fit(model)
    made = folder / kind
    trainer.save_checkpoint(made / "checkpoints" / "model.ckpt")
    # Beside the model, so that a folder of both can be moved.
    hparams = {**dict(model.hparams), "pretrained_model": "../encoder"}
    (made / "hparams.yaml").write_text(yaml.safe_dump(hparams), "utf-8")


if __name__ == "__main__":
    main()
